// The clock of the virtual world: what is due, in order of its time, then of its making.
import type { Timer } from '../base/runtime.ts'
import { turn } from './turn.ts'

interface Item {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

export class Agenda {
  #now: number
  #items: Item[] = []
  #made = 0
  #ran = 0
  #pumping = false

  constructor(now: number) {
    this.#now = now
  }

  get now(): number {
    return this.#now
  }

  /** When the next item is due, null when there is none. */
  get next(): number | null {
    return this.#items[0]?.at ?? null
  }

  /** Runs `run` when `delayMs` have passed; what is due at once runs by itself, in the next turn. */
  schedule(delayMs: number, run: () => void): Timer {
    const item: Item = { at: this.#now + Math.max(0, delayMs), order: this.#made++, run }
    let low = 0
    for (let high = this.#items.length; low < high; ) {
      const middle = (low + high) >> 1
      if (this.#items[middle]!.at <= item.at) low = middle + 1
      else high = middle
    }
    this.#items.splice(low, 0, item)
    if (item.at <= this.#now) this.#pump()
    return {
      cancel: () => {
        const index = this.#items.indexOf(item)
        if (index >= 0) this.#items.splice(index, 1)
      },
    }
  }

  /** Lets everything happen that needs no time to pass. */
  async settle(): Promise<void> {
    let before = this.#ran
    for (let quiet = 0; quiet < 3; ) {
      this.#runDue()
      await turn()
      quiet = this.#ran === before && !this.#isDue() ? quiet + 1 : 0
      before = this.#ran
    }
  }

  /** Lets `ms` pass; each item runs at its own time, and everything settles in between. */
  async advance(ms: number): Promise<void> {
    const target = this.#now + ms
    await this.settle()
    while (this.#items.length > 0 && this.#items[0]!.at <= target) {
      this.#now = Math.max(this.#now, this.#items[0]!.at)
      await this.settle()
    }
    this.#now = target
  }

  #isDue(): boolean {
    return this.#items.length > 0 && this.#items[0]!.at <= this.#now
  }

  /** Runs what is due now; what that makes due runs in the next turn. */
  #runDue(): void {
    const later = this.#items.findIndex(({ at }) => at > this.#now)
    for (let left = later < 0 ? this.#items.length : later; left > 0 && this.#isDue(); left--) {
      this.#ran++
      this.#items.shift()!.run()
    }
  }

  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    void turn().then(() => {
      this.#pumping = false
      this.#runDue()
      if (this.#isDue()) this.#pump()
    })
  }
}
