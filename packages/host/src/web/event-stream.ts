// Server-sent events: one stream for each page. A page that does not read is dropped; it comes back and looks anew.
import type { ServerResponse } from 'node:http'
import type { WebEvents } from './api-types.ts'

/** Pages that listen at a time. */
export const MOST_STREAMS = 64
/** Octets that may wait for a page. */
const MOST_WAITING = 512 * 1024
/** A word now and then keeps the connection, and finds those that are gone, ms. */
const HEARTBEAT_MS = 15_000

export interface EventStream {
  send<K extends keyof WebEvents>(name: K, data: WebEvents[K]): void
  /** The session whose lines this page wants; null: none. */
  readonly session: number | null
  /** The last line of it that was sent. */
  sentLine: number
}

class PageStream implements EventStream {
  readonly session: number | null
  sentLine: number
  readonly #response: ServerResponse

  constructor(response: ServerResponse, session: number | null, sentLine: number) {
    this.#response = response
    this.session = session
    this.sentLine = sentLine
  }

  send<K extends keyof WebEvents>(name: K, data: WebEvents[K]): void {
    this.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  write(text: string): void {
    if (this.#response.destroyed) return
    this.#response.write(text)
    if (this.#response.writableLength > MOST_WAITING) this.#response.destroy()
  }

  end(): void {
    this.#response.end()
  }
}

export class EventHub {
  readonly #streams = new Set<PageStream>()
  #heartbeat: NodeJS.Timeout | null = null
  #isClosed = false

  get isFull(): boolean {
    return this.#isClosed || this.#streams.size >= MOST_STREAMS
  }

  /** `after`: the last line of the session that the page has. Ask `isFull` before. */
  open(response: ServerResponse, session: number | null, after: number): void {
    const stream = new PageStream(response, session, after)
    this.#streams.add(stream)
    this.#heartbeat ??= setInterval(() => this.#beat(), HEARTBEAT_MS)
    response.on('close', () => {
      this.#streams.delete(stream)
      if (this.#streams.size === 0) this.#stopBeating()
    })
    // something comes at once: a browser tells the page that the stream is open when it has the first octets
    stream.write(': hello\n\n')
  }

  get streams(): Iterable<EventStream> {
    return this.#streams
  }

  get isEmpty(): boolean {
    return this.#streams.size === 0
  }

  send<K extends keyof WebEvents>(name: K, data: WebEvents[K]): void {
    for (const stream of this.#streams) stream.send(name, data)
  }

  close(): void {
    this.#isClosed = true
    this.#stopBeating()
    for (const stream of this.#streams) stream.end()
  }

  #beat(): void {
    for (const stream of this.#streams) stream.write(': \n\n')
  }

  #stopBeating(): void {
    if (this.#heartbeat) clearInterval(this.#heartbeat)
    this.#heartbeat = null
  }
}
