// Who is here: connections with what runs on them, the users behind them, and how they are shown out.
import type { Connection } from '../base/runtime.ts'
import type { ServerSession } from '../base/session.ts'
import type { MailboxSession } from '../mailbox/index.ts'

export interface Guest {
  readonly connection: Connection
  /** Null: somebody is there, and no session yet. */
  readonly session: ServerSession | null
  readonly mailbox: () => MailboxSession | null
}

export class Guests {
  readonly #guests = new Map<Connection, Guest>()
  /** Who is logged in where, of those who are counted. */
  readonly #users = new Map<Connection, string>()
  readonly #onEmpty: (() => void)[] = []

  /** All who are here now; who comes or goes meanwhile does not matter. */
  get all(): readonly Guest[] {
    return [...this.#guests.values()]
  }

  /** Somebody is there, and no session yet. */
  arrived(connection: Connection): void {
    this.seated({ connection, session: null, mailbox: () => null })
  }

  seated(guest: Guest): void {
    this.#guests.set(guest.connection, guest)
  }

  /** What stands for this connection is another one from now on. */
  replaced(connection: Connection): void {
    this.#guests.delete(connection)
  }

  loggedIn(connection: Connection, user: string): void {
    this.#users.set(connection, user)
  }

  /** The user who was counted there; null: nobody. */
  gone(connection: Connection): string | null {
    const user = this.#users.get(connection) ?? null
    this.#users.delete(connection)
    this.#guests.delete(connection)
    if (this.#guests.size === 0) for (const settle of this.#onEmpty.splice(0)) settle()
    return user
  }

  /** Asks these to leave: after what they are at, or at once where there is no session. */
  showOut(whom: (guest: Guest) => boolean = () => true): void {
    for (const guest of this.all) {
      if (!whom(guest)) continue
      if (guest.session) guest.session.shutdown()
      else guest.connection.destroy()
    }
  }

  throwOut(): void {
    for (const { connection } of this.all) connection.destroy()
  }

  /** Resolves when nobody is here any more. */
  whenEmpty(): Promise<void> {
    if (this.#guests.size === 0) return Promise.resolve()
    return new Promise(resolve => this.#onEmpty.push(resolve))
  }
}
