// What an error means for a recipient: is another attempt worth while? RFC 5321 §4.2.1, RFC 3463 §3.1, RFC 7504.
import type { MailError, MailErrorCode } from '../base/errors.ts'

/**
 * `retry`: another attempt may help. `bounce`: none can. `ambiguous`: the message may have been taken, the connection was lost before the
 * server said so; to send it again could deliver it twice.
 */
export type FailureKind = 'retry' | 'bounce' | 'ambiguous'

/** Failures that are ours to mend: the same message, sent again, fails again. */
const HOPELESS: ReadonlySet<MailErrorCode> = new Set([
  'EADDRESS',
  'ECONFIG',
  'EENVELOPE',
  'EMESSAGE',
  'ESTREAM',
  'EUSAGE',
] satisfies MailErrorCode[])

export function failureKind(error: MailError): FailureKind {
  if (error.ambiguous) return 'ambiguous'
  // our login is wrong, not the message: it waits until that is mended
  if (error.code === 'EAUTH' || error.code === 'ENOAUTH') return 'retry'
  if (error.permanent !== undefined) return error.permanent ? 'bounce' : 'retry'
  const { responseCode } = error
  // 503 is about the order of commands, not about the message (as nodemailer has it)
  if (responseCode !== undefined) return responseCode >= 500 && responseCode !== 503 ? 'bounce' : 'retry'
  return HOPELESS.has(error.code) ? 'bounce' : 'retry'
}

/** RFC 3463 code of a failure, for reports: the server's own, or what its reply code says. */
export function statusOf(error: MailError): string {
  const kind = failureKind(error)
  const klass = kind === 'bounce' ? '5' : '4'
  if (error.enhancedCode?.startsWith(`${klass}.`)) return error.enhancedCode
  if (error.enhancedCode) return `${klass}${error.enhancedCode.slice(1)}`
  switch (error.code) {
    case 'ECONNECTION':
    case 'ESOCKET':
      return kind === 'ambiguous' ? '4.4.2' : `${klass}.4.1`
    case 'ETIMEDOUT':
      return `${klass}.4.2`
    case 'EDNS':
      return `${klass}.4.3`
    case 'ETLS':
    case 'EREQUIRETLS':
      return `${klass}.7.10`
    case 'EMESSAGE':
      return `${klass}.6.0`
    case 'EAUTH':
      return `${klass}.7.8`
    default:
      return `${klass}.0.0`
  }
}
