// The store: accounts, delivery and mailboxes over one database and one place for bodies.
import { resolve } from 'node:path'
import { MailError, type ScramKeys } from 'email-server'
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
import { Arrivals, accountOf } from './arrivals.ts'
import {
  type ArrivedMail,
  type AttachOptions,
  attachStore,
  type MailServer,
  type SubmittedMail,
} from './attach.ts'
import type { Bodies } from './bodies/bodies.ts'
import type { LargeBodies } from './bodies/body-place.ts'
import type { Sweeper } from './bodies/sweeper.ts'
import { ChangeFeed, type Watcher } from './changes.ts'
import type { Database } from './database/database.ts'
import type { Tables } from './database/schema.ts'
import { isStorageFailure, usageError } from './errors.ts'
import { folderToFill } from './folders/folders.ts'
import { writeServerMetadata } from './folders/metadata.ts'
import { INBOX } from './folders/names.ts'
import { type Limits, roomFor, setLimits, type Usage, usageOf } from './folders/quota.ts'
import { Gate } from './gate.ts'
import { type MailboxAccess, openMailbox } from './mailbox-handlers.ts'
import { ByteBudget } from './messages/budget.ts'
import { storeMessage } from './messages/delivering.ts'
import { flagSet } from './messages/flags.ts'
import { TextIndex } from './messages/text-index.ts'
import { OutboundQueue } from './queue/outbound-queue.ts'
import { exportFolder } from './transfer/export.ts'
import type { NamedMessage } from './transfer/maildir.ts'
import {
  type ImportOptions,
  type ImportProgress,
  importMessages,
  type TransferMessage,
} from './transfer/transfer.ts'
import { type BackupOptions, type BackupProgress, backup } from './upkeep/backup.ts'
import { type VerifyOptions, type VerifyReport, verify } from './upkeep/verify.ts'

export interface StoreParts {
  readonly database: Database
  readonly bodies: Bodies
  readonly sweeper: Sweeper
  readonly large: LargeBodies
  readonly keepsScramKeys: boolean
  readonly onError: (error: unknown) => void
}

export interface StoredMessage {
  readonly uidValidity: number
  readonly uid: number
}

/** Bytes of large messages in memory at a time. */
const LARGE_AT_A_TIME = 64 * 1024 * 1024

export class Store {
  /** Where messages wait to be sent: `createServer({ delivery: { queue: store.queue } })`. They survive what messages in folders survive. */
  readonly queue: OutboundQueue
  readonly #database: Database
  readonly #bodies: Bodies
  readonly #sweeper: Sweeper
  readonly #large: LargeBodies
  readonly #texts: TextIndex
  readonly #accounts: Accounts
  readonly #changes: ChangeFeed
  readonly #gate: Gate
  readonly #arrivals: Arrivals
  readonly #onDomain: ((name: string) => void)[] = []
  #closing: Promise<void> | null = null

  constructor(parts: StoreParts) {
    this.#database = parts.database
    this.#bodies = parts.bodies
    this.#sweeper = parts.sweeper
    this.#large = parts.large
    this.#texts = new TextIndex(parts.database, parts.bodies, parts.onError)
    parts.bodies.onStored = () => this.#texts.wake()
    this.#texts.wake()
    this.#accounts = new Accounts(parts.database, parts.keepsScramKeys)
    this.#changes = new ChangeFeed(parts.onError)
    this.#gate = new Gate(parts.onError)
    const shared = {
      ...parts,
      changes: this.#changes,
      gate: this.#gate,
      budget: new ByteBudget(LARGE_AT_A_TIME),
    }
    this.queue = new OutboundQueue(shared)
    this.#arrivals = new Arrivals({ ...shared, accounts: this.#accounts, queue: this.queue })
  }

  /** Puts the store behind a server: authentication, delivery, mailboxes, notifications. */
  attach(server: MailServer, options: AttachOptions = {}): this {
    attachStore(this, server, options)
    return this
  }

  /** Makes a domain ours: mail for it is taken, accounts can be made in it. Nothing happens when it is already. */
  async addDomain(name: string): Promise<void> {
    await this.#gate.pass(() => this.#accounts.addDomain(name))
    const known = domainName(name)
    if (known !== null) for (const listener of this.#onDomain) listener(known)
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
    return this.#gate.pass(() => this.#arrivals.deliver(raw, recipients))
  }

  /**
   * Delivers what has come in by SMTP, with its Return-Path, to the recipients that are here; for the others into
   * `outbox`, in the same step.
   */
  deliverMail(mail: ArrivedMail, outbox: { username: string; folder: string } | null): Promise<void> {
    return this.#gate.pass(() => this.#arrivals.deliverMail(mail, outbox))
  }

  /**
   * Takes a submitted message: into the INBOX of those of its recipients who are here, into the queue for the others, in one
   * step. Resolves when that is durable. The server that the message came to must have `queue` as its queue.
   */
  submitMail(mail: SubmittedMail): Promise<void> {
    return this.#arrivals.submit(mail)
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

  /**
   * Puts messages from elsewhere into the folders of an account, which are made when there are none. Each is durable when `onProgress` has
   * counted it. What is in its folder already, by its octets, is passed over: an import that was broken off is begun anew. Throws EUSAGE
   * when there is no such account.
   */
  importMessages(
    username: string,
    messages: AsyncIterable<TransferMessage> | Iterable<TransferMessage>,
    options: ImportOptions = {},
  ): Promise<ImportProgress> {
    return this.#gate.hold(async () => {
      const { id } = await this.#gate.pass(() => this.#account(username))
      const parts = {
        gate: this.#gate,
        database: this.#database,
        bodies: this.#bodies,
        changes: this.#changes,
        accountId: id,
        folderToFill: (trx: Transaction<Tables>, name: string) => folderToFill(trx, id, name),
      }
      return importMessages(parts, messages, options)
    })
  }

  /** The messages of a folder, ascending by UID. Refuses with NONEXISTENT when there is none of that name. */
  async *exportMessages(username: string, folder: string = INBOX): AsyncGenerator<NamedMessage> {
    yield* exportFolder(this.mailbox(username), folder)
  }

  /** The folders of an account, INBOX first. Throws EUSAGE when there is no such account. */
  async folderNames(username: string): Promise<string[]> {
    return (await this.mailbox(username).folders!({})).map(({ name }) => name)
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

  /**
   * Writes a backup into a directory while the store is in use: the database as it is at one moment, and all large bodies that it mentions,
   * also those that are in a bucket. The directory is a store: `openStore('sqlite:DIRECTORY')`. One that has an earlier backup gets what
   * is new, and has the earlier one until the new one is whole. Throws EUSAGE when the directory has something else in it, EHANDLER when
   * something cannot be read or written.
   */
  backup(directory: string, options: BackupOptions = {}): Promise<BackupProgress> {
    return this.#gate.hold(() =>
      backup(this.#upkeep(), resolve(directory), options).catch(failed('the backup')),
    )
  }

  /**
   * Looks whether every reference resolves, every body has its hash and size and every counter is right. The check of the database's own
   * structure holds up everybody else while it lasts; the rest goes on beside them.
   */
  verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    return this.#gate.hold(() => verify(this.#upkeep(), options).catch(failed('the check')))
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

  #upkeep(): { database: Database; large: LargeBodies; sweeper: Sweeper } {
    return { database: this.#database, large: this.#large, sweeper: this.#sweeper }
  }

  #account(username: string): Promise<Account> {
    return accountOf(this.#accounts, username)
  }

  async #complete(username: string): Promise<string> {
    if (username.includes('@')) return username
    const domains = await this.domains()
    return domains.length === 1 ? `${username}@${domains[0]}` : username
  }
}

/** Failures of disk and database as errors of ours; the cause says more. */
function failed(what: string): (error: unknown) => never {
  return error => {
    if (!isStorageFailure(error)) throw error
    throw new MailError('EHANDLER', `${what} failed: ${(error as Error).message}`, { cause: error })
  }
}
