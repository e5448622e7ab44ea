// The store: accounts, delivery and mailboxes over one database and one place for bodies.
import { resolve } from 'node:path'
import { type ConnectImapOptions, type ImapConnection, MailError } from 'email-server'
import type { MailboxHandlers } from 'email-server/mailbox'
import { type Account, Accounts } from './accounts/accounts.ts'
import { Directory } from './accounts/directory.ts'
import { removeAccount } from './accounts/removing.ts'
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
import { type ExportImapOptions, exportImap } from './transfer/export-imap.ts'
import {
  type ImapProgress,
  type ImportImapOptions,
  importImap,
  onConnection,
} from './transfer/import-imap.ts'
import type { NamedMessage } from './transfer/maildir.ts'
import {
  type ImportOptions,
  type ImportParts,
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

  /**
   * Removes an account: its folders and messages, aliases that lead to it, app passwords, quota, notes, and its rights on folders of others. Its open
   * sessions are shown out. What it has given to the queue is sent all the same: that was promised. False: there is no such account.
   */
  removeUser(address: string): Promise<boolean> {
    return this.gate.pass(async () => {
      const account = await this.accounts.find(address)
      if (!account) return false
      // nobody comes in while it goes
      await this.accounts.setEnabled(account.address, false)
      this.sessions.end(account.address)
      const gone = (folderId: number, uids: readonly number[]): void => {
        this.#changes.publish({ kind: 'vanished', folderId, uids }, null)
        this.#sweeper.wake()
      }
      const folders = await removeAccount(this.database, account, gone)
      for (const { id, name } of folders) {
        this.#changes.publishNames(
          account.id,
          { news: { kind: 'deleted', folder: name }, folderId: id },
          null,
        )
      }
      this.#sweeper.wake()
      return true
    })
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
        return [{ ...placement, folderId: target.id, made: target.made, accountId: account.id }]
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
    return this.gate.hold(async () =>
      importMessages(await this.#importParts(username, null), messages, options),
    )
  }

  /**
   * Brings the mail of an account of another IMAP server in: all folders with their messages, flags, arrivals and subscriptions. Nothing is changed
   * there. What has come once does not come again, nor is asked for again when the store remembers it (`place`), also when it was
   * removed here meanwhile; begun anew it goes on where it was. A lost connection is waited for. Rejects with what `connectIMAP` rejects with, EUSAGE when
   * there is no such account, ELIMIT for a message that is too long, ECOMMAND for one that the server does not give (`onRefused`).
   */
  importIMAP(
    username: string,
    imap: ImapConnection | ConnectImapOptions,
    options: ImportImapOptions = {},
  ): Promise<ImapProgress> {
    return this.gate.hold(() =>
      onConnection(imap, options, async (connection, place) =>
        importImap(await this.#importParts(username, place), this.mailbox(username), connection, options),
      ),
    )
  }

  /**
   * The other way round: all folders of an account to an account of another IMAP server, where they are made when there are none. What is there already, by its octets or
   * because it was sent at an earlier time, is passed over. Rejects as `importIMAP` does.
   */
  exportIMAP(
    username: string,
    imap: ImapConnection | ConnectImapOptions,
    options: ExportImapOptions = {},
  ): Promise<ImapProgress> {
    return this.gate.hold(async () => {
      const { id } = await this.gate.pass(() => this.#account(username))
      const handlers = this.mailbox(username)
      return onConnection(imap, options, (connection, place) =>
        exportImap({ accountId: id, database: this.database, handlers, place }, connection, options),
      )
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
    const access = openMailbox(parts, user, onChange, options)
    const { onEnd } = options
    if (!onEnd) return access
    this.sessions.add(username, onEnd)
    return {
      handlers: access.handlers,
      close: () => {
        this.sessions.remove(username, onEnd)
        access.close()
      },
    }
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

  async #importParts(username: string, place: string | null): Promise<ImportParts> {
    const { id } = await this.gate.pass(() => this.#account(username))
    return {
      gate: this.gate,
      database: this.database,
      bodies: this.#bodies,
      changes: this.#changes,
      accountId: id,
      folderToFill: (trx, name) => folderToFill(trx, id, name),
      place,
    }
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
