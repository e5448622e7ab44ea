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

/** Questions that are all answered `timeout` when `timeoutMs` have passed since this was made, whatever the resolver does. */
export class TimedQuestions {
  readonly #resolver: Resolver
  readonly #deadline: number
  readonly #timer: Timer
  readonly #open = new Set<(answer: DnsAnswer) => void>()
  #isLate: boolean

  constructor({ resolver, runtime, timeoutMs }: AskOptions) {
    this.#resolver = resolver
    this.#deadline = runtime.now() + timeoutMs
    this.#isLate = timeoutMs <= 0
    this.#timer = runtime.setTimer(timeoutMs, () => {
      this.#isLate = true
      for (const settle of this.#open) settle(TOO_LATE)
    })
  }

  readonly ask: Ask = (name, type) => {
    if (this.#isLate) return Promise.resolve(TOO_LATE)
    return new Promise(resolve => {
      const settle = (answer: DnsAnswer): void => {
        this.#open.delete(settle)
        resolve(answer)
      }
      this.#open.add(settle)
      askOnce(this.#resolver, name, type, this.#deadline).then(settle, () => settle(FAILED))
    })
  }

  /** Ends it before its time: what is still open is answered `timeout`, and so is what is asked later. */
  close(): void {
    this.#timer.cancel()
    this.#isLate = true
    for (const settle of this.#open) settle(TOO_LATE)
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

// async, so that a resolver that throws fails like one that rejects
async function askOnce(
  resolver: Resolver,
  name: string,
  type: DnsRecordType,
  deadline: number,
): Promise<DnsAnswer> {
  const answer = await resolver.resolve(name, type, { deadline })
  return typeof answer === 'object' && answer !== null ? answer : FAILED
}
