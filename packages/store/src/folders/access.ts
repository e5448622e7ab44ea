// Which folder a name means, and what a user may do with it: his own, and those that others share with him under
// `Other Users/<address>/…` (RFC 2342 §5, RFC 4314).
import { Refusal } from 'email-server'
import { type Kysely, sql } from 'kysely'
import type { Account } from '../accounts/accounts.ts'
import { idOfAccount } from '../accounts/finding.ts'
import type { Tables } from '../database/schema.ts'
import { noSuchFolder } from '../errors.ts'
import type { FolderRow } from './folders.ts'
import { findFolder } from './folders.ts'
import { DELIMITER, OTHER_USERS } from './names.ts'

/** All rights that there are here (RFC 4314 §2.1; there is no posting to folders, which would be `p`). */
export const ALL_RIGHTS = 'lrswikxtea'
/** Everybody who can log in (RFC 4314 §2). */
export const ANYONE = 'anyone'

export interface Place {
  readonly folder: FolderRow
  /** Letters. The owner has all of them. */
  readonly rights: string
  readonly isOwn: boolean
}

/** A name under `Other Users`, taken apart; null for the user's own folders. */
export function sharedName(name: string): { readonly owner: string; readonly folder: string } | null {
  const prefix = `${OTHER_USERS}${DELIMITER}`
  if (!name.startsWith(prefix)) return null
  const rest = name.slice(prefix.length)
  const at = rest.indexOf('@')
  const slash = rest.indexOf(DELIMITER, at + 1)
  return at < 0 || slash < 0
    ? { owner: rest, folder: '' }
    : { owner: rest.slice(0, slash), folder: rest.slice(slash + 1) }
}

/** The name that others see. */
export function nameForOthers(owner: string, folder: string): string {
  return [OTHER_USERS, owner, folder].join(DELIMITER)
}

/** The id of the account whose folders these names are, and its own name of the folder; null: there is no such account. */
export async function ownerOf(
  db: Kysely<Tables>,
  user: Account,
  name: string,
): Promise<{ readonly accountId: number; readonly name: string } | null> {
  const shared = sharedName(name)
  if (!shared) return { accountId: user.id, name }
  const accountId = await idOfAccount(db, shared.owner)
  return accountId === null ? null : { accountId, name: shared.folder }
}

/** Undefined when there is no such folder, as far as the user may know. */
export async function findPlace(db: Kysely<Tables>, user: Account, name: string): Promise<Place | undefined> {
  const owner = await ownerOf(db, user, name)
  const folder = owner ? await findFolder(db, owner.accountId, owner.name) : undefined
  if (!folder) return undefined
  const place = await placeOf(db, user, folder)
  return place.rights === '' ? undefined : place
}

async function placeOf(db: Kysely<Tables>, user: Account, folder: FolderRow): Promise<Place> {
  if (folder.account_id === user.id) return { folder, rights: ALL_RIGHTS, isOwn: true }
  return { folder, rights: await rightsOf(db, user, folder.id), isOwn: false }
}

/** As `findPlace`; refuses with NONEXISTENT, and with NOPERM when one of these rights is missing. */
export async function getPlace(
  db: Kysely<Tables>,
  user: Account,
  name: string,
  needed: string,
): Promise<Place> {
  const place = await findPlace(db, user, name)
  if (!place) throw noSuchFolder()
  demand(place.rights, needed)
  return place
}

/**
 * The folder of this number, as the user may use it now. Refuses with NONEXISTENT and NOPERM.
 * @param lock nobody else changes anything in it until the transaction ends
 */
export async function placeById(
  db: Kysely<Tables>,
  user: Account,
  folderId: number,
  needed: string,
  lock: boolean = false,
): Promise<Place> {
  const folder = await db
    .selectFrom('folders')
    .selectAll()
    .where('id', '=', folderId)
    .$if(lock, query => query.forNoKeyUpdate())
    .executeTakeFirst()
  if (!folder) throw new Refusal('NONEXISTENT', 'the folder is gone')
  const place = await placeOf(db, user, folder)
  demand(place.rights, needed)
  return place
}

/** A folder to put messages into. Refuses with TRYCREATE: the client may make it and try again (RFC 9051 §6.3.12). */
export async function destinationFor(db: Kysely<Tables>, user: Account, name: string): Promise<Place> {
  const place = await findPlace(db, user, name)
  if (!place) throw new Refusal('TRYCREATE', 'there is no folder of that name')
  demand(place.rights, 'i')
  return place
}

export function demand(rights: string, needed: string): void {
  for (const right of needed) {
    if (!rights.includes(right)) throw new Refusal('NOPERM', 'you may not do that with this folder')
  }
}

/** What is granted to the user or to anyone, without what is taken from them (RFC 4314 §2). */
async function rightsOf(db: Kysely<Tables>, user: Account, folderId: number): Promise<string> {
  const rows = await db
    .selectFrom('folder_rights')
    .select(['identifier', 'rights'])
    .where('folder_id', '=', folderId)
    .where('identifier', 'in', identifiersOf(user))
    .execute()
  const granted = rows.filter(row => !row.identifier.startsWith('-')).map(row => row.rights)
  const taken = rows.filter(row => row.identifier.startsWith('-')).map(row => row.rights)
  return [...ALL_RIGHTS]
    .filter(right => granted.join('').includes(right) && !taken.join('').includes(right))
    .join('')
}

function identifiersOf({ address }: Account): string[] {
  return [address, ANYONE, `-${address}`, `-${ANYONE}`]
}

export interface SharedFolder {
  readonly id: number
  readonly name: string
  readonly subscribed: boolean
}

/** Folders of others that the user may list. */
export async function sharedFolders(db: Kysely<Tables>, user: Account): Promise<SharedFolder[]> {
  const rows = await db
    .selectFrom('folders')
    .innerJoin('accounts', 'accounts.id', 'folders.account_id')
    .innerJoin('domains', 'domains.id', 'accounts.domain_id')
    .select([
      'folders.id',
      'folders.name',
      sql<string>`accounts.local_part || '@' || domains.name`.as('owner'),
    ])
    .where('folders.account_id', '<>', user.id)
    .where('folders.id', 'in', query =>
      query.selectFrom('folder_rights').select('folder_id').where('identifier', 'in', [user.address, ANYONE]),
    )
    .execute()
  const subscribed = new Set(
    (await db.selectFrom('subscriptions').select('name').where('account_id', '=', user.id).execute()).map(
      row => row.name,
    ),
  )
  const found: SharedFolder[] = []
  for (const { id, name, owner } of rows) {
    if (!(await rightsOf(db, user, id)).includes('l')) continue
    const full = nameForOthers(owner, name)
    found.push({ id, name: full, subscribed: subscribed.has(full) })
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1))
}
