// What the handlers of one session share: the user, the folder that is open, and who hears of its changes.
import { Refusal } from 'email-server'
import type { Account } from '../accounts/accounts.ts'
import type { Bodies } from '../bodies/bodies.ts'
import type { Sweeper } from '../bodies/sweeper.ts'
import type { Change, ChangeFeed, Watcher } from '../changes.ts'
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
  #openId: number | null = null

  constructor(parts: StoreParts, user: () => Promise<Account>, onChange: Watcher) {
    this.parts = parts
    this.user = user
    this.#watcher = change => onChange(change)
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
}
