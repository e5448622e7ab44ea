// Folders of an account: list, status, make, rename, delete, subscribe (RFC 9051 §6.3.4–6.3.8, RFC 6154).
import { Refusal } from 'email-server'
import type { Folder, FolderStatus } from 'email-server/mailbox'
import { type Kysely, type Selectable, sql, type Transaction } from 'kysely'
import type { FoldersTable, Tables } from '../database/schema.ts'
import { statement } from '../database/statement.ts'
import { noSuchFolder } from '../errors.ts'
import { lockAccount } from './locks.ts'
import { dropMetadata } from './metadata.ts'
import { DELIMITER, folderName, INBOX, newFolderName, parentsOf } from './names.ts'

export type FolderRow = Selectable<FoldersTable>

/** Folders of one account. */
const MOST_FOLDERS = 10_000

/** Special folders come first, as people expect them. */
const ORDER = ['', 'Drafts', 'Sent', 'Junk', 'Trash', 'Archive']

/** All folders, INBOX first, then the special ones, then the others by name. */
export async function listFolders(db: Kysely<Tables>, accountId: number): Promise<Folder[]> {
  const rows = await db
    .selectFrom('folders')
    .leftJoin('subscriptions', join =>
      join
        .onRef('subscriptions.account_id', '=', 'folders.account_id')
        .onRef('subscriptions.name', '=', 'folders.name'),
    )
    .select(['folders.id', 'folders.name', 'folders.special_use', 'subscriptions.name as subscribed'])
    .where('folders.account_id', '=', accountId)
    .execute()
  const rank = (row: { name: string; special_use: string | null }): number => {
    if (row.name === INBOX) return 0
    const place = row.special_use === null ? -1 : ORDER.indexOf(row.special_use)
    return place < 0 ? ORDER.length : place
  }
  rows.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))
  return rows.map(row => ({
    name: row.name,
    specialUse: row.special_use,
    delimiter: DELIMITER,
    subscribed: row.subscribed !== null,
    mailboxId: mailboxId(row.id),
  }))
}

/** RFC 8474: stays with the folder when it is renamed. */
export function mailboxId(id: number): string {
  return `F${id}`
}

const byName = statement((db, { accountId, name }: { accountId: number; name: string }) =>
  db.selectFrom('folders').selectAll().where('account_id', '=', accountId).where('name', '=', name),
)

const inbox = statement((db, { accountId }: { accountId: number }) =>
  db
    .selectFrom('folders')
    .innerJoin('accounts', 'accounts.id', 'folders.account_id')
    .select(['folders.id', 'accounts.storage_limit', 'accounts.message_limit'])
    .where('folders.account_id', '=', accountId)
    .where('folders.name', '=', INBOX),
)

/** Where mail is delivered, and whether its owner may keep so much only. Refuses with NONEXISTENT when the account is gone. */
export async function inboxOf(
  db: Kysely<Tables>,
  accountId: number,
): Promise<{ readonly id: number; readonly isLimited: boolean }> {
  const row = await inbox.first(db, { accountId })
  if (!row) throw noSuchFolder()
  return { id: row.id, isLimited: row.storage_limit !== null || row.message_limit !== null }
}

export async function findFolder(
  db: Kysely<Tables>,
  accountId: number,
  name: string,
): Promise<FolderRow | undefined> {
  return byName.first(db, { accountId, name: folderName(name) })
}

/** As `findFolder`; refuses with NONEXISTENT. */
export async function getFolder(db: Kysely<Tables>, accountId: number, name: string): Promise<FolderRow> {
  const row = await findFolder(db, accountId, name)
  if (!row) throw noSuchFolder()
  return row
}

export function statusOf(row: FolderRow): FolderStatus {
  return {
    uidValidity: row.uid_validity,
    uidNext: row.uid_next,
    total: row.total,
    unread: row.unread,
    deleted: row.deleted,
    size: row.size,
    deletedSize: row.deleted_size,
    highestModseq: row.highest_modseq,
    mailboxId: mailboxId(row.id),
  }
}

/** Makes a folder and its missing parents. Refuses with ALREADYEXISTS. */
export async function createFolder(
  trx: Transaction<Tables>,
  accountId: number,
  name: string,
  specialUse: string | null = null,
): Promise<FolderRow> {
  const wanted = newFolderName(name)
  await lockAccount(trx, accountId)
  if (await findFolder(trx, accountId, wanted)) {
    throw new Refusal('ALREADYEXISTS', 'there is a folder of that name already')
  }
  const { count } = await trx
    .selectFrom('folders')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('account_id', '=', accountId)
    .executeTakeFirstOrThrow()
  if (count + parentsOf(wanted).length >= MOST_FOLDERS) {
    throw new Refusal('LIMIT', `an account has at most ${MOST_FOLDERS} folders`)
  }
  if (specialUse !== null) await refuseTakenUse(trx, accountId, specialUse)
  await createParents(trx, accountId, wanted)
  return insertFolder(trx, accountId, wanted, specialUse)
}

/** Deletes an empty folder's row; its messages are the caller's business. Refuses INBOX and folders with children. */
export async function removeFolder(trx: Transaction<Tables>, folder: Pick<FolderRow, 'id'>): Promise<void> {
  await dropMetadata(trx, folder.id)
  await trx.deleteFrom('folders').where('id', '=', folder.id).execute()
}

/** Refuses INBOX (RFC 9051 §6.3.5) and folders with children (HASCHILDREN, ibid.). */
export async function mayDelete(trx: Transaction<Tables>, folder: FolderRow): Promise<void> {
  if (folder.name === INBOX) throw new Refusal('CANNOT', 'INBOX cannot be deleted')
  const children = await childrenOf(trx, folder)
  if (children.length > 0) throw new Refusal('HASCHILDREN', 'there are folders inside: delete them first')
}

/** Renames a folder with its children; INBOX is not for this function. */
export async function renameFolder(trx: Transaction<Tables>, folder: FolderRow, to: string): Promise<void> {
  const name = newFolderName(to)
  if (name === folder.name) throw new Refusal('ALREADYEXISTS', 'that is its name already')
  if (name.startsWith(folder.name + DELIMITER)) {
    throw new Refusal('CANNOT', 'a folder cannot be moved into itself')
  }
  if (await findFolder(trx, folder.account_id, name)) {
    throw new Refusal('ALREADYEXISTS', 'there is a folder of that name already')
  }
  await createParents(trx, folder.account_id, name)
  for (const row of [folder, ...(await childrenOf(trx, folder))]) {
    const renamed = newFolderName(name + row.name.slice(folder.name.length))
    if (row !== folder && (await findFolder(trx, folder.account_id, renamed))) {
      throw new Refusal('ALREADYEXISTS', 'a folder inside would take the place of another')
    }
    await trx.updateTable('folders').set({ name: renamed }).where('id', '=', row.id).execute()
    // who was subscribed to the old name finds the folder under the new one; the old subscription is the client's to end
    await sql`insert into subscriptions (account_id, name)
      select account_id, ${renamed} from subscriptions where account_id = ${folder.account_id} and name = ${row.name}
      on conflict do nothing`.execute(trx)
  }
}

/** The name is the folder's full one. */
export async function subscribe(trx: Transaction<Tables>, accountId: number, name: string): Promise<void> {
  await trx
    .insertInto('subscriptions')
    .values({ account_id: accountId, name })
    .onConflict(conflict => conflict.doNothing())
    .execute()
}

/** Names that nobody subscribed to are no error: the result is the same. */
export async function unsubscribe(trx: Transaction<Tables>, accountId: number, name: string): Promise<void> {
  await trx
    .deleteFrom('subscriptions')
    .where('account_id', '=', accountId)
    .where('name', '=', folderName(name))
    .execute()
}

async function createParents(trx: Transaction<Tables>, accountId: number, name: string): Promise<void> {
  for (const parent of parentsOf(name)) {
    if (!(await findFolder(trx, accountId, parent))) await insertFolder(trx, accountId, parent, null)
  }
}

async function insertFolder(
  trx: Transaction<Tables>,
  accountId: number,
  name: string,
  specialUse: string | null,
): Promise<FolderRow> {
  return trx
    .insertInto('folders')
    .values({
      account_id: accountId,
      name,
      special_use: specialUse,
      uid_validity: await nextUidValidity(trx),
      uid_next: 1,
      highest_modseq: 1,
      total: 0,
      unread: 0,
      deleted: 0,
      size: 0,
      deleted_size: 0,
      removal_runs: 0,
      forgotten_modseq: 0,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
}

/**
 * A value that no folder of this store has had: so a folder made anew under an old name never repeats a UID under the
 * same UIDVALIDITY. Counts from the time of the first use, so that a store made anew in the same place differs too.
 */
async function nextUidValidity(trx: Transaction<Tables>): Promise<number> {
  const { value } = await trx
    .insertInto('counters')
    .values({ name: 'uid_validity', value: Math.floor(Date.now() / 1000) })
    .onConflict(conflict => conflict.column('name').doUpdateSet({ value: sql`counters.value + 1` }))
    .returning('value')
    .executeTakeFirstOrThrow()
  return value
}

async function refuseTakenUse(
  trx: Transaction<Tables>,
  accountId: number,
  specialUse: string,
): Promise<void> {
  const taken = await trx
    .selectFrom('folders')
    .select('id')
    .where('account_id', '=', accountId)
    .where('special_use', '=', specialUse)
    .executeTakeFirst()
  if (taken) throw new Refusal('CANNOT', 'another folder has that special use')
}

async function childrenOf(trx: Transaction<Tables>, folder: FolderRow): Promise<FolderRow[]> {
  const prefix = folder.name + DELIMITER
  return (
    trx
      .selectFrom('folders')
      .selectAll()
      .where('account_id', '=', folder.account_id)
      .where('name', '>=', prefix)
      // the character behind the delimiter ends the names that begin with the prefix
      .where('name', '<', folder.name + String.fromCharCode(DELIMITER.charCodeAt(0) + 1))
      .execute()
  )
}

export interface FilledFolder {
  readonly id: number
  /** Its name when there was none of that name: news for who watches the account. */
  readonly made: string | null
}

/** The folder of that name, made when there is none. */
export async function folderToFill(
  trx: Transaction<Tables>,
  accountId: number,
  name: string,
): Promise<FilledFolder> {
  const found = await findFolder(trx, accountId, name)
  if (found) return { id: found.id, made: null }
  const made = await createFolder(trx, accountId, name)
  return { id: made.id, made: made.name }
}
