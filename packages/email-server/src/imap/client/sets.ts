// Which messages: what callers may give, as sets on the wire (RFC 3501 §9 sequence-set).
import { describe, usageError } from '../../base/errors.ts'
import { addRange, type FlatRanges, rangesOf } from '../../base/ranges.ts'

/** UIDs: one, many, or a set as IMAP writes it (`1:5,9,20:*`, `$` for what was searched last). */
export type UidSet = number | readonly number[] | string

const SET = /^(?:\$|(?:\d{1,10}|\*)(?::(?:\d{1,10}|\*))?(?:,(?:\d{1,10}|\*)(?::(?:\d{1,10}|\*))?)*)$/
/** Characters of a set in one command: servers take lines of 8,192 (RFC 7162 §4). */
const LONGEST = 7000
const MOST_RANGES = 320

/** Null: a set that only the server can resolve. Throws EUSAGE. */
export function asRanges(uids: UidSet): FlatRanges | null {
  if (typeof uids === 'string') {
    if (!SET.test(uids)) throw usageError(`${describe(uids)} is not a set of messages`)
    return null
  }
  const list = typeof uids === 'number' ? [uids] : uids
  if (!Array.isArray(list)) throw usageError(`messages must be UIDs or a set, not ${describe(uids)}`)
  for (const uid of list as readonly unknown[]) {
    if (!Number.isInteger(uid) || (uid as number) < 1 || (uid as number) > 4294967295) {
      throw usageError(`${describe(uid)} is not a UID`)
    }
  }
  return rangesOf([...(list as readonly number[])].sort((a, b) => a - b))
}

/** The set as it is written, in as many pieces as lines want. Empty: no messages. Throws EUSAGE. */
export function asSets(uids: UidSet): readonly string[] {
  const ranges = asRanges(uids)
  if (!ranges) return splitText(uids as string)
  const sets: string[] = []
  for (const at = { index: 0, offset: 0 }; ; ) {
    const piece = takeRanges(ranges, at, Number.POSITIVE_INFINITY)
    if (piece.length === 0) return sets
    sets.push(writeRanges(piece))
  }
}

function splitText(set: string): readonly string[] {
  if (set.length <= LONGEST) return [set]
  const out: string[] = []
  let start = 0
  while (set.length - start > LONGEST) {
    const comma = set.lastIndexOf(',', start + LONGEST)
    out.push(set.slice(start, comma))
    start = comma + 1
  }
  out.push(set.slice(start))
  return out
}

export interface RangePlace {
  index: number
  offset: number
}

/** The next so many numbers of the set, as far as a line has room; moves `at` on. */
export function takeRanges(ranges: FlatRanges, at: RangePlace, most: number): FlatRanges {
  const out: FlatRanges = []
  let left = most
  while (left > 0 && at.index < ranges.length && out.length < 2 * MOST_RANGES) {
    const from = ranges[at.index]! + at.offset
    const end = Math.min(ranges[at.index + 1]!, from + left)
    addRange(out, from, end - 1)
    left -= end - from
    if (end === ranges[at.index + 1]) {
      at.index += 2
      at.offset = 0
    } else at.offset = end - ranges[at.index]!
  }
  return out
}

export function writeRanges(ranges: FlatRanges): string {
  let text = ''
  for (let i = 0; i < ranges.length; i += 2) {
    const last = ranges[i + 1]! - 1
    text += `${i > 0 ? ',' : ''}${ranges[i]}${last > ranges[i]! ? `:${last}` : ''}`
  }
  return text
}
