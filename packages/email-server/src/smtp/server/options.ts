// What an SMTP server session is told at its start.
import { optionError } from '../../base/errors.ts'
import type { ServerSessionOptions } from '../../base/session.ts'
import type { AuthOptions } from '../../sasl/index.ts'
import type { SmtpRole } from '../registry.ts'
import type { Deliver, IncomingMail } from './incoming-mail.ts'
import type { CheckMessage } from './sender-check.ts'

export interface SmtpServerOptions extends ServerSessionOptions {
  readonly role: SmtpRole
  /** Which ways to log in are offered. */
  readonly auth?: AuthOptions
  /** Is this domain (as the client wrote it) one of ours? Inbound mail is taken for these only. Default: none is. */
  readonly isLocalDomain?: (domain: string) => boolean
  /**
   * Offer DSN (RFC 3461): who takes the messages promises to send the reports that `mail.params` and
   * `mail.recipients` ask for. Default false.
   */
  readonly dsn?: boolean
  /** Begins the check of who sent a message (SPF, DKIM, …), at MAIL. Default: nothing is checked. */
  readonly checkMessage?: CheckMessage
  /** Sends messages on, for `mail.deliver()`. */
  readonly deliver?: Deliver
  /** Hears of each message before its listeners, and answers nothing. Must not throw. */
  readonly watchMail?: (mail: IncomingMail) => void
}

/** Throws `ECONFIG` for what cannot be. */
export function checkOptions(options: SmtpServerOptions): void {
  if (options.role !== 'inbound' && options.role !== 'submission') {
    throw optionError('role', "'inbound' or 'submission'", options.role)
  }
  const { hostname } = options
  if (hostname !== undefined && !/^[A-Za-z0-9[\]:._\u0080-\u{10ffff}-]{1,255}$/u.test(hostname)) {
    throw optionError('hostname', 'a domain name or an address literal', hostname)
  }
}
