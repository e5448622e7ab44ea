// App passwords: one for each program, made here, shown once, revoked alone. They are a hundred random bits, which nobody guesses;
// so a plain hash keeps them, and a login finds its hash instead of trying one after the other.
import { createHash, randomBytes } from 'node:crypto'
import type { Kysely, Transaction } from 'kysely'
import type { Tables } from '../database/schema.ts'
import { usageError } from '../errors.ts'
import type { Account } from './accounts.ts'

/** RFC 4648 §6 in lower case: without what is easily confused. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'
const CHARACTERS = 20
const GROUP = 4
const MOST = 100
const LONGEST_NAME = 200

export interface AppPassword {
  readonly name: string
  readonly createdAt: Date
}

/** Makes one; the answer is the only time that it is seen. Throws EUSAGE when the name is taken. */
export async function addAppPassword(
  trx: Transaction<Tables>,
  account: Account,
  name: string,
): Promise<string> {
  if (name === '' || name.length > LONGEST_NAME || /\p{Cc}/u.test(name)) {
    throw usageError(`an app password's name has 1 to ${LONGEST_NAME} characters`)
  }
  const characters = Array.from(randomBytes(CHARACTERS), byte => ALPHABET[byte % ALPHABET.length]!).join('')
  const made = await trx
    .insertInto('app_passwords')
    .values({ account_id: account.id, name, hash: hashOf(characters), created_at: Date.now() })
    .onConflict(conflict => conflict.columns(['account_id', 'name']).doNothing())
    .returning('id')
    .executeTakeFirst()
  if (!made) throw usageError(`there is an app password ${JSON.stringify(name)} already`)
  if ((await listAppPasswords(trx, account)).length > MOST) {
    throw usageError(`an account has at most ${MOST} app passwords`)
  }
  const groups = Array.from({ length: CHARACTERS / GROUP }, (_, i) =>
    characters.slice(i * GROUP, (i + 1) * GROUP),
  )
  return groups.join('-')
}

export async function listAppPasswords(db: Kysely<Tables>, account: Account): Promise<AppPassword[]> {
  const rows = await db
    .selectFrom('app_passwords')
    .select(['name', 'created_at'])
    .where('account_id', '=', account.id)
    .orderBy('id')
    .execute()
  return rows.map(({ name, created_at }) => ({ name, createdAt: new Date(created_at) }))
}

/** True when there was one of that name. */
export async function removeAppPassword(
  trx: Transaction<Tables>,
  account: Account,
  name: string,
): Promise<boolean> {
  const removed = await trx
    .deleteFrom('app_passwords')
    .where('account_id', '=', account.id)
    .where('name', '=', name)
    .returning('id')
    .execute()
  return removed.length > 0
}

/** Is this an app password of the account? People may leave out the hyphens, or write spaces. */
export async function isAppPassword(
  db: Kysely<Tables>,
  accountId: number,
  password: string,
): Promise<boolean> {
  if (password.length > 2 * CHARACTERS) return false
  const characters = password.replace(/[- ]/g, '').toLowerCase()
  if (characters.length !== CHARACTERS) return false
  const row = await db
    .selectFrom('app_passwords')
    .select('account_id')
    .where('hash', '=', hashOf(characters))
    .executeTakeFirst()
  return row?.account_id === accountId
}

function hashOf(characters: string): string {
  return createHash('sha256').update(characters).digest('hex')
}
