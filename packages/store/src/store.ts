// The store: accounts, delivery and mailboxes over one database and one place for bodies.
import { Refusal, type ScramKeys } from 'email-server'
import type { MailboxHandlers } from 'email-server/mailbox'
import type { Transaction } from 'kysely'
import { type Account, type AccountInfo, Accounts } from './accounts/accounts.ts'
import { domainName } from './accounts/address.ts'
import { type Alias, addAlias, listAliases, removeAlias } from './accounts/aliases.ts'
import {
  type AppPassword,
  addAppPassword,
  listAppPasswords,
  removeAppPassword,
} from './accounts/app-passwords.ts'
import { isScram } from './accounts/scram.ts'
import { type ArrivedMail, type AttachOptions, attachStore, type MailServer } from './attach.ts'
import type { Bodies } from './bodies/bodies.ts'
import type { Sweeper } from './bodies/sweeper.ts'
import { ChangeFeed, type Watcher } from './changes.ts'
import type { Database } from './database/database.ts'
import type { Tables } from './database/schema.ts'
import { usageError } from './errors.ts'
import { createFolder, type FolderRow, findFolder, getFolder } from './folders/folders.ts'
import { writeServerMetadata } from './folders/metadata.ts'
import { INBOX } from './folders/names.ts'
import { type Limits, roomFor, setLimits, type Usage, usageOf } from './folders/quota.ts'
import { Gate } from './gate.ts'
import { type MailboxAccess, openMailbox } from './mailbox-handlers.ts'
import { ByteBudget } from './messages/budget.ts'
import { type OwnedPlacement, storeMessage } from './messages/delivering.ts'
import { flagSet } from './messages/flags.ts'
import { TextIndex } from './messages/text-index.ts'

export interface StoreParts {
  readonly database: Database
  readonly bodies: Bodies
  readonly sweeper: Sweeper
  readonly keepsScramKeys: boolean
  readonly onError: (error: unknown) => void
}

export interface StoredMessage {
  readonly uidValidity: number
  readonly uid: number
}

/** Messages from this size on wait for their share of memory. */
const LARGE = 1024 * 1024
/** Bytes of large messages in memory at a time. */
const LARGE_AT_A_TIME = 64 * LARGE

export class Store {
  readonly #database: Database
  readonly #bodies: Bodies
  readonly #sweeper: Sweeper
  readonly #texts: TextIndex
  readonly #accounts: Accounts
  readonly #changes: ChangeFeed
  readonly #gate: Gate
  readonly #budget = new ByteBudget(LARGE_AT_A_TIME)
  #closing: Promise<void> | null = null

  constructor(parts: StoreParts) {
    this.#database = parts.database
    this.#bodies = parts.bodies
    this.#sweeper = parts.sweeper
    this.#texts = new TextIndex(parts.database, parts.bodies, parts.onError)
    parts.bodies.onStored = () => this.#texts.wake()
    this.#texts.wake()
    this.#accounts = new Accounts(parts.database, parts.keepsScramKeys)
    this.#changes = new ChangeFeed(parts.onError)
    this.#gate = new Gate(parts.onError)
  }

  /** Puts the store behind a server: authentication, delivery, mailboxes, notifications. */
  attach(server: MailServer, options: AttachOptions = {}): this {
    attachStore(this, server, options)
    return this
  }

  /** Makes a domain ours: mail for it is taken, accounts can be made in it. Nothing happens when it is already. */
  addDomain(name: string): Promise<void> {
    return this.#gate.pass(() => this.#accounts.addDomain(name))
  }

  /** The domains that are ours, by name, in lower case and ASCII. */
  domains(): Promise<readonly string[]> {
    return this.#gate.pass(() => this.#accounts.domains())
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
    return (await this.#gate.pass(() => this.#accounts.addUser(address, password))).address
  }

  /** Throws EUSAGE when there is no such account. */
  setPassword(address: string, password: string): Promise<void> {
    return this.#gate.pass(() => this.#accounts.setPassword(address, password))
  }

  /** The user's own change: false when `current` is not the password of that account now. */
  changePassword(address: string, current: string, password: string): Promise<boolean> {
    return this.#gate.pass(async () => {
      if (!(await this.#accounts.isPassword(address, current))) return false
      await this.#accounts.setPassword(address, password)
      return true
    })
  }

  /** All accounts, by address. */
  users(): Promise<readonly AccountInfo[]> {
    return this.#gate.pass(() => this.#accounts.list())
  }

  /** Who is switched off cannot log in; his mail is taken nevertheless. Throws EUSAGE when there is no such account. */
  setEnabled(address: string, enabled: boolean): Promise<void> {
    return this.#gate.pass(() => this.#accounts.setEnabled(address, enabled))
  }

  /**
   * Mail for `alias` goes to this account as well; `*@domain` stands for all names that the domain does not know. Throws EUSAGE
   * when the domain is not ours, when `alias` is an account, and when there is no such account.
   */
  addAlias(alias: string, account: string): Promise<void> {
    return this.#gate.pass(async () => {
      const target = await this.#accounts.get(account)
      await this.#database.write(trx => addAlias(trx, alias, target))
    })
  }

  /** Without `account` all of the alias goes. Nothing happens when there is none. */
  removeAlias(alias: string, account?: string): Promise<void> {
    return this.#gate.pass(async () => {
      const target = account === undefined ? null : await this.#accounts.get(account)
      await this.#database.write(trx => removeAlias(trx, alias, target))
    })
  }

  /** One entry for each account of each alias. */
  aliases(): Promise<readonly Alias[]> {
    return this.#gate.pass(() => this.#database.read(listAliases))
  }

  /**
   * Makes a password for one program, which can be revoked alone; the answer is the only time that it is seen. Throws EUSAGE when
   * the account has one of that name.
   */
  addAppPassword(address: string, name: string): Promise<string> {
    return this.#gate.pass(async () => {
      const account = await this.#accounts.get(address)
      return this.#database.write(trx => addAppPassword(trx, account, name))
    })
  }

  appPasswords(address: string): Promise<readonly AppPassword[]> {
    return this.#gate.pass(async () => {
      const account = await this.#accounts.get(address)
      return this.#database.read(db => listAppPasswords(db, account))
    })
  }

  /** True when there was one of that name. */
  removeAppPassword(address: string, name: string): Promise<boolean> {
    return this.#gate.pass(async () => {
      const account = await this.#accounts.get(address)
      return this.#database.write(trx => removeAppPassword(trx, account, name))
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
    return this.#gate.pass(async () => {
      const { id } = await this.#accounts.get(address)
      await this.#database.write(async trx => {
        const { limits: old } = await usageOf(trx, id)
        await setLimits(trx, id, { ...old, ...limits })
      })
    })
  }

  /** What the account keeps now, and how much it may. */
  quota(address: string): Promise<Usage & { readonly limits: Limits }> {
    return this.#gate.pass(async () => {
      const { id } = await this.#accounts.get(address)
      return this.#database.read(db => usageOf(db, id))
    })
  }

  /** A note that all see of the server (METADATA `/shared/…`, RFC 5464), such as `/shared/admin`; null removes it. */
  setServerMetadata(name: string, value: Uint8Array | null): Promise<void> {
    if (!/^\/shared(?:\/[^/*%]+)+$/.test(name)) throw usageError('such a note is called /shared/…')
    return this.#gate.pass(() =>
      this.#database.write(trx => writeServerMetadata(trx, name.toLowerCase(), value)),
    )
  }

  hasUsers(): Promise<boolean> {
    return this.#gate.pass(() => this.#accounts.hasUsers())
  }

  /**
   * The canonical address of the account whose password this is, else null. Takes as long for users that do not exist.
   * A name without a domain is taken as one of the only domain, when there is only one.
   */
  async verifyUser(username: string, password: string): Promise<string | null> {
    const address = await this.#complete(username)
    return (await this.#gate.pass(() => this.#accounts.verify(address, password)))?.address ?? null
  }

  /** The canonical address of this account, null when there is none. */
  async findUser(username: string): Promise<string | null> {
    const address = await this.#complete(username)
    return (await this.#gate.pass(() => this.#accounts.find(address)))?.address ?? null
  }

  /** What SCRAM asks (`scram-sha-1`, `scram-sha-256`); null when the user does not exist, or has no keys (`openStore(url, { scram })`). */
  async scramKeys(
    username: string,
    authMethod: string,
  ): Promise<{ readonly username: string; readonly keys: ScramKeys } | null> {
    if (!isScram(authMethod)) return null
    const address = await this.#complete(username)
    const found = await this.#gate.pass(() => this.#accounts.scramKeysOf(address, authMethod))
    return found && { username: found.account.address, keys: found.keys }
  }

  /**
   * The canonical addresses of the accounts that get mail for this address, none when nobody does: the account of that name, or
   * those of the alias; `user+tag` is `user`; then who gets what the domain does not know.
   */
  async findRecipients(address: string): Promise<readonly string[]> {
    const accounts = await this.#gate.pass(() => this.#accounts.forRecipient(address))
    return accounts.map(account => account.address)
  }

  /**
   * Has everybody who gets mail for this address room for one more message of this size (octets, 0 when that is not known)?
   * `never`: it is larger than all that one of them may keep.
   */
  hasRoom(address: string, size: number): Promise<'yes' | 'full' | 'never'> {
    return this.#gate.pass(async () => {
      const accounts = await this.#accounts.forRecipient(address)
      const rooms = await this.#database.read(db =>
        Promise.all(accounts.map(({ id }) => roomFor(db, id, size))),
      )
      return rooms.includes('never') ? 'never' : rooms.includes('full') ? 'full' : 'yes'
    })
  }

  /**
   * Delivers a message to the INBOX of each recipient, all or none; resolves when that is durable. Rejects with
   * NONEXISTENT when an address belongs to no account here.
   */
  deliver(raw: Uint8Array, recipients: readonly string[]): Promise<void> {
    return this.#gate.pass(async () => {
      const accounts = await this.#recipients(recipients)
      if (accounts.includes(null)) throw nobody()
      await this.#place(raw, accounts as Account[], null)
    })
  }

  /**
   * Delivers what has come in by SMTP, with its Return-Path, to the recipients that are here; for the others into
   * `outbox`, in the same step.
   */
  deliverMail(mail: ArrivedMail, outbox: { username: string; folder: string } | null): Promise<void> {
    return this.#gate.pass(async () => {
      const accounts = await this.#recipients(mail.to)
      const local = accounts.filter(account => account !== null)
      const remote = local.length < accounts.length
      if (remote && !outbox) throw nobody()
      const work = (): Promise<void> => {
        const raw = Buffer.concat([Buffer.from(mail.returnPath, 'utf8'), mail.rawBytes])
        return this.#place(raw, local, remote ? outbox : null)
      }
      await (mail.size < LARGE ? work() : this.#budget.spend(mail.size, work))
    })
  }

  /** Puts a message into a folder of an account; the folder is made when there is none. Resolves when it is durable. */
  storeMessage(
    username: string,
    folder: string,
    raw: Uint8Array,
    flags: readonly string[] = [],
    options: { readonly internalDate?: Date } = {},
  ): Promise<StoredMessage> {
    return this.#gate.pass(async () => {
      const account = await this.#account(username)
      const placement = {
        flags: flagSet(flags),
        internalDate: options.internalDate?.getTime() ?? Date.now(),
      }
      const body = this.#bodies.prepare(raw)
      const placed = await storeMessage(this.#database, this.#bodies, this.#changes, body, async trx => {
        const target = await folderToFill(trx, account.id, folder)
        return [{ ...placement, folderId: target.id, accountId: account.id }]
      })
      const { uidValidity, uid } = placed[0]!
      return { uidValidity, uid }
    })
  }

  /** The handlers of one session, for servers that are not attached. `onChange` hears of the open folder's changes. */
  openMailbox(username: string, onChange: Watcher = () => {}, isAdministrator = false): MailboxAccess {
    let account: Account | null = null
    const user = async (): Promise<Account> => (account ??= await this.#account(username))
    const parts = {
      database: this.#database,
      bodies: this.#bodies,
      sweeper: this.#sweeper,
      changes: this.#changes,
      gate: this.#gate,
    }
    return openMailbox(parts, user, onChange, isAdministrator)
  }

  /** As `openMailbox`, without news. */
  mailbox(username: string): MailboxHandlers {
    return this.openMailbox(username).handlers
  }

  /** Resolves when the work in the background (freeing what removed messages have left, indexing texts) is done. */
  async idle(): Promise<void> {
    await Promise.all([this.#sweeper.idle(), this.#texts.idle()])
  }

  /** Ends what is under way and closes the database. Operations that come later are refused as UNAVAILABLE. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#gate.close()
      await Promise.all([this.#sweeper.stop(), this.#texts.stop()])
      await this.#database.close()
    })()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #account(username: string): Promise<Account> {
    const account = await this.#accounts.find(username)
    if (!account) throw usageError(`there is no account ${JSON.stringify(username)}`)
    return account
  }

  async #complete(username: string): Promise<string> {
    if (username.includes('@')) return username
    const domains = await this.domains()
    return domains.length === 1 ? `${username}@${domains[0]}` : username
  }

  /** One entry for each different account, null when there is an address of none. */
  async #recipients(addresses: readonly string[]): Promise<(Account | null)[]> {
    const found = new Map<number | null, Account | null>()
    for (const address of addresses) {
      const accounts = await this.#accounts.forRecipient(address)
      if (accounts.length === 0) found.set(null, null)
      for (const account of accounts) found.set(account.id, account)
    }
    return [...found.values()]
  }

  async #place(
    raw: Uint8Array,
    accounts: readonly Account[],
    outbox: { username: string; folder: string } | null,
  ): Promise<void> {
    const sender = outbox && { id: (await this.#account(outbox.username)).id, folder: outbox.folder }
    const body = this.#bodies.prepare(raw)
    const internalDate = Date.now()
    await storeMessage(this.#database, this.#bodies, this.#changes, body, async trx => {
      const placements: OwnedPlacement[] = []
      for (const { id } of accounts) {
        const inbox = await getFolder(trx, id, INBOX)
        placements.push({ folderId: inbox.id, accountId: id, flags: flagSet([]), internalDate })
      }
      if (sender) {
        const folder = await folderToFill(trx, sender.id, sender.folder)
        placements.push({
          folderId: folder.id,
          accountId: sender.id,
          flags: flagSet(['Seen']),
          internalDate,
        })
      }
      return placements
    })
  }
}

function nobody(): Refusal {
  return new Refusal('NONEXISTENT', 'there is nobody of that name here')
}

/** The folder of that name, made when there is none. */
async function folderToFill(trx: Transaction<Tables>, accountId: number, name: string): Promise<FolderRow> {
  return (await findFolder(trx, accountId, name)) ?? createFolder(trx, accountId, name)
}
