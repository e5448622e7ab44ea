// A queue that shows what lies in it.
import type {
  ClaimedEntry,
  ClaimOptions,
  ContentSource,
  DeliveryQueue,
  QueueChange,
  QueueEntry,
} from '../delivery/index.ts'
import { MemoryQueue } from '../delivery/index.ts'

export class WatchedQueue implements DeliveryQueue {
  readonly #queue: DeliveryQueue
  readonly #entries = new Map<string, { -readonly [K in keyof QueueEntry]: QueueEntry[K] }>()

  constructor(queue: DeliveryQueue = new MemoryQueue()) {
    this.#queue = queue
  }

  /** What waits, in the order of its coming. */
  get entries(): readonly QueueEntry[] {
    return [...this.#entries.values()].map(entry => ({ ...entry }))
  }

  async add(entry: QueueEntry, content: ContentSource, leaseUntil: number): Promise<ClaimedEntry | null> {
    const claimed = await this.#queue.add(entry, content, leaseUntil)
    if (claimed) this.#entries.set(entry.id, { ...entry })
    return claimed
  }

  claim(wanted: ClaimOptions): Promise<readonly ClaimedEntry[]> {
    return this.#queue.claim(wanted)
  }

  content(id: string): Promise<ContentSource> {
    return this.#queue.content(id)
  }

  renew(id: string, lease: string, leaseUntil: number): Promise<boolean> {
    return this.#queue.renew(id, lease, leaseUntil)
  }

  async update(id: string, lease: string, change: QueueChange | null, release: boolean): Promise<boolean> {
    const done = await this.#queue.update(id, lease, change, release)
    const entry = this.#entries.get(id)
    if (done && entry) {
      if (change) Object.assign(entry, change)
      else this.#entries.delete(id)
    }
    return done
  }

  nextDue(): Promise<number | null> {
    return this.#queue.nextDue()
  }
}
