// Who changes something after having looked at it locks it first, where other processes write at the same time (PostgreSQL; the query builder
// says nothing of it to SQLite). Always in this order, so that two never wait for each other: accounts, then folders, each by their numbers.
import type { Transaction } from 'kysely'
import type { Tables } from '../database/schema.ts'

/** Nobody else makes, renames or deletes folders of this account until the transaction ends. */
export async function lockAccount(trx: Transaction<Tables>, accountId: number): Promise<void> {
  await trx.selectFrom('accounts').select('id').where('id', '=', accountId).forNoKeyUpdate().execute()
}

/** Those of the accounts that have a quota: nobody else fills them until the transaction ends. */
export async function lockLimited(
  trx: Transaction<Tables>,
  accountIds: readonly number[],
): Promise<readonly number[]> {
  if (accountIds.length === 0) return []
  const rows = await trx
    .selectFrom('accounts')
    .select('id')
    .where('id', 'in', [...new Set(accountIds)])
    .where(({ or, eb }) => or([eb('storage_limit', 'is not', null), eb('message_limit', 'is not', null)]))
    .orderBy('id')
    .forNoKeyUpdate()
    .execute()
  return rows.map(({ id }) => id)
}

/** Nobody else changes anything in these folders until the transaction ends. */
export async function lockFolders(trx: Transaction<Tables>, folderIds: readonly number[]): Promise<void> {
  await trx
    .selectFrom('folders')
    .select('id')
    .where('id', 'in', [...new Set(folderIds)])
    .orderBy('id')
    .forNoKeyUpdate()
    .execute()
}
