// How often something has happened lately, by whom: sliding windows in constant memory, for a bounded number of names.

/** Two windows side by side: what happened in the last one counts by the part of it that still lies within the time. */
interface Count {
  /** When the current window began, ms since the epoch. */
  since: number
  current: number
  before: number
}

export class Rates {
  readonly #windowMs: number
  readonly #most: number
  /** The one that has been quiet for longest first. */
  readonly #counts = new Map<string, Count>()

  /** Counts within `windowMs`; beyond `most` names the one that has been quiet for longest is forgotten. */
  constructor(windowMs: number, most: number) {
    this.#windowMs = windowMs
    this.#most = most
  }

  /** Names that are remembered. */
  get size(): number {
    return this.#counts.size
  }

  /** Counts one more and says how many there were within the time, this one included. */
  hit(name: string, now: number): number {
    const count = this.#at(name, now) ?? { since: now, current: 0, before: 0 }
    count.current++
    this.#counts.delete(name)
    this.#counts.set(name, count)
    if (this.#counts.size > this.#most) {
      for (const oldest of this.#counts.keys()) {
        this.#counts.delete(oldest)
        break
      }
    }
    return this.#sum(count, now)
  }

  /** How many there were within the time. */
  count(name: string, now: number): number {
    const count = this.#at(name, now)
    return count ? this.#sum(count, now) : 0
  }

  forget(name: string): void {
    this.#counts.delete(name)
  }

  #at(name: string, now: number): Count | null {
    const count = this.#counts.get(name)
    if (!count) return null
    const passed = Math.floor((now - count.since) / this.#windowMs)
    if (passed === 0) return count
    // a clock that went back, or nothing for two windows: what was counted says nothing of now
    if (passed !== 1) {
      this.#counts.delete(name)
      return null
    }
    count.before = count.current
    count.current = 0
    count.since += this.#windowMs
    return count
  }

  #sum(count: Count, now: number): number {
    const left = this.#windowMs - (now - count.since)
    return count.current + Math.floor((count.before * left) / this.#windowMs)
  }
}
