// What an SMTP server session is told at its start.
import { optionError } from '../../base/errors.ts'
import type { ServerSessionOptions } from '../../base/session.ts'
import type { AuthOptions } from '../../sasl/index.ts'
import type { SmtpExtensionOptions } from '../extension-options.ts'
import type { SmtpRole } from '../registry.ts'
import type { Deliver, IncomingMail } from './incoming-mail.ts'
import type { CheckMessage } from './mail-auth.ts'

export interface SmtpServerOptions extends ServerSessionOptions {
  readonly role: SmtpRole
  /** Which ways to log in are offered. */
  readonly auth?: AuthOptions
  /** Submission: take mail from those only who have logged in? Default true. */
  readonly requireAuth?: boolean
  /** Is this domain (as the client wrote it) one of ours? Inbound mail is taken for these only. Default: none is. */
  readonly isLocalDomain?: (domain: string) => boolean
  /**
   * Offer DSN (RFC 3461): who takes the messages promises to send the reports that `mail.params` and
   * `mail.recipients` ask for. Default false.
   */
  readonly dsn?: boolean
  /** Extensions that promise something beyond this session. */
  readonly extensions?: SmtpExtensionOptions
  /**
   * CR without LF and LF without CR in messages (RFC 5321 §2.3.8: they never occur in mail): `refuse` answers 550 5.6.0, `normalize`
   * makes each of them CRLF. Neither changes where a message ends, and BINARYMIME content is left alone. Default `refuse`.
   */
  readonly lineBreaks?: 'refuse' | 'normalize'
  /** Submission: a message without Date or Message-ID gets them, in front of it (RFC 6409 §8.2, §8.3). Default true. */
  readonly addMissingFields?: boolean
  /** How long the greeting is held back, ms; a client that talks before it hears 554. Default 0. */
  readonly greetingDelayMs?: number
  /** Offer XCLIENT: this client is trusted to say whom it speaks for. Asked whether that address ('' when unknown) may come in. */
  readonly xclient?: (address: string) => boolean
  /** Begins the check of who sent a message (SPF, DKIM, …), at MAIL. Default: nothing is checked. */
  readonly checkMessage?: CheckMessage
  /** How much a user may send; asked for each MAIL and each RCPT of a session that is logged in. Default: as much as he likes. */
  readonly quota?: SubmissionQuota
  /** Sends messages on, for `mail.deliver()`. */
  readonly deliver?: Deliver
  /** Hears of each message before its listeners, and answers nothing. Must not throw. */
  readonly watchMail?: (mail: IncomingMail) => void
}

/** Counts what it permits; must not throw. */
export interface SubmissionQuota {
  maySend(username: string): boolean
  mayWriteTo(username: string): boolean
}

/** Throws `ECONFIG` for what cannot be. */
export function checkOptions(options: SmtpServerOptions): void {
  const { role, lineBreaks } = options
  if (role !== 'inbound' && role !== 'submission' && role !== 'lmtp') {
    throw optionError('role', "'inbound', 'submission' or 'lmtp'", role)
  }
  if (lineBreaks !== undefined && lineBreaks !== 'refuse' && lineBreaks !== 'normalize') {
    throw optionError('lineBreaks', "'refuse' or 'normalize'", lineBreaks)
  }
  const { hostname } = options
  if (hostname !== undefined && !/^[A-Za-z0-9[\]:._\u0080-\u{10ffff}-]{1,255}$/u.test(hostname)) {
    throw optionError('hostname', 'a domain name or an address literal', hostname)
  }
}

/** Tells the owner what is wrong here and not with the peer. */
export function reportFailure({ onFailure }: SmtpServerOptions, message: string, error: unknown): void {
  try {
    onFailure?.(message, error)
  } catch {
    // who reports failures has nobody to report to
  }
}
