// The store: accounts, delivery and mailboxes over one database and one place for bodies.
import { resolve } from 'node:path'
import { MailError } from 'email-server'
import type { MailboxHandlers } from 'email-server/mailbox'
import type { Transaction } from 'kysely'
import { type Account, Accounts } from './accounts/accounts.ts'
import { Directory } from './accounts/directory.ts'
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
import { ChangesOfOthers } from './changes-of-others.ts'
import type { Database } from './database/database.ts'
import type { Tables } from './database/schema.ts'
import { isStorageFailure } from './errors.ts'
import { folderToFill } from './folders/folders.ts'
import { INBOX } from './folders/names.ts'
import { Gate } from './gate.ts'
import { type MailboxAccess, type MailboxOptions, openMailbox } from './mailbox-handlers.ts'
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

export class Store extends Directory {
  /** Where messages wait to be sent: `createServer({ delivery: { queue: store.queue } })`. They survive what messages in folders survive. */
  readonly queue: OutboundQueue
  readonly #bodies: Bodies
  readonly #sweeper: Sweeper
  readonly #large: LargeBodies
  readonly #texts: TextIndex
  readonly #changes: ChangeFeed
  readonly #arrivals: Arrivals
  #closing: Promise<void> | null = null

  constructor(parts: StoreParts) {
    super(parts.database, new Accounts(parts.database, parts.keepsScramKeys), new Gate(parts.onError))
    this.#bodies = parts.bodies
    this.#sweeper = parts.sweeper
    this.#large = parts.large
    this.#texts = new TextIndex(parts.database, parts.bodies, parts.onError)
    parts.bodies.onStored = () => this.#texts.wake()
    this.#texts.wake()
    this.#changes = new ChangeFeed(parts.onError)
    if (parts.database.nodes) {
      const onDomain = (name: string): void => this.heardOfDomain(name)
      this.#changes.others = new ChangesOfOthers(parts.database, this.#changes, onDomain, parts.onError)
    }
    const shared = {
      ...parts,
      changes: this.#changes,
      gate: this.gate,
      budget: new ByteBudget(LARGE_AT_A_TIME),
    }
    this.queue = new OutboundQueue(shared)
    this.#arrivals = new Arrivals({ ...shared, accounts: this.accounts, queue: this.queue })
  }

  /** Puts the store behind a server: authentication, delivery, mailboxes, notifications. */
  attach(server: MailServer, options: AttachOptions = {}): this {
    attachStore(this, server, options)
    return this
  }

  /**
   * Delivers a message to the INBOX of each recipient, all or none; resolves when that is durable. Rejects with
   * NONEXISTENT when an address belongs to no account here.
   */
  deliver(raw: Uint8Array, recipients: readonly string[]): Promise<void> {
    return this.gate.pass(() => this.#arrivals.deliver(raw, recipients))
  }

  /**
   * Delivers what has come in by SMTP, with its Return-Path, to the recipients that are here; for the others into
   * `outbox`, in the same step.
   */
  deliverMail(mail: ArrivedMail, outbox: { username: string; folder: string } | null): Promise<void> {
    return this.gate.pass(() => this.#arrivals.deliverMail(mail, outbox))
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
    return this.gate.pass(async () => {
      const account = await this.#account(username)
      const placement = {
        flags: flagSet(flags),
        internalDate: options.internalDate?.getTime() ?? Date.now(),
      }
      const body = this.#bodies.prepare(raw)
      const placed = await storeMessage(this.database, this.#bodies, this.#changes, body, async trx => {
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
    return this.gate.hold(async () => {
      const { id } = await this.gate.pass(() => this.#account(username))
      const parts = {
        gate: this.gate,
        database: this.database,
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
  openMailbox(username: string, onChange: Watcher = () => {}, options: MailboxOptions = {}): MailboxAccess {
    let account: Account | null = null
    const user = async (): Promise<Account> => (account ??= await this.#account(username))
    const parts = {
      database: this.database,
      bodies: this.#bodies,
      sweeper: this.#sweeper,
      changes: this.#changes,
      gate: this.gate,
    }
    return openMailbox(parts, user, onChange, options)
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
    return this.gate.hold(() =>
      backup(this.#upkeep(), resolve(directory), options).catch(failed('the backup')),
    )
  }

  /**
   * Looks whether every reference resolves, every body has its hash and size and every counter is right. The check of the database's own
   * structure holds up everybody else while it lasts; the rest goes on beside them.
   */
  verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    return this.gate.hold(() => verify(this.#upkeep(), options).catch(failed('the check')))
  }

  /** Resolves when the work in the background (freeing what removed messages have left, indexing texts) is done. */
  async idle(): Promise<void> {
    await Promise.all([this.#sweeper.idle(), this.#texts.idle()])
  }

  /** Ends what is under way and closes the database. Operations that come later are refused as UNAVAILABLE. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.gate.close()
      await Promise.all([this.#sweeper.stop(), this.#texts.stop()])
      await this.database.close()
    })()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #upkeep(): { database: Database; large: LargeBodies; sweeper: Sweeper } {
    return { database: this.database, large: this.#large, sweeper: this.#sweeper }
  }

  #account(username: string): Promise<Account> {
    return accountOf(this.accounts, username)
  }
}

/** Failures of disk and database as errors of ours; the cause says more. */
function failed(what: string): (error: unknown) => never {
  return error => {
    if (!isStorageFailure(error)) throw error
    throw new MailError('EHANDLER', `${what} failed: ${(error as Error).message}`, { cause: error })
  }
}
