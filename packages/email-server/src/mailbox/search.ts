// Search criteria, sort keys and threads as values: what SEARCH, SORT and THREAD say, without their grammar
// (RFC 9051 §6.4.4, RFC 5256, RFC 5032). Sequence numbers are already resolved to UIDs when a handler sees them.
import type { ClosedRange } from '../base/ranges.ts'

/** `day` is a calendar date without a zone: days since 1970-01-01. Sizes are octets. */
export type SearchKey =
  | { readonly key: 'all' }
  | { readonly key: 'and'; readonly keys: readonly SearchKey[] }
  | { readonly key: 'or'; readonly keys: readonly SearchKey[] }
  | { readonly key: 'not'; readonly of: SearchKey }
  /** Ascending, disjoint; the last may end in Infinity. */
  | { readonly key: 'uid'; readonly ranges: readonly ClosedRange[] }
  /** Has (`set`) or lacks the flag; system flags and keywords alike, without backslash. */
  | { readonly key: 'flag'; readonly flag: string; readonly set: boolean }
  /** Case-insensitive substring of the decoded field; an empty value asks only for the field's presence. */
  | { readonly key: 'header'; readonly name: string; readonly value: string }
  /** Substring of the decoded text parts (`body`), or of those and the header (`text`). */
  | { readonly key: 'body' | 'text'; readonly value: string }
  /** `before` excludes its day, `since` includes it; `internal` is the arrival date, `sent` the Date field. */
  | {
      readonly key: 'date'
      readonly of: 'internal' | 'sent' | 'saved'
      readonly is: 'before' | 'on' | 'since'
      readonly day: number
    }
  | { readonly key: 'size'; readonly is: 'larger' | 'smaller'; readonly bytes: number }
  /** RFC 5032: arrived less (`younger`) or more (`older`) than so many seconds ago. */
  | { readonly key: 'age'; readonly is: 'older' | 'younger'; readonly seconds: number }
  | { readonly key: 'modseq'; readonly atLeast: number }
  /** OBJECTID (RFC 8474 §6): exactly this id. */
  | { readonly key: 'emailId' | 'threadId'; readonly id: string }

export interface SortKey {
  readonly by: 'arrival' | 'cc' | 'date' | 'from' | 'size' | 'subject' | 'to' | 'displayFrom' | 'displayTo'
  readonly reverse: boolean
}

/** RFC 5256 §3. */
export const THREAD_ALGORITHMS = ['ORDEREDSUBJECT', 'REFERENCES'] as const
export type ThreadAlgorithm = (typeof THREAD_ALGORITHMS)[number]

/** A message and its replies; `uid` is null for a parent that is not in the folder (RFC 5256 §4). */
export interface ThreadNode {
  readonly uid: number | null
  readonly children: readonly ThreadNode[]
}
