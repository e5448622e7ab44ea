// The envelope of a message as SMTP carries it: sender, recipients and what MAIL and RCPT said about them.

/** What MAIL FROM said besides the sender; null and false where it said nothing. */
export interface MailParams {
  /** SIZE: the octets that the client announced (RFC 1870). */
  readonly size: number | null
  /** BODY (RFC 6152). */
  readonly body: '7BIT' | '8BITMIME' | 'BINARYMIME' | null
  /** SMTPUTF8 (RFC 6531): addresses and header may be UTF-8. */
  readonly smtputf8: boolean
  /** REQUIRETLS (RFC 8689): the message must not go on without TLS. */
  readonly requiretls: boolean
  /** RET (RFC 3461 §4.3): how much of the message a failure report returns; always HDRS with REQUIRETLS (RFC 8689 §5). */
  readonly ret: 'FULL' | 'HDRS' | null
  /** ENVID (RFC 3461 §4.4), decoded. */
  readonly envid: string | null
  /** AUTH (RFC 4954 §5), decoded: who first submitted the message; '' for `<>`. Believe it of trusted clients only. */
  readonly auth: string | null
  /** HOLDFOR (RFC 4865 §3): seconds for which the message is to be held back. */
  readonly holdFor: number | null
  /** HOLDUNTIL (RFC 4865 §3): the time until which it is to be held back, ms since the epoch; may have passed. */
  readonly holdUntil: number | null
  /** BY (RFC 2852 §4). */
  readonly by: DeliverBy | null
  /** MT-PRIORITY (RFC 6710): -9 to 9, as it was granted; null is 0. */
  readonly mtPriority: number | null
}

/** How soon a message has to be delivered (RFC 2852 §4). */
export interface DeliverBy {
  /** Counted from MAIL; 0 and less: that time has passed (mode N only). */
  readonly seconds: number
  /** What happens to a message that is late: `N` notify and go on, `R` return it. */
  readonly mode: 'N' | 'R'
  /** Every relay is to be reported. */
  readonly trace: boolean
}

/** Of what the sender wants to hear (RFC 3461 §4.1); NEVER stands alone. */
export type Notify = 'NEVER' | 'SUCCESS' | 'FAILURE' | 'DELAY'

/** What RCPT TO said besides the recipient. */
export interface RcptParams {
  /** NOTIFY (RFC 3461 §4.1); null when it was not given. */
  readonly notify: readonly Notify[] | null
  /** ORCPT (RFC 3461 §4.2), decoded: `rfc822;bob@example.org`; the type in lower case. */
  readonly orcpt: string | null
}

export interface Recipient {
  readonly address: string
  readonly params: RcptParams
}

export interface Envelope {
  /** `local@domain`; '' for the null sender. */
  readonly from: string
  readonly params: MailParams
  /** When MAIL came, ms since the epoch. */
  readonly time: number
  /** Those that were accepted, in order, by address: named twice, delivered once. */
  readonly recipients: Map<string, Recipient>
  /** Their addresses; with LMTP that of every accepted RCPT, repeated ones too: each is answered (RFC 2033 §4.2). */
  readonly accepted: string[]
}

/** Shared by all messages that say nothing, hence frozen. */
export const NO_MAIL_PARAMS: MailParams = Object.freeze({
  size: null,
  body: null,
  smtputf8: false,
  requiretls: false,
  ret: null,
  envid: null,
  auth: null,
  holdFor: null,
  holdUntil: null,
  by: null,
  mtPriority: null,
})

export const NO_RCPT_PARAMS: RcptParams = Object.freeze({ notify: null, orcpt: null })
