// Time inside a sans-I/O session: it is handed in by `tick(now)` and by nothing else. Whoever drives the session calls
// `tick` before every `feed` and when `next()` is due.

type Name = string | symbol
interface Due {
  readonly at: number
  readonly fire: () => void
}

export class SessionClock {
  readonly #due = new Map<Name, Due>()
  #now: number
  /** Earliest deadline, so that the driver's question costs nothing; stale when lower than the truth. */
  #earliest = Number.POSITIVE_INFINITY

  /** False: nobody has said yet what time it is, and deadlines count from the first tick. */
  #started: boolean
  readonly #wake: (() => void) | null

  /**
   * @param now the time, ms since the epoch; absent: that of the first tick
   * @param wake asks the driver for a tick at once (`SessionEvents.wake`): `next()` has become earlier than it was, or
   *   something has come from elsewhere than the driver and it is not known how late it is
   */
  constructor(now?: number, wake?: () => void) {
    this.#now = now ?? 0
    this.#started = now !== undefined
    this.#wake = wake ?? null
  }

  /** The time of the last tick, ms since the epoch. */
  get now(): number {
    return this.#now
  }

  /** Calls `fire` at the first tick that is `delayMs` or more from now; replaces the deadline of the same name. */
  set(name: Name, delayMs: number, fire: () => void): void {
    const at = this.#now + delayMs
    this.#due.set(name, { at, fire })
    if (at >= this.#earliest) return
    this.#earliest = at
    this.#wake?.()
  }

  /** To be called when a handler has answered, maybe long after the last tick: deadlines set now count from now. */
  refresh(): void {
    this.#wake?.()
  }

  has(name: Name): boolean {
    return this.#due.has(name)
  }

  clear(name: Name): void {
    this.#due.delete(name)
    if (this.#due.size === 0) this.#earliest = Number.POSITIVE_INFINITY
  }

  clearAll(): void {
    this.#due.clear()
    this.#earliest = Number.POSITIVE_INFINITY
  }

  /** Resolves `delayMs` from now. */
  sleep(delayMs: number): Promise<void> {
    return new Promise(resolve => this.set(Symbol('sleep'), delayMs, resolve))
  }

  /** When the next tick is wanted, ms since the epoch; null when nothing is due. May be early, never late. */
  next(): number | null {
    return this.#earliest === Number.POSITIVE_INFINITY ? null : this.#earliest
  }

  /** Moves time on and fires what is due, in order of its time. A clock that jumps back only moves `now`. */
  tick(now: number): void {
    if (!this.#started) this.#start(now)
    this.#now = now
    if (now < this.#earliest) return
    const due = [...this.#due].filter(([, entry]) => entry.at <= now).sort((a, b) => a[1].at - b[1].at)
    for (const [name, entry] of due) {
      if (this.#due.get(name) !== entry) continue
      this.#due.delete(name)
      entry.fire()
    }
    this.#earliest = Number.POSITIVE_INFINITY
    for (const entry of this.#due.values()) if (entry.at < this.#earliest) this.#earliest = entry.at
  }

  /** What was set before the time was known is put where it belongs. */
  #start(now: number): void {
    this.#started = true
    const shift = now - this.#now
    for (const [name, entry] of this.#due) this.#due.set(name, { at: entry.at + shift, fire: entry.fire })
    this.#earliest += shift
  }
}
