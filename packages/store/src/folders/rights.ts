// The rights on a folder as its administrators see and change them (RFC 4314 §3). The owner has all of them, always.
import { Refusal } from 'email-server'
import type { AclEntry, GrantableRights } from 'email-server/mailbox'
import { type Kysely, sql, type Transaction } from 'kysely'
import { localAddress } from '../accounts/address.ts'
import { idOfAccount } from '../accounts/finding.ts'
import type { Tables } from '../database/schema.ts'
import { ALL_RIGHTS, ANYONE } from './access.ts'
import type { FolderRow } from './folders.ts'

/** Entries of one folder. */
const MOST_ENTRIES = 200

export async function listRightsOf(db: Kysely<Tables>, folder: FolderRow): Promise<AclEntry[]> {
  const owner = await ownerAddress(db, folder)
  const rows = await db
    .selectFrom('folder_rights')
    .select(['identifier', 'rights'])
    .where('folder_id', '=', folder.id)
    .orderBy('identifier')
    .execute()
  return [{ identifier: owner, rights: ALL_RIGHTS }, ...rows]
}

/** Refuses with CANNOT for who is not known here, and for the owner, with LIMIT when there are too many entries. */
export async function grant(
  trx: Transaction<Tables>,
  folder: FolderRow,
  identifier: string,
  rights: string,
  mode: 'set' | 'add' | 'remove',
): Promise<void> {
  const name = await knownIdentifier(trx, folder, identifier)
  const old =
    mode === 'set'
      ? undefined
      : await trx
          .selectFrom('folder_rights')
          .select('rights')
          .where('folder_id', '=', folder.id)
          .where('identifier', '=', name)
          .executeTakeFirst()
  const had = old?.rights ?? ''
  const result = [...ALL_RIGHTS]
    .filter(right =>
      mode === 'remove' ? had.includes(right) && !rights.includes(right) : (had + rights).includes(right),
    )
    .join('')
  await trx
    .deleteFrom('folder_rights')
    .where('folder_id', '=', folder.id)
    .where('identifier', '=', name)
    .execute()
  if (result === '') return
  await trx
    .insertInto('folder_rights')
    .values({ folder_id: folder.id, identifier: name, rights: result })
    .execute()
  const { count } = await trx
    .selectFrom('folder_rights')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('folder_id', '=', folder.id)
    .executeTakeFirstOrThrow()
  if (count > MOST_ENTRIES) throw new Refusal('LIMIT', `a folder is shared with at most ${MOST_ENTRIES}`)
}

/** What could be granted: to the owner nothing, who has it all; to others each right by itself. */
export async function grantable(
  db: Kysely<Tables>,
  folder: FolderRow,
  identifier: string,
): Promise<GrantableRights> {
  const isOwner = canonical(identifier) === (await ownerAddress(db, folder))
  return isOwner ? { required: ALL_RIGHTS, optional: [] } : { required: '', optional: [...ALL_RIGHTS] }
}

/** A folder that is made inside another is shared as that is (RFC 4314 §4). */
export async function inheritRights(
  trx: Transaction<Tables>,
  folderId: number,
  parentId: number,
): Promise<void> {
  await sql`insert into folder_rights (folder_id, identifier, rights)
    select ${folderId}, identifier, rights from folder_rights where folder_id = ${parentId}`.execute(trx)
}

async function ownerAddress(db: Kysely<Tables>, folder: FolderRow): Promise<string> {
  const row = await db
    .selectFrom('accounts')
    .innerJoin('domains', 'domains.id', 'accounts.domain_id')
    .select(sql<string>`accounts.local_part || '@' || domains.name`.as('address'))
    .where('accounts.id', '=', folder.account_id)
    .executeTakeFirstOrThrow()
  return row.address
}

/** `-` in front of an identifier takes rights away (RFC 4314 §2). */
function canonical(identifier: string): string {
  const sign = identifier.startsWith('-') ? '-' : ''
  const name = identifier.slice(sign.length)
  if (name.toLowerCase() === ANYONE) return sign + ANYONE
  const address = localAddress(name)
  return address ? `${sign}${address.localPart}@${address.domain}` : identifier
}

async function knownIdentifier(db: Kysely<Tables>, folder: FolderRow, identifier: string): Promise<string> {
  const name = canonical(identifier)
  const plain = name.replace(/^-/, '')
  if (plain === ANYONE) return name
  if (plain === (await ownerAddress(db, folder))) {
    throw new Refusal('CANNOT', 'the owner has all rights, always')
  }
  if (!(await idOfAccount(db, plain))) throw new Refusal('CANNOT', 'there is nobody of that name here')
  return name
}
