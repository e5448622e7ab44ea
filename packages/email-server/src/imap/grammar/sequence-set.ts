// Sequence sets (RFC 3501 §9, RFC 9051 §9): sets of sequence numbers or UIDs as ranges, never as lists.
import type { ClosedRange } from '../../base/ranges.ts'
import type { Reader } from '../wire/reader.ts'
import type { Grammar } from './grammar.ts'

/** `*`: the largest number in use. */
export const STAR: number = Number.POSITIVE_INFINITY

/** As the client wrote it: in its order, each range low to high (`*` is highest). */
export type SequenceSet = readonly ClosedRange[]

/** `$`: what the last search has saved (RFC 5182). */
export const SAVED_SET: SequenceSet = []

// sequence-set = (seq-number / seq-range) ["," sequence-set]      seq-number = nz-number / "*"
// seq-range = seq-number ":" seq-number       ; in either order
// sequence-set =/ "$"                                                                     ; RFC 5182 §3
export const sequenceSet: Grammar<SequenceSet> = {
  read(r) {
    if (r.try('$')) return SAVED_SET
    let ranges: ClosedRange[] = []
    do {
      const a = sequenceNumber(r)
      const b = r.try(':') ? sequenceNumber(r) : a
      const [low, high] = a <= b ? [a, b] : [b, a]
      const last = ranges.at(-1)
      if (last && low >= last[0] && low <= last[1] + 1) {
        if (high > last[1]) ranges[ranges.length - 1] = [last[0], high]
      } else ranges.push([low, high])
      if (ranges.length > 2 * r.limits.imapSetRanges) ranges = limited(r, ranges)
    } while (r.try(','))
    return ranges.length > r.limits.imapSetRanges ? limited(r, ranges) : ranges
  },
  write: (w, set) => w.raw(formatSet(set)),
  samples: [
    [[1, 1]],
    [[2, 4]],
    [[STAR, STAR]],
    [[1, STAR]],
    [
      [2, 2],
      [4, 7],
      [9, 9],
      [12, STAR],
    ],
    [[4294967295, 4294967295]],
    SAVED_SET,
  ],
}

/** The same set merged, if that is within the limit. */
function limited(r: Reader, ranges: readonly ClosedRange[]): ClosedRange[] {
  const merged = mergedSet(ranges)
  if (merged.length > r.limits.imapSetRanges) r.fail('fewer ranges in a sequence set')
  return merged
}

/** Ascending, neither overlapping nor touching. */
export function mergedSet(ranges: readonly ClosedRange[]): ClosedRange[] {
  const out: ClosedRange[] = []
  for (const [low, high] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = out.at(-1)
    if (!last || low > last[1] + 1) out.push([low, high])
    else if (high > last[1]) out[out.length - 1] = [last[0], high]
  }
  return out
}

function sequenceNumber(r: Reader): number {
  return r.try('*') ? STAR : r.nzNumber()
}

export function formatSet(set: Iterable<ClosedRange>): string {
  if (set === SAVED_SET) return '$'
  let out = ''
  for (const [low, high] of set) {
    if (out !== '') out += ','
    out += formatNumber(low)
    if (high !== low) out += `:${formatNumber(high)}`
  }
  return out
}

function formatNumber(n: number): string {
  return n === STAR ? '*' : String(n)
}
