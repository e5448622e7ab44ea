// Writes for a server that takes many at a time, PostgreSQL: each in a transaction of its own on a connection of its own. The server flushes its
// log once for all that commit together, and shows nobody a commit before it is flushed (synchronous_commit).
//
// Why no reader misses a UID. A folder's UIDs and mod-sequences are taken by an update of its row (messages/placing.ts), which locks that
// row until the transaction ends. Whoever takes UID n + 1 has waited for the end of the transaction that took n, and PostgreSQL makes a commit
// visible before it gives its locks back. So when n + 1 is visible, n is: readers who ask for "everything from n + 1 on" have seen all before. If
// the first is rolled back, its update never was, and n is given out once, to the second. Mod-sequences likewise. Changes that read first what
// they change (flags, removals, quotas) lock the rows before they read (folders/locks.ts): at READ COMMITTED each statement behind
// the lock sees what all before it have committed.
import type { Kysely, Transaction } from 'kysely'
import type { Writes } from './database.ts'
import { isInTheWay } from './postgres-errors.ts'
import type { Tables } from './schema.ts'

/** Times that a write is tried which others are in the way of. */
const ATTEMPTS = 10
const FIRST_PAUSE_MS = 4

export class ParallelWrites implements Writes {
  readonly #kysely: Kysely<Tables>
  readonly #atOnce: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  /** @param atOnce connections that may be in use for writes: readers need some as well */
  constructor(kysely: Kysely<Tables>, atOnce: number) {
    this.#kysely = kysely
    this.#atOnce = atOnce
  }

  async write<T>(work: (trx: Transaction<Tables>) => Promise<T>): Promise<T> {
    if (this.#running < this.#atOnce) this.#running++
    else await new Promise<void>(go => this.#waiting.push(go))
    try {
      return await this.#tryWrite(work)
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running--
    }
  }

  async settled(): Promise<void> {}

  async #tryWrite<T>(work: (trx: Transaction<Tables>) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#kysely.transaction().setIsolationLevel('read committed').execute(work)
      } catch (error) {
        if (!isInTheWay(error) || attempt >= ATTEMPTS) throw error
        const pause = Math.random() * FIRST_PAUSE_MS * 2 ** Math.min(attempt, 6)
        await new Promise(resolve => setTimeout(resolve, pause))
      }
    }
  }
}
