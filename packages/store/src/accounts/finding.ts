// Which row an address or its domain is.
import type { Kysely } from 'kysely'
import type { Tables } from '../database/schema.ts'
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
  const row = await db
    .selectFrom('accounts')
    .innerJoin('domains', 'domains.id', 'accounts.domain_id')
    .select('accounts.id')
    .where('domains.name', '=', parts.domain)
    .where('accounts.local_part', '=', parts.localPart)
    .executeTakeFirst()
  return row?.id ?? null
}
