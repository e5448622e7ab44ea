// Sessions recorded: what both sides said, inside of TLS, with the times; passwords and tokens are left out. As events, as NDJSON, as text that
// people read, and as a transcript that can be replayed.
import { asBuffer } from '../base/bytes.ts'
import type { Connection } from '../base/runtime.ts'
import { tapConnection } from './tap.ts'

/** One thing that happened in a session. */
export interface TraceEvent {
  /** ms since the epoch. */
  readonly at: number
  /** Counts connections, from 1. */
  readonly connection: number
  readonly kind: 'open' | 'client' | 'server' | 'tls' | 'close'
  /** `client`, `server`: what was said, one octet a character, secrets as `[secret]`. `open`: who with whom. `close`: why. */
  readonly text: string
}

export class Recorder {
  /** In order. */
  readonly events: TraceEvent[] = []
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** A server's end that is recorded. */
  record(inner: Connection, facts: { readonly connection: number; readonly port: number }): Connection {
    const { connection, port } = facts
    const note = (kind: TraceEvent['kind'], text: string): void => {
      this.events.push({ at: this.#now(), connection, kind, text })
    }
    note('open', `${inner.remoteAddress}:${inner.remotePort} to ${inner.localAddress}:${port}`)
    return tapConnection(inner, {
      heard: (bytes, pass) => {
        note('client', asBuffer(bytes).toString('latin1'))
        pass(bytes)
      },
      said: (bytes, pass) => {
        note('server', asBuffer(bytes).toString('latin1'))
        return pass(bytes)
      },
      secured: ({ protocol, cipher, servername }) =>
        note('tls', `${protocol} ${cipher} ${servername ?? ''}`.trim()),
      closed: error => note('close', error ? error.message : ''),
    })
  }
}
