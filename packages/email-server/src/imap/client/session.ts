// The client's session: every command, and what drivers see, on one connection.
import { type Callback, settle } from '../../base/callback.ts'
import type { TlsInfo } from '../../base/runtime.ts'
import type { SansIoSession } from '../../base/session.ts'
import { ImapCommands } from './commands.ts'
import type { ClientCore } from './core.ts'
import { ImapMachine } from './machine.ts'
import type { MailboxInfo } from './mailbox.ts'
import type { ImapClientEvents, ImapClientOptions } from './options.ts'

export class ImapClientSession extends ImapCommands<ImapClientEvents> implements SansIoSession {
  readonly #machine: ImapMachine
  readonly #onFailure: ImapClientOptions['onFailure']

  /** Throws a MailError (`ECONFIG`) that names the bad option. */
  constructor(options: ImapClientOptions) {
    super()
    this.#onFailure = options.onFailure
    this.#machine = new ImapMachine(options, this)
  }

  get state(): 'greeting' | 'notAuthenticated' | 'authenticated' | 'selected' | 'closed' {
    return this.#machine.state
  }

  /** What the server offers now, as it wrote it; refreshed by the greeting, STARTTLS and the login. */
  get capability(): readonly string[] {
    return this.#machine.capability
  }

  /** Is this on offer now? Letter case does not matter. */
  has(capability: string): boolean {
    return this.#machine.core.has(capability.toUpperCase())
  }

  get tls(): TlsInfo | null {
    return this.#machine.tls
  }

  /** The open mailbox as it is at this moment, or was at the end; null: none is open. */
  get mailbox(): MailboxInfo | null {
    return this.#machine.mailbox?.info() ?? null
  }

  /** Resolves when the greeting is heard and it is known what the server offers; rejects when the connection ends first. */
  ready(): Promise<void>
  ready(callback: Callback<void>): void
  ready(callback?: Callback<void>): Promise<void> | undefined {
    return callback ? void this.#machine.ready(callback) : this.#machine.ready()
  }

  /**
   * Waits for news (RFC 2177) from now on, until `done()`: it is renewed in time, and makes room for other commands by itself. Resolves when
   * the server waits with us; rejects with ECONFIG when it cannot.
   */
  idle(): Promise<void>
  idle(callback: Callback<void>): void
  idle(callback?: Callback<void>): Promise<void> | undefined {
    return settle(
      this.#machine.opens().then(() => this.#machine.idle.begin()),
      callback,
    )
  }

  /** Ends `idle`. Resolves when the server has taken note. */
  done(): Promise<void>
  done(callback: Callback<void>): void
  done(callback?: Callback<void>): Promise<void> | undefined {
    return settle(this.#machine.idle.finish(), callback)
  }

  greet(): void {
    this.#machine.greet()
  }

  feed(bytes: Uint8Array): boolean {
    return this.#machine.feed(bytes)
  }

  eof(): void {
    this.#machine.eof()
  }

  tick(now: number): void {
    this.#machine.tick(now)
  }

  deadline(): number | null {
    return this.#machine.deadline()
  }

  pauseOutput(): void {
    this.#machine.pauseOutput()
  }

  resumeOutput(): void {
    this.#machine.resumeOutput()
  }

  upgraded(tls: TlsInfo | null): void {
    this.#machine.upgraded(tls)
  }

  destroy(error?: Error | null): void {
    this.#machine.destroy(error)
  }

  override core(): Promise<ClientCore> {
    return this.#machine.opens()
  }

  protected override onListenerError(error: unknown, name: string | number | symbol): void {
    this.#onFailure?.(`a listener of '${String(name)}' failed`, error)
  }
}
