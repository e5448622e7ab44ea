// Changing what is in a folder: flags, copies, moves, removal. Each function is one transaction's work and answers what
// the other sessions must hear; the caller has locked the folders (folders/locks.ts).
import { Refusal } from 'email-server'
import type { ChangedFlags, FlagsContext } from 'email-server/mailbox'
import { sql, type Transaction } from 'kysely'
import { NOTED_AGAIN } from '../bodies/unused.ts'
import type { Dialect, Range } from '../database/dialect.ts'
import type { Tables } from '../database/schema.ts'
import {
  changedWithin,
  changeFlags,
  DELETED,
  type FlagMask,
  type FlagSet,
  flagNames,
  flagSet,
  keywordColumn,
  SEEN,
  storedFlags,
} from './flags.ts'
import { countFolder, type FolderDelta, noteKeywords, touchFolder } from './placing.ts'
import { rangesOf, uidsIn } from './reading.ts'
import { noteRemoval } from './removals.ts'

interface FlagRow {
  readonly uid: number
  readonly size: number
  readonly modseq: number
  readonly system_flags: number
  readonly keywords: string | null
}

const ALL_FLAGS: FlagMask = { bits: -1, keywords: true }

/** Messages changed before other connections get their turn; the transaction goes on behind them. */
const IN_ONE_TURN = 500

/** STORE. Messages that have changed since `unchangedSince` are left out; those that are gone, too. */
export async function storeFlags(
  trx: Transaction<Tables>,
  dialect: Dialect,
  folderId: number,
  uids: readonly number[],
  flags: readonly string[],
  context: FlagsContext | undefined,
  mask: FlagMask,
): Promise<{ readonly answer: ChangedFlags[]; readonly changed: ChangedFlags[] }> {
  const mode = context?.mode ?? 'set'
  const wanted = flagSet(mode === 'set' ? flags : (context?.changed ?? flags))
  const limit = context?.unchangedSince ?? Number.POSITIVE_INFINITY
  const delta = { unread: 0, deleted: 0, deletedSize: 0 }
  const answer: ChangedFlags[] = []
  const changed: ChangedFlags[] = []
  let modseq: number | null = null
  await inTurns(uids, async some => {
    const rows = (await flagRows(trx, dialect, folderId, some)).filter(row => row.modseq <= limit)
    const groups = new Map<string, { result: FlagSet; uids: number[] }>()
    const results = new Map<number, FlagSet>()
    for (const row of rows) {
      const old = storedFlags(row.system_flags, row.keywords)
      const result = changedWithin(old, changeFlags(old, mode, wanted), mask)
      const keywords = keywordColumn(result)
      if (result.bits === row.system_flags && keywords === row.keywords) continue
      results.set(row.uid, result)
      delta.unread += (row.system_flags & SEEN ? 1 : 0) - (result.bits & SEEN ? 1 : 0)
      const deleted = (result.bits & DELETED ? 1 : 0) - (row.system_flags & DELETED ? 1 : 0)
      delta.deleted += deleted
      delta.deletedSize += deleted * row.size
      const key = `${result.bits} ${keywords ?? ''}`
      const group = groups.get(key)
      if (group) group.uids.push(row.uid)
      else groups.set(key, { result, uids: [row.uid] })
    }
    if (groups.size > 0) modseq ??= (await touchFolder(trx, folderId, NOTHING)).modseq
    for (const { result, uids: group } of groups.values()) {
      await trx
        .updateTable('messages')
        .set({ system_flags: result.bits, keywords: keywordColumn(result), modseq: modseq! })
        .where('folder_id', '=', folderId)
        .where('uid', 'in', listed(dialect, group))
        .execute()
    }
    for (const row of rows) {
      const result = results.get(row.uid)
      const entry = result
        ? { id: row.uid, flags: flagNames(result.bits, keywordColumn(result)), modseq: modseq! }
        : { id: row.uid, flags: flagNames(row.system_flags, row.keywords), modseq: row.modseq }
      answer.push(entry)
      if (result) changed.push(entry)
    }
  })
  if (changed.length > 0) {
    await countFolder(trx, folderId, delta)
    if (mode !== 'remove' && mask.keywords) await noteKeywords(trx, folderId, wanted.keywords)
  }
  return { answer, changed }
}

const NOTHING: FolderDelta = { total: 0, unread: 0, deleted: 0, size: 0, deletedSize: 0 }

async function flagRows(
  trx: Transaction<Tables>,
  dialect: Dialect,
  folderId: number,
  uids: readonly number[],
): Promise<FlagRow[]> {
  const { rows } = await sql<FlagRow>`
    select uid, size, modseq, system_flags, keywords from ${dialect.ranges(rangesOf(uids))} as wanted cross join messages
    where folder_id = ${folderId} and uid between lo and hi order by uid`.execute(trx)
  return rows
}

export interface Copied {
  readonly uidValidity: number
  readonly uids: readonly number[]
  readonly total: number
}

/** COPY, all or none; of the flags only those in the mask. Refuses with EXPUNGEISSUED when one of them is gone (RFC 5530). */
export async function copyMessages(
  trx: Transaction<Tables>,
  dialect: Dialect,
  folderId: number,
  uids: readonly number[],
  destinationId: number,
  mask: FlagMask = ALL_FLAGS,
): Promise<Copied> {
  const sum = await sumOf(trx, dialect, folderId, uids, mask)
  if (sum.total !== uids.length) throw new Refusal('EXPUNGEISSUED', 'some of the messages are gone')
  const touched = await touchFolder(trx, destinationId, { ...sum, uids: uids.length })
  let next = touched.firstUid
  await inTurns(uids, async some => {
    await sql`
      insert into messages
        (folder_id, uid, body_id, size, internal_date, saved_at, modseq, system_flags, keywords)
      select ${destinationId}, ${next} + row_number() over (order by uid) - 1, body_id, size, internal_date,
        ${Date.now()}, ${touched.modseq}, system_flags & ${mask.bits}, ${mask.keywords ? sql`keywords` : null}
      from messages
      where folder_id = ${folderId} and uid in ${listed(dialect, some)}
      order by uid`.execute(trx)
    next += some.length
  })
  if (mask.keywords) {
    await sql`
      insert into folder_keywords (folder_id, folded, name)
      select ${destinationId}, folded, name from folder_keywords where folder_id = ${folderId}
      on conflict do nothing`.execute(trx)
  }
  return {
    uidValidity: touched.uidValidity,
    uids: uids.map((_, index) => touched.firstUid + index),
    total: touched.total,
  }
}

export interface Removed {
  /** Those that were there. */
  readonly uids: readonly number[]
  /** Of the removal; null when there was nothing to remove. */
  readonly modseq: number | null
}

/**
 * Removes messages for good, and remembers that. Bodies that they had are noted: whether
 * another message refers to them is found out later.
 */
export async function removeMessages(
  trx: Transaction<Tables>,
  dialect: Dialect,
  folderId: number,
  uids: readonly number[],
): Promise<Removed> {
  const sum = await sumOf(trx, dialect, folderId, uids)
  if (sum.total === 0) return { uids: [], modseq: null }
  const { modseq } = await touchFolder(trx, folderId, {
    total: -sum.total,
    unread: -sum.unread,
    deleted: -sum.deleted,
    size: -sum.size,
    deletedSize: -sum.deletedSize,
  })
  const present = sum.total === uids.length ? [...uids] : await uidsIn(trx, dialect, folderId, rangesOf(uids))
  await inTurns(present, async some => {
    await sql`
      insert into unused_bodies (body_id)
      select distinct body_id from messages where folder_id = ${folderId} and uid in ${listed(dialect, some)}
      order by body_id ${NOTED_AGAIN}`.execute(trx)
    await trx
      .deleteFrom('messages')
      .where('folder_id', '=', folderId)
      .where('uid', 'in', listed(dialect, some))
      .execute()
  })
  await noteRemoval(trx, dialect, folderId, modseq, present)
  return { uids: present, modseq }
}

/** What messages count for in a folder that has only these of their flags. */
async function sumOf(
  trx: Transaction<Tables>,
  dialect: Dialect,
  folderId: number,
  uids: readonly number[],
  mask: FlagMask = ALL_FLAGS,
): Promise<FolderDelta> {
  const ranges: readonly Range[] = rangesOf(uids)
  const { rows } = await sql<FolderDelta>`
    select count(*) as total,
      coalesce(sum(case when system_flags & ${SEEN & mask.bits} = 0 then 1 else 0 end), 0) as unread,
      coalesce(sum(case when system_flags & ${DELETED & mask.bits} <> 0 then 1 else 0 end), 0) as deleted,
      coalesce(sum(size), 0) as size,
      coalesce(sum(case when system_flags & ${DELETED & mask.bits} <> 0 then size else 0 end), 0) as "deletedSize"
    from ${dialect.ranges(ranges)} as wanted cross join messages
    where folder_id = ${folderId} and uid between lo and hi`.execute(trx)
  return { ...rows[0]! }
}

function listed(dialect: Dialect, uids: readonly number[]): ReturnType<typeof sql<number>> {
  return sql<number>`(select id from ${dialect.ids(uids)} as wanted)`
}

/** Does a long work in pieces, and lets the event loop turn between them. */
async function inTurns(
  uids: readonly number[],
  work: (some: readonly number[]) => Promise<void>,
): Promise<void> {
  for (let at = 0; at < uids.length; at += IN_ONE_TURN) {
    if (at > 0) await new Promise(resolve => setImmediate(resolve))
    await work(uids.slice(at, at + IN_ONE_TURN))
  }
}
