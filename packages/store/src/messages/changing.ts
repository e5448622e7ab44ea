// Changing what is in a folder: flags, copies, moves, removal. Each function is one transaction's work and answers what
// the other sessions must hear.
import { Refusal } from 'email-server'
import type { ChangedFlags, FlagsContext } from 'email-server/mailbox'
import { sql, type Transaction } from 'kysely'
import type { Dialect, Range } from '../database/dialect.ts'
import type { Tables } from '../database/schema.ts'
import {
  changeFlags,
  DELETED,
  type FlagSet,
  flagNames,
  flagSet,
  keywordColumn,
  SEEN,
  storedFlags,
} from './flags.ts'
import { type FolderDelta, noteKeywords, touchFolder } from './placing.ts'
import { rangesOf, uidsIn } from './reading.ts'

interface FlagRow {
  readonly uid: number
  readonly modseq: number
  readonly system_flags: number
  readonly keywords: string | null
}

/** STORE. Messages that have changed since `unchangedSince` are left out; those that are gone, too. */
export async function storeFlags(
  trx: Transaction<Tables>,
  dialect: Dialect,
  folderId: number,
  uids: readonly number[],
  flags: readonly string[],
  context: FlagsContext | undefined,
): Promise<{ readonly answer: ChangedFlags[]; readonly changed: ChangedFlags[] }> {
  const mode = context?.mode ?? 'set'
  const wanted = flagSet(mode === 'set' ? flags : (context?.changed ?? flags))
  const { rows } = await sql<FlagRow>`
    select uid, modseq, system_flags, keywords from ${dialect.ranges(rangesOf(uids))} as wanted cross join messages
    where folder_id = ${folderId} and uid between lo and hi`.execute(trx)
  const limit = context?.unchangedSince
  const open = limit === undefined ? rows : rows.filter(row => row.modseq <= limit)
  const groups = new Map<string, { result: FlagSet; rows: FlagRow[] }>()
  const delta = { total: 0, unread: 0, deleted: 0, size: 0 }
  for (const row of open) {
    const result = changeFlags(storedFlags(row.system_flags, row.keywords), mode, wanted)
    const keywords = keywordColumn(result)
    if (result.bits === row.system_flags && keywords === row.keywords) continue
    delta.unread += (row.system_flags & SEEN ? 1 : 0) - (result.bits & SEEN ? 1 : 0)
    delta.deleted += (result.bits & DELETED ? 1 : 0) - (row.system_flags & DELETED ? 1 : 0)
    const key = `${result.bits} ${keywords ?? ''}`
    const group = groups.get(key)
    if (group) group.rows.push(row)
    else groups.set(key, { result, rows: [row] })
  }
  const changed = new Map<number, ChangedFlags>()
  if (groups.size > 0) {
    const { modseq } = await touchFolder(trx, folderId, delta)
    if (mode !== 'remove') await noteKeywords(trx, folderId, wanted.keywords)
    for (const { result, rows: group } of groups.values()) {
      const keywords = keywordColumn(result)
      await trx
        .updateTable('messages')
        .set({ system_flags: result.bits, keywords, modseq })
        .where('folder_id', '=', folderId)
        .where(
          'uid',
          'in',
          listed(
            dialect,
            group.map(row => row.uid),
          ),
        )
        .execute()
      const names = flagNames(result.bits, keywords)
      for (const { uid } of group) changed.set(uid, { id: uid, flags: names, modseq })
    }
  }
  const answer = open.map(
    row =>
      changed.get(row.uid) ?? {
        id: row.uid,
        flags: flagNames(row.system_flags, row.keywords),
        modseq: row.modseq,
      },
  )
  return { answer, changed: [...changed.values()] }
}

export interface Copied {
  readonly uidValidity: number
  readonly uids: readonly number[]
  readonly total: number
}

/** COPY, all or none. Refuses with EXPUNGEISSUED when one of them is gone (RFC 5530). */
export async function copyMessages(
  trx: Transaction<Tables>,
  dialect: Dialect,
  folderId: number,
  uids: readonly number[],
  destinationId: number,
): Promise<Copied> {
  const sum = await sumOf(trx, dialect, folderId, uids)
  if (sum.total !== uids.length) throw new Refusal('EXPUNGEISSUED', 'some of the messages are gone')
  const touched = await touchFolder(trx, destinationId, { ...sum, uids: uids.length })
  await sql`
    insert into messages
      (folder_id, uid, body_id, size, internal_date, saved_at, modseq, system_flags, keywords)
    select ${destinationId}, ${touched.firstUid} + row_number() over (order by uid) - 1, body_id, size, internal_date,
      ${Date.now()}, ${touched.modseq}, system_flags, keywords
    from messages
    where folder_id = ${folderId} and uid in ${listed(dialect, uids)}
    order by uid`.execute(trx)
  await sql`
    insert into folder_keywords (folder_id, folded, name)
    select ${destinationId}, folded, name from folder_keywords where folder_id = ${folderId}
    on conflict do nothing`.execute(trx)
  return {
    uidValidity: touched.uidValidity,
    uids: uids.map((_, index) => touched.firstUid + index),
    total: touched.total,
  }
}

/**
 * Removes messages for good and answers the UIDs of those that were there. Bodies that they had are noted: whether
 * another message refers to them is found out later.
 */
export async function removeMessages(
  trx: Transaction<Tables>,
  dialect: Dialect,
  folderId: number,
  uids: readonly number[],
): Promise<number[]> {
  const sum = await sumOf(trx, dialect, folderId, uids)
  if (sum.total === 0) return []
  await touchFolder(trx, folderId, {
    total: -sum.total,
    unread: -sum.unread,
    deleted: -sum.deleted,
    size: -sum.size,
  })
  await sql`
    insert into unused_bodies (body_id)
    select distinct body_id from messages where folder_id = ${folderId} and uid in ${listed(dialect, uids)}
    on conflict do nothing`.execute(trx)
  const present = sum.total === uids.length ? [...uids] : await uidsIn(trx, dialect, folderId, rangesOf(uids))
  await trx
    .deleteFrom('messages')
    .where('folder_id', '=', folderId)
    .where('uid', 'in', listed(dialect, uids))
    .execute()
  return present
}

/** What messages count for in their folder. */
async function sumOf(
  trx: Transaction<Tables>,
  dialect: Dialect,
  folderId: number,
  uids: readonly number[],
): Promise<FolderDelta> {
  const ranges: readonly Range[] = rangesOf(uids)
  const { rows } = await sql<FolderDelta>`
    select count(*) as total,
      coalesce(sum(case when system_flags & ${SEEN} = 0 then 1 else 0 end), 0) as unread,
      coalesce(sum(case when system_flags & ${DELETED} <> 0 then 1 else 0 end), 0) as deleted,
      coalesce(sum(size), 0) as size
    from ${dialect.ranges(ranges)} as wanted cross join messages
    where folder_id = ${folderId} and uid between lo and hi`.execute(trx)
  const row = rows[0]!
  return { total: row.total, unread: row.unread, deleted: row.deleted, size: row.size }
}

function listed(dialect: Dialect, uids: readonly number[]): ReturnType<typeof sql<number>> {
  return sql<number>`(select id from ${dialect.ids(uids)} as wanted)`
}
