// The server: listeners, sessions and the events that tie them to the user's code. It knows no protocol's commands; each
// protocol's room makes its own sessions.
import { type Callback, settle } from '../base/callback.ts'
import { drive } from '../base/drive.ts'
import { Emitter } from '../base/emitter.ts'
import { MailError, usageError } from '../base/errors.ts'
import type { Connection, Listener, TlsInfo, TlsOptions } from '../base/runtime.ts'
import type { SendResult } from '../base/send-result.ts'
import type { DeliveryQueue, OutgoingOptions } from '../delivery/index.ts'
import type { DomainMaterial } from '../domain/index.ts'
import type { TlsReportCollector } from '../dsn/index.ts'
import type { MailboxSession } from '../mailbox/index.ts'
import type { AuthFailure, AuthInfo } from '../sasl/index.ts'
import { domainToAscii } from '../text/index.ts'
import { domainName } from './domain-name.ts'
import { Doorkeeper, REFUSALS } from './doorkeeper.ts'
import type { DomainOptions, ServerDsnOptions, ServerEvents } from './events.ts'
import { type Guest, Guests } from './guests.ts'
import {
  LISTENERS,
  type ListenerName,
  type ResolvedOptions,
  resolveOptions,
  type SecureInfo,
  type ServerOptions,
} from './options.ts'
import { Outbound } from './outbound.ts'
import { receiveProxied } from './proxied-connection.ts'
import { SenderChecks } from './sender-checks.ts'
import { SessionMaker } from './session-maker.ts'
import { type LastWord, lastLine, lastWord, turnAway } from './turn-away.ts'

type Phase = 'new' | 'opening' | 'open' | 'closing' | 'closed'

export class Server extends Emitter<ServerEvents> {
  readonly #options: ResolvedOptions
  readonly #domains = new Set<string>()
  readonly #guests = new Guests()
  readonly #doorkeeper: Doorkeeper
  readonly #sessions: SessionMaker
  readonly #outbound: Outbound
  readonly #listeners = new Map<ListenerName, Listener>()
  #phase: Phase = 'new'
  #closing: Promise<void> | null = null

  /** Throws a MailError (`ECONFIG`) that names the bad option. */
  constructor(options: ServerOptions = {}) {
    super()
    this.#options = resolveOptions(options)
    const { mailAuth, rateLimit, resolver, runtime, limits } = this.#options
    this.#doorkeeper = new Doorkeeper({ limits, rateLimit, now: () => runtime.now() })
    this.#outbound = this.#makeOutbound()
    this.#sessions = new SessionMaker({
      options: this.#options,
      checks: mailAuth
        ? new SenderChecks({ ...mailAuth, resolver, runtime, timeoutMs: limits.authTime })
        : null,
      isLocalDomain: domain => this.#domains.has(domainToAscii(domain).toLowerCase()),
      isBanned: address => this.#doorkeeper.isBanned(address),
      quota: this.#doorkeeper,
      deliver: (mail, options) => this.#outbound.deliver(mail, options),
      watchMail: mail => this.#outbound.look(mail),
      onFailure: (message, error) => this.#fail(message, error),
    })
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

  /** Where the listeners are, with the addresses and ports that were really given; empty before `listen`. */
  get address(): { readonly [K in ListenerName]?: { readonly address: string; readonly port: number } } {
    return Object.fromEntries(
      [...this.#listeners].map(([name, { address, port }]) => [name, { address, port }]),
    )
  }

  /**
   * Takes inbound mail for this domain, and signs what leaves in its name with the keys of the material. `tls`: the certificate for clients that
   * ask for the domain or a name below it. Throws `EUSAGE` when the name is none, `ECONFIG` that names what is wrong with a key or certificate.
   */
  addDomain(material: DomainMaterial, options: DomainOptions = {}): this {
    const name = domainName(material)
    if (options.tls) this.#options.tls.setDomain(name, options.tls)
    this.#outbound.addDomain(name, material)
    this.#domains.add(name)
    return this
  }

  removeDomain(domain: DomainMaterial): this {
    const name = domainName(domain)
    this.#outbound.removeDomain(name)
    this.#domains.delete(name)
    this.#options.tls.removeDomain(name)
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

  /** Where outgoing messages wait: `delivery.queue`, else one in memory. */
  get queue(): DeliveryQueue {
    return this.#outbound.queue
  }

  /** What the TLS sessions of outgoing mail were like, by domain and day: `take` gives what `buildTlsReport` wants (RFC 8460). */
  get tlsReports(): TlsReportCollector {
    return this.#outbound.tlsReports
  }

  /**
   * Another default certificate, from the next handshake on; sessions that exist go on. Throws `ECONFIG` for one that cannot be used, and
   * then nothing has changed.
   */
  setTlsOptions(tlsOptions: TlsOptions): this {
    this.#options.tls.setDefault(tlsOptions)
    return this
  }

  /** Asks `SNICallback` anew for this name, or for all; after a certificate has been renewed. */
  clearTlsCache(servername?: string): void {
    this.#options.tls.clear(servername)
  }

  /**
   * Keeps an address (an IPv6 address: its /64) or a network (`192.0.2.0/24`) out, and says goodbye to those who are in. `durationMs`: default
   * `rateLimit.banDuration`, else `limits.banTime`; `Infinity`: until `unban`. Throws `EUSAGE` for what is neither.
   */
  ban(address: string, durationMs?: number): void {
    this.#doorkeeper.ban(address, durationMs)
    this.#putOutBanned()
  }

  /** Ends the ban of an address or network, also one that it has earned itself. True when there was one. */
  unban(address: string): boolean {
    return this.#doorkeeper.unban(address)
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
    for (const guest of this.#guests.all) {
      const mailbox = guest.mailbox()
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
    const { isProxy, limits, runtime } = this.#options
    if (!isProxy) {
      this.#admit(name, connection)
      return
    }
    if (!isProxy(connection.remoteAddress)) {
      connection.destroy()
      return
    }
    this.#guests.arrived(connection)
    receiveProxied({
      connection,
      runtime,
      timeoutMs: limits.proxyTime,
      ready: proxied => {
        this.#guests.replaced(connection)
        this.#admit(name, proxied)
      },
      failed: () => this.#gone(connection),
    })
  }

  /** Is he who is there now to be let in? */
  #admit(name: ListenerName, connection: Connection): void {
    const { protocol } = LISTENERS[name]
    if (this.#phase !== 'open' && this.#phase !== 'opening') {
      this.#turnAway(name, connection, null)
      return
    }
    const address = connection.remoteAddress
    const refusal = this.#doorkeeper.enter(address)
    if (refusal) {
      this.#turnAway(name, connection, { code: 421, text: REFUSALS[refusal] })
      return
    }
    const rejected: { word: LastWord | null }[] = []
    this.emit('connection', {
      listener: name,
      protocol,
      remoteAddress: address,
      remotePort: connection.remotePort,
      localPort: connection.localPort,
      reject: (code, text) => {
        rejected.push({ word: lastWord(code, text, error => this.#fail('connection.reject', error)) })
      },
    })
    if (rejected[0]) {
      this.#doorkeeper.leave(address)
      this.#turnAway(name, connection, rejected[0].word)
      return
    }
    this.#serve(name, connection)
  }

  #serve(name: ListenerName, connection: Connection): void {
    const { limits, runtime, tls } = this.#options
    const address = connection.remoteAddress
    this.#guests.arrived(connection)
    drive({
      connection,
      runtime,
      limits,
      side: 'server',
      // asked at the handshake: the certificate may have been renewed meanwhile
      tls: () => tls.current,
      implicitTls: LISTENERS[name].implicitTls,
      start: info => {
        if (this.#phase === 'closing') return null
        const guest = this.#startSession(name, connection, info)
        this.#guests.seated(guest)
        return guest.session
      },
      onSecured: info => this.#secured(name, address, info),
      onClosed: () => {
        this.#doorkeeper.leave(address)
        this.#gone(connection)
      },
    })
  }

  /** A last word where one can be said, then nothing more. */
  #turnAway(name: ListenerName, connection: Connection, word: LastWord | null): void {
    const { protocol, implicitTls } = LISTENERS[name]
    this.#guests.arrived(connection)
    const line = word && !implicitTls ? lastLine(protocol, word) : null
    turnAway(connection, line, this.#options.runtime, () => this.#gone(connection))
  }

  #gone(connection: Connection): void {
    const user = this.#guests.gone(connection)
    if (user !== null) this.#doorkeeper.logout(user)
  }

  #putOutBanned(): void {
    this.#guests.showOut(({ connection }) => this.#doorkeeper.isBanned(connection.remoteAddress))
  }

  /** Waits longer the more often others have failed at the same account; and is put out at some time. */
  #authFailed(failure: AuthFailure): void {
    failure.delayMs += this.#doorkeeper.penalty(failure.username)
    const banned = this.#doorkeeper.guessed(failure.remoteAddress, failure.username)
    this.emit('authFailed', failure)
    if (banned) this.#putOutBanned()
  }

  #startSession(name: ListenerName, connection: Connection, tls: TlsInfo | null): Guest {
    const { protocol, role = 'inbound' } = LISTENERS[name]
    if (protocol === 'smtp') {
      const session = this.#sessions.smtp(name, role, connection, tls)
      session.on('auth', info => this.#askAuth(info))
      session.on('authFailed', failure => this.#authFailed(failure))
      this.emit('smtpSession', session)
      return { connection, session, mailbox: () => null }
    }
    const session =
      protocol === 'imap' ? this.#sessions.imap(connection, tls) : this.#sessions.pop3(connection, tls)
    session.on('auth', info => this.#askAuth(info))
    session.on('authFailed', failure => this.#authFailed(failure))
    session.on('mailboxSession', mailbox => {
      if (!this.#doorkeeper.login(mailbox.username)) {
        session.shutdown()
        return
      }
      this.#guests.loggedIn(connection, mailbox.username)
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
    const gone = this.#guests.whenEmpty()
    this.#guests.showOut()
    const cut = this.#options.runtime.setTimer(this.#options.closeTimeoutMs, () => this.#guests.throwOut())
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
