// message/delivery-status and message/global-delivery-status, read. RFC 3464 §2, RFC 6533 §4.1; and what mail systems make of them.
import type { DsnAction } from './dsn-options.ts'
import {
  addressOf,
  dateOf,
  type Fields,
  fieldValue,
  mtaNameOf,
  mtaOf,
  readGroups,
  untyped,
} from './fields.ts'
import type { DsnReport, RecipientReport } from './report-types.ts'

/** Recipients of one report; the rest is not read. */
const RECIPIENTS_LIMIT = 10_000

export type DsnFacts = Omit<DsnReport, 'kind' | 'standard' | 'originalMessageId' | 'originalHeaders'>

/** Null when no recipient is in it whose fate it tells. */
export function readDsn(content: Uint8Array): DsnFacts | null {
  const groups = readGroups(content, RECIPIENTS_LIMIT + 1)
  const recipients: RecipientReport[] = []
  for (const group of groups) {
    for (const fields of recipientGroups(group)) {
      const recipient = readRecipient(fields)
      if (recipient && recipients.length < RECIPIENTS_LIMIT) recipients.push(recipient)
    }
  }
  if (recipients.length === 0) return null
  const [message = []] = groups
  return {
    reportingMta: mtaNameOf(fieldValue(message, 'reporting-mta')),
    dsnGateway: mtaNameOf(fieldValue(message, 'dsn-gateway')),
    receivedFromMta: mtaOf(fieldValue(message, 'received-from-mta')),
    arrivalDate: dateOf(fieldValue(message, 'arrival-date')),
    originalEnvelopeId: fieldValue(message, 'original-envelope-id'),
    recipients,
  }
}

/** Where the blank line between recipients is missing, a field that comes again begins the next. */
function recipientGroups(group: Fields): Fields[] {
  const groups: Fields[] = []
  let seen = new Set<string>()
  let start = 0
  group.forEach(([key], i) => {
    if (key !== 'original-recipient' && key !== 'final-recipient') return
    // the original recipient stands before the final one, so that either can be the first of the next
    if (seen.has(key)) {
      groups.push(group.slice(start, i))
      start = i
      seen = new Set()
    }
    seen.add(key)
  })
  if (seen.size > 0) groups.push(group.slice(start))
  return groups
}

function readRecipient(fields: Fields): RecipientReport | null {
  const originalRecipient = addressOf(fieldValue(fields, 'original-recipient'))
  const finalRecipient = addressOf(fieldValue(fields, 'final-recipient')) ?? originalRecipient
  const said = fieldValue(fields, 'diagnostic-code')
  // whoever folds puts in blanks of his own
  const diagnostic = (said !== null && untyped(said).text.replace(/[ \t]+/g, ' ')) || null
  const status = statusOf(fieldValue(fields, 'status') ?? '') ?? statusIn(diagnostic)
  const action = actionOf(fieldValue(fields, 'action') ?? '', status)
  if (finalRecipient === null || action === null) return null
  return {
    finalRecipient,
    originalRecipient,
    action,
    status,
    permanent: isPermanent(action, status, diagnostic),
    diagnostic,
    remoteMta: mtaNameOf(fieldValue(fields, 'remote-mta')),
    lastAttempt: dateOf(fieldValue(fields, 'last-attempt-date')),
    finalLogId: fieldValue(fields, 'final-log-id'),
    willRetryUntil: dateOf(fieldValue(fields, 'will-retry-until')),
  }
}

function statusOf(value: string): string | null {
  return /^([245]\.\d{1,3}\.\d{1,3})(?!\d)/.exec(value)?.[1] ?? null
}

/** The enhanced code in a reply: `550 5.1.1 …`, `550-5.1.1 …`, `… (#5.1.1)`. */
export function statusIn(text: string | null): string | null {
  return /(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])/.exec(text ?? '')?.[1] ?? null
}

/** Also of words that are none of RFC 3464 §2.3.3 (`failure`, `delayed (will retry)`); where nothing is said the status says it. */
function actionOf(value: string, status: string | null): DsnAction | null {
  const word = value.toLowerCase()
  if (word.startsWith('fail')) return 'failed'
  if (word.startsWith('delay')) return 'delayed'
  if (word.startsWith('deliver')) return 'delivered'
  if (word.startsWith('relay')) return 'relayed'
  if (word.startsWith('expan')) return 'expanded'
  if (status === null) return null
  return status[0] === '2' ? 'delivered' : status[0] === '4' ? 'delayed' : 'failed'
}

export function isPermanent(action: DsnAction, status: string | null, diagnostic: string | null): boolean {
  if (action !== 'failed') return false
  return status === null ? !/^4\d\d(?!\d)/.test(diagnostic ?? '') : status[0] === '5'
}
