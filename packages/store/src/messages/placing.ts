// Giving messages their place in a folder: UIDs, the folder's counters, the keywords in use. Every change of a folder goes
// through `touchFolder`, in the transaction that makes the change.
import { Refusal } from 'email-server'
import { sql, type Transaction } from 'kysely'
import type { Tables } from '../database/schema.ts'
import { statement } from '../database/statement.ts'

/** By how much a change moves what STATUS says. */
export interface FolderDelta {
  readonly total: number
  readonly unread: number
  readonly deleted: number
  readonly size: number
  readonly deletedSize: number
  /** UIDs taken. */
  readonly uids?: number
}

export interface TouchedFolder {
  readonly uidValidity: number
  /** The first of the UIDs taken. */
  readonly firstUid: number
  /** The mod-sequence of this change. */
  readonly modseq: number
  readonly total: number
}

const HIGHEST_UID = 0xffffffff
/** Different keywords in one folder. */
const MOST_KEYWORDS = 500

const touch = statement((db, delta: Required<FolderDelta> & { folderId: number }) =>
  db
    .updateTable('folders')
    .set({
      uid_next: sql`uid_next + ${delta.uids}`,
      highest_modseq: sql`highest_modseq + 1`,
      total: sql`total + ${delta.total}`,
      unread: sql`unread + ${delta.unread}`,
      deleted: sql`deleted + ${delta.deleted}`,
      size: sql`size + ${delta.size}`,
      deleted_size: sql`deleted_size + ${delta.deletedSize}`,
    })
    .where('id', '=', delta.folderId)
    .returning(['uid_validity', 'uid_next', 'highest_modseq', 'total']),
)

/** Counts a change: a new mod-sequence, new UIDs, new totals. Refuses with NONEXISTENT when the folder is gone. */
export async function touchFolder(
  trx: Transaction<Tables>,
  folderId: number,
  delta: FolderDelta,
): Promise<TouchedFolder> {
  const uids = delta.uids ?? 0
  const row = await touch.first(trx, { ...delta, uids, folderId })
  if (!row) throw new Refusal('NONEXISTENT', 'the folder is gone')
  if (row.uid_next > HIGHEST_UID) throw new Refusal('LIMIT', 'the folder has given out all its UIDs')
  return {
    uidValidity: row.uid_validity,
    firstUid: row.uid_next - uids,
    modseq: row.highest_modseq,
    total: row.total,
  }
}

/** Counts what a change, whose mod-sequence is taken already, has come to. */
export async function countFolder(
  trx: Transaction<Tables>,
  folderId: number,
  delta: Pick<FolderDelta, 'unread' | 'deleted' | 'deletedSize'>,
): Promise<void> {
  await trx
    .updateTable('folders')
    .set({
      unread: sql`unread + ${delta.unread}`,
      deleted: sql`deleted + ${delta.deleted}`,
      deleted_size: sql`deleted_size + ${delta.deletedSize}`,
    })
    .where('id', '=', folderId)
    .execute()
}

/** Notes keywords as used in a folder, for the FLAGS that it is opened with. */
export async function noteKeywords(
  trx: Transaction<Tables>,
  folderId: number,
  keywords: ReadonlyMap<string, string>,
): Promise<void> {
  if (keywords.size === 0) return
  const rows = [...keywords].map(([folded, name]) => ({ folder_id: folderId, folded, name }))
  const added = await trx
    .insertInto('folder_keywords')
    .values(rows)
    .onConflict(conflict => conflict.doNothing())
    .returning('folded')
    .execute()
  if (added.length === 0) return
  const { count } = await trx
    .selectFrom('folder_keywords')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('folder_id', '=', folderId)
    .executeTakeFirstOrThrow()
  if (count > MOST_KEYWORDS) throw new Refusal('LIMIT', `a folder has at most ${MOST_KEYWORDS} keywords`)
}
