// Reading the open folder: which messages there are, what a list of them shows.

import type { MessageMeta } from 'email-server/mailbox'
import type { BodyStructure, Envelope } from 'email-server/mime'
import { type Kysely, sql } from 'kysely'
import type { Dialect, Range } from '../database/dialect.ts'
import type { Tables } from '../database/schema.ts'
import { flagNames } from './flags.ts'

const HIGHEST = 0xffffffff

/** The UIDs in these ranges, ascending. */
export async function uidsIn(
  db: Kysely<Tables>,
  dialect: Dialect,
  folderId: number,
  ranges: readonly Range[],
): Promise<number[]> {
  return jsonRows<number>(db, dialect, folderId, ranges.map(finite), ['messages.uid'])
}

type BareRow = [
  uid: number,
  size: number,
  internalDate: number,
  savedAt: number,
  modseq: number,
  bits: number,
  keywords: string | null,
  bodyId: number,
]

type MetaRow = [...BareRow, preview: string, threadId: number]

const BARE = [
  'messages.uid',
  'messages.size',
  'messages.internal_date',
  'messages.saved_at',
  'messages.modseq',
  'messages.system_flags',
  'messages.keywords',
  'messages.body_id',
] as const

const META = [...BARE, 'bodies.preview', 'bodies.thread_id'] as const

/**
 * One entry for each of the UIDs that still exists, ascending.
 * @param bare without what stands with the bodies: preview and thread
 */
export async function metaOf(
  db: Kysely<Tables>,
  dialect: Dialect,
  folderId: number,
  uids: readonly number[],
  bare = false,
): Promise<MessageMeta[]> {
  if (bare) {
    const rows = await jsonRows<BareRow>(db, dialect, folderId, rangesOf(uids), BARE)
    return rows.map(bareMetaOf)
  }
  return metaIn(db, dialect, folderId, rangesOf(uids), 0)
}

/** The same for the messages in these ranges that have changed since this mod-sequence. */
export async function metaIn(
  db: Kysely<Tables>,
  dialect: Dialect,
  folderId: number,
  ranges: readonly Range[],
  changedSince: number,
): Promise<MessageMeta[]> {
  if (ranges.length === 0) return []
  const { rows } = await sql<{ rows: string }>`
    select ${dialect.jsonRows(META, sql`messages.uid`, 'isGiven')} as rows
    from ${dialect.ranges(ranges.map(finite))} as wanted
    cross join messages
    cross join bodies
    where messages.folder_id = ${folderId} and messages.uid between wanted.lo and wanted.hi
      and messages.modseq > ${changedSince} and bodies.id = messages.body_id`.execute(db)
  return (JSON.parse(rows[0]?.rows ?? '[]') as MetaRow[]).map(metaOfRow)
}

function bareMetaOf([
  uid,
  size,
  internalDate,
  savedAt,
  modseq,
  bits,
  keywords,
  bodyId,
]: BareRow): MessageMeta {
  return {
    id: uid,
    uid,
    size,
    internalDate,
    flags: flagNames(bits, keywords),
    modseq,
    emailId: `M${bodyId}`,
    saveDate: savedAt,
  }
}

function metaOfRow(row: MetaRow): MessageMeta {
  const [bare, preview, threadId] = [row as unknown as BareRow, row[8], row[9]]
  return Object.assign(bareMetaOf(bare), { preview, threadId: `T${threadId}` })
}

/** UIDs end where UIDs end. */
export function finite([from, to]: Range): Range {
  return [Math.min(from, HIGHEST), Math.min(to, HIGHEST)]
}

/** One entry for each of the UIDs, null for those that are gone. */
export function envelopesOf(
  db: Kysely<Tables>,
  dialect: Dialect,
  folderId: number,
  uids: readonly number[],
): Promise<(Envelope | null)[]> {
  return describedBy<Envelope>(db, dialect, folderId, uids, 'envelope')
}

/** One entry for each of the UIDs, null for those that are gone. */
export function structuresOf(
  db: Kysely<Tables>,
  dialect: Dialect,
  folderId: number,
  uids: readonly number[],
): Promise<(BodyStructure | null)[]> {
  return describedBy<BodyStructure>(db, dialect, folderId, uids, 'structure')
}

async function describedBy<T>(
  db: Kysely<Tables>,
  dialect: Dialect,
  folderId: number,
  uids: readonly number[],
  column: 'envelope' | 'structure',
): Promise<(T | null)[]> {
  const { rows } = await sql<{ pairs: string }>`
    select ${dialect.jsonPairs('messages.uid', `bodies.${column}`)} as pairs
    from ${dialect.ranges(rangesOf(uids))} as wanted
    cross join messages
    cross join bodies
    where messages.folder_id = ${folderId} and messages.uid between wanted.lo and wanted.hi
      and bodies.id = messages.body_id`.execute(db)
  const found = JSON.parse(rows[0]?.pairs ?? '[]') as [uid: number, value: T][]
  if (found.length === uids.length) return found.map(([, value]) => value)
  const values = new Map(found)
  return uids.map(uid => values.get(uid) ?? null)
}

/** Rows of the messages in these ranges. The order of the tables matters: each range is one search in the index. */
async function jsonRows<T>(
  db: Kysely<Tables>,
  dialect: Dialect,
  folderId: number,
  ranges: readonly Range[],
  columns: readonly string[],
): Promise<T[]> {
  if (ranges.length === 0) return []
  const { rows } = await sql<{ rows: string }>`
    select ${dialect.jsonRows(columns, sql`messages.uid`, 'isGiven')} as rows
    from ${dialect.ranges(ranges)} as wanted
    cross join messages
    where messages.folder_id = ${folderId} and messages.uid between wanted.lo and wanted.hi`.execute(db)
  return JSON.parse(rows[0]?.rows ?? '[]') as T[]
}

/** Runs of neighbours in an ascending list of UIDs. */
export function rangesOf(uids: readonly number[]): Range[] {
  const ranges: [number, number][] = []
  for (const uid of uids) {
    const last = ranges.at(-1)
    if (last && uid === last[1] + 1) last[1] = uid
    else ranges.push([uid, uid])
  }
  return ranges
}
