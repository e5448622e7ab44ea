// The reference evaluator of search criteria, for one message (RFC 9051 §6.4.4, RFC 5032): from what is known without
// its bytes where that decides, else from its header, else from all of it. Text is compared decoded, without case.
import type { ClosedRange } from '../base/ranges.ts'
import { fieldText, headerText, SearchableMessage, scanMessage, splitHeader } from '../mime/index.ts'
import { calendarDay, decodeEncodedWords, readMailDate } from '../text/index.ts'
import type { MessageMeta } from './contract.ts'
import { hasFlag } from './flags.ts'
import { timeOf } from './read.ts'
import type { SearchKey } from './search.ts'

const DAY = 86_400_000

/** How much of a message criteria look at. */
export type SearchDepth = 'meta' | 'header' | 'body'

export interface SearchSubject {
  readonly meta: MessageMeta
  /** The raw message, or at least its header when the depth is `header`; null: not read yet. */
  readonly raw: Uint8Array | null
}

/** How much must be read at most to decide these criteria. */
export function searchDepth(criteria: SearchKey): SearchDepth {
  switch (criteria.key) {
    case 'and':
    case 'or':
      return criteria.keys.map(searchDepth).reduce(deeper, 'meta')
    case 'not':
      return searchDepth(criteria.of)
    case 'header':
      return 'header'
    case 'date':
      return criteria.of === 'sent' ? 'header' : 'meta'
    case 'body':
    case 'text':
      return 'body'
    default:
      return 'meta'
  }
}

function deeper(a: SearchDepth, b: SearchDepth): SearchDepth {
  if (a === 'body' || b === 'body') return 'body'
  return a === 'header' || b === 'header' ? 'header' : 'meta'
}

/**
 * Does the message meet the criteria? Null: that needs its bytes, which the subject does not have.
 * @param now ms since the epoch, for `age`
 */
export function evaluate(criteria: SearchKey, subject: SearchSubject, now: number): boolean | null {
  return decide(criteria, new Examined(subject), now)
}

/** What has been made of the subject so far: each thing at most once. */
class Examined {
  readonly subject: SearchSubject
  #fields: Map<string, string[]> | null = null
  #text: SearchableMessage | null = null
  #sentDay: number | null | undefined

  constructor(subject: SearchSubject) {
    this.subject = subject
  }

  /** The decoded values of a field. */
  fields(raw: Uint8Array, name: string): readonly string[] {
    if (!this.#fields) {
      this.#fields = new Map()
      const header = splitHeader(raw)
      for (const field of header.fields) {
        const value = decodeEncodedWords(fieldText(header, field))
        const values = this.#fields.get(field.key)
        if (values) values.push(value)
        else this.#fields.set(field.key, [value])
      }
    }
    return this.#fields.get(name.toLowerCase()) ?? []
  }

  text(raw: Uint8Array): SearchableMessage {
    this.#text ??= new SearchableMessage(raw, scanMessage(raw, { countLines: false }))
    return this.#text
  }

  /** The calendar day of the Date field, in its own zone; null when there is none. */
  sentDay(raw: Uint8Array): number | null {
    if (this.#sentDay === undefined) {
      const text = headerText(splitHeader(raw), 'date')
      const date = text === null ? null : readMailDate(text)
      if (!date) this.#sentDay = null
      else {
        const { year, month, day } = calendarDay(date.time, date.zone)
        this.#sentDay = new Date(0).setUTCFullYear(year, month - 1, day) / DAY
      }
    }
    return this.#sentDay
  }
}

function decide(criteria: SearchKey, examined: Examined, now: number): boolean | null {
  const { meta, raw } = examined.subject
  switch (criteria.key) {
    case 'all':
      return true
    case 'and':
      return all(criteria.keys, key => decide(key, examined, now))
    case 'or':
      return not(all(criteria.keys, key => not(decide(key, examined, now))))
    case 'not':
      return not(decide(criteria.of, examined, now))
    case 'uid':
      return isIn(criteria.ranges, meta.uid)
    case 'flag':
      return hasFlag(meta.flags, criteria.flag) === criteria.set
    case 'size':
      return criteria.is === 'larger' ? meta.size > criteria.bytes : meta.size < criteria.bytes
    case 'age': {
      const younger = timeOf(meta.internalDate) >= now - criteria.seconds * 1000
      return criteria.is === 'younger' ? younger : !younger
    }
    case 'modseq':
      return (meta.modseq ?? 0) >= criteria.atLeast
    case 'emailId':
      return meta.emailId === criteria.id
    case 'threadId':
      return meta.threadId === criteria.id
    case 'date':
      return decideDate(criteria, examined)
    case 'header': {
      if (!raw) return null
      const values = examined.fields(raw, criteria.name)
      return criteria.value === '' ? values.length > 0 : contains(values, criteria.value)
    }
    case 'body':
      return raw && contains(examined.text(raw).bodies(), criteria.value)
    case 'text':
      return raw && contains(examined.text(raw).texts(), criteria.value)
  }
}

function decideDate(key: Extract<SearchKey, { key: 'date' }>, examined: Examined): boolean | null {
  const { meta, raw } = examined.subject
  let day: number | null
  if (key.of === 'sent') {
    if (!raw) return null
    day = examined.sentDay(raw)
  } else {
    // a folder that keeps no save dates is searched by arrival (RFC 8514 §4.3)
    const at = (key.of === 'saved' ? meta.saveDate : null) ?? meta.internalDate
    day = Math.floor(timeOf(at) / DAY)
  }
  if (day === null) return false
  if (key.is === 'before') return day < key.day
  return key.is === 'on' ? day === key.day : day >= key.day
}

/** True when all are, false when one is not, null when that can't be said yet. */
function all(keys: readonly SearchKey[], decided: (key: SearchKey) => boolean | null): boolean | null {
  let result: boolean | null = true
  for (const key of keys) {
    const one = decided(key)
    if (one === false) return false
    if (one === null) result = null
  }
  return result
}

/** Is the number in one of these ranges? They ascend. */
function isIn(ranges: readonly ClosedRange[], n: number): boolean {
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (ranges[middle]![1] < n) low = middle + 1
    else high = middle
  }
  return low < ranges.length && ranges[low]![0] <= n
}

function not(value: boolean | null): boolean | null {
  return value === null ? null : !value
}

function contains(texts: Iterable<string>, value: string): boolean {
  const wanted = folded(value)
  if (wanted === '') return true
  for (const text of texts) if (folded(text).includes(wanted)) return true
  return false
}

/** One spelling for what differs in case, or in how accents are composed: what texts and values are compared in. */
export function folded(text: string): string {
  return text.normalize('NFC').toLowerCase()
}
