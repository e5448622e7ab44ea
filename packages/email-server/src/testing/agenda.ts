// The clock of the virtual world: what is due, in order of its time, then of its making (a heap).
import { Heap } from '../base/heap.ts'
import type { Timer } from '../base/runtime.ts'
import { turn } from './turn.ts'

interface Item {
  at: number
  readonly order: number
  /** Null: it was called off, and is thrown away when its turn comes. */
  run: (() => void) | null
}

/** Things that happen without time passing; more of them are a circle that never ends. */
const MOST_AT_ONCE = 5_000_000
/** Turns in which nothing happens before everything has settled. */
const QUIET_TURNS = 3

export class Agenda {
  #now: number
  readonly #items = new Heap<Item>(isBefore)
  #made = 0
  #ran = 0
  #cancelled = 0
  #pumping = false
  #quietTurns = QUIET_TURNS

  constructor(now: number) {
    this.#now = now
  }

  get now(): number {
    return this.#now
  }

  /** When the next item is due, null when there is none. */
  get next(): number | null {
    this.#drop()
    return this.#items.first?.at ?? null
  }

  /** What is due some day. */
  get size(): number {
    return this.#items.size - this.#cancelled
  }

  /** Runs `run` when `delayMs` have passed; what is due at once runs by itself, in the next turn. */
  schedule(delayMs: number, run: () => void): Timer {
    const item: Item = { at: this.#now + Math.max(0, delayMs), order: this.#made++, run }
    this.#items.push(item)
    if (item.at <= this.#now) this.#pump()
    return {
      cancel: () => {
        if (!item.run) return
        item.run = null
        this.#cancelled++
        // most timers are called off: what is left of them must not pile up
        if (this.#cancelled > 64 && 2 * this.#cancelled > this.#items.size) this.#sweep()
      },
    }
  }

  /** Something happened that was not on the agenda: `settle` waits on. */
  touch(): void {
    this.#ran++
  }

  /** Work that goes on outside of the agenda needs more turns than none to show: from now on `settle` looks longer. */
  bePatient(turns: number): void {
    this.#quietTurns = Math.max(this.#quietTurns, turns)
  }

  /** The clock is set, forward or back: timers keep the time that is left to them. */
  jump(ms: number): void {
    this.#now += ms
    this.#items.rebuild(
      () => true,
      item => {
        item.at += ms
        return item
      },
    )
  }

  /** Lets everything happen that needs no time to pass. */
  async settle(): Promise<void> {
    let before = this.#ran
    const most = before + MOST_AT_ONCE
    for (let quiet = 0; quiet < this.#quietTurns; ) {
      this.#runDue()
      await turn()
      quiet = this.#ran === before && !this.#isDue() ? quiet + 1 : 0
      before = this.#ran
      if (before > most) throw new Error('things go on for ever without any time passing')
    }
  }

  /** Lets `ms` pass; each item runs at its own time, and everything settles in between. */
  async advance(ms: number): Promise<void> {
    const target = this.#now + ms
    await this.settle()
    for (let next = this.next; next !== null && next <= target; next = this.next) {
      this.#now = Math.max(this.#now, next)
      await this.settle()
    }
    this.#now = target
  }

  #isDue(): boolean {
    const { next } = this
    return next !== null && next <= this.#now
  }

  /** Runs what is due now; what that makes due runs in the next turn. */
  #runDue(): void {
    const made = this.#made
    for (let due = this.#due(made); due; due = this.#due(made)) {
      this.#ran++
      const { run } = due
      due.run = null
      run?.()
    }
  }

  /** The next item that is due and older than `made`, taken out. */
  #due(made: number): Item | null {
    if (!this.#isDue() || this.#items.first!.order >= made) return null
    return this.#items.pop() ?? null
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

  /** Throws away what was called off, as far as it stands in front. */
  #drop(): void {
    for (let { first } = this.#items; first && !first.run; first = this.#items.first) {
      this.#items.pop()
      this.#cancelled--
    }
  }

  #sweep(): void {
    this.#items.rebuild(item => item.run !== null)
    this.#cancelled = 0
  }
}

function isBefore(a: Item, b: Item): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
