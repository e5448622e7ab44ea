// One time for all the questions of one check. A check awaits nothing but its questions, so that it ends when they do.
import type { DnsAnswer, DnsRecordType, Runtime } from '../base/runtime.ts'
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

/** Runs a check whose questions are all answered `timeout` when `timeoutMs` have passed, whatever the resolver does. */
export async function withinTime<T>(options: AskOptions, check: (ask: Ask) => Promise<T>): Promise<T> {
  const { resolver, runtime, timeoutMs } = options
  const deadline = runtime.now() + timeoutMs
  let isLate = timeoutMs <= 0
  const open = new Set<(answer: DnsAnswer) => void>()
  const timer = runtime.setTimer(timeoutMs, () => {
    isLate = true
    for (const settle of open) settle(TOO_LATE)
  })
  const ask: Ask = (name, type) => {
    if (isLate) return Promise.resolve(TOO_LATE)
    return new Promise(resolve => {
      const settle = (answer: DnsAnswer): void => {
        open.delete(settle)
        resolve(answer)
      }
      open.add(settle)
      askOnce(resolver, name, type, deadline).then(settle, () => settle(FAILED))
    })
  }
  try {
    return await check(ask)
  } finally {
    timer.cancel()
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
