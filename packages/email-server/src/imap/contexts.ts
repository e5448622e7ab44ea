// Searches whose results the server keeps up to date (RFC 5267 §4.3): the UIDs that the client has been told, and what is
// compared with them.
import { closedRanges, difference, type FlatRanges, intersection, union } from '../base/ranges.ts'
import type { SearchKey } from '../mailbox/index.ts'
import type { Named } from './grammar/grammar.ts'
import { formatSet } from './grammar/sequence-set.ts'
import type { SequenceView } from './view.ts'
import type { Writer } from './wire/writer.ts'

export interface SearchContext {
  readonly tag: string
  /** Its updates are in UIDs. */
  readonly byUid: boolean
  readonly criteria: SearchKey
  /** What is fetched of new messages that match (RFC 5465 §7). */
  readonly items: readonly Named[]
  /** UIDs that match, as far as the client knows. */
  results: FlatRanges
}

/** What has changed in a context. */
export interface ContextChange {
  readonly context: SearchContext
  readonly added: FlatRanges
  readonly removed: FlatRanges
}

/** Of these UIDs, which are all in view, the ones given in `matching` match now. */
export function contextChange(
  context: SearchContext,
  looked: FlatRanges,
  matching: FlatRanges,
): ContextChange {
  const now = intersection(matching, looked)
  const before = intersection(context.results, looked)
  return { context, added: difference(now, before), removed: difference(before, now) }
}

// ret-data-addto = "ADDTO" SP "(" context-position SP sequence-set … ")"; 0: wherever it belongs
/** Tells the client of the change, and takes it for known. */
export function tellContext(w: Writer, view: SequenceView, { context, added, removed }: ContextChange): void {
  if (added.length === 0 && removed.length === 0) return
  const set = (uids: FlatRanges): string =>
    formatSet(closedRanges(context.byUid ? uids : view.sequencesOf(uids)))
  w.raw('* ESEARCH (TAG ')
    .string(context.tag)
    .raw(context.byUid ? ') UID' : ')')
  if (removed.length > 0) w.raw(` REMOVEFROM (0 ${set(removed)})`)
  if (added.length > 0) w.raw(` ADDTO (0 ${set(added)})`)
  w.end()
  context.results = union(difference(context.results, removed), added)
}
