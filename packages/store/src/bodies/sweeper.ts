// Removes bodies that no message and nothing in the queue refers to any more, a few at a time and apart from the command that removed the
// messages: freeing the space of a large folder would hold up everybody else. What is left to do is in the database, so
// that a killed process goes on with it at the next start.
import type { Database } from '../database/database.ts'
import type { LargeBodies } from './body-place.ts'
import { removeLarge } from './removing.ts'

/** Bodies in one transaction. */
const AT_A_TIME = 16

export class Sweeper {
  readonly #database: Database
  readonly #large: LargeBodies
  readonly #onError: (error: unknown) => void
  #running: Promise<void> | null = null
  #again = false
  #stopped = false
  #pauses = 0

  constructor(database: Database, large: LargeBodies, onError: (error: unknown) => void) {
    this.#database = database
    this.#large = large
    this.#onError = onError
  }

  /** There is something to remove. */
  wake(): void {
    this.#again = true
    if (this.#pauses === 0) this.#running ??= this.#run()
  }

  /** Resolves when nothing is left to remove. */
  async idle(): Promise<void> {
    await this.#running
  }

  /** Runs `work` while nothing is removed. */
  async paused<T>(work: () => Promise<T>): Promise<T> {
    this.#pauses++
    try {
      await this.#running
      return await work()
    } finally {
      this.#pauses--
      if (this.#pauses === 0 && this.#again) this.wake()
    }
  }

  /** Ends after the transaction under way. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
  }

  async #run(): Promise<void> {
    try {
      while (this.#again && !this.#isHalted()) {
        this.#again = false
        while (!this.#isHalted() && (await this.#removeBodies())) await nextTurn()
        await this.#removeFiles()
        // what a pause has cut short goes on behind it
        if (this.#isHalted()) this.#again = true
      }
    } catch (error) {
      // what is left stays noted for the next time
      this.#onError(error)
    } finally {
      this.#running = null
    }
  }

  #isHalted(): boolean {
    return this.#stopped || this.#pauses > 0
  }

  /** True when there may be more. */
  async #removeBodies(): Promise<boolean> {
    const noted = await this.#database.read(db =>
      db.selectFrom('unused_bodies').select('body_id').limit(1).execute(),
    )
    if (noted.length === 0) return false
    return this.#database.write(async trx => {
      // what another process removes, or has just noted once more, is left to it
      const ours = await trx
        .selectFrom('unused_bodies')
        .select('body_id')
        .orderBy('body_id')
        .limit(AT_A_TIME)
        .forUpdate()
        .skipLocked()
        .execute()
      const ids = ours.map(row => row.body_id)
      if (ids.length === 0) return false
      const removed = await trx
        .deleteFrom('bodies')
        .where('id', 'in', ids)
        .where(({ not, exists, selectFrom }) =>
          not(exists(selectFrom('messages').select('uid').whereRef('messages.body_id', '=', 'bodies.id'))),
        )
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('queue_entries').select('id').whereRef('queue_entries.body_id', '=', 'bodies.id'),
            ),
          ),
        )
        .returning(['hash', 'in_file'])
        .execute()
      const files = removed.filter(row => row.in_file === 1).map(({ hash }) => ({ hash }))
      if (files.length > 0) {
        await trx
          .insertInto('unused_files')
          .values(files)
          .onConflict(conflict => conflict.doNothing())
          .execute()
      }
      await trx.deleteFrom('unused_bodies').where('body_id', 'in', ids).execute()
      return ids.length === AT_A_TIME
    })
  }

  async #removeFiles(): Promise<void> {
    const files = await this.#database.read(db => db.selectFrom('unused_files').select('hash').execute())
    for (const { hash } of files) {
      if (this.#isHalted()) return
      await removeLarge(this.#database, this.#large, hash)
      await this.#database.write(trx => trx.deleteFrom('unused_files').where('hash', '=', hash).execute())
    }
  }
}

function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
