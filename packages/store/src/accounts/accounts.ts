// Domains and accounts: making them, finding the one that an address belongs to, checking passwords.
import { sql } from 'kysely'
import type { Database } from '../database/database.ts'
import { usageError } from '../errors.ts'
import { createFolder } from '../folders/folders.ts'
import { domainName, type LocalAddress, localAddress, withoutTag } from './address.ts'
import { Passwords } from './password.ts'

export interface Account {
  readonly id: number
  /** The canonical address: lower case, no tag. */
  readonly address: string
}

/** What a new account has, in this order. */
const FIRST_FOLDERS: readonly (readonly [name: string, specialUse: string | null])[] = [
  ['INBOX', null],
  ['Sent', 'Sent'],
  ['Drafts', 'Drafts'],
  ['Trash', 'Trash'],
  ['Junk', 'Junk'],
  ['Archive', 'Archive'],
]

/** RFC 5321 §4.5.1: always reachable. */
const POSTMASTER = 'postmaster'

export class Accounts {
  readonly #database: Database
  readonly #passwords = new Passwords()

  constructor(database: Database) {
    this.#database = database
  }

  /** Makes a domain ours; nothing happens when it is already. */
  async addDomain(name: string): Promise<void> {
    const domain = domainName(name)
    if (domain === null) throw usageError(`${JSON.stringify(name)} is not a domain name`)
    await this.#database.write(trx =>
      trx
        .insertInto('domains')
        .values({ name: domain, created_at: Date.now() })
        .onConflict(conflict => conflict.doNothing())
        .execute(),
    )
  }

  async domains(): Promise<string[]> {
    const rows = await this.#database.read(db =>
      db.selectFrom('domains').select('name').orderBy('name').execute(),
    )
    return rows.map(row => row.name)
  }

  async isLocalDomain(name: string): Promise<boolean> {
    const domain = domainName(name)
    if (domain === null) return false
    const row = await this.#database.read(db =>
      db.selectFrom('domains').select('id').where('name', '=', domain).executeTakeFirst(),
    )
    return row !== undefined
  }

  /** Makes an account with its first folders. Throws EUSAGE for a domain that is not ours, and when it exists. */
  async addUser(address: string, password: string): Promise<Account> {
    const parts = localAddress(address)
    if (!parts) throw usageError(`${JSON.stringify(address)} is not an address that an account can have`)
    if (withoutTag(parts.localPart) !== null) throw usageError('an account has no +tag in its name')
    const passwordHash = await this.#passwords.hash(password)
    return this.#database.write(async trx => {
      const domain = await trx
        .selectFrom('domains')
        .select('id')
        .where('name', '=', parts.domain)
        .executeTakeFirst()
      if (!domain) throw usageError(`${parts.domain} is not a domain of this store: addDomain() makes it one`)
      const made = await trx
        .insertInto('accounts')
        .values({
          domain_id: domain.id,
          local_part: parts.localPart,
          password_hash: passwordHash,
          created_at: Date.now(),
        })
        .onConflict(conflict => conflict.doNothing())
        .returning('id')
        .executeTakeFirst()
      if (!made) throw usageError(`the account ${parts.localPart}@${parts.domain} exists already`)
      for (const [name, specialUse] of FIRST_FOLDERS) {
        await createFolder(trx, made.id, name, specialUse)
        await trx.insertInto('subscriptions').values({ account_id: made.id, name }).execute()
      }
      return { id: made.id, address: `${parts.localPart}@${parts.domain}` }
    })
  }

  /** Throws EUSAGE when there is no such account. */
  async setPassword(address: string, password: string): Promise<void> {
    const account = await this.find(address)
    if (!account) throw usageError(`there is no account ${JSON.stringify(address)}`)
    const passwordHash = await this.#passwords.hash(password)
    await this.#database.write(trx =>
      trx.updateTable('accounts').set({ password_hash: passwordHash }).where('id', '=', account.id).execute(),
    )
  }

  async hasUsers(): Promise<boolean> {
    const row = await this.#database.read(db =>
      db.selectFrom('accounts').select('id').limit(1).executeTakeFirst(),
    )
    return row !== undefined
  }

  /** The account with this very address. */
  async find(address: string): Promise<Account | null> {
    const parts = localAddress(address)
    return parts && (await this.#lookup(parts))
  }

  /** The account that mail for this address goes to: `user+tag` goes to `user`, postmaster to the first account. */
  async forRecipient(address: string): Promise<Account | null> {
    if (address.toLowerCase() === POSTMASTER) return this.#first(null)
    const parts = localAddress(address)
    if (!parts) return null
    const exact = await this.#lookup(parts)
    if (exact) return exact
    const base = withoutTag(parts.localPart)
    if (base !== null) return this.#lookup({ ...parts, localPart: base })
    return parts.localPart === POSTMASTER ? this.#first(parts.domain) : null
  }

  /** The account, when this is its password; null takes as long. */
  async verify(address: string, password: string): Promise<Account | null> {
    const parts = localAddress(address)
    const row =
      parts &&
      (await this.#database.read(db =>
        db
          .selectFrom('accounts')
          .innerJoin('domains', 'domains.id', 'accounts.domain_id')
          .select(['accounts.id', 'accounts.password_hash'])
          .where('domains.name', '=', parts.domain)
          .where('accounts.local_part', '=', parts.localPart)
          .executeTakeFirst(),
      ))
    const good = await this.#passwords.verify(password, row?.password_hash ?? null)
    return good && parts && row ? { id: row.id, address: `${parts.localPart}@${parts.domain}` } : null
  }

  async #lookup(parts: LocalAddress): Promise<Account | null> {
    const row = await this.#database.read(db =>
      db
        .selectFrom('accounts')
        .innerJoin('domains', 'domains.id', 'accounts.domain_id')
        .select('accounts.id')
        .where('domains.name', '=', parts.domain)
        .where('accounts.local_part', '=', parts.localPart)
        .executeTakeFirst(),
    )
    return row ? { id: row.id, address: `${parts.localPart}@${parts.domain}` } : null
  }

  async #first(domain: string | null): Promise<Account | null> {
    const row = await this.#database.read(db => {
      const query = db
        .selectFrom('accounts')
        .innerJoin('domains', 'domains.id', 'accounts.domain_id')
        .select(['accounts.id', sql<string>`accounts.local_part || '@' || domains.name`.as('address')])
        .orderBy('accounts.id')
        .limit(1)
      return (domain === null ? query : query.where('domains.name', '=', domain)).executeTakeFirst()
    })
    return row ?? null
  }
}
