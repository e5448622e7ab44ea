// Other names of accounts: aliases, lists of several accounts, and `*@domain` for everybody whom a domain does not know.
import { type Kysely, sql, type Transaction } from 'kysely'
import type { Tables } from '../database/schema.ts'
import { usageError } from '../errors.ts'
import type { Account } from './accounts.ts'
import { type LocalAddress, localAddress } from './address.ts'
import { domainOf } from './finding.ts'

/** The local part that stands for all others. */
export const CATCH_ALL = '*'
/** Accounts of one alias. */
const MOST_TARGETS = 1000

export interface Alias {
  /** `*@domain` is everybody whom the domain does not know. */
  readonly alias: string
  /** The account that gets the mail; an alias may have several, each of which gets it. */
  readonly account: string
}

/** Throws EUSAGE when the domain is not ours, and when there is an account of that name. */
export async function addAlias(trx: Transaction<Tables>, alias: string, account: Account): Promise<void> {
  const parts = aliasParts(alias)
  const domain = await domainOf(trx, parts)
  const taken = await trx
    .selectFrom('accounts')
    .select('id')
    .where('domain_id', '=', domain.id)
    .where('local_part', '=', parts.localPart)
    .executeTakeFirst()
  if (taken) throw usageError(`${alias} is an account, which an alias would hide`)
  await trx
    .insertInto('aliases')
    .values({ domain_id: domain.id, local_part: parts.localPart, account_id: account.id })
    .onConflict(conflict => conflict.doNothing())
    .execute()
  const { count } = await trx
    .selectFrom('aliases')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('domain_id', '=', domain.id)
    .where('local_part', '=', parts.localPart)
    .executeTakeFirstOrThrow()
  if (count > MOST_TARGETS) throw usageError(`an alias stands for at most ${MOST_TARGETS} accounts`)
}

/** Nothing happens when there is none. Without an account all of the alias goes. */
export async function removeAlias(
  trx: Transaction<Tables>,
  alias: string,
  account: Account | null,
): Promise<void> {
  const parts = aliasParts(alias)
  const query = trx
    .deleteFrom('aliases')
    .where('local_part', '=', parts.localPart)
    .where('domain_id', 'in', domains =>
      domains.selectFrom('domains').select('id').where('name', '=', parts.domain),
    )
  await (account ? query.where('account_id', '=', account.id) : query).execute()
}

export async function listAliases(db: Kysely<Tables>): Promise<Alias[]> {
  return db
    .selectFrom('aliases')
    .innerJoin('domains', 'domains.id', 'aliases.domain_id')
    .innerJoin('accounts', 'accounts.id', 'aliases.account_id')
    .innerJoin('domains as home', 'home.id', 'accounts.domain_id')
    .select([
      sql<string>`aliases.local_part || '@' || domains.name`.as('alias'),
      sql<string>`accounts.local_part || '@' || home.name`.as('account'),
    ])
    .orderBy('alias')
    .orderBy('account')
    .execute()
}

/** The accounts that this alias stands for; none when there is no such alias. */
export async function targetsOf(db: Kysely<Tables>, { localPart, domain }: LocalAddress): Promise<Account[]> {
  return db
    .selectFrom('aliases')
    .innerJoin('domains', 'domains.id', 'aliases.domain_id')
    .innerJoin('accounts', 'accounts.id', 'aliases.account_id')
    .innerJoin('domains as home', 'home.id', 'accounts.domain_id')
    .select(['accounts.id', sql<string>`accounts.local_part || '@' || home.name`.as('address')])
    .where('domains.name', '=', domain)
    .where('aliases.local_part', '=', localPart)
    .orderBy('accounts.id')
    .execute()
}

function aliasParts(alias: string): LocalAddress {
  const parts = localAddress(alias)
  if (!parts) throw usageError(`${JSON.stringify(alias)} is not an address that an alias can have`)
  return parts
}
