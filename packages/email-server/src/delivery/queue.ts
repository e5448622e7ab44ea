// The queue port: where messages wait for another attempt. The one in memory is here; a durable one takes its place by the same five
// methods. What is promised with it: a message that `add` has taken is delivered, given back, or still there, whenever the process dies.
import { concat } from '../base/bytes.ts'
import { optionError } from '../base/errors.ts'
import { Heap } from '../base/heap.ts'
import type { ContentSource } from './content.ts'
import type { DeliveryEnvelope, EnvelopeRecipient } from './courier.ts'
import { temporary } from './failure.ts'

/** A message that waits, and for whom. Plain data: it survives JSON. */
export interface QueueEntry {
  /** Ours; unique. Adding the same id twice adds once. */
  readonly id: string
  /** With its angle brackets. */
  readonly messageId: string | null
  readonly envelope: DeliveryEnvelope
  /** Those who have it not yet; those who are done with are no longer here. */
  readonly recipients: readonly EnvelopeRecipient[]
  /** When it was taken, ms since the epoch. */
  readonly since: number
  /** Attempts that were made. */
  readonly attempts: number
  /** When the next one is due, ms since the epoch. */
  readonly nextAttempt: number
  /** The sender has been told that it takes longer. */
  readonly warned: boolean
}

/** An entry that is being worked on. `lease` proves it: who has lost it may not change the entry. */
export interface ClaimedEntry extends QueueEntry {
  readonly lease: string
}

/** What an attempt changes. */
export type QueueChange = Pick<QueueEntry, 'recipients' | 'attempts' | 'nextAttempt' | 'warned'>

export interface ClaimOptions {
  /** Entries whose `nextAttempt` is not later than this, ms since the epoch. */
  readonly dueBy: number
  /** The time: leases that end by now are none. */
  readonly now: number
  readonly leaseUntil: number
  /** At most so many. */
  readonly limit: number
}

export interface DeliveryQueue {
  /**
   * Takes a message; when it resolves the message is safe. Claimed for the caller at once, until `leaseUntil`. Null: this id is there
   * already (or was, and is done with, as far as the queue remembers), and nothing was changed.
   */
  add(entry: QueueEntry, content: ContentSource, leaseUntil: number): Promise<ClaimedEntry | null>
  /** Entries that are due and not claimed by anybody, the longest due first; they are claimed by that. */
  claim(wanted: ClaimOptions): Promise<readonly ClaimedEntry[]>
  /** The message, from its start; as often as it is asked for. */
  content(id: string): Promise<ContentSource>
  /** Goes on with a claim; false: it has been lost. */
  renew(id: string, lease: string, leaseUntil: number): Promise<boolean>
  /**
   * Writes down what has changed. `release`: the claim ends. Null as `change`: the message is done with, entry and content go; with `forget`
   * nobody has got it and its sender knows, so that the same id may come again. False: the claim has been lost, and nothing was changed.
   */
  update(
    id: string,
    lease: string,
    change: QueueChange | null,
    release: boolean,
    forget?: boolean,
  ): Promise<boolean>
  /** When the next entry will be due or a lease ends, ms since the epoch; null: there is none. */
  nextDue(): Promise<number | null>
}

interface Held {
  entry: QueueEntry
  readonly content: Uint8Array
  lease: string | null
  leaseUntil: number
}

/** When an entry is to be looked at; out of date when the entry has gone, or is due at another time. */
interface Due {
  readonly at: number
  readonly held: Held
}

export interface MemoryQueueOptions {
  /** What all messages together may hold, octets. Default 256 MiB. */
  readonly maxBytes?: number
}

/**
 * Holds everything in memory: what waits here is lost with the process. A message beyond `maxBytes` is turned away (`ELIMIT`, 452 4.3.1), so that
 * senders try again later; reports are always taken, for without them nothing that has failed could be let go.
 */
export class MemoryQueue implements DeliveryQueue {
  readonly #held = new Map<string, Held>()
  readonly #maxBytes: number
  readonly #due = new Heap<Due>((a, b) => a.at < b.at)
  #bytes = 0
  #leases = 0

  /** Throws `ECONFIG` for a `maxBytes` that is no number of octets. */
  constructor({ maxBytes = 256 * 1024 * 1024 }: MemoryQueueOptions = {}) {
    if (!(Number.isSafeInteger(maxBytes) && maxBytes > 0)) {
      throw optionError('maxBytes', 'a number of octets above 0', maxBytes)
    }
    this.#maxBytes = maxBytes
  }

  /** Messages that wait. */
  get size(): number {
    return this.#held.size
  }

  async add(entry: QueueEntry, source: ContentSource, leaseUntil: number): Promise<ClaimedEntry | null> {
    if (this.#held.has(entry.id)) return null
    const content: Uint8Array[] = []
    let size = 0
    try {
      for await (const chunk of source instanceof Uint8Array ? [source] : source) {
        if (entry.envelope.from !== '' && this.#bytes + chunk.length > this.#maxBytes) {
          throw temporary('ELIMIT', '452 4.3.1', 'the queue is full')
        }
        content.push(chunk)
        size += chunk.length
        this.#bytes += chunk.length
      }
      // another with this id may have come in the meantime
      if (!this.#held.has(entry.id)) {
        const held: Held = { entry, content: concat(content), lease: null, leaseUntil: 0 }
        this.#held.set(entry.id, held)
        size = 0
        return this.#lend(held, leaseUntil)
      }
      return null
    } finally {
      // of what was not kept
      this.#bytes -= size
    }
  }

  async claim({ dueBy, now, leaseUntil, limit }: ClaimOptions): Promise<readonly ClaimedEntry[]> {
    const due: Held[] = []
    const notYet: Due[] = []
    for (let first = this.#firstDue(); first && due.length < limit; first = this.#firstDue()) {
      if (first.at > Math.max(dueBy, now)) break
      this.#due.pop()
      // a lease ends by the clock, whatever is due
      if (first.held.lease === null ? first.at <= dueBy : first.at <= now) due.push(first.held)
      else notYet.push(first)
    }
    for (const entry of notYet) this.#due.push(entry)
    return due.map(held => this.#lend(held, leaseUntil))
  }

  async content(id: string): Promise<ContentSource> {
    return this.#held.get(id)?.content ?? new Uint8Array(0)
  }

  async renew(id: string, lease: string, leaseUntil: number): Promise<boolean> {
    const held = this.#held.get(id)
    if (held?.lease !== lease) return false
    held.leaseUntil = leaseUntil
    this.#wait(held)
    return true
  }

  async update(id: string, lease: string, change: QueueChange | null, release: boolean): Promise<boolean> {
    const held = this.#held.get(id)
    if (held?.lease !== lease) return false
    if (!change) {
      this.#held.delete(id)
      this.#bytes -= held.content.length
      return true
    }
    held.entry = claimedOf(held.entry, change, '')
    if (release) held.lease = null
    this.#wait(held)
    return true
  }

  async nextDue(): Promise<number | null> {
    return this.#firstDue()?.at ?? null
  }

  /** What is to be looked at first; what is out of date is thrown away. */
  #firstDue(): Due | undefined {
    for (;;) {
      const { first } = this.#due
      if (!first || this.#isTrue(first)) return first
      this.#due.pop()
    }
  }

  #isTrue({ at, held }: Due): boolean {
    return this.#held.get(held.entry.id) === held && at === dueAt(held)
  }

  #wait(held: Held): void {
    this.#due.push({ at: dueAt(held), held })
    // a lease that is renewed again and again leaves nothing but what is out of date
    if (this.#due.size > 64 && this.#due.size > 4 * this.#held.size)
      this.#due.rebuild(due => this.#isTrue(due))
  }

  #lend(held: Held, leaseUntil: number): ClaimedEntry {
    held.lease = String(++this.#leases)
    held.leaseUntil = leaseUntil
    this.#wait(held)
    return claimedOf(held.entry, held.entry, held.lease)
  }
}

/** Name by name: objects of one shape, of which a queue makes two for each attempt. */
function claimedOf(entry: QueueEntry, change: QueueChange, lease: string): ClaimedEntry {
  const { id, messageId, envelope, since } = entry
  const { recipients, attempts, nextAttempt, warned } = change
  return { id, messageId, envelope, recipients, since, attempts, nextAttempt, warned, lease }
}

function dueAt({ lease, leaseUntil, entry }: Held): number {
  return lease === null ? entry.nextAttempt : leaseUntil
}
