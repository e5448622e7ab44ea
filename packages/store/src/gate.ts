// Every operation of the store passes here: counted, so that closing waits for it; refused when the store is closed; and
// a failure of disk or database becomes a refusal that a client understands, while the cause goes to whoever keeps the log.
import { Refusal } from 'email-server'
import { isStorageFailure, unavailable } from './errors.ts'

export class Gate {
  readonly #onError: (error: unknown) => void
  #inside = 0
  #closed = false
  #left: (() => void) | null = null

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  async pass<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.hold(work)
    } catch (error) {
      if (!isStorageFailure(error)) throw error
      this.#onError(error)
      throw unavailable(error)
    }
  }

  /** Counted and refused as all others, but failures stay what they are: for who asks from outside of sessions. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new Refusal('UNAVAILABLE', 'the mail store is closed')
    this.#inside++
    try {
      return await work()
    } finally {
      this.#inside--
      if (this.#inside === 0) this.#left?.()
    }
  }

  /** Lets nobody in any more; resolves when all are out. */
  async close(): Promise<void> {
    this.#closed = true
    if (this.#inside > 0) await new Promise<void>(resolve => (this.#left = resolve))
  }
}
