// The database as the rest of the store sees it: reads, writes that resolve when they are durable, the dialect.
//
// Writes that are asked for in one turn of the event loop share a transaction, and commits that come together share a
// flush of the disk (group-sync.ts). When one write of a shared transaction fails, all of it is rolled back and each
// write is run again in a transaction of its own, so that it fails alone.
import type { Kysely, Transaction } from 'kysely'
import type { Dialect } from './dialect.ts'
import { GroupSync } from './group-sync.ts'
import type { Tables } from './schema.ts'

export interface DatabaseParts {
  readonly kysely: Kysely<Tables>
  readonly dialect: Dialect
  /** Makes everything committed before survive a loss of power. */
  readonly flush: () => Promise<void>
  /** Writes a copy of the database as it is now into this file, while others go on. */
  readonly snapshot: (target: string) => Promise<void>
  /** What is wrong with the database itself, a line each. Others wait meanwhile. */
  readonly check: () => Promise<string[]>
  readonly close: () => Promise<void>
}

type Work = (trx: Transaction<Tables>) => Promise<void>

interface Waiting {
  readonly work: Work
  readonly committed: () => void
  readonly failed: (error: unknown) => void
}

/** Writes in one transaction; more would keep the event loop too long. */
const MOST_TOGETHER = 32

export class Database {
  readonly dialect: Dialect
  readonly #parts: DatabaseParts
  readonly #sync: GroupSync
  readonly #waiting: Waiting[] = []
  #writing = false
  #snapshots: Promise<void> = Promise.resolve()

  constructor(parts: DatabaseParts) {
    this.#parts = parts
    this.dialect = parts.dialect
    this.#sync = new GroupSync(parts.flush)
  }

  /**
   * Runs `work` in a transaction, all or nothing; resolves when what it wrote is durable. `work` may be run twice: only
   * what its last run gives counts. Reads wait while it runs.
   */
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

  /** Runs queries; resolves when what they have seen is durable, so that nobody is told what a loss of power undoes. */
  async read<T>(work: (kysely: Kysely<Tables>) => Promise<T>): Promise<T> {
    const result = await work(this.#parts.kysely)
    await this.#sync.flushed()
    return result
  }

  /** Writes a copy of the database as it is now into this file, while others go on; what it has is durable, the copy too. */
  snapshot(target: string): Promise<void> {
    // one after the other: the end of one would let the database change under the other
    const made = this.#snapshots.then(() => this.#parts.snapshot(target))
    this.#snapshots = made.catch(() => {}) // whoever asked for it is told
    return made
  }

  /** What is wrong with the database itself, a line each. Others wait meanwhile. */
  check(): Promise<string[]> {
    return this.#parts.check()
  }

  close(): Promise<void> {
    return this.#parts.close()
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
    await this.#parts.kysely.transaction().execute(async trx => {
      for (const { work } of group) await work(trx)
      // Counted before the commit, so that who reads what is committed also waits for the flush; the two happen in one
      // turn of the event loop, and flushes begin in a turn of their own.
      this.#sync.committed()
    })
    for (const { committed } of group) committed()
  }
}
