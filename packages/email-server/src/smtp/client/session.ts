// The client side of one SMTP or LMTP connection, without I/O (RFC 5321 §3, RFC 2033).
import { type Callback, settle } from '../../base/callback.ts'
import { Emitter } from '../../base/emitter.ts'
import { MailError } from '../../base/errors.ts'
import type { TlsInfo } from '../../base/runtime.ts'
import type { SansIoSession } from '../../base/session.ts'
import type { ClientCredentials } from '../../sasl/index.ts'
import type { SmtpReply } from '../wire/reply-reader.ts'
import { checkClientOptions, type SmtpClientEvents, type SmtpClientOptions } from './options.ts'
import type { SmtpSendResult, SmtpTransaction } from './transaction.ts'

export class SmtpClientSession extends Emitter<SmtpClientEvents> implements SansIoSession {
  readonly #tls: TlsInfo | null

  constructor(options: SmtpClientOptions) {
    super()
    checkClientOptions(options)
    this.#tls = options.tls ?? null
  }

  /** `ready`: nothing is under way. `busy`: something is. */
  get state(): 'greeting' | 'ready' | 'busy' | 'closed' {
    return 'closed'
  }

  /** What the server offers: EHLO keyword in upper case → its parameters; empty after HELO. */
  get extensions(): ReadonlyMap<string, string> {
    return new Map()
  }

  /** The text of the greeting. */
  get greeting(): string {
    return ''
  }

  get tls(): TlsInfo | null {
    return this.#tls
  }

  /** Recipients that the server takes in one transaction (RFC 9422 RCPTMAX); null when it has not said. */
  get maxRecipients(): number | null {
    return null
  }

  /** Transactions that the server still takes on this connection (RFC 9422 MAILMAX); null when it has not said. */
  get transactionsLeft(): number | null {
    return null
  }

  ready(): Promise<void>
  ready(callback: Callback<void>): void
  ready(callback?: Callback<void>): Promise<void> | undefined {
    return settle(this.#missing(), callback)
  }

  startTls(): Promise<TlsInfo>
  startTls(callback: Callback<TlsInfo>): void
  startTls(callback?: Callback<TlsInfo>): Promise<TlsInfo> | undefined {
    return settle(this.#missing(), callback)
  }

  authenticate(credentials: ClientCredentials & { readonly method?: string }): Promise<void>
  authenticate(credentials: ClientCredentials & { readonly method?: string }, callback: Callback<void>): void
  authenticate(
    _credentials: ClientCredentials & { readonly method?: string },
    callback?: Callback<void>,
  ): Promise<void> | undefined {
    return settle(this.#missing(), callback)
  }

  send(transaction: SmtpTransaction): Promise<SmtpSendResult>
  send(transaction: SmtpTransaction, callback: Callback<SmtpSendResult>): void
  send(
    _transaction: SmtpTransaction,
    callback?: Callback<SmtpSendResult>,
  ): Promise<SmtpSendResult> | undefined {
    return settle(this.#missing(), callback)
  }

  reset(): Promise<void>
  reset(callback: Callback<void>): void
  reset(callback?: Callback<void>): Promise<void> | undefined {
    return settle(this.#missing(), callback)
  }

  noop(): Promise<void>
  noop(callback: Callback<void>): void
  noop(callback?: Callback<void>): Promise<void> | undefined {
    return settle(this.#missing(), callback)
  }

  verify(address: string): Promise<SmtpReply>
  verify(address: string, callback: Callback<SmtpReply>): void
  verify(_address: string, callback?: Callback<SmtpReply>): Promise<SmtpReply> | undefined {
    return settle(this.#missing(), callback)
  }

  quit(): Promise<void>
  quit(callback: Callback<void>): void
  quit(callback?: Callback<void>): Promise<void> | undefined {
    return settle(this.#missing(), callback)
  }

  greet(): void {}

  feed(_bytes: Uint8Array): boolean {
    return false
  }

  eof(): void {}

  tick(_now: number): void {}

  deadline(): number | null {
    return null
  }

  pauseOutput(): void {}

  resumeOutput(): void {}

  upgraded(_tls: TlsInfo | null): void {}

  destroy(_error?: Error | null): void {}

  #missing(): Promise<never> {
    return Promise.reject(new MailError('EUSAGE', 'this is the skeleton; the body follows'))
  }
}
