// createServer({ rateLimit }): how often one address may connect, and how much one user may send.
import { known, wholeNumber } from './option-values.ts'

export interface RateLimitOptions {
  /** Connections from one address (IPv6: /64) in a minute, on all ports together. Default: any number. */
  readonly perMinute?: number
  /** The same in an hour. */
  readonly perHour?: number
  /** How long an address that connects more often is kept out, ms. Default 600,000 (10 minutes); 0: until it connects less often. */
  readonly banDuration?: number
  /**
   * Messages that one user may submit in an hour, over all his sessions: whoever has his password must not send a million. Beyond that MAIL hears
   * 450 4.7.1. Default: any number.
   */
  readonly messagesPerHour?: number
  /** Recipients that one user may write to in an hour, each counted once for each message; beyond that RCPT hears 450 4.7.1. Default: any number. */
  readonly recipientsPerHour?: number
}

export type RateLimit = Required<RateLimitOptions>

const ANY = Number.MAX_SAFE_INTEGER

/** Null: no limit. */
export function resolveRateLimit(value: RateLimitOptions | null | undefined): RateLimit | null {
  if (value === null || value === undefined) return null
  const options = known<RateLimitOptions>('rateLimit', value, {
    perMinute: true,
    perHour: true,
    banDuration: true,
    messagesPerHour: true,
    recipientsPerHour: true,
  })
  return {
    perMinute: wholeNumber('rateLimit.perMinute', options.perMinute ?? ANY, 1),
    perHour: wholeNumber('rateLimit.perHour', options.perHour ?? ANY, 1),
    banDuration: wholeNumber('rateLimit.banDuration', options.banDuration ?? 600_000, 0),
    messagesPerHour: wholeNumber('rateLimit.messagesPerHour', options.messagesPerHour ?? ANY, 1),
    recipientsPerHour: wholeNumber('rateLimit.recipientsPerHour', options.recipientsPerHour ?? ANY, 1),
  }
}
