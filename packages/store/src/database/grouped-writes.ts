// Writes for a database with one writer, SQLite. Those that are asked for in one turn of the event loop share a transaction, and commits
// that come together share a flush of the disk (group-sync.ts). When one write of a shared transaction fails, all of it is rolled back
// and each write is run again in a transaction of its own, so that it fails alone.
import type { Kysely, Transaction } from 'kysely'
import type { Writes } from './database.ts'
import { GroupSync } from './group-sync.ts'
import type { Tables } from './schema.ts'

type Work = (trx: Transaction<Tables>) => Promise<void>

interface Waiting {
  readonly work: Work
  readonly committed: () => void
  readonly failed: (error: unknown) => void
}

/** Writes in one transaction; more would keep the event loop too long. */
const MOST_TOGETHER = 32

export class GroupedWrites implements Writes {
  readonly #kysely: Kysely<Tables>
  readonly #sync: GroupSync
  readonly #waiting: Waiting[] = []
  #writing = false

  /** @param flush makes everything committed before survive a loss of power */
  constructor(kysely: Kysely<Tables>, flush: () => Promise<void>) {
    this.#kysely = kysely
    this.#sync = new GroupSync(flush)
  }

  async write<T>(work: (trx: Transaction<Tables>) => Promise<T>): Promise<T> {
    let result: { readonly value: T } | null = null
    await new Promise<void>((committed, failed) => {
      const run = async (trx: Transaction<Tables>): Promise<void> => {
        result = { value: await work(trx) }
      }
      this.#waiting.push({ work: run, committed, failed })
      if (!this.#writing) void this.#writeAll()
    })
    await this.#sync.flushed()
    return result!['value']
  }

  settled(): Promise<void> {
    return this.#sync.flushed()
  }

  /** Never rejects: each failure is told to who waits. */
  async #writeAll(): Promise<void> {
    this.#writing = true
    while (this.#waiting.length > 0) {
      await new Promise(resolve => setImmediate(resolve))
      const group = this.#waiting.splice(0, MOST_TOGETHER)
      try {
        await this.#transaction(group)
      } catch (error) {
        if (group.length === 1) group[0]!.failed(error)
        else for (const one of group) await this.#transaction([one]).catch(one.failed)
      }
    }
    this.#writing = false
  }

  async #transaction(group: readonly Waiting[]): Promise<void> {
    await this.#kysely.transaction().execute(async trx => {
      for (const { work } of group) await work(trx)
      // Counted before the commit, so that who reads what is committed also waits for the flush; the two happen in one
      // turn of the event loop, and flushes begin in a turn of their own.
      this.#sync.committed()
    })
    for (const { committed } of group) committed()
  }
}
