// What SORT compares and SENTON asks of a message, computed once for each body (RFC 5256 §3, RFC 5957 §3).
import { type SortKey, sortValue } from 'email-server/mailbox'
import type { Envelope } from 'email-server/mime'
import type { Insertable } from 'kysely'
import type { BodyFactsTable } from '../database/schema.ts'

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

const KEY_COLUMNS = {
  subject: 'subject_key',
  from: 'from_key',
  to: 'to_key',
  cc: 'cc_key',
  displayFrom: 'display_from_key',
  displayTo: 'display_to_key',
} as const satisfies Partial<Record<SortKey['by'], keyof BodyFactsTable>>

/** The column of `body_facts` that holds what is compared; null for what stands elsewhere. */
export function keyColumn(by: SortKey['by']): string | null {
  return by in KEY_COLUMNS ? KEY_COLUMNS[by as keyof typeof KEY_COLUMNS] : null
}

/** Fields that mail programs search, kept decoded and folded; the index of texts writes them. */
export const FIELD_COLUMNS = {
  from: 'from_text',
  to: 'to_text',
  cc: 'cc_text',
  subject: 'subject_text',
} as const

export type SearchedField = keyof typeof FIELD_COLUMNS

/** All columns of text. */
export const FACT_COLUMNS: readonly string[] = [
  ...Object.values(KEY_COLUMNS),
  ...Object.values(FIELD_COLUMNS),
]

/** Those that the envelope tells; the others are read with the text. */
export type EnvelopeFacts = Pick<
  Insertable<BodyFactsTable>,
  | 'sent_at'
  | 'sent_day'
  | 'subject_key'
  | 'from_key'
  | 'to_key'
  | 'cc_key'
  | 'display_from_key'
  | 'display_to_key'
>

/**
 * @param sentAt the moment of the Date field in ms, null when there is none that can be read
 * @param zone minutes east of UTC in which it is written
 */
export function factsOfEnvelope(envelope: Envelope, sentAt: number | null, zone: number): EnvelopeFacts {
  // none of the keys looks at what belongs to a message rather than to its body
  const subject = { meta: { uid: 0, size: 0, internalDate: 0 }, envelope }
  const keys = Object.entries(KEY_COLUMNS).map(([by, column]) => [
    column,
    sortValue(by as SortKey['by'], subject),
  ])
  return {
    ...(Object.fromEntries(keys) as Record<(typeof KEY_COLUMNS)[keyof typeof KEY_COLUMNS], string>),
    sent_at: sentAt,
    // the calendar day as the sender wrote it (RFC 9051 §6.4.4 SENTON: without regard to time and zone)
    sent_day: sentAt === null ? null : Math.floor((sentAt + zone * MINUTE_MS) / DAY_MS),
  }
}
