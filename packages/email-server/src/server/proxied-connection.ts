// A connection that a proxy has made for somebody: its first bytes say for whom (PROXY protocol); all that follows is his.
import { concat } from '../base/bytes.ts'
import type { Connection, ConnectionEvents, Runtime, TlsOptions } from '../base/runtime.ts'
import { type ProxiedEnds, readProxyHeader } from './proxy-header.ts'

class ProxiedConnection implements Connection {
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  readonly watchHandlers: Connection['watchHandlers']
  readonly #inner: Connection
  readonly #give: (events: ConnectionEvents) => void

  constructor(inner: Connection, ends: ProxiedEnds, give: (events: ConnectionEvents) => void) {
    this.#inner = inner
    this.#give = give
    this.remoteAddress = ends.remoteAddress
    this.remotePort = ends.remotePort
    this.localAddress = ends.localAddress
    this.localPort = ends.localPort
    this.watchHandlers = inner.watchHandlers
  }

  open(events: ConnectionEvents): void {
    this.#give(events)
    this.#inner.resume()
  }

  write(bytes: Uint8Array): boolean {
    return this.#inner.write(bytes)
  }

  unread(bytes: Uint8Array): void {
    this.#inner.unread(bytes)
  }

  pause(): void {
    this.#inner.pause()
  }

  resume(): void {
    this.#inner.resume()
  }

  secure(side: 'server' | 'client', options: TlsOptions): void {
    this.#inner.secure(side, options)
  }

  end(): void {
    this.#inner.end()
  }

  destroy(): void {
    this.#inner.destroy()
  }
}

export interface ProxyOptions {
  readonly connection: Connection
  readonly runtime: Pick<Runtime, 'now' | 'setTimer'>
  /** How long the header may take, ms. */
  readonly timeoutMs: number
  /** The header is whole: the connection as its owner has it. Where the proxy names nobody, it is the proxy's own. */
  readonly ready: (connection: Connection) => void
  /** There will be none; the connection is gone. */
  readonly failed: () => void
}

/** Reads the header and hands the connection over; one that is malformed or late ends it without a word. */
export function receiveProxied({ connection, runtime, timeoutMs, ready, failed }: ProxyOptions): void {
  let held: Uint8Array = new Uint8Array(0)
  let owner: ConnectionEvents | null = null
  let over = false
  const timer = runtime.setTimer(timeoutMs, () => connection.destroy())
  connection.open({
    data(bytes) {
      if (owner) return owner.data(bytes)
      if (over) return
      held = held.length === 0 ? bytes : concat([held, bytes])
      const header = readProxyHeader(held)
      if (header === 'incomplete') return
      timer.cancel()
      if (header === 'malformed') {
        over = true
        connection.destroy()
        return
      }
      // what follows is not for us: it comes again, to the owner or into his handshake
      connection.pause()
      if (header.size < held.length) connection.unread(held.subarray(header.size))
      ready(
        new ProxiedConnection(connection, header.ends ?? connection, events => {
          owner = events
        }),
      )
    },
    end() {
      if (owner) owner.end()
      else connection.destroy()
    },
    drain() {
      owner?.drain()
    },
    secured(info) {
      owner?.secured(info)
    },
    closed(error) {
      timer.cancel()
      if (owner) owner.closed(error)
      else failed()
    },
  })
}
