// Connections that wait for messages, and messages that wait for connections. However many messages wait, only so many connections are open,
// to each domain and in all; a message that waits is a closure and nothing else.
import { type MailError, optionError } from '../base/errors.ts'
import type { Runtime, Timer } from '../base/runtime.ts'

export interface PoolOptions {
  /** Connections at a time to one domain (or relay). Default 3. */
  readonly maxPerDomain?: number
  /** Messages over one connection, then it is closed. Default 100. */
  readonly maxMessagesPerConn?: number
  /** How long a connection stays open without a message, ms. Default 30,000. */
  readonly idleTimeout?: number
  /** Messages in any minute to one domain; 0: as many as there are. Default 60 for domains, 0 for relays. */
  readonly rateLimitPerMinute?: number
  /** Time between two new connections to one domain, ms. Default 1,000 for domains, 0 for relays. */
  readonly reconnectDelay?: number
  /** Connections at a time in all. Default 100. */
  readonly maxConnections?: number
}

export interface PoolPlan {
  readonly maxPerDomain: number
  readonly maxMessagesPerConn: number
  readonly idleTimeout: number
  /** Null: by the kind of destination. */
  readonly rateLimitPerMinute: number | null
  readonly reconnectDelay: number | null
  readonly maxConnections: number
}

const DEFAULTS: PoolPlan = {
  maxPerDomain: 3,
  maxMessagesPerConn: 100,
  idleTimeout: 30_000,
  rateLimitPerMinute: null,
  reconnectDelay: null,
  maxConnections: 100,
}
const LEAST: Readonly<Record<keyof PoolPlan, number>> = {
  maxPerDomain: 1,
  maxMessagesPerConn: 1,
  idleTimeout: 0,
  rateLimitPerMinute: 0,
  reconnectDelay: 0,
  maxConnections: 1,
}
const DOMAIN_RATE = 60
const DOMAIN_RECONNECT_MS = 1000
const MINUTE = 60_000

/** Throws ECONFIG that names the option. */
export function resolvePool(options: PoolOptions = {}, path = 'pool'): PoolPlan {
  if (typeof options !== 'object' || options === null) throw optionError(path, 'an object', options)
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(DEFAULTS, name)) throw optionError(path, `an object without ${name}`, options)
    const least = LEAST[name as keyof PoolPlan]
    if (value !== undefined && (!Number.isSafeInteger(value) || value < least)) {
      throw optionError(`${path}.${name}`, `a whole number, ${least} or more`, value)
    }
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return { ...DEFAULTS, ...Object.fromEntries(given) }
}

/** A connection as the pool sees it. */
export interface PoolConnection {
  /** It can take another message. */
  readonly usable: boolean
  /** Says goodbye; whatever is under way is finished. */
  close(): void
  /** Calls once when the connection is gone. */
  onGone(listener: () => void): void
}

/** A message that wants to go to a destination. */
export interface PoolJob<C extends PoolConnection> {
  /** May it use this connection? */
  fits(connection: C): boolean
  /** Why it is of no use to open a connection now; null: it may be of some. */
  resting(): MailError | null
  /** A connection of its own. Rejects with a MailError. */
  open(): Promise<C>
  /** Sends over it; never rejects. `reused`: others were sent over it before. */
  run(connection: C, reused: boolean): Promise<void>
  /** There was no connection to be had. */
  fail(error: MailError): void
}

interface Entry<C> {
  readonly connection: C
  messages: number
  busy: boolean
  idleTimer: Timer | null
}

interface Destination<C extends PoolConnection> {
  readonly key: string
  readonly kind: 'domain' | 'relay'
  readonly waiting: Queue<PoolJob<C>>
  readonly entries: Set<Entry<C>>
  /** Connections that are being made. */
  opening: number
  lastOpened: number
  /** When the messages of the last minute were begun. */
  readonly sent: Queue<number>
  timer: Timer | null
}

/** First in, first out, without moving what is behind. */
class Queue<T> {
  #items: T[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  push(item: T): void {
    this.#items.push(item)
  }

  peek(): T | undefined {
    return this.#items[this.#head]
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head++] = undefined as T
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  remove(item: T): boolean {
    const at = this.#items.indexOf(item, this.#head)
    if (at < 0) return false
    this.#items.splice(at, 1)
    return true
  }
}

/** Destinations that are remembered for their rate alone; beyond that the quiet ones are looked for and forgotten. */
const QUIET_DESTINATIONS = 1000

export class ConnectionPool<C extends PoolConnection> {
  readonly #plan: PoolPlan
  readonly #runtime: Pick<Runtime, 'now' | 'setTimer'>
  readonly #destinations = new Map<string, Destination<C>>()
  /** Those that want a connection and wait for others to close theirs, in turn. */
  readonly #wanting = new Set<Destination<C>>()
  /** Open connections without work, the longest idle first. */
  readonly #idle = new Map<Entry<C>, Destination<C>>()
  #open = 0
  #closed = false
  #forgetAt = QUIET_DESTINATIONS

  constructor(plan: PoolPlan, runtime: Pick<Runtime, 'now' | 'setTimer'>) {
    this.#plan = plan
    this.#runtime = runtime
  }

  /** How much waits and how much is open, for those who watch. */
  get stats(): { readonly connections: number; readonly idle: number; readonly waiting: number } {
    let waiting = 0
    for (const destination of this.#destinations.values()) waiting += destination.waiting.length
    return { connections: this.#open, idle: this.#idle.size, waiting }
  }

  /** Puts a message in the queue of its destination. */
  submit(key: string, kind: 'domain' | 'relay', job: PoolJob<C>): void {
    const destination = this.#destination(key, kind)
    destination.waiting.push(job)
    this.#pump(destination)
  }

  /** Takes a message back that has not begun; false when it has. */
  withdraw(key: string, job: PoolJob<C>): boolean {
    return this.#destinations.get(key)?.waiting.remove(job) ?? false
  }

  /** Nothing stays open without work from now on; what waits is still sent. */
  close(): void {
    this.#closed = true
    for (const [entry, destination] of [...this.#idle]) this.#drop(destination, entry)
  }

  #destination(key: string, kind: 'domain' | 'relay'): Destination<C> {
    let destination = this.#destinations.get(key)
    if (destination) return destination
    if (this.#destinations.size >= this.#forgetAt) this.#forgetQuiet()
    destination = {
      key,
      kind,
      waiting: new Queue(),
      entries: new Set(),
      opening: 0,
      lastOpened: Number.NEGATIVE_INFINITY,
      sent: new Queue(),
      timer: null,
    }
    this.#destinations.set(key, destination)
    return destination
  }

  #forgetQuiet(): void {
    const now = this.#runtime.now()
    for (const [key, destination] of this.#destinations) {
      const { waiting, entries, opening, lastOpened } = destination
      if (waiting.length > 0 || entries.size > 0 || opening > 0) continue
      this.#forgetOld(destination, now)
      if (destination.sent.length === 0 && now - lastOpened >= this.#reconnectDelay(destination)) {
        destination.timer?.cancel()
        this.#destinations.delete(key)
      }
    }
    this.#forgetAt = Math.max(QUIET_DESTINATIONS, 2 * this.#destinations.size)
  }

  #reconnectDelay({ kind }: Destination<C>): number {
    return this.#plan.reconnectDelay ?? (kind === 'domain' ? DOMAIN_RECONNECT_MS : 0)
  }

  #rate({ kind }: Destination<C>): number {
    return this.#plan.rateLimitPerMinute ?? (kind === 'domain' ? DOMAIN_RATE : 0)
  }

  /** Gives waiting messages to connections as long as there are both. */
  #pump(destination: Destination<C>): void {
    for (;;) {
      const job = destination.waiting.peek()
      if (!job) return
      // a message for those who rest takes nobody's turn
      const resting = destination.entries.size + destination.opening === 0 ? job.resting() : null
      if (resting) {
        destination.waiting.shift()
        job.fail(resting)
        continue
      }
      const wait = this.#untilAllowed(destination)
      if (wait > 0) {
        this.#pumpLater(destination, wait)
        return
      }
      const idle = [...destination.entries].find(
        entry => !entry.busy && entry.connection.usable && job.fits(entry.connection),
      )
      if (idle) {
        destination.waiting.shift()
        this.#begin(destination)
        void this.#run(destination, idle, job)
        continue
      }
      if (!this.#makeRoom(destination)) return
      const soon = destination.lastOpened + this.#reconnectDelay(destination) - this.#runtime.now()
      if (soon > 0 && soon <= this.#reconnectDelay(destination)) {
        this.#pumpLater(destination, soon)
        return
      }
      destination.waiting.shift()
      this.#begin(destination)
      void this.#openFor(destination, job)
    }
  }

  /** True when one more connection to this destination may be opened now. */
  #makeRoom(destination: Destination<C>): boolean {
    const idle = [...destination.entries].find(entry => !entry.busy)
    if (destination.entries.size + destination.opening >= this.#plan.maxPerDomain) {
      // an idle one that the message may not use gives way
      if (!idle) return false
      this.#discard(destination, idle)
    }
    if (this.#open < this.#plan.maxConnections) return true
    const [oldest] = this.#idle
    if (oldest) {
      this.#discard(oldest[1], oldest[0])
      return true
    }
    this.#wanting.add(destination)
    return false
  }

  async #openFor(destination: Destination<C>, job: PoolJob<C>): Promise<void> {
    destination.opening++
    this.#open++
    destination.lastOpened = this.#runtime.now()
    let connection: C
    try {
      connection = await job.open()
    } catch (error) {
      destination.opening--
      this.#open--
      job.fail(error as MailError)
      this.#slotIsFree(destination)
      return
    }
    destination.opening--
    const entry: Entry<C> = { connection, messages: 0, busy: true, idleTimer: null }
    destination.entries.add(entry)
    connection.onGone(() => this.#gone(destination, entry))
    await this.#run(destination, entry, job)
  }

  async #run(destination: Destination<C>, entry: Entry<C>, job: PoolJob<C>): Promise<void> {
    entry.busy = true
    this.#idle.delete(entry)
    entry.idleTimer?.cancel()
    entry.idleTimer = null
    const reused = entry.messages++ > 0
    await job.run(entry.connection, reused)
    entry.busy = false
    const isSpent = !entry.connection.usable || entry.messages >= this.#plan.maxMessagesPerConn
    const isWanted = destination.waiting.length > 0
    if (isSpent || (!isWanted && (this.#closed || this.#plan.idleTimeout === 0 || this.#wanting.size > 0))) {
      this.#drop(destination, entry)
      return
    }
    this.#idle.set(entry, destination)
    if (isWanted) this.#pump(destination)
    if (entry.busy || !destination.entries.has(entry)) return
    entry.idleTimer = this.#runtime.setTimer(this.#plan.idleTimeout, () => this.#drop(destination, entry))
  }

  #drop(destination: Destination<C>, entry: Entry<C>): void {
    this.#discard(destination, entry)
    this.#slotIsFree(destination)
  }

  /** Closes it; whose place that makes free is for the caller to say. */
  #discard(destination: Destination<C>, entry: Entry<C>): void {
    this.#forget(destination, entry)
    entry.connection.close()
  }

  #gone(destination: Destination<C>, entry: Entry<C>): void {
    if (this.#forget(destination, entry)) this.#slotIsFree(destination)
  }

  #forget(destination: Destination<C>, entry: Entry<C>): boolean {
    if (!destination.entries.delete(entry)) return false
    this.#idle.delete(entry)
    entry.idleTimer?.cancel()
    this.#open--
    return true
  }

  /** In turn: the destination that has just had a connection comes last. */
  #slotIsFree(destination: Destination<C>): void {
    for (const next of this.#wanting) {
      if (this.#open >= this.#plan.maxConnections) break
      this.#wanting.delete(next)
      this.#pump(next)
    }
    this.#pump(destination)
  }

  #pumpLater(destination: Destination<C>, delayMs: number): void {
    if (destination.timer) return
    destination.timer = this.#runtime.setTimer(delayMs, () => {
      destination.timer = null
      this.#pump(destination)
    })
  }

  /** How long until another message may begin, ms; 0: now. */
  #untilAllowed(destination: Destination<C>): number {
    const rate = this.#rate(destination)
    if (rate === 0) return 0
    const now = this.#runtime.now()
    this.#forgetOld(destination, now)
    return destination.sent.length < rate ? 0 : destination.sent.peek()! + MINUTE - now
  }

  #begin(destination: Destination<C>): void {
    if (this.#rate(destination) > 0) destination.sent.push(this.#runtime.now())
  }

  #forgetOld({ sent }: Destination<C>, now: number): void {
    for (let first = sent.peek(); first !== undefined; first = sent.peek()) {
      // what is said to lie in the future was before the clock went back
      if (first <= now && now - first < MINUTE) return
      sent.shift()
    }
  }
}
