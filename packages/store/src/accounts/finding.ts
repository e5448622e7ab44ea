// Which row an address or its domain is.
import type { Kysely } from 'kysely'
import type { Tables } from '../database/schema.ts'
import { statement } from '../database/statement.ts'
import { usageError } from '../errors.ts'
import { type LocalAddress, localAddress } from './address.ts'

/** Throws EUSAGE when the domain of the address is not ours. */
export async function domainOf(db: Kysely<Tables>, { domain: name }: LocalAddress): Promise<{ id: number }> {
  const domain = await db.selectFrom('domains').select('id').where('name', '=', name).executeTakeFirst()
  if (!domain) throw usageError(`${name} is not a domain of this store: addDomain() makes it one`)
  return domain
}

/** The id of the account whose own address this is; null: nobody here has it. */
export async function idOfAccount(db: Kysely<Tables>, address: string): Promise<number | null> {
  const parts = localAddress(address)
  if (!parts) return null
  return idOf(db, parts)
}

const byAddress = statement((db, { domain, localPart }: { domain: string; localPart: string }) =>
  db
    .selectFrom('accounts')
    .innerJoin('domains', 'domains.id', 'accounts.domain_id')
    .select('accounts.id')
    .where('domains.name', '=', domain)
    .where('accounts.local_part', '=', localPart),
)

/** As `idOfAccount`, of an address that is in parts already. */
export async function idOf(db: Kysely<Tables>, { domain, localPart }: LocalAddress): Promise<number | null> {
  return (await byAddress.first(db, { domain, localPart }))?.id ?? null
}
