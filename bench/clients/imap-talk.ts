// An IMAP client that reads no more of an answer than its end: for measuring servers.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export class ImapTalk {
  readonly #socket: Socket
  #tag = 0
  #waiting: {
    end: Buffer
    keep: Buffer[] | null
    bytes: number
    tail: Buffer
    done: (error: Error | null) => void
  } | null = null

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', chunk => this.#read(chunk))
    socket.on('close', () => this.#settle(new Error('the server hung up')))
    socket.on('error', error => this.#settle(error))
  }

  static async open(port: number): Promise<ImapTalk> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'data') // the greeting
    return new ImapTalk(socket)
  }

  /** Sends a command and counts the bytes of its answer, the tagged line included. */
  async command(text: string): Promise<number> {
    return (await this.#send(text, null)).bytes
  }

  /** The same, with the answer as bytes, without the tagged line. */
  async answer(text: string): Promise<Buffer> {
    const { keep, end } = await this.#send(text, [])
    const all = Buffer.concat(keep!)
    return all.subarray(0, all.lastIndexOf(end.subarray(2)))
  }

  close(): void {
    this.#waiting = null
    this.#socket.destroy()
  }

  async #send(
    text: string,
    keep: Buffer[] | null,
  ): Promise<{ bytes: number; keep: Buffer[] | null; end: Buffer }> {
    const tag = `a${++this.#tag}`
    const end = Buffer.from(`\r\n${tag} `)
    await new Promise<void>((resolve, reject) => {
      const done = (error: Error | null): void => (error ? reject(error) : resolve())
      this.#waiting = { end, keep, bytes: 0, tail: Buffer.from('\r\n'), done }
      this.#current = this.#waiting
      this.#socket.write(`${tag} ${text}\r\n`)
    })
    const { bytes } = this.#current!
    return { bytes, keep, end }
  }

  #current: { bytes: number } | null = null

  #read(chunk: Buffer): void {
    const waiting = this.#waiting
    if (!waiting) return
    waiting.keep?.push(chunk)
    waiting.bytes += chunk.length
    const tail = Buffer.concat([waiting.tail, chunk.subarray(-1024)]).subarray(-1024)
    waiting.tail = tail
    const at = tail.lastIndexOf(waiting.end)
    if (at === -1 || !tail.subarray(-2).equals(Buffer.from('\r\n'))) return
    const verdict = tail.subarray(at + waiting.end.length).toString()
    this.#settle(verdict.startsWith('OK') ? null : new Error(`refused: ${verdict}`))
  }

  #settle(error: Error | null): void {
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.done(error)
  }
}
