// Who is here: domains, accounts with their passwords and aliases, and how much each may keep.
import type { ScramKeys } from 'email-server'
import type { Database } from '../database/database.ts'
import { usageError } from '../errors.ts'
import { writeServerMetadata } from '../folders/metadata.ts'
import { type Limits, roomFor, setLimits, type Usage, usageOf } from '../folders/quota.ts'
import type { Gate } from '../gate.ts'
import type { AccountInfo, Accounts } from './accounts.ts'
import { domainName } from './address.ts'
import { type Alias, addAlias, listAliases, removeAlias } from './aliases.ts'
import { type AppPassword, addAppPassword, listAppPasswords, removeAppPassword } from './app-passwords.ts'
import { OpenSessions } from './open-sessions.ts'
import { removeEmptyDomain } from './removing.ts'
import { isScram } from './scram.ts'

export abstract class Directory {
  protected readonly database: Database
  protected readonly accounts: Accounts
  protected readonly gate: Gate
  protected readonly sessions: OpenSessions = new OpenSessions()
  readonly #onDomain: ((name: string) => void)[] = []

  constructor(database: Database, accounts: Accounts, gate: Gate) {
    this.database = database
    this.accounts = accounts
    this.gate = gate
  }

  /** Makes a domain ours: mail for it is taken, accounts can be made in it. Nothing happens when it is already. */
  async addDomain(name: string): Promise<void> {
    await this.gate.pass(() => this.accounts.addDomain(name))
    const known = domainName(name)
    if (known === null) return
    this.heardOfDomain(known)
    this.database.nodes?.tell(`d${known}`)
  }

  /** A domain is ours from now on. */
  protected heardOfDomain(name: string): void {
    for (const listener of this.#onDomain) listener(name)
  }

  /** Calls `listener` with each domain that is ours, and later with each that is added. */
  onDomain(listener: (name: string) => void): void {
    this.#onDomain.push(listener)
    this.domains().then(
      names => names.forEach(listener),
      () => {}, // the gate has told why; what is added later is told all the same
    )
  }

  /** The domains that are ours, by name, in lower case and ASCII. */
  domains(): Promise<readonly string[]> {
    return this.gate.pass(() => this.accounts.domains())
  }

  /** Is the domain of this address ours? */
  async isLocal(address: string): Promise<boolean> {
    const domain = domainName(address.slice(address.lastIndexOf('@') + 1))
    return domain !== null && (await this.domains()).includes(domain)
  }

  /**
   * Makes an account with INBOX, Sent, Drafts, Trash, Junk and Archive; answers its canonical address. Throws EUSAGE when
   * the domain is not ours or the account exists.
   */
  async addUser(address: string, password: string): Promise<string> {
    return (await this.gate.pass(() => this.accounts.addUser(address, password))).address
  }

  /** Throws EUSAGE when there is no such account. */
  setPassword(address: string, password: string): Promise<void> {
    return this.gate.pass(() => this.accounts.setPassword(address, password))
  }

  /** The user's own change: false when `current` is not the password of that account now. */
  changePassword(address: string, current: string, password: string): Promise<boolean> {
    return this.gate.pass(async () => {
      if (!(await this.accounts.isPassword(address, current))) return false
      await this.accounts.setPassword(address, password)
      return true
    })
  }

  /** All accounts, by address. */
  users(): Promise<readonly AccountInfo[]> {
    return this.gate.pass(() => this.accounts.list())
  }

  /**
   * Who is switched off cannot log in nor send, and is shown out where he is in; his mail is taken nevertheless. Throws EUSAGE when there is no
   * such account.
   */
  async setEnabled(address: string, enabled: boolean): Promise<void> {
    const account = await this.gate.pass(() => this.accounts.setEnabled(address, enabled))
    if (!enabled) this.sessions.end(account.address)
  }

  /** Is there such an account, and is it not switched off? */
  isEnabled(address: string): Promise<boolean> {
    return this.gate.pass(() => this.accounts.isEnabled(address))
  }

  /** A domain is ours no longer. Throws EUSAGE when it has accounts or aliases. False: it was none of ours. */
  removeDomain(name: string): Promise<boolean> {
    return this.gate.pass(async () => {
      const domain = domainName(name)
      return domain !== null && (await this.database.write(trx => removeEmptyDomain(trx, domain)))
    })
  }

  /**
   * Mail for `alias` goes to this account as well; `*@domain` stands for all names that the domain does not know. Throws EUSAGE
   * when the domain is not ours, when `alias` is an account, and when there is no such account.
   */
  addAlias(alias: string, account: string): Promise<void> {
    return this.gate.pass(async () => {
      const target = await this.accounts.get(account)
      await this.database.write(trx => addAlias(trx, alias, target))
    })
  }

  /** Without `account` all of the alias goes. Nothing happens when there is none. */
  removeAlias(alias: string, account?: string): Promise<void> {
    return this.gate.pass(async () => {
      const target = account === undefined ? null : await this.accounts.get(account)
      await this.database.write(trx => removeAlias(trx, alias, target))
    })
  }

  /** One entry for each account of each alias. */
  aliases(): Promise<readonly Alias[]> {
    return this.gate.pass(() => this.database.read(listAliases))
  }

  /**
   * Makes a password for one program, which can be revoked alone; the answer is the only time that it is seen. Throws EUSAGE when
   * the account has one of that name.
   */
  addAppPassword(address: string, name: string): Promise<string> {
    return this.gate.pass(async () => {
      const account = await this.accounts.get(address)
      return this.database.write(trx => addAppPassword(trx, account, name))
    })
  }

  appPasswords(address: string): Promise<readonly AppPassword[]> {
    return this.gate.pass(async () => {
      const account = await this.accounts.get(address)
      return this.database.read(db => listAppPasswords(db, account))
    })
  }

  /** True when there was one of that name. */
  removeAppPassword(address: string, name: string): Promise<boolean> {
    return this.gate.pass(async () => {
      const account = await this.accounts.get(address)
      return this.database.write(trx => removeAppPassword(trx, account, name))
    })
  }

  /**
   * How much the account may keep: octets and messages, null for no limit; what is not named stays as it is. Throws EUSAGE when there
   * is no such account, or for what is no limit.
   */
  setQuota(address: string, limits: Partial<Limits>): Promise<void> {
    for (const limit of [limits.storage, limits.messages]) {
      if (limit !== undefined && limit !== null && !(Number.isSafeInteger(limit) && limit >= 0)) {
        throw usageError(`a quota is a whole number or null, not ${String(limit)}`)
      }
    }
    return this.gate.pass(async () => {
      const { id } = await this.accounts.get(address)
      await this.database.write(async trx => {
        const { limits: old } = await usageOf(trx, id)
        await setLimits(trx, id, { ...old, ...limits })
      })
    })
  }

  /** What the account keeps now, and how much it may. */
  quota(address: string): Promise<Usage & { readonly limits: Limits }> {
    return this.gate.pass(async () => {
      const { id } = await this.accounts.get(address)
      return this.database.read(db => usageOf(db, id))
    })
  }

  /** A note that all see of the server (METADATA `/shared/…`, RFC 5464), such as `/shared/admin`; null removes it. */
  setServerMetadata(name: string, value: Uint8Array | null): Promise<void> {
    if (!/^\/shared(?:\/[^/*%]+)+$/.test(name)) throw usageError('such a note is called /shared/…')
    return this.gate.pass(() =>
      this.database.write(trx => writeServerMetadata(trx, name.toLowerCase(), value)),
    )
  }

  hasUsers(): Promise<boolean> {
    return this.gate.pass(() => this.accounts.hasUsers())
  }

  /**
   * The canonical address of the account whose password this is, else null. Takes as long for users that do not exist.
   * A name without a domain is taken as one of the only domain, when there is only one.
   */
  async verifyUser(username: string, password: string): Promise<string | null> {
    const address = await this.#complete(username)
    return (await this.gate.pass(() => this.accounts.verify(address, password)))?.address ?? null
  }

  /** The canonical address of this account, null when there is none. */
  async findUser(username: string): Promise<string | null> {
    const address = await this.#complete(username)
    return (await this.gate.pass(() => this.accounts.find(address)))?.address ?? null
  }

  /** What SCRAM asks (`scram-sha-1`, `scram-sha-256`); null when the user does not exist, or has no keys (`openStore(url, { scram })`). */
  async scramKeys(
    username: string,
    authMethod: string,
  ): Promise<{ readonly username: string; readonly keys: ScramKeys } | null> {
    if (!isScram(authMethod)) return null
    const address = await this.#complete(username)
    const found = await this.gate.pass(() => this.accounts.scramKeysOf(address, authMethod))
    return found && { username: found.account.address, keys: found.keys }
  }

  /**
   * The canonical addresses of the accounts that get mail for this address, none when nobody does: the account of that name, or
   * those of the alias; `user+tag` is `user`; then who gets what the domain does not know.
   */
  async findRecipients(address: string): Promise<readonly string[]> {
    const accounts = await this.gate.pass(() => this.accounts.forRecipient(address))
    return accounts.map(account => account.address)
  }

  /**
   * Has everybody who gets mail for this address room for one more message of this size (octets, 0 when that is not known)?
   * `never`: it is larger than all that one of them may keep.
   */
  hasRoom(address: string, size: number): Promise<'yes' | 'full' | 'never'> {
    return this.gate.pass(async () => {
      const accounts = await this.accounts.forRecipient(address)
      const rooms = await this.database.read(db =>
        Promise.all(accounts.map(({ id }) => roomFor(db, id, size))),
      )
      return rooms.includes('never') ? 'never' : rooms.includes('full') ? 'full' : 'yes'
    })
  }

  async #complete(username: string): Promise<string> {
    if (username.includes('@')) return username
    const domains = await this.domains()
    return domains.length === 1 ? `${username}@${domains[0]}` : username
  }
}
