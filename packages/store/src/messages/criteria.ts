// Search criteria as SQL (RFC 9051 §6.4.4, RFC 5032, RFC 8474 §6). What SQL cannot decide stays undecided: fields that are not kept,
// texts that the index of texts does not have.
import { folded, type SearchKey } from 'email-server/mailbox'
import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Dialect, Range } from '../database/dialect.ts'
import type { Tables } from '../database/schema.ts'
import { anyOf, type Condition, everyOf, exactly, inverse, type Sql, UNDECIDED } from './conditions.ts'
import { FIELD_COLUMNS, type SearchedField } from './facts.ts'
import { systemBit } from './flags.ts'
import { finite } from './reading.ts'

const DAY_MS = 86_400_000
/** Keys and levels that become SQL (SQLite takes expressions up to some depth); what is beyond is left to the messages themselves. */
const MOST_KEYS = 500
const MOST_LEVELS = 12
/** UID ranges that are compared one by one. */
const FEW_RANGES = 4
/** The index of texts has characters in threes. */
const SHORTEST_TEXT = 3
/** Different shorter texts in one search. */
const MOST_SHORT = 4
/** Beginnings that a shorter text stands for. */
const MOST_TRIGRAMS = 2000
/** Characters of a text that the index is asked for. */
const LONGEST_TEXT = 64
/** Stands between the pieces of a text, so that nothing is found across them. */
export const GAP = '\u0001'
/** Stands at the end of a text, so that its last characters, too, begin three in a row. */
export const END: string = GAP.repeat(SHORTEST_TEXT - 1)

export interface CriteriaContext {
  readonly dialect: Dialect
  readonly folderId: number
  /** ms since the epoch */
  readonly now: number
  /** True for messages whose text the index of texts has in full. */
  readonly isIndexed: boolean
  /** What texts of one and two characters stand for; see `trigramsOf`. */
  readonly trigrams: ReadonlyMap<string, readonly string[]>
}

export class CriteriaCompiler {
  readonly #context: CriteriaContext
  #keys = 0
  /** `body_facts` must be joined. */
  needsFacts = false

  constructor(context: CriteriaContext) {
    this.#context = context
  }

  compile(criteria: SearchKey, level = 0): Condition {
    if (++this.#keys > MOST_KEYS || level > MOST_LEVELS) return UNDECIDED
    switch (criteria.key) {
      case 'all':
        return exactly(true)
      case 'and':
        return everyOf(criteria.keys.map(key => this.compile(key, level + 1)))
      case 'or':
        return anyOf(criteria.keys.map(key => this.compile(key, level + 1)))
      case 'not':
        return inverse(this.compile(criteria.of, level + 1))
      case 'header':
        return this.#header(criteria.name.toLowerCase(), criteria.value)
      case 'body':
        return this.#text('body', criteria.value)
      case 'text':
        return this.#text('all', criteria.value)
      case 'date':
        return exactly(this.#date(criteria))
      default:
        return exactly(this.#fact(criteria))
    }
  }

  #fact(
    key: Extract<SearchKey, { key: 'uid' | 'flag' | 'size' | 'age' | 'modseq' | 'emailId' | 'threadId' }>,
  ): Sql {
    switch (key.key) {
      case 'uid':
        return this.#uids(key.ranges.map(finite))
      case 'flag':
        return key.set ? this.#flag(key.flag) : sql`not (${this.#flag(key.flag)})`
      case 'size':
        return key.is === 'larger' ? sql`messages.size > ${key.bytes}` : sql`messages.size < ${key.bytes}`
      case 'age': {
        const limit = this.#context.now - key.seconds * 1000
        return key.is === 'younger'
          ? sql`messages.internal_date >= ${limit}`
          : sql`messages.internal_date < ${limit}`
      }
      case 'modseq':
        return sql`messages.modseq >= ${key.atLeast}`
      case 'emailId': {
        const id = numberOf('M', key.id)
        return id !== null && sql`messages.body_id = ${id}`
      }
      case 'threadId': {
        const id = numberOf('T', key.id)
        return id !== null && sql`messages.body_id in (select id from bodies where thread_id = ${id})`
      }
    }
  }

  #uids(ranges: readonly Range[]): Sql {
    if (ranges.length === 0) return false
    if (ranges.length > FEW_RANGES) {
      const { dialect, folderId } = this.#context
      return sql`messages.uid in (
        select inside.uid from ${dialect.ranges(ranges)} as wanted cross join messages as inside
        where inside.folder_id = ${folderId} and inside.uid between wanted.lo and wanted.hi)`
    }
    const tests = ranges.map(([from, to]) => sql`messages.uid between ${from} and ${to}`)
    return sql`(${sql.join(tests, sql` or `)})`
  }

  #flag(name: string): RawBuilder<unknown> {
    const bit = systemBit(name)
    if (bit !== null) return sql`messages.system_flags & ${bit} <> 0`
    // keywords are ASCII without quotes: in the JSON array each stands as it is, in quotes
    const { dialect } = this.#context
    return dialect.contains(sql`lower(coalesce(messages.keywords, ''))`, `"${name.toLowerCase()}"`)
  }

  #date({ of, is, day }: Extract<SearchKey, { key: 'date' }>): Sql {
    if (of === 'sent') {
      this.needsFacts = true
      const sent = sql`facts.sent_day`
      const test = is === 'on' ? sql`= ${day}` : is === 'before' ? sql`< ${day}` : sql`>= ${day}`
      return sql`(${sent} is not null and ${sent} ${test})`
    }
    const at = of === 'saved' ? sql`messages.saved_at` : sql`messages.internal_date`
    const [from, to] = [day * DAY_MS, (day + 1) * DAY_MS]
    if (is === 'before') return sql`${at} < ${from}`
    return is === 'since' ? sql`${at} >= ${from}` : sql`(${at} >= ${from} and ${at} < ${to})`
  }

  #header(name: string, value: string): Condition {
    if (!this.#context.isIndexed) return UNDECIDED
    const wanted = folded(value)
    if (name in FIELD_COLUMNS) {
      this.needsFacts = true
      const text = sql.ref(`facts.${FIELD_COLUMNS[name as SearchedField]}`)
      const present = sql`${text} is not null`
      if (wanted === '') return exactly(present)
      if (isPlain(wanted)) {
        return exactly(this.#context.dialect.contains(sql`coalesce(${text}, '')`, wanted))
      }
      return { surely: false, perhaps: present }
    }
    // the value finds fewer messages than the field's name, which nearly all may have
    const hasValue = this.#has('header', wanted).perhaps
    return { surely: false, perhaps: hasValue === true ? this.#has('header', `${name}:`).perhaps : hasValue }
  }

  #text(where: 'body' | 'all', value: string): Condition {
    const wanted = folded(value)
    if (wanted === '') return exactly(true)
    return this.#context.isIndexed ? this.#has(where, wanted) : UNDECIDED
  }

  #has(where: 'header' | 'body' | 'all', wanted: string): Condition {
    if (!isPlain(wanted) || wanted === '') return UNDECIDED
    const { dialect, trigrams } = this.#context
    const characters = [...wanted]
    const asked =
      characters.length < SHORTEST_TEXT ? trigrams.get(wanted) : [characters.slice(0, LONGEST_TEXT).join('')]
    if (!asked) return UNDECIDED
    if (asked.length === 0) return exactly(false)
    const found = dialect.hasText(sql`messages.body_id`, where, asked)
    return characters.length > LONGEST_TEXT ? { surely: false, perhaps: found } : exactly(found)
  }
}

/** The index has no texts of one or two characters, but what begins with them. */
export async function trigramsOf(
  db: Kysely<Tables>,
  dialect: Dialect,
  criteria: SearchKey,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>()
  for (const text of new Set(shortTexts(criteria))) {
    if (found.size >= MOST_SHORT) break
    const trigrams = await dialect.longerTexts(db, text, MOST_TRIGRAMS)
    if (trigrams) found.set(text, trigrams)
  }
  return found
}

function shortTexts(criteria: SearchKey): string[] {
  switch (criteria.key) {
    case 'and':
    case 'or':
      return criteria.keys.flatMap(shortTexts)
    case 'not':
      return shortTexts(criteria.of)
    case 'header':
    case 'body':
    case 'text': {
      const text = folded(criteria.value)
      return text !== '' && isPlain(text) && [...text].length < SHORTEST_TEXT ? [text] : []
    }
    default:
      return []
  }
}

/** What separates pieces of a text in the index is in no text that can be asked of it. */
function isPlain(text: string): boolean {
  return !text.includes(GAP) && !text.includes('\0')
}

/** Do the criteria look into texts, so that messages which the index does not know must be looked at apart? */
export function asksText(criteria: SearchKey): boolean {
  switch (criteria.key) {
    case 'and':
    case 'or':
      return criteria.keys.some(asksText)
    case 'not':
      return asksText(criteria.of)
    default:
      return criteria.key === 'header' || criteria.key === 'body' || criteria.key === 'text'
  }
}

function numberOf(letter: string, id: string): number | null {
  const match = /^[MT](\d{1,15})$/.exec(id)
  const number = Number(match?.[1])
  // the one spelling that we give out
  return match && id === `${letter}${number}` ? number : null
}
