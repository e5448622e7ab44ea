// The server: listeners, sessions and the events that tie them to the user's code. It knows no protocol's commands; each
// protocol's room makes its own sessions.
import { type Callback, settle } from '../base/callback.ts'
import { drive } from '../base/drive.ts'
import { Emitter } from '../base/emitter.ts'
import { describe, MailError, usageError } from '../base/errors.ts'
import type { Connection, Listener, TlsInfo } from '../base/runtime.ts'
import type { SendResult } from '../base/send-result.ts'
import type { ServerSession, ServerSessionOptions } from '../base/session.ts'
import type { DeliveryEvents, OutgoingOptions } from '../delivery/index.ts'
import type { DomainMaterial } from '../domain/index.ts'
import type { DsnOptions, TlsReportCollector } from '../dsn/index.ts'
import { ImapServerSession } from '../imap/index.ts'
import type { MailboxSession } from '../mailbox/index.ts'
import { Pop3ServerSession } from '../pop3/index.ts'
import type { AuthFailure, AuthInfo } from '../sasl/index.ts'
import { type IncomingMail, SmtpServerSession } from '../smtp/index.ts'
import { domainToAscii } from '../text/index.ts'
import {
  LISTENERS,
  type ListenerName,
  type ResolvedOptions,
  resolveOptions,
  type SecureInfo,
  type ServerOptions,
} from './options.ts'
import { Outbound } from './outbound.ts'
import { PeerCounter } from './peers.ts'
import { SenderChecks } from './sender-checks.ts'

/** A connection that has just been made; `reject` during the event turns it away. */
export interface ConnectionInfo {
  readonly listener: ListenerName
  readonly protocol: 'smtp' | 'imap' | 'pop3'
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localPort: number
  /** Closes the connection before anything is said. */
  reject(): void
}

/** Of messages that leave: `sending`, `sent`, `retry`, `bounce`, `ambiguous`, `report`. */
export type OutboundEvents = Omit<DeliveryEvents, 'error'>

export type ServerEvents = OutboundEvents & {
  connection: [info: ConnectionInfo]
  /** A client wants to log in: exactly one listener answers with `info.accept()` or `info.reject()`. */
  auth: [info: AuthInfo]
  /** An attempt to log in was refused, by whatever protocol. */
  authFailed: [failure: AuthFailure]
  /** An SMTP session begins (inbound, submission or LMTP). */
  smtpSession: [session: SmtpServerSession]
  /** A user has logged in by IMAP or POP3: the time to register storage handlers. */
  mailboxSession: [session: MailboxSession]
  /** A TLS handshake has finished. */
  secure: [info: SecureInfo]
  /** Something failed here that no caller can be told. */
  error: [error: MailError]
  close: []
}

/** As for `buildDsn`; `reportingMta` is the server's `hostname` when absent. */
export type ServerDsnOptions = Omit<DsnOptions, 'reportingMta'> & { readonly reportingMta?: string }

interface Live {
  readonly connection: Connection
  readonly session: ServerSession | null
  readonly mailbox: () => MailboxSession | null
}

type Phase = 'new' | 'opening' | 'open' | 'closing' | 'closed'

export class Server extends Emitter<ServerEvents> {
  readonly #options: ResolvedOptions
  readonly #domains = new Set<string>()
  readonly #live = new Map<Connection, Live>()
  readonly #peers = new PeerCounter()
  readonly #checks: SenderChecks | null
  readonly #outbound: Outbound
  readonly #listeners = new Map<ListenerName, Listener>()
  readonly #onEmpty: (() => void)[] = []
  #phase: Phase = 'new'
  #closing: Promise<void> | null = null

  /** Throws a MailError (`ECONFIG`) that names the bad option. */
  constructor(options: ServerOptions = {}) {
    super()
    this.#options = resolveOptions(options)
    const { mailAuth, resolver, runtime, limits } = this.#options
    this.#checks = mailAuth
      ? new SenderChecks({ ...mailAuth, resolver, runtime, timeoutMs: limits.authTime })
      : null
    this.#outbound = this.#makeOutbound()
  }

  get hostname(): string {
    return this.#options.hostname
  }

  /** The ports that are open, with the numbers that were really given. */
  get ports(): { readonly [K in ListenerName]?: number } {
    return Object.fromEntries([...this.#listeners].map(([name, listener]) => [name, listener.port]))
  }

  /** The domains that inbound mail is taken for, in ASCII form. */
  get domains(): readonly string[] {
    return [...this.#domains]
  }

  /**
   * Takes inbound mail for this domain, and signs what leaves in its name with the keys of the material. Throws `EUSAGE` when the name is
   * none, `ECONFIG` that names what is wrong with a key.
   */
  addDomain(material: DomainMaterial): this {
    const name = domainName(material)
    this.#outbound.addDomain(name, material)
    this.#domains.add(name)
    return this
  }

  removeDomain(domain: DomainMaterial): this {
    const name = domainName(domain)
    this.#outbound.removeDomain(name)
    this.#domains.delete(name)
    return this
  }

  /**
   * Sends a message: signed with the key of its author's domain, to the servers of its recipients, again and again where that is worth while.
   * Resolves after the first attempt; what then waits is in `info.pending`, and the events `sent`, `retry` and `bounce` tell the rest. Rejects
   * when nobody has got it, nor will.
   */
  send(options: OutgoingOptions): Promise<SendResult>
  send(options: OutgoingOptions, callback: Callback<SendResult>): void
  send(options: OutgoingOptions, callback?: Callback<SendResult>): Promise<SendResult> | undefined {
    return settle(
      attempt(() => this.#outbound.send(options)),
      callback,
    )
  }

  /** A delivery status notification (RFC 3464) as a message; `reportingMta` is `hostname` when absent. Throws as `buildDsn`. */
  buildDsn(options: ServerDsnOptions): Uint8Array {
    return this.#outbound.buildDsn(options).bytesSync()
  }

  /** The same, sent with the null sender. */
  sendDsn(options: ServerDsnOptions): Promise<SendResult>
  sendDsn(options: ServerDsnOptions, callback: Callback<SendResult>): void
  sendDsn(options: ServerDsnOptions, callback?: Callback<SendResult>): Promise<SendResult> | undefined {
    return settle(
      attempt(() => this.#outbound.sendDsn(options)),
      callback,
    )
  }

  /** What the TLS sessions of outgoing mail were like, by domain and day: `take` gives what `buildTlsReport` wants (RFC 8460). */
  get tlsReports(): TlsReportCollector {
    return this.#outbound.tlsReports
  }

  /** Opens all ports, or none. Rejects (or calls back) with a MailError: `ECONNECTION` when a port cannot be had. */
  listen(): Promise<void>
  listen(callback: (error?: MailError) => void): void
  listen(callback?: (error?: MailError) => void): Promise<void> | undefined {
    const opened = this.#open()
    if (!callback) return opened
    opened.then(
      () => callback(),
      error => callback(error as MailError),
    )
    return undefined
  }

  /**
   * Stops listening, lets every session finish what it is at, says goodbye, and cuts what is left after `closeTimeout`.
   * Safe to call more than once.
   */
  close(): Promise<void>
  close(callback: () => void): void
  close(callback?: () => void): Promise<void> | undefined {
    this.#closing ??= this.#shutDown()
    if (!callback) return this.#closing
    this.#closing.then(callback)
    return undefined
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Calls `visit` with every mailbox session that is logged in. */
  forEachMailboxSession(visit: (session: MailboxSession) => unknown): void {
    for (const live of [...this.#live.values()]) {
      const mailbox = live.mailbox()
      if (!mailbox) continue
      try {
        const result = visit(mailbox)
        if (result instanceof Promise) result.catch(error => this.#fail('forEachMailboxSession', error))
      } catch (error) {
        this.#fail('forEachMailboxSession', error)
      }
    }
  }

  protected override onListenerError(error: unknown, name: keyof ServerEvents): void {
    // a broken 'error' listener must not be told of itself
    if (name === 'error') this.#options.runtime.warn("a listener of 'error' failed", error)
    else this.#fail(`a listener of '${name}'`, error)
  }

  async #open(): Promise<void> {
    if (this.#phase !== 'new') throw usageError('listen may be called once')
    if (this.#options.ports.size === 0) throw new MailError('ECONFIG', 'ports names no listener')
    this.#phase = 'opening'
    try {
      for (const [name, port] of this.#options.ports) {
        const { host, runtime } = this.#options
        const where = { port, ...(host !== undefined && { host }) }
        this.#listeners.set(name, await runtime.listen(where, connection => this.#accept(name, connection)))
      }
    } catch (error) {
      await Promise.all([...this.#listeners.values()].map(listener => listener.close()))
      this.#listeners.clear()
      this.#phase = 'new'
      throw error
    }
    if (this.#phase === 'opening') this.#phase = 'open'
    this.#outbound.sender.start()
  }

  #accept(name: ListenerName, connection: Connection): void {
    const { limits, runtime, tls } = this.#options
    const { protocol, implicitTls } = LISTENERS[name]
    const address = connection.remoteAddress
    let rejected = this.#phase !== 'open' && this.#phase !== 'opening'
    this.emit('connection', {
      listener: name,
      protocol,
      remoteAddress: address,
      remotePort: connection.remotePort,
      localPort: connection.localPort,
      reject: () => {
        rejected = true
      },
    })
    if (rejected || !this.#peers.enter(address, limits.connectionsPerAddress)) {
      connection.destroy()
      return
    }
    this.#live.set(connection, { connection, session: null, mailbox: () => null })
    drive({
      connection,
      runtime,
      limits,
      side: 'server',
      tls,
      implicitTls,
      start: info => {
        if (this.#phase === 'closing') return null
        const live = this.#startSession(name, connection, info)
        this.#live.set(connection, live)
        return live.session
      },
      onSecured: info => this.#secured(name, address, info),
      onClosed: () => {
        this.#live.delete(connection)
        this.#peers.leave(address)
        if (this.#live.size === 0) for (const settle of this.#onEmpty.splice(0)) settle()
      },
    })
  }

  #startSession(name: ListenerName, connection: Connection, tls: TlsInfo | null): Live {
    const { auth, hostname, limits, runtime, allowInsecureAuth } = this.#options
    const { protocol, role = 'inbound' } = LISTENERS[name]
    const options: ServerSessionOptions = {
      hostname,
      remoteAddress: connection.remoteAddress,
      localAddress: connection.localAddress,
      tls,
      canUpgrade: this.#options.tls !== null && !tls,
      allowInsecureAuth,
      limits,
      now: runtime.now(),
      random: length => runtime.random(length),
      openSpool: () => runtime.openSpool(),
      onFailure: (message, error) => this.#fail(message, error),
    }
    if (protocol === 'smtp') {
      const checks = name === 'inbound' ? this.#checks : null
      const session = new SmtpServerSession({
        ...options,
        ...(checks && !checks.isSkipped(connection.remoteAddress) && { checkMessage: checks.forSession() }),
        auth,
        ...this.#options.smtp,
        role,
        deliver: mail => this.#outbound.deliver(mail),
        ...(name === 'inbound' && { watchMail: (mail: IncomingMail) => this.#lookAt(mail) }),
        isLocalDomain: domain => this.#domains.has(domainToAscii(domain).toLowerCase()),
      })
      session.on('auth', info => this.#askAuth(info))
      session.on('authFailed', failure => void this.emit('authFailed', failure))
      this.emit('smtpSession', session)
      return { connection, session, mailbox: () => null }
    }
    const session =
      protocol === 'imap'
        ? new ImapServerSession({ ...options, auth, canDeflate: runtime.deflate !== undefined })
        : new Pop3ServerSession({ ...options, auth, ...this.#options.pop3 })
    session.on('auth', info => this.#askAuth(info))
    session.on('authFailed', failure => void this.emit('authFailed', failure))
    session.on('mailboxSession', mailbox => {
      this.emit('mailboxSession', mailbox)
    })
    return { connection, session, mailbox: () => session.mailbox }
  }

  #makeOutbound(): Outbound {
    const { hostname, runtime, resolver, limits, host, outbound } = this.#options
    const made = new Outbound(outbound, {
      hostname,
      runtime,
      resolver,
      limits,
      isLocal: domain => this.#domains.has(domain),
      inbound: () => {
        const listener = this.#listeners.get('inbound')
        if (!listener) return null
        const anywhere = host === undefined || host === '0.0.0.0' || host === '::'
        return { host: anywhere ? '127.0.0.1' : host, port: listener.port }
      },
    })
    for (const name of ['sending', 'sent', 'retry', 'bounce', 'ambiguous', 'report'] as const) {
      made.sender.on(name, (...args) => this.emit(name, ...(args as never)))
    }
    made.sender.on('error', error => this.#fail('delivery', error))
    return made
  }

  /** Reports about our own messages become events on them. */
  #lookAt(mail: IncomingMail): void {
    try {
      this.#outbound.look(mail)
    } catch (error) {
      this.#fail('reading a report', error)
    }
  }

  /** Puts the question to the server's listeners; a promise that rejects tells the session that one has failed. */
  #askAuth(info: AuthInfo): Promise<never> {
    return new Promise((_, reject) => {
      if (!this.dispatch('auth', [info], reject)) info.reject()
    })
  }

  #secured(listener: ListenerName, remoteAddress: string, tls: TlsInfo): void {
    const info: SecureInfo = { ...tls, listener, remoteAddress }
    try {
      this.#options.onSecure?.(info)
    } catch (error) {
      this.#fail('onSecure', error)
    }
    this.emit('secure', info)
  }

  async #shutDown(): Promise<void> {
    this.#phase = 'closing'
    await Promise.all([...this.#listeners.values()].map(listener => listener.close()))
    const gone = new Promise<void>(resolve => {
      if (this.#live.size === 0) resolve()
      else this.#onEmpty.push(resolve)
    })
    for (const live of [...this.#live.values()]) {
      if (live.session) live.session.shutdown()
      else live.connection.destroy()
    }
    const cut = this.#options.runtime.setTimer(this.#options.closeTimeoutMs, () => {
      for (const live of [...this.#live.values()]) live.connection.destroy()
    })
    await gone
    cut.cancel()
    await this.#outbound.sender.close(this.#options.closeTimeoutMs)
    this.#phase = 'closed'
    this.emit('close')
  }

  #fail(what: string, error: unknown): void {
    const failure =
      error instanceof MailError ? error : new MailError('EHANDLER', `${what} failed`, { cause: error })
    if (!this.emit('error', failure)) this.#options.runtime.warn(what, error)
  }
}

/** A server that listens on nothing yet. Throws a MailError (`ECONFIG`) that names the bad option. */
export function createServer(options: ServerOptions = {}): Server {
  return new Server(options)
}

/** What is wrong with the options is told like everything else. */
async function attempt<T>(act: () => Promise<T>): Promise<T> {
  return act()
}

function domainName(material: DomainMaterial): string {
  const name = typeof material === 'string' ? material : material?.domain
  const ascii = typeof name === 'string' ? domainToAscii(name.replace(/\.$/, '')).toLowerCase() : ''
  if (ascii === '') throw usageError(`${describe(name)} is not a domain`)
  return ascii
}
