// The mail server as the web page sees it: every connection recorded, some commands answered by the failure script. Both sit between the network and the
// server, which knows nothing of them.
import { AsyncLocalStorage } from 'node:async_hooks'
import type { AttachOptions, MailServer, MailSession, Store, SubmittedMail } from '@email-server/store'
import type { MailboxSession } from 'email-server'
import { nodeRuntime, Recorder, withReplyFaults } from 'email-server/testing'
import type { SessionProtocol } from './api-types.ts'
import type { Failures } from './failures.ts'
import type { SessionLog } from './session-log.ts'

type Runtime = typeof nodeRuntime
type Accept = Parameters<Runtime['listen']>[1]
type Connection = Parameters<Accept>[0]

/** One listener, in the order in which the server opens them. */
export interface ObservedDoor {
  readonly listener: string
  readonly protocol: SessionProtocol
}

export interface Observer {
  readonly log: SessionLog
  readonly failures: Failures
}

/** In which connection the code runs: sessions do not say to which they belong. */
type Whose = AsyncLocalStorage<number>

export class ObservedServer {
  /** For `createServer`. */
  readonly runtime: Runtime
  readonly #observer: Observer
  readonly #whose: Whose = new AsyncLocalStorage()

  constructor(doors: readonly ObservedDoor[], observer: Observer) {
    this.#observer = observer
    const { log } = observer
    const recorder = new Recorder(() => nodeRuntime.now(), { most: 1, onEvent: event => log.record(event) })
    let opened = 0
    this.runtime = {
      ...nodeRuntime,
      listen: (where, accept) => {
        const door = doors[opened++]!
        return nodeRuntime.listen(where, connection => this.#accept(door, recorder, connection, accept))
      },
    }
  }

  /** `store.attach`, with the failure script in front of it. */
  attach(store: Store, server: MailServer, options: AttachOptions = {}): void {
    const { log } = this.#observer
    store.attach(this.#asSeenByStore(server), options)
    const owned = (session: MailSession | MailboxSession): void => {
      const id = this.#whose.getStore()
      if (id !== undefined) log.belongsTo(id, () => session.username)
    }
    server.on('smtpSession', owned)
    server.on('mailboxSession', owned)
  }

  #accept(door: ObservedDoor, recorder: Recorder, inner: Connection, accept: Accept): void {
    const { log, failures } = this.#observer
    const peer = inner.remoteAddress.includes(':') ? `[${inner.remoteAddress}]` : inner.remoteAddress
    const id = log.open({ ...door, peer: `${peer}:${inner.remotePort}`, port: inner.localPort })
    const recorded = recorder.record(inner, { connection: id, protocol: door.protocol })
    const connection =
      door.protocol !== 'smtp'
        ? recorded
        : withReplyFaults(recorded, verb => {
            const fault = failures.take(verb)
            if (fault) log.note(id, answered(verb, fault))
            return fault
          })
    this.#whose.run(id, () => accept(within(this.#whose, id, connection)))
  }

  /** The refusal of a whole message is a handler's: the script is asked before the store is. */
  #asSeenByStore(server: MailServer): MailServer {
    const { log, failures } = this.#observer
    const orRefused = (listener: (mail: SubmittedMail) => unknown) => {
      const id = this.#whose.getStore()
      return (mail: SubmittedMail): unknown => {
        const fault = failures.take('.')
        if (!fault) return listener(mail)
        if (id !== undefined) log.note(id, answered('.', fault))
        return mail.reject(Number(fault.reply.slice(0, 3)), fault.reply.slice(4))
      }
    }
    const seen = {
      on(event: string, listener: (...args: never[]) => unknown): unknown {
        if (event !== 'smtpSession') return server.on(event as 'auth', listener as never)
        return server.on('smtpSession', session =>
          (listener as unknown as (session: MailSession) => unknown)({
            get isSubmission() {
              return session.isSubmission
            },
            get username() {
              return session.username
            },
            on: (name: string, handler: never) =>
              name === 'mail' ? session.on('mail', orRefused(handler)) : session.on(name as 'rcpt', handler),
          } as MailSession),
        )
      },
      get queue() {
        return server.queue
      },
      get domains() {
        return server.domains
      },
      addDomain: (name: string) => server.addDomain?.(name),
    }
    return seen as MailServer
  }
}

function answered(verb: string, fault: { readonly reply: string; readonly reset?: boolean }): string {
  return `The failure script answers ${verb} with ${fault.reset ? 'a broken connection' : fault.reply}`
}

/** The same connection; its events come within it. */
function within(whose: Whose, id: number, connection: Connection): Connection {
  return {
    remoteAddress: connection.remoteAddress,
    remotePort: connection.remotePort,
    localAddress: connection.localAddress,
    localPort: connection.localPort,
    open: events =>
      connection.open({
        data: bytes => whose.run(id, () => events.data(bytes)),
        end: () => whose.run(id, () => events.end()),
        drain: () => events.drain(),
        secured: info => whose.run(id, () => events.secured(info)),
        closed: error => events.closed(error),
      }),
    write: bytes => connection.write(bytes),
    unread: bytes => connection.unread(bytes),
    pause: () => connection.pause(),
    resume: () => connection.resume(),
    secure: (side, options) => connection.secure(side, options),
    end: () => connection.end(),
    destroy: () => connection.destroy(),
  }
}
