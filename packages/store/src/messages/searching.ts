// SEARCH, SORT and THREAD in the open folder: SQL decides what it can, the messages themselves decide the rest by the reference
// evaluator, which is right whatever the index of texts has or has not read yet.
import { Refusal } from 'email-server'
import {
  evaluate,
  type MessageBody,
  type SearchKey,
  type SortKey,
  searchDepth,
  type ThreadAlgorithm,
  type ThreadNode,
  type ThreadSubject,
  threadMessages,
} from 'email-server/mailbox'
import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Bodies } from '../bodies/bodies.ts'
import type { Database } from '../database/database.ts'
import type { Dialect, Range } from '../database/dialect.ts'
import type { Tables } from '../database/schema.ts'
import { isExact, written } from './conditions.ts'
import { asksText, CriteriaCompiler, trigramsOf } from './criteria.ts'
import { keyColumn } from './facts.ts'
import { finite, metaOf, rangesOf } from './reading.ts'

export interface SearchParts {
  readonly database: Database
  readonly bodies: Bodies
}

/** Messages that are read before others get their turn. */
const IN_ONE_TURN = 4
/** Messages whose facts are read at a time. */
const BATCH = 500

/** What SQL says: these match, and these perhaps; both ascend. */
interface Selected {
  readonly found: readonly number[]
  readonly undecided: readonly number[]
}

const NOTHING: Selected = { found: [], undecided: [] }

/** The UIDs that match, ascending. */
export async function searchFolder(
  parts: SearchParts,
  folderId: number,
  criteria: SearchKey,
  now: number,
): Promise<readonly number[]> {
  const { database } = parts
  const selected = await database.read(async db => {
    const pass = (isIndexed: boolean | null): Promise<Selected> =>
      select(db, database.dialect, folderId, criteria, now, isIndexed)
    if (!asksText(criteria)) return [await pass(null)]
    // What is not indexed yet is asked for first: a message that is indexed between the two is found twice, not never.
    return [await pass(false), await pass(true)]
  })
  const found = merged(selected.map(each => each.found))
  const undecided = merged(selected.map(each => each.undecided))
  if (undecided.length === 0) return found
  return merged([found, await decide(parts, folderId, criteria, now, undecided)])
}

/** Ascending, each once. */
function merged(lists: readonly (readonly number[])[]): readonly number[] {
  const filled = lists.filter(list => list.length > 0)
  if (filled.length < 2) return filled[0] ?? []
  return [...new Set(filled.flat())].sort((a, b) => a - b)
}

/** @param isIndexed only messages that the index of texts has in full, or only the others; null: all */
async function select(
  db: Kysely<Tables>,
  dialect: Dialect,
  folderId: number,
  criteria: SearchKey,
  now: number,
  isIndexed: boolean | null,
): Promise<Selected> {
  const trigrams = isIndexed ? await trigramsOf(db, dialect, criteria) : new Map<string, readonly string[]>()
  const compiler = new CriteriaCompiler({
    dialect,
    folderId,
    now,
    isIndexed: isIndexed === true,
    trigrams,
  })
  const condition = compiler.compile(criteria)
  const { ranges, join } = among(dialect, criteria)
  if (condition.perhaps === false || ranges?.length === 0) return NOTHING
  const gaps = sql`messages.body_id in (select body_id from text_gaps)`
  const indexed = isIndexed === null ? sql`` : isIndexed ? sql`and not (${gaps})` : sql`and ${gaps}`
  const exact = isExact(condition)
  const surely = exact ? sql`1` : sql`case when ${written(condition.surely)} then 1 else 0 end`
  const { rows } = await sql<{ rows: string }>`
    select ${dialect.jsonRows(exact ? ['uid'] : ['uid', 'surely'], sql`uid`, 'isGiven')} as rows from (
      select messages.uid as uid, ${surely} as surely
      from ${join} messages ${compiler.needsFacts ? FACTS : sql``}
      where messages.folder_id = ${folderId} ${compiler.needsFacts ? THEIR_FACTS : sql``}
        ${ranges ? sql`and messages.uid between wanted.lo and wanted.hi` : sql``}
        and ${written(condition.perhaps)} ${indexed}
      order by messages.uid) as found`.execute(db)
  const list: unknown = JSON.parse(rows[0]?.rows ?? '[]')
  if (exact) return { found: list as number[], undecided: [] }
  const pairs = list as [uid: number, surely: number][]
  const uidsOf = (wanted: number): number[] => pairs.filter(([, sure]) => sure === wanted).map(([uid]) => uid)
  return { found: uidsOf(1), undecided: uidsOf(0) }
}

const FACTS = sql`cross join body_facts as facts`
const THEIR_FACTS = sql`and facts.body_id = messages.body_id`

/** When all that match are in some UID ranges, these lead the way. */
function among(
  dialect: Dialect,
  criteria: SearchKey,
): { readonly ranges: readonly Range[] | null; readonly join: RawBuilder<unknown> } {
  const keys = criteria.key === 'and' ? criteria.keys : [criteria]
  const uid = keys.find(key => key.key === 'uid')
  if (!uid) return { ranges: null, join: sql`` }
  const ranges = uid.ranges.map(finite)
  return { ranges, join: sql`${dialect.ranges(ranges)} as wanted cross join` }
}

/** Those of these messages that match when they are looked at. */
async function decide(
  { database, bodies }: SearchParts,
  folderId: number,
  criteria: SearchKey,
  now: number,
  uids: readonly number[],
): Promise<readonly number[]> {
  const matching: number[] = []
  const onlyHeader = searchDepth(criteria) === 'header'
  for (let start = 0; start < uids.length; start += BATCH) {
    const some = uids.slice(start, start + BATCH)
    const metas = await database.read(db => metaOf(db, database.dialect, folderId, some))
    for (const [index, meta] of metas.entries()) {
      let matches = evaluate(criteria, { meta, raw: null }, now)
      if (matches === null) {
        const raw = await readMessage(database, bodies, folderId, meta.uid, onlyHeader)
        matches = raw !== null && evaluate(criteria, { meta, raw }, now)
        if (index % IN_ONE_TURN === 0) await new Promise(resolve => setImmediate(resolve))
      }
      if (matches) matching.push(meta.uid)
    }
  }
  return matching
}

/** Null when the message is gone. */
async function readMessage(
  database: Database,
  bodies: Bodies,
  folderId: number,
  uid: number,
  onlyHeader: boolean,
): Promise<Uint8Array | null> {
  try {
    return await wholeBody(
      await database.read(db => bodies.read(db, folderId, uid)),
      onlyHeader ? HEADER_BYTES : Number.POSITIVE_INFINITY,
    )
  } catch (error) {
    if (error instanceof Refusal && error.code === 'EXPUNGEISSUED') return null
    throw error
  }
}

/** A header is not longer (`limits.maxHeaderSize` of the MIME rooms), so that large messages need not be read for it. */
const HEADER_BYTES = 2 * 1024 * 1024

/** A body in one piece, or its first bytes when it comes in pieces. */
export async function wholeBody(
  body: MessageBody,
  enough: number = Number.POSITIVE_INFINITY,
): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body
  if (body.stream instanceof Uint8Array) return body.stream
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of body.stream) {
    pieces.push(piece)
    size += piece.length
    if (size >= enough) break
  }
  return Buffer.concat(pieces)
}

/** The UIDs that match, in the order of these keys; where they say nothing, in the order of the folder (RFC 5256 §3). */
export async function sortFolder(
  parts: SearchParts,
  folderId: number,
  keys: readonly SortKey[],
  criteria: SearchKey,
  now: number,
): Promise<readonly number[]> {
  const uids = await searchFolder(parts, folderId, criteria, now)
  if (uids.length === 0) return []
  const { database } = parts
  const columns = keys.map(({ by, reverse }) => sql`${sortColumn(by)} ${reverse ? sql`desc` : sql`asc`}`)
  const order = sql.join([...columns, sql`messages.uid`])
  const needsFacts = keys.some(({ by }) => by === 'date' || keyColumn(by) !== null)
  const { rows } = await database.read(db =>
    sql<{ rows: string }>`
      select ${database.dialect.jsonRows(['messages.uid'], order)} as rows
      from ${database.dialect.ranges(rangesOf(uids))} as wanted cross join messages ${needsFacts ? FACTS : sql``}
      where messages.folder_id = ${folderId} and messages.uid between wanted.lo and wanted.hi
        ${needsFacts ? THEIR_FACTS : sql``}`.execute(db),
  )
  return JSON.parse(rows[0]?.rows ?? '[]') as number[]
}

function sortColumn(by: SortKey['by']): RawBuilder<unknown> {
  switch (by) {
    case 'arrival':
      return sql`messages.internal_date`
    case 'size':
      return sql`messages.size`
    case 'date':
      // a message without a date was sent when it came (RFC 5256 §2.2)
      return sql`coalesce(facts.sent_at, messages.internal_date)`
    default:
      return sql.ref(`facts.${keyColumn(by)}`)
  }
}

interface ThreadRow {
  readonly uid: number
  readonly size: number
  readonly internal_date: number
  readonly envelope: string
  readonly thread_references: string
}

/** The threads of the messages that match, from what was kept of them. */
export async function threadFolder(
  parts: SearchParts,
  folderId: number,
  algorithm: ThreadAlgorithm,
  criteria: SearchKey,
  now: number,
): Promise<readonly ThreadNode[]> {
  const uids = await searchFolder(parts, folderId, criteria, now)
  const { database } = parts
  const subjects: ThreadSubject[] = []
  for (let start = 0; start < uids.length; start += BATCH) {
    const ranges = rangesOf(uids.slice(start, start + BATCH))
    const { rows } = await database.read(db =>
      sql<ThreadRow>`
        select uid, messages.size as size, internal_date, envelope, thread_references
        from ${database.dialect.ranges(ranges)} as wanted cross join messages
        inner join bodies on bodies.id = messages.body_id
        where folder_id = ${folderId} and uid between lo and hi order by uid`.execute(db),
    )
    for (const row of rows) subjects.push(threadSubject(row))
    await new Promise(resolve => setImmediate(resolve))
  }
  return threadMessages(algorithm, subjects)
}

function threadSubject({ uid, size, internal_date, envelope, thread_references }: ThreadRow): ThreadSubject {
  const references = JSON.parse(thread_references) as string[]
  return {
    meta: { uid, size, internalDate: internal_date },
    envelope: JSON.parse(envelope),
    references: references.length > 0 ? references.join(' ') : null,
  }
}
