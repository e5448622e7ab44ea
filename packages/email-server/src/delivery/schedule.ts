// When to try again, when to tell the sender, when to give up. RFC 5321 §4.5.4.1.
import { optionError } from '../base/errors.ts'
import type { Runtime } from '../base/runtime.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export interface RetryOptions {
  /** Before the second attempt, ms. Default 5 minutes; each wait is twice the one before. */
  readonly firstDelayMs?: number
  /** Longest wait between two attempts, ms. Default 4 hours. */
  readonly maxDelayMs?: number
  /** How far each wait is moved at random, as a part of it: 0.1 is 10 % up or down. Default 0.1. */
  readonly jitter?: number
  /** After which time a message is given back, ms. Default 5 days (RFC 5321: at least 4 to 5). */
  readonly giveUpAfterMs?: number
  /** The same for messages from the null sender (reports): nobody waits for them. Default 2 days. */
  readonly giveUpReportsAfterMs?: number
  /** After which time the sender is told that it takes longer, once, ms; 0: never. Default 4 hours. */
  readonly warnAfterMs?: number
}

export type RetryPlan = Required<RetryOptions>

const DEFAULTS: RetryPlan = {
  firstDelayMs: 5 * MINUTE,
  maxDelayMs: 4 * HOUR,
  jitter: 0.1,
  giveUpAfterMs: 5 * DAY,
  giveUpReportsAfterMs: 2 * DAY,
  warnAfterMs: 4 * HOUR,
}

/** Throws ECONFIG that names the option. */
export function resolveRetry(options: RetryOptions = {}, path = 'retry'): RetryPlan {
  if (typeof options !== 'object' || options === null) throw optionError(path, 'an object', options)
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(DEFAULTS, name)) throw optionError(path, `an object without ${name}`, options)
    if (value === undefined) continue
    const fits =
      name === 'jitter'
        ? value >= 0 && value < 1
        : Number.isSafeInteger(value) && (value > 0 || name === 'warnAfterMs')
    if (typeof value !== 'number' || !fits || value < 0) {
      throw optionError(
        `${path}.${name}`,
        name === 'jitter' ? 'a number from 0 to below 1' : 'a number of ms',
        value,
      )
    }
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return { ...DEFAULTS, ...Object.fromEntries(given) }
}

/** What is known of a message that could not be delivered now. */
export interface Waiting {
  /** When it was taken, ms since the epoch. */
  readonly since: number
  /** Attempts that were made, 1 or more. */
  readonly attempts: number
  /** Is it from the null sender? */
  readonly isReport: boolean
}

/** When the next attempt is due, ms since the epoch, or null: it is time to give up. */
export function nextAttempt(
  plan: RetryPlan,
  waiting: Waiting,
  now: number,
  random: Runtime['random'],
): number | null {
  const lasts = waiting.isReport ? plan.giveUpReportsAfterMs : plan.giveUpAfterMs
  const ends = waiting.since + lasts
  // time that has passed counts with the attempts that were made in it: a clock that jumps, or a machine that was off, ends nothing early
  const foreseen = attemptsWithin(plan, lasts)
  if (now >= ends && waiting.attempts >= foreseen / 2) return null
  if (waiting.attempts > 2 * foreseen + 2) return null
  const doubled = plan.firstDelayMs * 2 ** Math.min(waiting.attempts - 1, 40)
  const [a = 0, b = 0, c = 0] = random(3)
  const lot = (a * 65_536 + b * 256 + c) / 2 ** 24
  const delay = Math.min(doubled, plan.maxDelayMs) * (1 - plan.jitter + 2 * plan.jitter * lot)
  // the last attempt is made at the end, not after it
  const next = now + Math.max(1, Math.round(delay))
  return now < ends ? Math.min(next, ends) : next
}

/** How many attempts fit in this time. */
function attemptsWithin(plan: RetryPlan, lasts: number): number {
  let attempts = 1
  let delay = plan.firstDelayMs
  let left = lasts
  for (; left > 0 && delay < plan.maxDelayMs; delay *= 2) {
    left -= delay
    attempts++
  }
  return attempts + Math.max(0, Math.ceil(left / plan.maxDelayMs))
}

/** Is it time to tell the sender that the message is late? */
export function isLate(plan: RetryPlan, waiting: Waiting, now: number): boolean {
  return plan.warnAfterMs > 0 && !waiting.isReport && now - waiting.since >= plan.warnAfterMs
}
