// Response codes (RFC 3501 §7.1, RFC 9051 §7.1, RFC 5530 and the extensions): what stands in brackets, as values.
import { fromLatin1 } from '../../base/bytes.ts'
import type { FlatRanges } from '../../base/ranges.ts'
import type { SequenceSet } from '../grammar/sequence-set.ts'
import { mergedSet, sequenceSet } from '../grammar/sequence-set.ts'
import { Reader, type ReaderLimits } from '../wire/reader.ts'
import { readFlagList } from './values.ts'

/** `name` in upper case, `args` as they stand behind it. */
export interface ImapCode {
  readonly name: string
  readonly args: string
}

/** The code at the beginning of a status response's text (one character an octet), and what follows it. */
export function readCode(rest: string): { readonly code: ImapCode | null; readonly text: string } {
  const asText = (latin: string): string => Buffer.from(latin, 'latin1').toString('utf8')
  if (!rest.startsWith('[')) return { code: null, text: asText(rest) }
  const end = closingBracket(rest)
  if (end < 0) return { code: null, text: asText(rest) }
  const inner = rest.slice(1, end)
  const space = inner.indexOf(' ')
  const name = (space < 0 ? inner : inner.slice(0, space)).toUpperCase()
  const args = space < 0 ? '' : inner.slice(space + 1)
  return { code: { name, args }, text: asText(rest.slice(end + (rest[end + 1] === ' ' ? 2 : 1))) }
}

/** The "]" that ends the code: not one inside quotes. */
function closingBracket(text: string): number {
  let quoted = false
  for (let i = 1; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x22) quoted = !quoted
    else if (c === 0x5c && quoted) i++
    else if (c === 0x5d && !quoted) return i
  }
  // an apostrophe-like quote that nobody closes is text
  return quoted ? text.indexOf(']') : -1
}

/** The one number of a code such as UIDNEXT; null when it is none. */
export function codeNumber(code: ImapCode): number | null {
  const match = /^\d{1,16}$/.exec(code.args.trim())
  const value = match ? Number(match[0]) : Number.NaN
  return Number.isSafeInteger(value) ? value : null
}

/** HIGHESTMODSEQ, MODIFIED's kin: 63 bits. */
export function codeBigint(code: ImapCode): bigint | null {
  return /^\d{1,19}$/.test(code.args.trim()) ? BigInt(code.args.trim()) : null
}

export function codeFlags(code: ImapCode, limits: ReaderLimits): readonly string[] | null {
  return attempt(code.args, limits, readFlagList)
}

/** `(id)` of MAILBOXID (RFC 8474 §4). */
export function codeId(code: ImapCode): string | null {
  const match = /^\(([^() ]{1,255})\)$/.exec(code.args)
  return match?.[1] ?? null
}

export function codeSet(code: ImapCode, limits: ReaderLimits): FlatRanges | null {
  const set = attempt(code.args, limits, readSet)
  return set ? flat(set) : null
}

/** Where messages have been put (RFC 4315 §3). */
export interface PlacedUids {
  readonly uidValidity: number
  /** The UIDs there. */
  readonly uids: readonly number[]
}

export interface CopiedUids extends PlacedUids {
  /** The UIDs here, in the same order. */
  readonly sources: readonly number[]
}

const MOST_UIDS = 1_000_000

// resp-code-apnd = "APPENDUID" SP nz-number SP append-uid
export function codePlaced(code: ImapCode, limits: ReaderLimits): PlacedUids | null {
  return attempt(code.args, limits, r => {
    const uidValidity = r.number()
    return { uidValidity, uids: expand(readSet(r.sp())) }
  })
}

// resp-code-copy = "COPYUID" SP nz-number SP uid-set SP uid-set
export function codeCopied(code: ImapCode, limits: ReaderLimits): CopiedUids | null {
  return attempt(code.args, limits, r => {
    const uidValidity = r.number()
    const sources = expand(readSet(r.sp()))
    const uids = expand(readSet(r.sp()))
    return sources.length === uids.length ? { uidValidity, sources, uids } : null
  })
}

function readSet(r: Reader): SequenceSet {
  return sequenceSet.read(r, NO_WORDS)
}

// a set has no words in it
const NO_WORDS = null as never

function flat(set: SequenceSet): FlatRanges {
  const out: FlatRanges = []
  for (const [low, high] of mergedSet(set)) if (Number.isFinite(high)) out.push(low, high + 1)
  return out
}

/** In the order of the set; [] when it is absurd. */
function expand(set: SequenceSet): number[] {
  const out: number[] = []
  for (const [low, high] of set) {
    if (high - low + out.length >= MOST_UIDS) return []
    for (let uid = low; uid <= high; uid++) out.push(uid)
  }
  return out
}

/** What cannot be read is null: the server's word for it is all that is lost. */
function attempt<T>(args: string, limits: ReaderLimits, read: (r: Reader) => T | null): T | null {
  try {
    const r = new Reader({ lines: [fromLatin1(args)], literals: [] }, limits)
    r.lenient = true
    const value = read(r)
    return r.atEnd() ? value : null
  } catch {
    return null
  }
}
