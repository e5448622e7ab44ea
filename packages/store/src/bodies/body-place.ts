// Where large bodies lie, under their SHA-256: in files or in a bucket; and who may not remove them.
import type { MessageBody } from 'email-server/mailbox'

/** A body that lies there, mentioned by the database or not. */
export interface PlacedBody {
  readonly hash: string
  /** Bytes. */
  readonly size: number
  /** ms since the epoch. */
  readonly modifiedAt: number
}

export interface BodyPlace {
  /** Resolves when the body is there and survives a loss of power. */
  put(hash: string, content: Uint8Array): Promise<void>
  has(hash: string): Promise<boolean>
  /** The bytes: whole when they are few, else as a stream, which frees what it holds when it ends or is left. */
  read(hash: string): Promise<MessageBody>
  /** Nothing happens when it is not there. */
  remove(hash: string): Promise<void>
  list(): AsyncIterable<PlacedBody>
}

export function isHash(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name)
}

/** A place, and what is under way there: a body that a delivery is about to mention in the database is not removed. */
export class LargeBodies {
  readonly place: BodyPlace
  readonly #inUse = new Map<string, number>()
  readonly #removing = new Map<string, Promise<void>>()

  constructor(place: BodyPlace) {
    this.place = place
  }

  /** Runs `work` with the body in its place, and durable; until it ends the body stays. */
  async holding<T>(hash: string, content: Uint8Array, work: () => Promise<T>): Promise<T> {
    this.#inUse.set(hash, (this.#inUse.get(hash) ?? 0) + 1)
    try {
      await this.#removing.get(hash)
      await this.place.put(hash, content)
      return await work()
    } finally {
      const left = (this.#inUse.get(hash) ?? 1) - 1
      if (left === 0) this.#inUse.delete(hash)
      else this.#inUse.set(hash, left)
    }
  }

  /** Removes the body unless a delivery holds it, or `isMentioned` finds that the database knows it. True: it is gone. */
  async remove(hash: string, isMentioned: () => Promise<boolean>): Promise<boolean> {
    if (this.#inUse.has(hash) || this.#removing.has(hash)) return false
    const removal = (async () => {
      if (await isMentioned()) return false
      await this.place.remove(hash)
      return true
    })()
    this.#removing.set(
      hash,
      removal.then(
        () => {},
        () => {}, // who waits wants to know only that it is over
      ),
    )
    try {
      return await removal
    } finally {
      this.#removing.delete(hash)
    }
  }
}
