// The database as the rest of the store sees it: reads, writes that resolve when they are durable, the dialect.
import type { Kysely, Transaction } from 'kysely'
import type { Dialect } from './dialect.ts'
import { GroupSync } from './group-sync.ts'
import type { Tables } from './schema.ts'

export interface DatabaseParts {
  readonly kysely: Kysely<Tables>
  readonly dialect: Dialect
  /** Makes everything committed before survive a loss of power. */
  readonly flush: () => Promise<void>
  readonly close: () => Promise<void>
}

export class Database {
  readonly dialect: Dialect
  readonly #parts: DatabaseParts
  readonly #sync: GroupSync

  constructor(parts: DatabaseParts) {
    this.#parts = parts
    this.dialect = parts.dialect
    this.#sync = new GroupSync(parts.flush)
  }

  /** Runs `work` in one transaction; resolves when what it wrote is durable. `work` awaits nothing but its queries. */
  async write<T>(work: (trx: Transaction<Tables>) => Promise<T>): Promise<T> {
    const result = await this.#parts.kysely.transaction().execute(async trx => {
      const value = await work(trx)
      // counted before the commit: who reads what is committed then also waits for the flush
      this.#sync.committed()
      return value
    })
    await this.#sync.flushed()
    return result
  }

  /** Runs queries; resolves when what they have seen is durable, so that nobody is told what a loss of power undoes. */
  async read<T>(work: (kysely: Kysely<Tables>) => Promise<T>): Promise<T> {
    const result = await work(this.#parts.kysely)
    await this.#sync.flushed()
    return result
  }

  close(): Promise<void> {
    return this.#parts.close()
  }
}
