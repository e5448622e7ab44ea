// What parseReport finds. Values are as the reporter wrote them: claims of a stranger, unless the message is authenticated.
import type { ParsedHeaders } from '../mime/index.ts'
import type { DsnAction } from './dsn-options.ts'

export type Report = DsnReport | MdnReport | FeedbackReport | DmarcReport | TlsReport

interface AboutMessage {
  /** Message-ID of the message that is reported on, with its angle brackets; null when nothing says it. */
  readonly originalMessageId: string | null
  /** The header of that message, as far as it came back. */
  readonly originalHeaders: ParsedHeaders | null
}

/** What became of a message for one recipient (RFC 3464 §2.3). */
export interface RecipientReport {
  /** Address without its type, escapes of RFC 6533 undone. */
  readonly finalRecipient: string
  /** ORCPT of the message. */
  readonly originalRecipient: string | null
  readonly action: DsnAction
  /** RFC 3463, e.g. `5.1.1`; null when there is none. */
  readonly status: string | null
  /** It failed, and to try this address again cannot help: by the status, else by the reply code. */
  readonly permanent: boolean
  /** The reply or explanation without its type, on one line. */
  readonly diagnostic: string | null
  /** The server that said so. */
  readonly remoteMta: string | null
  readonly lastAttempt: Date | null
  readonly finalLogId: string | null
  readonly willRetryUntil: Date | null
}

/** A delivery status notification (RFC 3464, RFC 6533). */
export interface DsnReport extends AboutMessage {
  readonly kind: 'dsn'
  /** False: no DSN, but the text of a mail system that writes none; read as well as it can be. */
  readonly standard: boolean
  readonly reportingMta: string | null
  readonly dsnGateway: string | null
  /** The name of EHLO; the address when it stands beside it. */
  readonly receivedFromMta: { readonly name: string; readonly address: string | null } | null
  readonly arrivalDate: Date | null
  /** ENVID of the message. */
  readonly originalEnvelopeId: string | null
  /** At least one. */
  readonly recipients: readonly RecipientReport[]
}

/** A message disposition notification (RFC 8098): what a recipient, or a program of his, did with the message. */
export interface MdnReport extends AboutMessage {
  readonly kind: 'mdn'
  readonly finalRecipient: string | null
  readonly originalRecipient: string | null
  readonly reportingUa: string | null
  /** `displayed`, `deleted`, `dispatched`, `processed`, in lower case. */
  readonly disposition: string
  /** `error` and the like, in lower case. */
  readonly modifiers: readonly string[]
  /** False: the recipient's own action; true: a program's. Null: not said. */
  readonly automaticAction: boolean | null
  readonly automaticallySent: boolean | null
  readonly errors: readonly string[]
}

/** Abuse feedback (RFC 5965), with what RFC 6591 adds for failed authentication. */
export interface FeedbackReport extends AboutMessage {
  readonly kind: 'feedback'
  /** False: a field is missing that must be there, or `Received-Date` stands beside `Arrival-Date` (RFC 5965 §3.1, §3.2). */
  readonly standard: boolean
  /** `abuse`, `fraud`, `virus`, `auth-failure`, `not-spam`, …, in lower case. */
  readonly feedbackType: string
  readonly userAgent: string | null
  readonly version: string | null
  readonly originalEnvelopeId: string | null
  /** Address without angle brackets; '' for the null sender. */
  readonly originalMailFrom: string | null
  readonly originalRcptTo: readonly string[]
  readonly arrivalDate: Date | null
  readonly reportingMta: string | null
  readonly sourceIp: string | null
  readonly sourcePort: number | null
  /** Messages that the report stands for; 1 when it does not say. */
  readonly incidents: number
  readonly authenticationResults: readonly string[]
  readonly reportedDomains: readonly string[]
  readonly reportedUris: readonly string[]
  /** Only with the type `auth-failure`. */
  readonly authFailure: AuthFailure | null
}

/** RFC 6591 §3.2; values in lower case where the RFC lists them. */
export interface AuthFailure {
  /** `adsp`, `bodyhash`, `revoked`, `signature`, `spf`, `dmarc`. */
  readonly type: string | null
  /** `delivered`, `spam`, `policy`, `reject`, `other`. */
  readonly deliveryResult: string | null
  /** What was aligned (`none`, or a list of `dkim` and `spf`): RFC 7489 §7.3.1. */
  readonly identityAlignment: string | null
  readonly dkimDomain: string | null
  readonly dkimIdentity: string | null
  readonly dkimSelector: string | null
  readonly spfDns: readonly string[]
}

/** A DMARC aggregate report (RFC 9990 appendix A, RFC 7489 appendix C). Words of lists (`none`, `pass`, …) are in lower case. */
export interface DmarcReport {
  readonly kind: 'dmarc'
  readonly version: string | null
  readonly orgName: string | null
  readonly email: string | null
  readonly extraContactInfo: string | null
  readonly reportId: string | null
  readonly generator: string | null
  readonly begin: Date | null
  readonly end: Date | null
  readonly errors: readonly string[]
  readonly policy: DmarcPolicyPublished
  readonly records: readonly DmarcRecord[]
  /** There were more records than `maxRecords`. */
  readonly truncated: boolean
}

export interface DmarcPolicyPublished {
  readonly domain: string | null
  readonly discoveryMethod: string | null
  readonly p: string | null
  readonly sp: string | null
  readonly np: string | null
  readonly adkim: string | null
  readonly aspf: string | null
  readonly fo: string | null
  readonly testing: string | null
  /** RFC 7489 only. */
  readonly pct: number | null
}

/** What one address sent in the name of the domain. */
export interface DmarcRecord {
  readonly sourceIp: string | null
  /** Messages. */
  readonly count: number
  readonly disposition: string | null
  /** Aligned results. */
  readonly dkim: string | null
  readonly spf: string | null
  readonly reasons: readonly { readonly type: string | null; readonly comment: string | null }[]
  readonly headerFrom: string | null
  readonly envelopeFrom: string | null
  readonly envelopeTo: string | null
  readonly dkimResults: readonly DmarcAuthResult[]
  readonly spfResults: readonly DmarcAuthResult[]
}

export interface DmarcAuthResult {
  readonly domain: string | null
  /** DKIM only. */
  readonly selector: string | null
  /** SPF only: `helo` or `mfrom`. */
  readonly scope: string | null
  readonly result: string | null
  readonly humanResult: string | null
}

/** A report of TLS sessions (RFC 8460 §4). */
export interface TlsReport {
  readonly kind: 'tls'
  readonly organizationName: string | null
  readonly contactInfo: string | null
  readonly reportId: string | null
  readonly begin: Date | null
  readonly end: Date | null
  readonly policies: readonly TlsPolicyReport[]
  /** There were more policies or failures than `maxRecords`. */
  readonly truncated: boolean
}

export interface TlsPolicyReport {
  /** `sts`, `tlsa`, `no-policy-found`. */
  readonly type: string | null
  readonly domain: string | null
  readonly policy: readonly string[]
  readonly mxHosts: readonly string[]
  readonly successes: number
  readonly failures: number
  readonly details: readonly TlsFailureReport[]
}

/** RFC 8460 §4.3, §4.4. */
export interface TlsFailureReport {
  readonly resultType: string | null
  readonly sendingMtaIp: string | null
  readonly receivingMxHostname: string | null
  readonly receivingMxHelo: string | null
  readonly receivingIp: string | null
  /** Sessions. */
  readonly count: number
  readonly additionalInformation: string | null
  readonly failureReasonCode: string | null
}
