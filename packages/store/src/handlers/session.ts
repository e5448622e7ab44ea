// What the handlers of one session share: the user, the folder that is open, and who hears of its changes.
import { Refusal } from 'email-server'
import type { FolderNews } from 'email-server/mailbox'
import type { Account } from '../accounts/accounts.ts'
import type { Bodies } from '../bodies/bodies.ts'
import type { Sweeper } from '../bodies/sweeper.ts'
import { type Change, type ChangeFeed, FolderWatch, type NamesChange, type Watcher } from '../changes.ts'
import type { Database } from '../database/database.ts'
import type { Gate } from '../gate.ts'

export interface StoreParts {
  readonly database: Database
  readonly bodies: Bodies
  readonly sweeper: Sweeper
  readonly changes: ChangeFeed
  readonly gate: Gate
}

export class StoreSession {
  readonly parts: StoreParts
  /** The account, asked for when it is first needed: outside of transactions, which would keep it waiting for themselves. */
  readonly user: () => Promise<Account>
  /** A function of its own for each session: it is also who the origin of a change is. */
  readonly #watcher: Watcher
  /** Where new messages are told: this session hears of them as well. */
  readonly own: Pick<ChangeFeed, 'publish'>
  readonly #folderWatch: FolderWatch
  #openId: number | null = null

  constructor(
    parts: StoreParts,
    user: () => Promise<Account>,
    onChange: Watcher,
    onFolderNews: ((news: FolderNews) => void) | null,
  ) {
    this.parts = parts
    this.user = user
    this.#watcher = change => onChange(change, null)
    this.own = parts.changes.by(this.#watcher)
    this.#folderWatch = new FolderWatch(parts.changes, this.#watcher, onFolderNews ?? (() => {}))
  }

  /** The open folder; refuses when there is none. */
  get folderId(): number {
    if (this.#openId === null) throw new Refusal('CLIENTBUG', 'no folder is open')
    return this.#openId
  }

  /** Opens a folder: from here on its changes are heard of. */
  open(folderId: number): void {
    this.leave()
    this.#openId = folderId
    this.parts.changes.watch(folderId, this.#watcher)
  }

  leave(): void {
    if (this.#openId !== null) this.parts.changes.unwatch(this.#openId, this.#watcher)
    this.#openId = null
  }

  /** Tells the other sessions. */
  publish(change: Change): void {
    this.parts.changes.publish(change, this.#watcher)
  }

  /** Tells the other sessions of whoever the folder belongs to. */
  publishNames(accountId: number, change: NamesChange): void {
    this.parts.changes.publishNames(accountId, change, this.#watcher)
  }

  /** Hears, or hears no longer, what others do to the user's own folders. */
  async watchFolders(on: boolean): Promise<undefined> {
    if (!on) {
      this.#folderWatch.stop()
      return undefined
    }
    const { id } = await this.user()
    await this.#folderWatch.start(id, () =>
      this.parts.database.read(db =>
        db
          .selectFrom('folders')
          .select(['id', 'name', 'highest_modseq', 'uid_next'])
          .where('account_id', '=', id)
          .execute(),
      ),
    )
    return undefined
  }

  /** No more news. */
  close(): void {
    this.leave()
    this.#folderWatch.stop()
  }
}
