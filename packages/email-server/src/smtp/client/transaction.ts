// What is sent and what comes of it: one mail transaction (RFC 5321 §3.3) as a caller sees it.
import type { MailError } from '../../base/errors.ts'
import type { Notify } from '../envelope.ts'

export interface SmtpRecipient {
  readonly address: string
  /** NOTIFY (RFC 3461 §4.1); left out where the server has no DSN. */
  readonly notify?: readonly Notify[]
  /** ORCPT (RFC 3461 §4.2), decoded: `rfc822;bob@example.org`; left out where the server has no DSN. */
  readonly orcpt?: string
}

/** What MAIL says besides the sender. What the server does not offer is left out where that does no harm, else it is an error. */
export interface SmtpSendParams {
  /** Octets of the message (RFC 1870); default: the length of `content` where it is known. Left out where the server has no SIZE. */
  readonly size?: number
  /**
   * BODY (RFC 6152, RFC 3030). Default: `8BITMIME` when the content has octets above 0x7F (or is a stream, where the server has
   * 8BITMIME). EMESSAGE 5.6.3 when the server cannot carry it. BINARYMIME content crosses unchanged.
   */
  readonly body?: '7BIT' | '8BITMIME' | 'BINARYMIME'
  /** The header has UTF-8 (RFC 6531); addresses that need it ask for it themselves. EMESSAGE 5.6.7 without SMTPUTF8. */
  readonly smtputf8?: boolean
  /** RFC 8689; EREQUIRETLS 5.7.30 when the server does not promise it, or the connection has no TLS. */
  readonly requiretls?: boolean
  /** RET (RFC 3461 §4.3); left out where the server has no DSN. */
  readonly ret?: 'FULL' | 'HDRS'
  /** ENVID (RFC 3461 §4.4), decoded, 1 to 100 printable characters; left out where the server has no DSN. */
  readonly envid?: string
  /** AUTH (RFC 4954 §5), decoded: who submitted the message first; '' for `<>`. Left out where the server has no AUTH. */
  readonly auth?: string
  /** HOLDFOR (RFC 4865 §4): seconds. EMESSAGE without FUTURERELEASE. */
  readonly holdFor?: number
  /** HOLDUNTIL (RFC 4865 §4): ms since the epoch. EMESSAGE without FUTURERELEASE. */
  readonly holdUntil?: number
  /** BY (RFC 2852 §4): seconds, and what happens then: `R` return, `N` notify. EMESSAGE without DELIVERBY. */
  readonly by?: { readonly seconds: number; readonly mode: 'R' | 'N'; readonly trace?: boolean }
  /** MT-PRIORITY (RFC 6710): −9 to 9; left out where the server does not offer it. */
  readonly mtPriority?: number
}

export interface SmtpTransaction {
  /** `local@domain`; '' is the null sender. */
  readonly from: string
  /** At least one. */
  readonly to: readonly (string | SmtpRecipient)[]
  readonly params?: SmtpSendParams
  /**
   * The message. It must not be changed before the promise settles. A stream is read once, only when the server is ready
   * for it, and no faster than the server takes it.
   */
  readonly content: Uint8Array | AsyncIterable<Uint8Array>
  /**
   * Bare CR and bare LF (RFC 5321 §2.3.8: they never occur in mail): `normalize` makes each of them CRLF, `refuse` rejects with
   * EMESSAGE. Either way nothing in the message can end it early. Default `normalize`; BINARYMIME content is left alone.
   */
  readonly lineBreaks?: 'refuse' | 'normalize'
  /** Aborting rejects with EABORT. A transaction that is under way takes the connection with it. */
  readonly signal?: AbortSignal
}

export interface SmtpAccepted {
  readonly address: string
  /** The reply to RCPT; with LMTP the recipient's own final reply. */
  readonly response: string
}

export interface SmtpRejected {
  readonly address: string
  /** EENVELOPE (with LMTP also EMESSAGE), with `recipient`, `responseCode`, `enhancedCode`, `response`, `command`, `permanent`. */
  readonly error: MailError
}

export interface SmtpSendResult {
  readonly accepted: readonly SmtpAccepted[]
  readonly rejected: readonly SmtpRejected[]
  /** The final reply: `250 2.0.0 Ok: queued as X`; lines of a longer one are joined with LF. */
  readonly response: string
  /** Octets of the message as they were sent, stuffed dots not counted. */
  readonly bytes: number
}
