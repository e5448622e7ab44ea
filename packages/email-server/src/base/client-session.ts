// What every client session is, whatever its protocol: the life of a connection from the greeting over a TLS handshake to its end, without I/O.
// What is said in between, the protocols' sessions know.
import { hasLineBreak } from './bytes.ts'
import { type Callback, settle } from './callback.ts'
import { Emitter } from './emitter.ts'
import { MailError, optionError } from './errors.ts'
import { type Limits, resolveLimits } from './limits.ts'
import { OutputQueue } from './output-queue.ts'
import type { TlsInfo } from './runtime.ts'
import type { SansIoSession, SessionEvents, SessionOptions } from './session.ts'
import { SessionClock } from './session-clock.ts'

/** What every client session is told besides. */
export interface ClientSessionOptions extends SessionOptions {
  readonly isServer: false
  /** The name of the server that was meant, for mechanisms that tell it (RFC 7628 §3.1). */
  readonly host?: string
  readonly port?: number
  /** Give passwords to the server without TLS? Default false. */
  readonly allowInsecureAuth?: boolean
}

export type ClientSessionEvents = SessionEvents & {
  /** The greeting has come, and what the server can do is known; where that is asked again after TLS, then too. */
  ready: []
  /** The session has ended for a reason that is nobody's wish; `close` follows. */
  error: [error: MailError]
  /** What was said or heard, for logs: a line or a whole reply; without passwords, tokens and messages. */
  trace: [from: 'client' | 'server', line: string]
}

/** `new`: not begun. `opening`: greeting, and what the server can do. `upgrading`: the TLS handshake. */
export type ClientPhase = 'new' | 'opening' | 'open' | 'upgrading' | 'closed'

interface Waiter<T> {
  readonly resolve: (value: T) => void
  readonly reject: (error: MailError) => void
}

const STALLED: unique symbol = Symbol('stalled')
const HANDSHAKE: unique symbol = Symbol('handshake')

export abstract class ClientSession extends Emitter<ClientSessionEvents> implements SansIoSession {
  protected readonly limits: Limits
  protected readonly clock: SessionClock
  protected readonly output: OutputQueue
  protected phase: ClientPhase = 'new'
  /** Nothing depends on what the server still says: the end is in order, however it comes. */
  protected leaving = false
  /** Why the session is over; null while it is not. */
  protected ended: MailError | null = null
  readonly #onFailure: ((message: string, error: unknown) => void) | undefined
  #tls: TlsInfo | null
  #waiting: Waiter<void>[] = []
  #handshake: Waiter<TlsInfo> | null = null

  /** Throws a MailError (`ECONFIG`) that names the bad option. */
  constructor(options: ClientSessionOptions) {
    super()
    const { host, port } = options
    if (host !== undefined && (typeof host !== 'string' || hasLineBreak(host))) {
      throw optionError('host', 'a name', host)
    }
    if (port !== undefined && (!Number.isInteger(port) || port < 1 || port > 65_535)) {
      throw optionError('port', 'a whole number from 1 to 65535', port)
    }
    this.limits = resolveLimits(options.limits)
    // not in the middle of a command: the driver answers with `tick`
    this.clock = new SessionClock(options.now, () => queueMicrotask(() => this.emit('wake')))
    this.output = new OutputQueue(bytes => this.emit('send', bytes))
    this.#onFailure = options.onFailure
    this.#tls = options.tls ?? null
  }

  /** The finished handshake; null without TLS. */
  get tls(): TlsInfo | null {
    return this.#tls
  }

  /** Resolves when the greeting has come and what the server can do is known; rejects when the connection ends first. */
  ready(): Promise<void>
  ready(callback: Callback<void>): void
  ready(callback?: Callback<void>): Promise<void> | undefined {
    return settle(this.whenOpen(), callback)
  }

  greet(): void {
    if (this.phase !== 'new') return
    this.phase = 'opening'
    this.begin().catch(error => this.broken(error))
  }

  feed(bytes: Uint8Array): boolean {
    if (this.phase === 'closed') return false
    if (this.phase === 'upgrading') {
      this.end(new MailError('ETLS', 'the server sent clear text where the TLS handshake begins'))
      return false
    }
    return this.receive(bytes)
  }

  eof(): void {
    this.end(this.leaving ? null : new MailError('ECONNECTION', 'the server has closed the connection'))
  }

  tick(now: number): void {
    try {
      this.clock.tick(now)
    } catch (error) {
      this.broken(error)
    }
  }

  deadline(): number | null {
    return this.clock.next()
  }

  pauseOutput(): void {
    if (this.phase === 'closed') return
    this.output.pause()
    this.clock.set(STALLED, this.stallTime, () =>
      this.end(new MailError('ETIMEDOUT', 'the server takes nothing of what it is sent')),
    )
  }

  resumeOutput(): void {
    this.clock.clear(STALLED)
    this.output.resume()
  }

  upgraded(tls: TlsInfo | null): void {
    if (this.phase !== 'upgrading') return
    if (!tls) {
      this.end(new MailError('ETLS', 'there was no TLS handshake'))
      return
    }
    this.clock.clear(HANDSHAKE)
    this.#tls = tls
    this.phase = 'opening'
    this.#handshake?.resolve(tls)
    this.#handshake = null
  }

  destroy(error?: Error | null): void {
    const cause = error ? { cause: error } : {}
    if (this.leaving) this.end(null)
    else if (this.phase === 'upgrading') this.end(new MailError('ETLS', 'the TLS handshake failed', cause))
    else this.end(new MailError('ECONNECTION', 'the connection is gone', cause))
  }

  /** How long the server may take nothing of what it is sent, ms. */
  protected get stallTime(): number {
    return this.limits.stallTime
  }

  /** Hears the greeting and asks what the server can do; `opened` ends it. */
  protected abstract begin(): Promise<void>

  /** As `feed`, of a session that reads. */
  protected abstract receive(bytes: Uint8Array): boolean

  /** The session is over: whoever waits is told. The output has not yet been thrown away. */
  protected abstract lost(error: MailError): void

  protected whenOpen(): Promise<void> {
    if (this.phase === 'closed') return Promise.reject(this.over())
    if (this.phase === 'open') return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  protected opened(): void {
    this.phase = 'open'
    for (const { resolve } of this.#waiting.splice(0)) resolve()
  }

  protected over(): MailError {
    return this.ended ?? new MailError('ECONNECTION', 'the session is over')
  }

  /**
   * The handshake, by the driver. `ahead`: the server has said more behind its consent, which ends the session. The phase is `opening`
   * again behind it, for what was said in clear counts no longer.
   */
  protected handshake(ahead: boolean): Promise<TlsInfo> {
    if (this.phase === 'closed') return Promise.reject(this.over())
    if (ahead) {
      const error = new MailError('ETLS', 'the server sent more behind its consent to TLS')
      this.end(error)
      return Promise.reject(error)
    }
    this.output.flush()
    this.phase = 'upgrading'
    this.clock.set(HANDSHAKE, this.limits.handshakeTime, () =>
      this.end(new MailError('ETLS', 'the TLS handshake takes too long')),
    )
    const secured = new Promise<TlsInfo>((resolve, reject) => {
      this.#handshake = { resolve, reject }
    })
    this.emit('upgrade', 'tls')
    return secured
  }

  /** Ends the session; whatever waits is rejected with the error. Null: in order. */
  protected end(error: MailError | null): void {
    if (this.phase === 'closed') return
    this.phase = 'closed'
    const over = error ?? new MailError('ECONNECTION', 'the session is over')
    this.ended = over
    this.clock.clearAll()
    this.lost(over)
    // what is left could be the end of a message that is reported as lost
    if (error) this.output.discard()
    else this.output.close()
    for (const waiter of this.#waiting.splice(0)) waiter.reject(over)
    this.#handshake?.reject(over)
    this.#handshake = null
    if (error) this.emit('error', error)
    this.emit('close', error)
  }

  /** Something here is broken; nothing of it may reach the driver. */
  protected broken(error: unknown): void {
    if (error instanceof MailError) {
      this.end(error)
      return
    }
    this.#failed('the session failed', error)
    this.end(new MailError('EPROTOCOL', 'the session failed', { cause: error }))
  }

  protected override onListenerError(error: unknown, name: keyof ClientSessionEvents): void {
    this.#failed(`a listener of '${name}' failed`, error)
  }

  #failed(message: string, error: unknown): void {
    try {
      this.#onFailure?.(message, error)
    } catch {
      // who reports failures has nobody to report to
    }
  }
}
