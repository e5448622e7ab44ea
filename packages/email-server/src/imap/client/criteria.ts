// Search criteria (RFC 3501 §6.4.4 and the extensions) as an object, or as IMAP writes them.
import { describe, usageError } from '../../base/errors.ts'
import { isAscii, writeImapDate } from '../../text/index.ts'
import { ATOM_CHAR, isAll } from '../wire/chars.ts'
import type { Writer } from '../wire/writer.ts'
import { asRanges, type UidSet, writeRanges } from './sets.ts'

/** All that is said must hold. Dates count by their day, in UTC when they are a `Date`; `YYYY-MM-DD` is that day. */
export interface SearchCriteria {
  readonly all?: true
  readonly seen?: boolean
  readonly answered?: boolean
  readonly flagged?: boolean
  readonly deleted?: boolean
  readonly draft?: boolean
  readonly recent?: boolean
  readonly new?: true
  readonly keyword?: string | readonly string[]
  readonly notKeyword?: string | readonly string[]
  readonly from?: string
  readonly to?: string
  readonly cc?: string
  readonly bcc?: string
  readonly subject?: string
  readonly body?: string
  readonly text?: string
  /** True or '': the field is there at all. */
  readonly header?: Readonly<Record<string, string | true>>
  readonly since?: Date | string
  readonly before?: Date | string
  readonly on?: Date | string
  readonly sentSince?: Date | string
  readonly sentBefore?: Date | string
  readonly sentOn?: Date | string
  /** RFC 8514. */
  readonly savedSince?: Date | string
  readonly savedBefore?: Date | string
  readonly savedOn?: Date | string
  /** Octets. */
  readonly larger?: number
  readonly smaller?: number
  /** Seconds (RFC 5032). */
  readonly younger?: number
  readonly older?: number
  readonly uid?: UidSet
  /** Sequence numbers. */
  readonly seq?: UidSet
  /** This mod-sequence or a later one (RFC 7162 §3.1.5). */
  readonly modseq?: bigint
  /** RFC 8474. */
  readonly emailId?: string
  readonly threadId?: string
  /** One of these, two or more. */
  readonly or?: readonly SearchCriteria[]
  readonly not?: SearchCriteria | readonly SearchCriteria[]
  readonly and?: readonly SearchCriteria[]
}

const FLAGS: readonly (readonly [keyof SearchCriteria, string, string])[] = [
  ['seen', 'SEEN', 'UNSEEN'],
  ['answered', 'ANSWERED', 'UNANSWERED'],
  ['flagged', 'FLAGGED', 'UNFLAGGED'],
  ['deleted', 'DELETED', 'UNDELETED'],
  ['draft', 'DRAFT', 'UNDRAFT'],
  ['recent', 'RECENT', 'OLD'],
]
const TEXTS = ['from', 'to', 'cc', 'bcc', 'subject', 'body', 'text'] as const
const DATES = [
  'since',
  'before',
  'on',
  'sentSince',
  'sentBefore',
  'sentOn',
  'savedSince',
  'savedBefore',
  'savedOn',
] as const
const NUMBERS = ['larger', 'smaller', 'younger', 'older'] as const
const IDS = ['emailId', 'threadId'] as const
const KNOWN: ReadonlySet<string> = new Set([
  'all',
  'new',
  'keyword',
  'notKeyword',
  'header',
  'uid',
  'seq',
  'modseq',
  'or',
  'not',
  'and',
  ...FLAGS.map(([key]) => key),
  ...TEXTS,
  ...DATES,
  ...NUMBERS,
  ...IDS,
])
const MOST_DEPTH = 32

/** Does this speak of sequence numbers, so that they must not change meanwhile? */
export function speaksOfNumbers(criteria: SearchCriteria | string): boolean {
  if (typeof criteria === 'string') return /(?:^|[ (])[\d*]/.test(criteria)
  const { seq, or = [], and = [], not = [] } = criteria
  const nots = Array.isArray(not) ? (not as readonly SearchCriteria[]) : [not as SearchCriteria]
  return seq !== undefined || [...or, ...and, ...nots].some(speaksOfNumbers)
}

/** Needs CHARSET UTF-8 (RFC 3501 §6.4.4). */
export function needsCharset(criteria: SearchCriteria | string): boolean {
  return typeof criteria === 'string'
    ? !isAscii(criteria)
    : !isAscii(JSON.stringify(criteria, (_key, value) => (typeof value === 'bigint' ? '' : value)))
}

/** Throws EUSAGE for what is no criterion. */
export function writeCriteria(w: Writer, criteria: SearchCriteria | string): void {
  if (typeof criteria === 'string') {
    if (/[\r\n\0]/.test(criteria)) throw usageError('search criteria must not contain CR, LF or NUL')
    if (criteria.trim() === '') throw usageError('search criteria must not be empty')
    if (!w.utf8 && !isAscii(criteria))
      throw usageError('search criteria beyond ASCII must be given as an object')
    w.raw(criteria)
    return
  }
  writeKeys(w, criteria, 0)
}

function writeKeys(w: Writer, criteria: SearchCriteria, depth: number): void {
  if (typeof criteria !== 'object' || criteria === null || Array.isArray(criteria)) {
    throw usageError(`search criteria must be an object or a text, not ${describe(criteria)}`)
  }
  if (depth > MOST_DEPTH) throw usageError('search criteria are nested too deeply')
  let first = true
  const next = (): Writer => {
    if (!first) w.raw(' ')
    first = false
    return w
  }
  for (const key of Object.keys(criteria)) {
    if (!KNOWN.has(key)) throw usageError(`there is no search criterion called ${describe(key)}`)
  }
  writeSimple(next, criteria)
  for (const each of criteria.and ?? []) {
    next().raw('(')
    writeKeys(w, each, depth + 1)
    w.raw(')')
  }
  const { or, not } = criteria
  if (or) {
    if (!Array.isArray(or) || or.length < 2) throw usageError('or wants two criteria or more')
    writeOr(next(), or, depth)
  }
  const nots =
    not === undefined ? [] : Array.isArray(not) ? (not as readonly SearchCriteria[]) : [not as SearchCriteria]
  for (const each of nots) {
    next().raw('NOT (')
    writeKeys(w, each, depth + 1)
    w.raw(')')
  }
  if (first) w.raw('ALL')
}

function writeOr(w: Writer, of: readonly SearchCriteria[], depth: number): void {
  // OR takes two: a chain of them
  of.forEach((each, i) => {
    if (i < of.length - 1) w.raw('OR ')
    w.raw('(')
    writeKeys(w, each, depth + 1)
    w.raw(i < of.length - 1 ? ') ' : ')')
  })
}

function writeSimple(next: () => Writer, criteria: SearchCriteria): void {
  for (const [key, yes, no] of FLAGS) {
    const value = criteria[key]
    if (value !== undefined) next().raw(value ? yes : no)
  }
  if (criteria.all) next().raw('ALL')
  if (criteria.new) next().raw('NEW')
  for (const keyword of many(criteria.keyword)) next().raw(`KEYWORD ${word(keyword)}`)
  for (const keyword of many(criteria.notKeyword)) next().raw(`UNKEYWORD ${word(keyword)}`)
  for (const key of TEXTS) {
    const value = criteria[key]
    if (value !== undefined) next().raw(`${key.toUpperCase()} `).string(text(key, value))
  }
  for (const [name, value] of Object.entries(criteria.header ?? {})) {
    next()
      .raw('HEADER ')
      .astring(text('header', name))
      .raw(' ')
      .string(value === true ? '' : text(name, value))
  }
  for (const key of DATES) {
    const value = criteria[key]
    if (value !== undefined) next().raw(`${key.toUpperCase()} ${day(key, value)}`)
  }
  for (const key of NUMBERS) {
    const value = criteria[key]
    if (value !== undefined) next().raw(`${key.toUpperCase()} `).number(value)
  }
  if (criteria.uid !== undefined) next().raw(`UID ${set(criteria.uid)}`)
  if (criteria.seq !== undefined) next().raw(set(criteria.seq))
  if (criteria.modseq !== undefined) next().raw(`MODSEQ ${BigInt(criteria.modseq)}`)
  for (const key of IDS) {
    const value = criteria[key]
    if (value !== undefined) next().raw(`${key.toUpperCase()} ${word(value)}`)
  }
}

function many(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value
}

function word(value: string): string {
  if (typeof value !== 'string' || !isAll(value, ATOM_CHAR))
    throw usageError(`${describe(value)} is not an IMAP atom`)
  return value
}

function text(key: string, value: unknown): string {
  if (typeof value !== 'string')
    throw usageError(`the search criterion ${key} must be a text, not ${describe(value)}`)
  return value
}

/** No message has the UID that stands for none. */
function set(uids: UidSet): string {
  const ranges = asRanges(uids)
  if (!ranges) return uids as string
  if (ranges.length === 0) throw usageError('a search for no messages')
  return writeRanges(ranges)
}

function day(key: string, value: Date | string): string {
  const parts = typeof value === 'string' ? /^(\d{4})-(\d{2})-(\d{2})/.exec(value) : null
  const date =
    value instanceof Date ? value : parts ? new Date(Date.UTC(+parts[1]!, +parts[2]! - 1, +parts[3]!)) : null
  if (!date || !Number.isFinite(date.getTime()))
    throw usageError(`the search criterion ${key} must be a Date or YYYY-MM-DD`)
  return writeImapDate({ year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() })
}
