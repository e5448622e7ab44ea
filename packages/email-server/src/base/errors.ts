// The one family of errors that callers see, and the three kinds that never mix inside:
// the peer's bad syntax, a handler's refusal, a caller's misuse (which is thrown at the caller).

/** Stable codes; nodemailer's names where one exists. */
export type MailErrorCode =
  | 'EABORT'
  | 'EADDRESS'
  | 'EAUTH'
  | 'ECOMMAND'
  | 'ECONFIG'
  | 'ECONNECTION'
  | 'EDNS'
  | 'EENVELOPE'
  | 'EHANDLER'
  | 'ELIMIT'
  | 'EMAXLIMIT'
  | 'EMESSAGE'
  | 'ENOAUTH'
  | 'EPROTOCOL'
  | 'EPROXY'
  | 'EREQUIRETLS'
  | 'ESOCKET'
  | 'ESTREAM'
  | 'ETIMEDOUT'
  | 'ETLS'
  | 'EUSAGE'

/** What is known beyond the text of an error; all of it is optional. */
export interface MailErrorFacts {
  /** The protocol command that failed, e.g. `RCPT TO`. */
  readonly command?: string
  /** The peer's whole reply. */
  readonly response?: string
  /** The peer's (or our) SMTP reply code, 200–599. */
  readonly responseCode?: number
  /** IMAP: the response code that came with the refusal (RFC 5530), in upper case, e.g. `NONEXISTENT`. */
  readonly serverCode?: string
  /** RFC 3463 code, e.g. `5.1.1`. */
  readonly enhancedCode?: string
  /** True when trying again cannot help. */
  readonly permanent?: boolean
  readonly recipient?: string
  /** True when the message may have been taken all the same: the connection was lost after its end and before the reply. */
  readonly ambiguous?: boolean
  /** One error for each recipient, when all of them were refused. */
  readonly rejected?: readonly MailError[]
  readonly cause?: unknown
}

/** Every error that this library throws, rejects with or passes to a callback. */
export class MailError extends Error implements MailErrorFacts {
  override readonly name: string = 'MailError'
  readonly code: MailErrorCode
  readonly command?: string
  readonly response?: string
  readonly responseCode?: number
  readonly serverCode?: string
  readonly enhancedCode?: string
  readonly permanent?: boolean
  readonly recipient?: string
  readonly ambiguous?: boolean
  readonly rejected?: readonly MailError[]

  constructor(code: MailErrorCode, message: string, facts: MailErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.code = code
    const { cause: _cause, ...rest } = facts
    Object.assign(this, rest)
  }
}

/** The caller used the API wrongly; thrown at once, at the caller. */
export function usageError(message: string): MailError {
  return new MailError('EUSAGE', message)
}

/** An option is not what it must be; thrown at construction. `option` is its path, e.g. `ports.imap`. */
export function optionError(option: string, expected: string, got: unknown): MailError {
  return new MailError('ECONFIG', `option ${option} must be ${expected}, not ${describe(got)}`)
}

/** The peer broke the grammar of its protocol. Never leaves a session: it becomes a `BAD` or `5xx` reply. */
export class PeerSyntaxError extends Error {
  override readonly name = 'PeerSyntaxError'
  /** Offset in the parsed bytes at which reading stopped, or -1. */
  readonly position: number
  /** What the reply says in brackets besides (IMAP), or null. */
  readonly code: string | null

  constructor(message: string, position = -1, code: string | null = null) {
    super(message)
    this.position = position
    this.code = code
  }
}

/**
 * A handler says no. Throw or pass one from any handler; `code` decides what the client is told, and `message` is
 * the text that the client may read. Any other error is ours: the client hears that something went wrong here, and
 * only the log learns what.
 */
export type RefusalCode =
  | 'ALREADYEXISTS'
  | 'CANNOT'
  | 'CLIENTBUG'
  | 'CONTACTADMIN'
  | 'CORRUPTION'
  | 'EXPUNGEISSUED'
  | 'HASCHILDREN'
  | 'INUSE'
  | 'LIMIT'
  | 'NONEXISTENT'
  | 'NOPERM'
  | 'OVERQUOTA'
  | 'TOOBIG'
  | 'TRYCREATE'
  | 'UNAVAILABLE'
  | 'UNKNOWN-CTE'
  | 'USEATTR'

const REFUSALS: ReadonlySet<string> = new Set<RefusalCode>([
  'ALREADYEXISTS',
  'CANNOT',
  'CLIENTBUG',
  'CONTACTADMIN',
  'CORRUPTION',
  'EXPUNGEISSUED',
  'HASCHILDREN',
  'INUSE',
  'LIMIT',
  'NONEXISTENT',
  'NOPERM',
  'OVERQUOTA',
  'TOOBIG',
  'TRYCREATE',
  'UNAVAILABLE',
  'UNKNOWN-CTE',
  'USEATTR',
])

/** A refusal with one of the response codes of RFC 5530 (and RFC 3501, 3516, 6154, 7889); the text is shown to the client. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: RefusalCode

  constructor(code: RefusalCode, message: string) {
    super(message)
    this.code = code
  }
}

/** The refusal that an error from a handler stands for, or null when the error is a failure of ours. */
export function asRefusal(error: unknown): { code: RefusalCode; message: string } | null {
  if (typeof error !== 'object' || error === null) return null
  const { code, message } = error as { code?: unknown; message?: unknown }
  if (typeof code !== 'string' || !REFUSALS.has(code)) return null
  return { code: code as RefusalCode, message: typeof message === 'string' ? message : '' }
}

/** A value in words, for messages to programmers; never shows more than a few characters of it. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
  if (typeof value === 'function') return 'a function'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object' && value !== null) return 'an object'
  return String(value)
}
