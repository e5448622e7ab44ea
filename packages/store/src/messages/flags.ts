// Flags: the five system flags as bits, keywords as JSON (RFC 9051 §2.3.2). Names compare without regard to letter case.
import { Refusal } from 'email-server'

export const SEEN = 1
export const DELETED = 8

const BITS: readonly (readonly [bit: number, name: string])[] = [
  [SEEN, 'Seen'],
  [2, 'Answered'],
  [4, 'Flagged'],
  [DELETED, 'Deleted'],
  [16, 'Draft'],
]
const BIT_OF: ReadonlyMap<string, number> = new Map(BITS.map(([bit, name]) => [name.toLowerCase(), bit]))

const ALL_BITS = 31
export const SYSTEM_FLAGS: readonly string[] = BITS.map(([, name]) => name)

/** The bit of a system flag in whatever letter case, null for a keyword. */
export function systemBit(name: string): number | null {
  return BIT_OF.get(name.toLowerCase()) ?? null
}

const MOST_KEYWORDS = 64
const LONGEST_KEYWORD = 255

/** The flags of one message as they are stored: bits, and keywords by their folded form. */
export interface FlagSet {
  readonly bits: number
  readonly keywords: ReadonlyMap<string, string>
}

/** Flags that somebody may change. */
export interface FlagMask {
  readonly bits: number
  readonly keywords: boolean
}

/** RFC 4314 §2.1: `s` is for Seen, `t` for Deleted, `w` for all others. */
export function flagMask(rights: string): FlagMask {
  const others = ALL_BITS & ~SEEN & ~DELETED
  const bits =
    (rights.includes('s') ? SEEN : 0) |
    (rights.includes('t') ? DELETED : 0) |
    (rights.includes('w') ? others : 0)
  return { bits, keywords: rights.includes('w') }
}

/** Those of the flags that may be set. */
export function masked(flags: FlagSet, mask: FlagMask): FlagSet {
  return { bits: flags.bits & mask.bits, keywords: mask.keywords ? flags.keywords : NO_KEYWORDS }
}

/** What comes of a change when the flags outside of the mask stay as they are. */
export function changedWithin(old: FlagSet, result: FlagSet, mask: FlagMask): FlagSet {
  return {
    bits: (old.bits & ~mask.bits) | (result.bits & mask.bits),
    keywords: mask.keywords ? result.keywords : old.keywords,
  }
}

const NO_KEYWORDS: ReadonlyMap<string, string> = new Map()

/** Refuses what is no flag. `Recent` is nobody's to set and is passed over. */
export function flagSet(names: readonly string[]): FlagSet {
  let bits = 0
  let keywords: Map<string, string> | null = null
  for (const name of names) {
    const folded = name.toLowerCase()
    const bit = BIT_OF.get(folded)
    if (bit !== undefined) bits |= bit
    else if (folded !== 'recent') {
      if (!/^[!#$&'+-[^-z|}~]+$/.test(name) || name.length > LONGEST_KEYWORD) {
        throw new Refusal('CANNOT', 'that is not a keyword')
      }
      keywords ??= new Map()
      if (!keywords.has(folded)) keywords.set(folded, name)
    }
  }
  return { bits, keywords: bounded(keywords ?? NO_KEYWORDS) }
}

export function storedFlags(bits: number, keywords: string | null): FlagSet {
  if (keywords === null) return { bits, keywords: NO_KEYWORDS }
  const names = JSON.parse(keywords) as string[]
  return { bits, keywords: new Map(names.map(name => [name.toLowerCase(), name])) }
}

export function keywordColumn(flags: FlagSet): string | null {
  return flags.keywords.size === 0 ? null : JSON.stringify([...flags.keywords.values()])
}

const NAMES_OF_BITS: readonly (readonly string[])[] = Array.from({ length: 32 }, (_, bits) =>
  BITS.filter(([bit]) => bits & bit).map(([, name]) => name),
)

/** As handlers answer them: system flags, then keywords. */
export function flagNames(bits: number, keywords: string | null): readonly string[] {
  const system = NAMES_OF_BITS[bits & ALL_BITS]!
  return keywords === null ? system : [...system, ...(JSON.parse(keywords) as string[])]
}

export function changeFlags(old: FlagSet, mode: 'set' | 'add' | 'remove', changed: FlagSet): FlagSet {
  if (mode === 'set') {
    // a keyword that the message has keeps its letter case
    const keywords = new Map(
      [...changed.keywords].map(([folded, name]) => [folded, old.keywords.get(folded) ?? name]),
    )
    return { bits: changed.bits, keywords }
  }
  const keywords = new Map(old.keywords)
  if (mode === 'add') {
    for (const [folded, name] of changed.keywords) if (!keywords.has(folded)) keywords.set(folded, name)
    return { bits: old.bits | changed.bits, keywords: bounded(keywords) }
  }
  for (const folded of changed.keywords.keys()) keywords.delete(folded)
  return { bits: old.bits & ~changed.bits, keywords }
}

function bounded(keywords: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  if (keywords.size > MOST_KEYWORDS) {
    throw new Refusal('LIMIT', `a message has at most ${MOST_KEYWORDS} keywords`)
  }
  return keywords
}
