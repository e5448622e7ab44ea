// What a server tells, and what some of its methods are told.
import type { MailError } from '../base/errors.ts'
import type { TlsOptions } from '../base/runtime.ts'
import type { DeliveryEvents } from '../delivery/index.ts'
import type { DsnOptions } from '../dsn/index.ts'
import type { MailboxSession } from '../mailbox/index.ts'
import type { AuthFailure, AuthInfo } from '../sasl/index.ts'
import type { SmtpServerSession } from '../smtp/index.ts'
import type { ListenerName, SecureInfo } from './options.ts'

/** A connection that has just been made; `reject` during the event turns it away. */
export interface ConnectionInfo {
  readonly listener: ListenerName
  readonly protocol: 'smtp' | 'imap' | 'pop3'
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localPort: number
  /**
   * Turns the connection away: without a word, or with these (SMTP: `554 5.7.1 text`, IMAP: `* BYE text`, POP3: `-ERR text`; over
   * implicit TLS nothing can be said). `code` is SMTP's, 400 to 599, default 554; `text` is one line of ASCII.
   */
  reject(code?: number, text?: string): void
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

export interface DomainOptions {
  /** The certificate for clients that ask for the domain, or for a name below it. */
  readonly tls?: TlsOptions
}
