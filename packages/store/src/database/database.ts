// The database as the rest of the store sees it: reads, writes that resolve when they are durable, the dialect. What differs between one
// file of one process (sqlite.ts) and a server with several nodes (postgres.ts) is in its parts.
import type { Kysely, Transaction } from 'kysely'
import type { Dialect } from './dialect.ts'
import type { Tables } from './schema.ts'

export interface Writes {
  /** As `Database.write`. */
  write<T>(work: (trx: Transaction<Tables>) => Promise<T>): Promise<T>
  /** Resolves when everything that a read can have seen is durable. */
  settled(): Promise<void>
}

export interface DatabaseParts {
  readonly kysely: Kysely<Tables>
  readonly dialect: Dialect
  readonly writes: Writes
  /** What the processes tell each other that have this database open; null: there is only this one. */
  readonly nodes: Nodes | null
  /** Writes a copy of the database as it is now into this file, while others go on. */
  readonly snapshot: (target: string) => Promise<void>
  /** What is wrong with the database itself, a line each. Others wait meanwhile. */
  readonly check: () => Promise<string[]>
  readonly close: () => Promise<void>
}

/** Several processes with one database. */
export interface Nodes {
  /** Tells the others, soon; what cannot be told now is told when the database is back, as far as it is still of use. */
  tell(news: string): void
  /**
   * From now on calls `heard` with what the others tell, and `missed` when some of it may have been lost: every now and then, and
   * (`isLost`) when it was not possible to hear them for a while.
   */
  listen(heard: (news: string) => void, missed: (isLost: boolean) => void): void
  /** Runs `work` unless another process runs a work of this name; false: it does. */
  alone(name: string, work: () => Promise<void>): Promise<boolean>
}

export class Database {
  readonly dialect: Dialect
  readonly nodes: Nodes | null
  readonly #parts: DatabaseParts
  #snapshots: Promise<void> = Promise.resolve()

  constructor(parts: DatabaseParts) {
    this.#parts = parts
    this.dialect = parts.dialect
    this.nodes = parts.nodes
  }

  /**
   * Runs `work` in a transaction, all or nothing; resolves when what it wrote is durable. `work` may be run several times: only
   * what its last run gives counts. What it reads in order to change it, it locks (`forNoKeyUpdate`, folders/locks.ts): other processes
   * write at the same time.
   */
  write<T>(work: (trx: Transaction<Tables>) => Promise<T>): Promise<T> {
    return this.#parts.writes.write(work)
  }

  /** Runs queries; resolves when what they have seen is durable, so that nobody is told what a loss of power undoes. */
  async read<T>(work: (kysely: Kysely<Tables>) => Promise<T>): Promise<T> {
    const result = await work(this.#parts.kysely)
    await this.#parts.writes.settled()
    return result
  }

  /** Runs `work` in at most one process at a time; false: another one runs it. */
  async alone(name: string, work: () => Promise<void>): Promise<boolean> {
    if (this.nodes) return this.nodes.alone(name, work)
    await work()
    return true
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
}
