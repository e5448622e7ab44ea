// Storing new messages: any number of bodies, each in any number of folders, all or none.
import type { Insertable, Transaction } from 'kysely'
import type { Bodies, PreparedBody } from '../bodies/bodies.ts'
import type { ChangeFeed, NamesChange } from '../changes.ts'
import type { Database } from '../database/database.ts'
import type { MessagesTable, Tables } from '../database/schema.ts'
import { statement } from '../database/statement.ts'
import { lockLimited } from '../folders/locks.ts'
import { refuseOverQuota } from '../folders/quota.ts'
import { DELETED, type FlagSet, keywordColumn, SEEN } from './flags.ts'
import { noteKeywords, touchFolder } from './placing.ts'

export interface Placement {
  readonly folderId: number
  readonly flags: FlagSet
  /** ms */
  readonly internalDate: number
}

/** A placement, and whose quota it counts for. */
export interface OwnedPlacement extends Placement {
  readonly accountId: number
  /** The folder's name when it was made for this. */
  readonly made?: string | null
  /** False: it is known that the account may keep as much as it likes. */
  readonly isLimited?: boolean
}

export interface PlacedMessage {
  readonly folderId: number
  readonly uidValidity: number
  readonly uid: number
  /** Messages in the folder now. */
  readonly total: number
}

/**
 * Stores a message in every folder that `where` names (it is asked in the transaction). Resolves when all of that is
 * durable; when it rejects nothing was stored. Refuses with OVERQUOTA when one of the accounts has no room.
 */
export async function storeMessage(
  database: Database,
  bodies: Bodies,
  changes: Pick<ChangeFeed, 'publish'> & Partial<ChangeFeed>,
  body: PreparedBody,
  where: (trx: Transaction<Tables>) => Promise<readonly OwnedPlacement[]>,
): Promise<readonly PlacedMessage[]> {
  let placements: readonly OwnedPlacement[] = []
  const stored = await bodies.holding([body], () =>
    database.write(async trx => {
      placements = await where(trx)
      return placeOwned(trx, bodies, body, placements)
    }),
  )
  for (const { accountId, folderId, made } of placements) {
    if (made) changes.publishNames?.(accountId, folderMade(folderId, made), null)
  }
  publishPlaced(changes, stored)
  return stored
}

/** The part of it that belongs into a transaction, inside of `bodies.holding`. */
export async function placeOwned(
  trx: Transaction<Tables>,
  bodies: Bodies,
  body: PreparedBody,
  placements: readonly OwnedPlacement[],
): Promise<PlacedMessage[]> {
  const asked = placements.filter(({ isLimited }) => isLimited !== false)
  const limited = await lockLimited(
    trx,
    asked.map(({ accountId }) => accountId),
  )
  const placed = await placeMessage(trx, bodies, body, placements)
  for (const accountId of limited) await refuseOverQuota(trx, accountId)
  return placed
}

const insertMessage = statement((db, row: Insertable<MessagesTable>) =>
  db.insertInto('messages').values({
    folder_id: row.folder_id,
    uid: row.uid,
    body_id: row.body_id,
    size: row.size,
    internal_date: row.internal_date,
    saved_at: row.saved_at,
    modseq: row.modseq,
    system_flags: row.system_flags,
    keywords: row.keywords,
  }),
)

/** The same without regard to quotas: the caller asks for them. */
export async function placeMessage(
  trx: Transaction<Tables>,
  bodies: Bodies,
  body: PreparedBody,
  placements: readonly Placement[],
): Promise<PlacedMessage[]> {
  const size = body.content.length
  const bodyId = await bodies.insert(trx, body)
  const placed: PlacedMessage[] = []
  // in the order in which all lock folders
  const ordered = [...placements].sort((a, b) => a.folderId - b.folderId)
  for (const { folderId, flags, internalDate } of ordered) {
    const isDeleted = (flags.bits & DELETED) !== 0
    const { uidValidity, firstUid, modseq, total } = await touchFolder(trx, folderId, {
      uids: 1,
      total: 1,
      unread: flags.bits & SEEN ? 0 : 1,
      deleted: isDeleted ? 1 : 0,
      size,
      deletedSize: isDeleted ? size : 0,
    })
    await noteKeywords(trx, folderId, flags.keywords)
    await insertMessage.all(trx, {
      folder_id: folderId,
      uid: firstUid,
      body_id: bodyId,
      size,
      internal_date: internalDate,
      saved_at: Date.now(),
      modseq,
      system_flags: flags.bits,
      keywords: keywordColumn(flags),
    })
    placed.push({ folderId, uidValidity, uid: firstUid, total })
  }
  return placed
}

/** Who watches the account hears of the folder first, then of what is in it. */
export function folderMade(folderId: number, name: string): NamesChange {
  return { news: { kind: 'created', folder: name }, folderId }
}

/** Tells the sessions that have the folders open; each folder once, with its last count. */
export function publishPlaced(changes: Pick<ChangeFeed, 'publish'>, placed: readonly PlacedMessage[]): void {
  const totals = new Map(placed.map(({ folderId, total }) => [folderId, total]))
  for (const [folderId, total] of totals) changes.publish({ kind: 'exists', folderId, total }, null)
}
