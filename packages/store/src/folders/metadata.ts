// Notes on folders and on the server (METADATA, RFC 5464): private ones of each user, shared ones of all who may use the folder.
import { Refusal } from 'email-server'
import type { MetadataEntry } from 'email-server/mailbox'
import type { Kysely, Transaction } from 'kysely'
import type { Tables } from '../database/schema.ts'

/** Octets of one value. */
const LARGEST_VALUE = 64 * 1024
/** Notes of one owner on one folder. */
const MOST_ENTRIES = 100
/** Notes of one user in all folders. */
const MOST_OF_USER = 10_000
/** Who owns what all see. */
const EVERYBODY = 0
/** The number of the server among the folders. */
export const SERVER = 0

/**
 * The notes that are there, of these paths, or of those below them as well.
 * @param folderId `SERVER` for the server's own
 */
export async function readMetadata(
  db: Kysely<Tables>,
  accountId: number,
  folderId: number,
  paths: readonly string[],
  depth: 0 | 1 | 'infinity',
): Promise<MetadataEntry[]> {
  const rows = await db
    .selectFrom('metadata')
    .select(['name', 'value'])
    .where('folder_id', '=', folderId)
    .where('account_id', 'in', [EVERYBODY, accountId])
    .orderBy('name')
    .execute()
  return rows.filter(({ name }) => paths.some(path => isMeant(name, path, depth)))
}

function isMeant(name: string, path: string, depth: 0 | 1 | 'infinity'): boolean {
  if (name === path) return true
  if (depth === 0 || !name.startsWith(`${path}/`)) return false
  return depth === 'infinity' || !name.includes('/', path.length + 1)
}

/** All or none. Refuses with LIMIT, TOOBIG, and with NOPERM for what all see of the server. */
export async function writeMetadata(
  trx: Transaction<Tables>,
  accountId: number,
  folderId: number,
  entries: readonly MetadataEntry[],
): Promise<void> {
  for (const { name, value } of entries) {
    const isPrivate = name.startsWith('/private/')
    if (!isPrivate && folderId === SERVER) {
      throw new Refusal('NOPERM', 'only administrators write what all see of the server')
    }
    const owner = isPrivate ? accountId : EVERYBODY
    const note = { account_id: owner, folder_id: folderId, name }
    if (value === null) {
      await trx
        .deleteFrom('metadata')
        .where('account_id', '=', owner)
        .where('folder_id', '=', folderId)
        .where('name', '=', name)
        .execute()
      continue
    }
    if (value.length > LARGEST_VALUE) {
      throw new Refusal('TOOBIG', `a note has at most ${LARGEST_VALUE} octets`)
    }
    await trx
      .insertInto('metadata')
      .values({ ...note, value })
      .onConflict(conflict => conflict.columns(['folder_id', 'account_id', 'name']).doUpdateSet({ value }))
      .execute()
  }
  await refuseTooMany(trx, accountId, folderId)
}

async function refuseTooMany(trx: Transaction<Tables>, accountId: number, folderId: number): Promise<void> {
  const here = await trx
    .selectFrom('metadata')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('folder_id', '=', folderId)
    .where('account_id', 'in', [EVERYBODY, accountId])
    .groupBy('account_id')
    .execute()
  if (here.some(({ count }) => count > MOST_ENTRIES)) {
    throw new Refusal('LIMIT', `there are at most ${MOST_ENTRIES} notes on a folder`)
  }
  const { count } = await trx
    .selectFrom('metadata')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('account_id', '=', accountId)
    .executeTakeFirstOrThrow()
  if (count > MOST_OF_USER) throw new Refusal('LIMIT', `a user has at most ${MOST_OF_USER} notes`)
}

/** The folder is gone. */
export async function dropMetadata(trx: Transaction<Tables>, folderId: number): Promise<void> {
  await trx.deleteFrom('metadata').where('folder_id', '=', folderId).execute()
}

/** What all see of the server: the administrator's to write. */
export async function writeServerMetadata(
  trx: Transaction<Tables>,
  name: string,
  value: Uint8Array | null,
): Promise<void> {
  await trx
    .deleteFrom('metadata')
    .where('folder_id', '=', SERVER)
    .where('account_id', '=', EVERYBODY)
    .where('name', '=', name)
    .execute()
  if (value === null) return
  await trx.insertInto('metadata').values({ account_id: EVERYBODY, folder_id: SERVER, name, value }).execute()
}
