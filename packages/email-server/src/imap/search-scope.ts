// What search keys are compiled against: the session's numbering and its idea of what is recent.
import type { ClosedRange } from '../base/ranges.ts'
import { closedRanges } from '../base/ranges.ts'
import { mergedSet, SAVED_SET, type SequenceSet, STAR } from './grammar/sequence-set.ts'
import type { SelectedFolder } from './selected.ts'

export interface SearchScope {
  /** A set of UIDs with its `*` resolved: ascending, disjoint. */
  uids(set: SequenceSet): readonly ClosedRange[]
  /** UIDs of a set of sequence numbers. */
  sequences(set: SequenceSet): readonly ClosedRange[]
  /** UIDs that are \Recent in this session. */
  recent(): readonly ClosedRange[]
}

export function scopeOf(folder: SelectedFolder, outOfRange: () => never): SearchScope {
  return {
    uids(set) {
      if (set === SAVED_SET) return closedRanges(folder.savedInView())
      const last = Math.max(1, folder.view.lastUid)
      // n:* means the last message even when its UID is below n
      return mergedSet(set.map(([low, high]) => (high === STAR ? [Math.min(low, last), STAR] : [low, high])))
    },
    sequences(set) {
      if (set === SAVED_SET) return closedRanges(folder.savedInView())
      const uids = folder.view.uidsAt(set)
      return uids === null ? outOfRange() : closedRanges(uids)
    },
    recent: () =>
      folder.recentFrom === Number.POSITIVE_INFINITY ? [] : [[folder.recentFrom, Number.POSITIVE_INFINITY]],
  }
}
