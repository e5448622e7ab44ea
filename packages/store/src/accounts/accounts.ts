// Domains and accounts: making them, finding those that an address belongs to, checking passwords.
import type { ScramKeys } from 'email-server'
import { sql } from 'kysely'
import type { Database } from '../database/database.ts'
import { usageError } from '../errors.ts'
import { createFolder } from '../folders/folders.ts'
import { domainName, type LocalAddress, localAddress, withoutTag } from './address.ts'
import { CATCH_ALL, targetsOf } from './aliases.ts'
import { isAppPassword } from './app-passwords.ts'
import { domainOf, idOf } from './finding.ts'
import { Passwords } from './password.ts'
import { keysOf, type ScramMechanism, scramColumn } from './scram.ts'

export interface Account {
  readonly id: number
  /** The canonical address: lower case, no tag. */
  readonly address: string
}

/** An account as administrators see it. */
export interface AccountInfo {
  readonly address: string
  readonly enabled: boolean
  readonly createdAt: Date
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
  readonly #keepsScramKeys: boolean

  /** @param keepsScramKeys keys for SCRAM are made from each password that is set, and at logins that show it */
  constructor(database: Database, keepsScramKeys: boolean) {
    this.#database = database
    this.#keepsScramKeys = keepsScramKeys
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
    if (parts.localPart === CATCH_ALL) throw usageError('* is the name of those whom a domain does not know')
    const secrets = await this.#secretsOf(password)
    return this.#database.write(async trx => {
      const domain = await domainOf(trx, parts)
      const alias = await trx
        .selectFrom('aliases')
        .select('account_id')
        .where('domain_id', '=', domain.id)
        .where('local_part', '=', parts.localPart)
        .executeTakeFirst()
      if (alias) throw usageError(`${parts.localPart}@${parts.domain} is an alias: remove that first`)
      const made = await trx
        .insertInto('accounts')
        .values({
          domain_id: domain.id,
          local_part: parts.localPart,
          ...secrets,
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
    const { id } = await this.get(address)
    const secrets = await this.#secretsOf(password)
    await this.#database.write(trx => trx.updateTable('accounts').set(secrets).where('id', '=', id).execute())
  }

  async setEnabled(address: string, enabled: boolean): Promise<Account> {
    const account = await this.get(address)
    await this.#database.write(trx =>
      trx
        .updateTable('accounts')
        .set({ enabled: enabled ? 1 : 0 })
        .where('id', '=', account.id)
        .execute(),
    )
    return account
  }

  /** All accounts, by address. */
  async list(): Promise<AccountInfo[]> {
    const rows = await this.#database.read(db =>
      db
        .selectFrom('accounts')
        .innerJoin('domains', 'domains.id', 'accounts.domain_id')
        .select([
          sql<string>`accounts.local_part || '@' || domains.name`.as('address'),
          'accounts.enabled',
          'accounts.created_at',
        ])
        .orderBy('domains.name')
        .orderBy('accounts.local_part')
        .execute(),
    )
    return rows.map(row => ({
      address: row.address,
      enabled: row.enabled === 1,
      createdAt: new Date(row.created_at),
    }))
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

  /** As `find`; throws EUSAGE when there is none. */
  async get(address: string): Promise<Account> {
    const account = await this.find(address)
    if (!account) throw usageError(`there is no account ${JSON.stringify(address)}`)
    return account
  }

  /**
   * The accounts that mail for this address goes to, in this order of asking: the account of that name, the alias; the same
   * for `user` when it is `user+tag`; for postmaster the first account; what the domain has for names that it does not know.
   */
  async forRecipient(address: string): Promise<readonly Account[]> {
    if (address.toLowerCase() === POSTMASTER) return listed(await this.#first(null))
    const parts = localAddress(address)
    // the sign of the catch-all is nobody's name
    if (!parts || parts.localPart === CATCH_ALL) return []
    const base = withoutTag(parts.localPart)
    const names = base === null ? [parts.localPart] : [parts.localPart, base]
    for (const localPart of names) {
      const account = await this.#lookup({ ...parts, localPart })
      if (account) return [account]
      const targets = await this.#targets({ ...parts, localPart })
      if (targets.length > 0) return targets
    }
    if (names.includes(POSTMASTER)) {
      const first = await this.#first(parts.domain)
      if (first) return [first]
    }
    return this.#targets({ ...parts, localPart: CATCH_ALL })
  }

  /** The account, when this is its password, or one of its app passwords; null takes as long. */
  async verify(address: string, password: string): Promise<Account | null> {
    const parts = localAddress(address)
    const row = parts && (await this.#secrets(parts))
    if (row && parts && row.enabled === 1) {
      const isApp = await this.#database.read(db => isAppPassword(db, row.id, password))
      if (isApp) return accountOf(row.id, parts)
    }
    // who is switched off takes as long as who is not there
    const hash = row?.enabled === 1 ? row.password_hash : null
    const good = await this.#passwords.verify(password, hash)
    if (!good || !parts || !row) return null
    if (this.#keepsScramKeys && row.scram_keys === null) await this.#addScramKeys(row, password)
    return accountOf(row.id, parts)
  }

  /** Is there such an account, and is it not switched off? */
  async isEnabled(address: string): Promise<boolean> {
    const parts = localAddress(address)
    const row = parts && (await this.#secrets(parts))
    return row?.enabled === 1
  }

  /** Does this password belong to the account, switched off or not? */
  async isPassword(address: string, password: string): Promise<boolean> {
    const parts = localAddress(address)
    const row = parts && (await this.#secrets(parts))
    return this.#passwords.verify(password, row?.password_hash ?? null)
  }

  /** The keys of an account that may log in; null when there are none. */
  async scramKeysOf(
    address: string,
    mechanism: ScramMechanism,
  ): Promise<{ readonly account: Account; readonly keys: ScramKeys } | null> {
    const parts = localAddress(address)
    const row = parts && (await this.#secrets(parts))
    if (!parts || !row || row.enabled === 0 || row.scram_keys === null) return null
    return { account: accountOf(row.id, parts), keys: keysOf(row.scram_keys, mechanism) }
  }

  async #secretsOf(password: string): Promise<{ password_hash: string; scram_keys: string | null }> {
    return {
      password_hash: await this.#passwords.hash(password),
      scram_keys: this.#keepsScramKeys ? await scramColumn(password) : null,
    }
  }

  /** Made at the first login after they were asked for; unless the password was changed meanwhile. */
  async #addScramKeys(
    row: { readonly id: number; readonly password_hash: string },
    password: string,
  ): Promise<void> {
    const keys = await scramColumn(password)
    await this.#database.write(trx =>
      trx
        .updateTable('accounts')
        .set({ scram_keys: keys })
        .where('id', '=', row.id)
        .where('password_hash', '=', row.password_hash)
        .execute(),
    )
  }

  async #secrets(parts: LocalAddress): Promise<
    | {
        readonly id: number
        readonly password_hash: string
        readonly enabled: number
        readonly scram_keys: string | null
      }
    | undefined
  > {
    return this.#database.read(db =>
      db
        .selectFrom('accounts')
        .innerJoin('domains', 'domains.id', 'accounts.domain_id')
        .select(['accounts.id', 'accounts.password_hash', 'accounts.enabled', 'accounts.scram_keys'])
        .where('domains.name', '=', parts.domain)
        .where('accounts.local_part', '=', parts.localPart)
        .executeTakeFirst(),
    )
  }

  async #targets(parts: LocalAddress): Promise<readonly Account[]> {
    return this.#database.read(db => targetsOf(db, parts))
  }

  async #lookup(parts: LocalAddress): Promise<Account | null> {
    const id = await this.#database.read(db => idOf(db, parts))
    return id === null ? null : accountOf(id, parts)
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

function accountOf(id: number, { localPart, domain }: LocalAddress): Account {
  return { id, address: `${localPart}@${domain}` }
}

function listed(account: Account | null): readonly Account[] {
  return account ? [account] : []
}
