// The open folder of a session: its view, and what was said of it when it was opened.
import { type FlatRanges, intersection } from '../base/ranges.ts'
import type { OpenedFolder } from '../mailbox/index.ts'
import type { SearchContext } from './contexts.ts'
import { Modseqs } from './modseqs.ts'
import { News } from './news.ts'
import { SequenceView } from './view.ts'

const NO_CONTEXTS: readonly SearchContext[] = []

export class SelectedFolder {
  readonly name: string
  readonly opened: OpenedFolder
  /** Nothing may be changed: EXAMINE, or the backend said so. */
  readonly readOnly: boolean
  readonly view: SequenceView = new SequenceView()
  readonly news: News
  /** Null: the folder keeps no mod-sequences (NOMODSEQ, RFC 7162 §3.1.2.2). */
  readonly modseqs: Modseqs | null
  /** Messages from this UID on are \Recent here (RFC 3501 §2.3.2). */
  recentFrom: number = Number.POSITIVE_INFINITY
  /** What the last search has saved, UIDs (RFC 5182); some of them may be gone. */
  saved: FlatRanges = []
  /** Searches that are kept up to date (RFC 5267). */
  contexts: readonly SearchContext[] = NO_CONTEXTS
  /** What UIDBATCHES was asked for here, and what the folder was then; null: nothing (RFC 10022 §3.1.1). */
  batched: Map<string, { readonly count: number; readonly nextUid: number }> | null = null
  /** Every id was its UID so far: ids need not be asked for. */
  idsAreUids = true

  constructor(name: string, opened: OpenedFolder, readOnly: boolean) {
    this.name = name
    this.opened = opened
    this.readOnly = readOnly
    this.news = new News(this.view)
    this.modseqs = opened.highestModseq === undefined ? null : new Modseqs(opened.highestModseq)
  }

  /** Of what the last search has saved, the UIDs that are still in view. */
  savedInView(): FlatRanges {
    return intersection(this.saved, this.view.all())
  }

  /** How many messages are \Recent in this session. */
  recent(): number {
    return this.view.count - this.view.countBelow(this.recentFrom)
  }
}
