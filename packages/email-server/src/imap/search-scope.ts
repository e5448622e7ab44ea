// What search keys are compiled against: the session's numbering and its idea of what is recent.
import type { ClosedRange } from '../base/ranges.ts'
import { closedRanges } from '../base/ranges.ts'
import type { SequenceSet } from './grammar/sequence-set.ts'
import type { SelectedFolder } from './selected.ts'

export interface SearchScope {
  /** UIDs of a set of UIDs, as far as they are in view. */
  uids(set: SequenceSet): readonly ClosedRange[]
  /** UIDs of a set of sequence numbers. */
  sequences(set: SequenceSet): readonly ClosedRange[]
  /** UIDs that are \Recent in this session. */
  recent(): readonly ClosedRange[]
}

export function scopeOf(folder: SelectedFolder, outOfRange: () => never): SearchScope {
  return {
    uids: set => closedRanges(folder.view.uidsIn(set)),
    sequences(set) {
      const uids = folder.view.uidsAt(set)
      return uids === null ? outOfRange() : closedRanges(uids)
    },
    recent: () =>
      folder.recentFrom === Number.POSITIVE_INFINITY ? [] : [[folder.recentFrom, Number.POSITIVE_INFINITY]],
  }
}
