// A hand in the middle of a connection, inside of TLS: sees what the peer says and what the owner says, and may keep it or say other things.
import type { HandlerWatch } from '../base/handler-watch.ts'
import type { Connection, TlsInfo } from '../base/runtime.ts'

export interface TapHooks {
  /** The peer has said something; `pass` gives bytes on to the owner. Default: all of it. */
  readonly heard?: (bytes: Uint8Array, pass: (bytes: Uint8Array) => void) => void
  /** The owner says something; `pass` sends bytes. False asks the owner to wait. Default: all of it. */
  readonly said?: (bytes: Uint8Array, pass: (bytes: Uint8Array) => boolean) => boolean
  /** Hears what the session asks of handlers. */
  readonly watchHandlers?: HandlerWatch
  readonly ended?: (by: 'peer' | 'owner') => void
  readonly secured?: (info: TlsInfo) => void
  readonly closed?: (error: Error | null) => void
}

/** The connection that takes the place of `inner`. */
export function tapConnection(inner: Connection, hooks: TapHooks): Connection {
  const pass = (bytes: Uint8Array): boolean => inner.write(bytes)
  return {
    remoteAddress: inner.remoteAddress,
    remotePort: inner.remotePort,
    localAddress: inner.localAddress,
    localPort: inner.localPort,
    watchHandlers: hooks.watchHandlers ?? inner.watchHandlers,
    open(events) {
      const give = (bytes: Uint8Array): void => events.data(bytes)
      inner.open({
        data: bytes => (hooks.heard ? hooks.heard(bytes, give) : give(bytes)),
        end: () => {
          hooks.ended?.('peer')
          events.end()
        },
        drain: () => events.drain(),
        secured: info => {
          hooks.secured?.(info)
          events.secured(info)
        },
        closed: error => {
          hooks.closed?.(error)
          events.closed(error)
        },
      })
    },
    write: bytes => (hooks.said ? hooks.said(bytes, pass) : pass(bytes)),
    unread: bytes => inner.unread(bytes),
    pause: () => inner.pause(),
    resume: () => inner.resume(),
    secure: (side, options) => inner.secure(side, options),
    end: () => {
      hooks.ended?.('owner')
      inner.end()
    },
    destroy: () => inner.destroy(),
  }
}
