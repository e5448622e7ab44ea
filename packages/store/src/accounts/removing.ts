// Accounts and domains that go.
import type { Kysely, Transaction } from 'kysely'
import type { Database } from '../database/database.ts'
import type { Tables } from '../database/schema.ts'
import { usageError } from '../errors.ts'
import { removeFolder } from '../folders/folders.ts'
import { removeMessages } from '../messages/changing.ts'
import type { Account } from './accounts.ts'

/** Messages removed in one transaction: others have their turn in between. */
const AT_A_TIME = 2000

export interface RemovedFolder {
  readonly id: number
  readonly name: string
}

/**
 * Removes an account with all that is its own. Messages go first, some at a time; what is killed on the way leaves an account without them, and is
 * begun anew. Answers the folders that are gone.
 * @param gone hears of messages that are gone from a folder
 */
export async function removeAccount(
  database: Database,
  { id, address }: Account,
  gone: (folderId: number, uids: readonly number[]) => void,
): Promise<readonly RemovedFolder[]> {
  const folders = await database.read(db => foldersOf(db, id))
  for (const folder of folders) {
    while (await removeSome(database, folder.id, gone));
  }
  return database.write(async trx => {
    // what has come in meanwhile, and folders that were made
    const left = await foldersOf(trx, id)
    for (const folder of left) {
      const uids = await firstUids(trx, folder.id, Number.MAX_SAFE_INTEGER)
      await removeMessages(trx, database.dialect, folder.id, uids)
      await removeFolder(trx, folder)
    }
    // an account that is made under this address later has nothing to do with it
    await trx.deleteFrom('folder_rights').where('identifier', '=', address).execute()
    await trx.deleteFrom('metadata').where('account_id', '=', id).execute()
    await trx.deleteFrom('accounts').where('id', '=', id).execute()
    return left
  })
}

async function removeSome(
  database: Database,
  folderId: number,
  gone: (folderId: number, uids: readonly number[]) => void,
): Promise<boolean> {
  const { uids } = await database.write(async trx => {
    const some = await firstUids(trx, folderId, AT_A_TIME)
    return removeMessages(trx, database.dialect, folderId, some)
  })
  if (uids.length > 0) gone(folderId, uids)
  return uids.length === AT_A_TIME
}

async function foldersOf(db: Kysely<Tables>, accountId: number): Promise<RemovedFolder[]> {
  return db.selectFrom('folders').select(['id', 'name']).where('account_id', '=', accountId).execute()
}

async function firstUids(trx: Transaction<Tables>, folderId: number, most: number): Promise<number[]> {
  const rows = await trx
    .selectFrom('messages')
    .select('uid')
    .where('folder_id', '=', folderId)
    .orderBy('uid')
    .limit(most)
    .execute()
  return rows.map(row => row.uid)
}

/** Throws EUSAGE when it has accounts or aliases. False: it is not ours. */
export async function removeEmptyDomain(trx: Transaction<Tables>, name: string): Promise<boolean> {
  const domain = await trx.selectFrom('domains').select('id').where('name', '=', name).executeTakeFirst()
  if (!domain) return false
  for (const table of ['accounts', 'aliases'] as const) {
    const row = await trx
      .selectFrom(table)
      .select('domain_id')
      .where('domain_id', '=', domain.id)
      .limit(1)
      .executeTakeFirst()
    if (row) throw usageError(`the domain ${name} has ${table}: remove those first`)
  }
  await trx.deleteFrom('domains').where('id', '=', domain.id).execute()
  return true
}
