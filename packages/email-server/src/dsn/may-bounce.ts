// Whether a message may be answered by a delivery report at all, so that reports never breed reports. RFC 5321 §4.5.5 and §6.1, RFC 3464 §2,
// RFC 3834 §2. Lists and other bulk mail are no reason to be silent about a failure: their envelope senders exist to hear of it.
import { splitAddress } from '../address/index.ts'
import { type HeaderBlock, headerText, parameterOf, readStructured } from '../mime/index.ts'
import type { DsnAction } from './dsn-options.ts'

/** Local parts of senders that are machines themselves; what they sent was a report or an answer. */
const MACHINES: ReadonlySet<string> = new Set(['mailer-daemon', 'postmaster-bounces', 'double-bounce'])
/** Reports that answer a message; others (TLS-RPT, ARF) have senders who want to know. */
const ANSWERS = /^(?:global-)?(?:delivery-status|disposition-notification)$/

/**
 * True when the sender of the envelope may be told of the message's fate by a DSN. `envelopeFrom` is '' for the null sender, who is never told
 * anything; `header` is the message's, null when it is not known. Nobody is told of the fate of reports (DSNs, MDNs), automatic replies and
 * `Precedence: junk`; of a mere delay not the senders of bulk and automatic mail.
 */
export function mayBounce(
  envelopeFrom: string,
  header: HeaderBlock | null,
  action: DsnAction = 'failed',
): boolean {
  const { local, domain } = splitAddress(envelopeFrom)
  if (domain === '' || MACHINES.has(local.toLowerCase())) return false
  if (header === null) return true
  const automatic = read(header, 'auto-submitted').value
  const precedence = read(header, 'precedence').value
  const type = read(header, 'content-type')
  if (automatic === 'auto-replied' || precedence === 'junk') return false
  if (type.value === 'multipart/report' && ANSWERS.test(type.reportType)) return false
  if (action !== 'delayed') return true
  if (precedence === 'bulk' || precedence === 'list' || (automatic !== '' && automatic !== 'no')) return false
  return !header.fields.some(({ key }) => key.startsWith('list-'))
}

function read(header: HeaderBlock, key: string): { value: string; reportType: string } {
  const { value, parameters } = readStructured(headerText(header, key) ?? '')
  return {
    value: value.trim().toLowerCase(),
    reportType: parameterOf(parameters, 'report-type')?.trim().toLowerCase() ?? '',
  }
}
