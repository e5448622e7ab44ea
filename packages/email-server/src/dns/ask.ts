// One time for all the questions of one check. A check awaits nothing but its questions, so that it ends when they do.
import type { DnsAnswer, DnsRecordType, Runtime, Timer } from '../base/runtime.ts'
import type { Resolver } from './resolver.ts'

/** Asks within the time of the check; never rejects. */
export type Ask = (name: string, type: DnsRecordType) => Promise<DnsAnswer>

export interface AskOptions {
  readonly resolver: Resolver
  /** The clock. */
  readonly runtime: Pick<Runtime, 'now' | 'setTimer'>
  /** Time for the whole check, ms. */
  readonly timeoutMs: number
}

const TOO_LATE: DnsAnswer = { ok: false, failure: 'timeout' }
const FAILED: DnsAnswer = { ok: false, failure: 'servfail' }

/** Questions that are all answered `timeout` when `timeoutMs` have passed since this was made or renewed, whatever the resolver does. */
export class TimedQuestions {
  readonly #options: AskOptions
  readonly #open = new Set<(answer: DnsAnswer) => void>()
  #deadline = 0
  #timer: Timer | null = null

  constructor(options: AskOptions) {
    this.#options = options
    this.renew()
  }

  readonly ask: Ask = (name, type) => {
    if (this.#timer === null) return Promise.resolve(TOO_LATE)
    let answer: Promise<DnsAnswer>
    try {
      answer = Promise.resolve(this.#options.resolver.resolve(name, type, { deadline: this.#deadline }))
    } catch {
      // a resolver that throws fails like one that rejects
      return Promise.resolve(FAILED)
    }
    return new Promise(resolve => {
      const settle = (given: DnsAnswer): void => {
        this.#open.delete(settle)
        resolve(typeof given === 'object' && given !== null ? given : FAILED)
      }
      this.#open.add(settle)
      answer.then(settle, () => settle(FAILED))
    })
  }

  /** The time begins anew, for what is still open too. */
  renew(): void {
    const { runtime, timeoutMs } = this.#options
    this.#deadline = runtime.now() + timeoutMs
    if (timeoutMs > 0 && this.#timer === null) this.#arm(timeoutMs)
  }

  /** Ends it before its time: what is still open is answered `timeout`, and so is what is asked later. */
  close(): void {
    this.#timer?.cancel()
    this.#timer = null
    for (const settle of this.#open) settle(TOO_LATE)
  }

  #arm(delayMs: number): void {
    const { runtime } = this.#options
    this.#timer = runtime.setTimer(delayMs, () => {
      // it was renewed meanwhile, or the timer came early
      const left = this.#deadline - runtime.now()
      if (left > 0) this.#arm(left)
      else this.close()
    })
  }
}

/** Runs a check whose questions are all answered `timeout` when `timeoutMs` have passed, whatever the resolver does. */
export async function withinTime<T>(options: AskOptions, check: (ask: Ask) => Promise<T>): Promise<T> {
  const questions = new TimedQuestions(options)
  try {
    return await check(questions.ask)
  } finally {
    questions.close()
  }
}
