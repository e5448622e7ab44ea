// Values that many responses have: flags, sets, dates, and anything at all, for what nobody knows.
import { fromUtf8 } from '../../base/bytes.ts'
import type { FlatRanges } from '../../base/ranges.ts'
import { cleanFlag } from '../../mailbox/index.ts'
import { readInternalDate } from '../../text/index.ts'
import { mergedSet, type SequenceSet, sequenceSet } from '../grammar/sequence-set.ts'
import type { Reader } from '../wire/reader.ts'

/** Of flags that are seen again and again: as written → without backslash, in its one spelling. */
const USUAL: ReadonlyMap<string, string> = new Map(
  ['\\Seen', '\\Answered', '\\Flagged', '\\Deleted', '\\Draft', '\\Recent', '\\*'].map(flag => [
    flag,
    flag.slice(1),
  ]),
)

/** `( \Seen work )` without backslashes; `*` stands for `\*`. */
export function readFlagList(r: Reader): readonly string[] {
  const flags: string[] = []
  r.open()
  while (r.try(' '));
  while (r.peek() !== 0x29) {
    const word = r.word()
    flags.push(USUAL.get(word) ?? cleanFlag(word))
    while (r.try(' '));
  }
  r.close()
  return flags
}

/** A set of UIDs without `*`, merged. */
export function readRanges(r: Reader): FlatRanges {
  const out: FlatRanges = []
  const set: SequenceSet = sequenceSet.read(r, null as never)
  for (const [low, high] of mergedSet(set)) {
    if (!Number.isFinite(high)) r.fail('a set without "*"')
    out.push(low, high + 1)
  }
  return out
}

/** A date-time, ms since the epoch; null when nobody can read it. */
export function readDate(r: Reader): Date | null {
  const text = r.nstring()
  const date = text === null ? null : readInternalDate(text)
  return date ? new Date(date.time) : null
}

/** 63 bits (RFC 7162 §7). */
export function readModseq(r: Reader): bigint {
  const word = r.word()
  return /^\d{1,19}$/.test(word) ? BigInt(word) : r.fail('a mod-sequence')
}

export type ImapValue = string | null | readonly ImapValue[]

/** Any value: a string, NIL, a word, or a list of values. */
export function readValue(r: Reader): ImapValue {
  const c = r.peek()
  if (c === 0x28) {
    const list: ImapValue[] = []
    r.open()
    while (r.try(' '));
    while (r.peek() !== 0x29) {
      list.push(readValue(r))
      while (r.try(' '));
    }
    r.close()
    return list
  }
  if (r.atLiteral) return Buffer.from(r.literal().bytes).toString('utf8')
  if (c === 0x22) return r.string()
  const word = r.word()
  return word.toUpperCase() === 'NIL' ? null : word
}

/** nstring / literal8 as bytes. */
export function readBytes(r: Reader): Uint8Array | null {
  if (r.atLiteral) return r.literal().bytes
  const text = r.nstring()
  return text === null ? null : fromUtf8(text)
}
