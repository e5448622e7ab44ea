// The Resolver port, and the cache in front of the Runtime: TTLs respected both ways, one question at a time for all who ask it, bounded
// in memory, in questions under way and in time. RFC 2308 §5, §7 (negative answers), RFC 8767 not: a stale answer is none.
import { optionError } from '../base/errors.ts'
import type { DnsAnswer, DnsFailure, DnsRecordType, Runtime } from '../base/runtime.ts'
import { queryName } from './names.ts'

/**
 * Who answers questions about the DNS. Takes U-labels and A-labels, never rejects. `deadline` (ms since the epoch, by the clock of the
 * Runtime) is when the answer is of no more use: then it is `timeout`.
 */
export interface Resolver {
  resolve(name: string, type: DnsRecordType, options?: ResolveOptions): Promise<DnsAnswer>
}

export interface ResolveOptions {
  readonly deadline?: number
}

export interface CachingResolverOptions {
  /** The clock, and by default the one who is asked. */
  readonly runtime: Pick<Runtime, 'now' | 'setTimer' | 'resolve'>
  /** Longest time for one question, ms. Default 10,000. */
  readonly timeoutMs?: number
  /** Names (with their type) that are kept. Default 10,000; 0 keeps none. */
  readonly cacheNames?: number
  /** Characters of values that are kept, in all. Default 16 Mi. */
  readonly cacheSize?: number
  /** Questions under way at a time; others wait. Default 100. */
  readonly maxInFlight?: number
}

/** Characters of one answer (RFC 1035 §4.2.2: no message has more than 65,535 octets). */
const ANSWER_LIMIT = 65_536
const ANSWER_RECORDS = 1000
const SHORTEST_TTL = 5
const LONGEST_TTL = 86_400
/** RFC 2308 §5: one to three hours have been found to work well. */
const LONGEST_NEGATIVE_TTL = 3600
/** RFC 2308 §7: a failure of servers may be kept for five minutes at most; we want to know soon. */
const FAILURE_TTL = 5
const UNKNOWN_TTL = 300
const UNKNOWN_NEGATIVE_TTL = 60
/** Distinct questions that may wait for their turn; the next are answered with SERVFAIL. */
const QUEUE_LIMIT = 10_000

interface Kept {
  readonly answer: DnsAnswer
  readonly since: number
  readonly until: number
  readonly size: number
  /** Asked for since it was last looked at for eviction: then it stays once more. */
  used: boolean
}

interface Pending {
  readonly name: string
  readonly type: DnsRecordType
  readonly waiters: Set<(answer: DnsAnswer) => void>
}

export class CachingResolver implements Resolver {
  readonly #runtime: CachingResolverOptions['runtime']
  readonly #timeoutMs: number
  readonly #cacheNames: number
  readonly #cacheSize: number
  readonly #maxInFlight: number
  /** Oldest first; what is used is put behind when its turn comes to go. */
  readonly #kept = new Map<string, Kept>()
  #size = 0
  readonly #pending = new Map<string, Pending>()
  readonly #queue = new Set<string>()
  #inFlight = 0

  /** Throws ECONFIG for limits that are none. */
  constructor(options: CachingResolverOptions) {
    this.#runtime = options.runtime
    this.#timeoutMs = whole('timeoutMs', options.timeoutMs ?? 10_000, 1)
    this.#cacheNames = whole('cacheNames', options.cacheNames ?? 10_000, 0)
    this.#cacheSize = whole('cacheSize', options.cacheSize ?? 16 * 1024 * 1024, 0)
    this.#maxInFlight = whole('maxInFlight', options.maxInFlight ?? 100, 1)
  }

  resolve(name: string, type: DnsRecordType, options: ResolveOptions = {}): Promise<DnsAnswer> {
    const asked = queryName(name)
    if (asked === null) return Promise.resolve({ ok: false, failure: 'nxdomain' })
    const key = `${type} ${asked}`
    const now = this.#runtime.now()
    const known = this.#recall(key, now)
    if (known) return Promise.resolve(known)
    const left = Math.min(this.#timeoutMs, (options.deadline ?? Number.POSITIVE_INFINITY) - now)
    if (left <= 0) return Promise.resolve(failed('timeout'))
    return new Promise(resolve => {
      const pending = this.#join(key, asked, type)
      if (!pending) return resolve(failed('servfail'))
      const timer = this.#runtime.setTimer(left, () => {
        pending.waiters.delete(settle)
        if (pending.waiters.size === 0) this.#leaveQueue(key)
        resolve(failed('timeout'))
      })
      const settle = (answer: DnsAnswer): void => {
        timer.cancel()
        resolve(answer)
      }
      pending.waiters.add(settle)
    })
  }

  /** Forgets what it knows, or what it knows of one name. */
  forget(name?: string): void {
    const asked = name === undefined ? null : queryName(name)
    for (const key of [...this.#kept.keys()]) {
      if (name === undefined || key.slice(key.indexOf(' ') + 1) === asked) this.#drop(key)
    }
  }

  /** How much is kept and how much is asked, for those who watch. */
  get stats(): { readonly names: number; readonly inFlight: number; readonly waiting: number } {
    return { names: this.#kept.size, inFlight: this.#inFlight, waiting: this.#queue.size }
  }

  #join(key: string, name: string, type: DnsRecordType): Pending | null {
    const known = this.#pending.get(key)
    if (known) return known
    if (this.#queue.size >= QUEUE_LIMIT) return null
    const pending: Pending = { name, type, waiters: new Set() }
    this.#pending.set(key, pending)
    if (this.#inFlight < this.#maxInFlight) this.#ask(key, pending)
    else this.#queue.add(key)
    return pending
  }

  #leaveQueue(key: string): void {
    if (this.#queue.delete(key)) this.#pending.delete(key)
  }

  #ask(key: string, pending: Pending): void {
    this.#inFlight++
    let done = false
    const finish = (answer: DnsAnswer): void => {
      if (done) return
      done = true
      timer.cancel()
      this.#inFlight--
      this.#pending.delete(key)
      this.#keep(key, answer)
      for (const settle of pending.waiters) settle(answer)
      this.#next()
    }
    // a resolver that never answers holds no place for longer than this
    const timer = this.#runtime.setTimer(this.#timeoutMs, () => finish(failed('timeout')))
    let answer: Promise<DnsAnswer>
    try {
      answer = Promise.resolve(this.#runtime.resolve(pending.name, pending.type))
    } catch {
      answer = Promise.resolve(failed('servfail'))
    }
    answer.then(
      given => finish(withinLimits(given)),
      // the port says that it never rejects; one that does has no answer
      () => finish(failed('servfail')),
    )
  }

  #next(): void {
    for (const key of this.#queue) {
      if (this.#inFlight >= this.#maxInFlight) return
      this.#queue.delete(key)
      this.#ask(key, this.#pending.get(key)!)
    }
  }

  #recall(key: string, now: number): DnsAnswer | null {
    const kept = this.#kept.get(key)
    if (!kept) return null
    // a clock that went back says nothing about ages
    if (now >= kept.until || now < kept.since) {
      this.#drop(key)
      return null
    }
    kept.used = true
    return withTtl(kept.answer, Math.ceil((kept.until - now) / 1000))
  }

  #keep(key: string, answer: DnsAnswer): void {
    const since = this.#runtime.now()
    const size = sizeOf(answer) + key.length
    if (this.#cacheNames === 0 || size > this.#cacheSize) return
    this.#drop(key)
    this.#kept.set(key, { answer, since, until: since + 1000 * timeToKeep(answer), size, used: false })
    this.#size += size
    // ends: what was used is met a second time only when its mark is gone
    for (const [name, entry] of this.#kept) {
      if (this.#kept.size <= this.#cacheNames && this.#size <= this.#cacheSize) break
      if (entry.used) {
        entry.used = false
        this.#kept.delete(name)
        this.#kept.set(name, entry)
      } else this.#drop(name)
    }
  }

  #drop(key: string): void {
    const kept = this.#kept.get(key)
    if (!kept) return
    this.#size -= kept.size
    this.#kept.delete(key)
  }
}

/** Name by name: this is made for every look-up that is answered from memory. */
function withTtl(answer: DnsAnswer, ttl: number): DnsAnswer {
  const { ad } = answer
  if (answer.ok) {
    const { records } = answer
    return ad === undefined ? { ok: true, records, ttl } : { ok: true, records, ttl, ad }
  }
  const { failure } = answer
  return ad === undefined ? { ok: false, failure, ttl } : { ok: false, failure, ttl, ad }
}

function failed(failure: DnsFailure): DnsAnswer {
  return { ok: false, failure }
}

/** Seconds. */
function timeToKeep(answer: DnsAnswer): number {
  if (answer.ok) return clamp(answer.ttl ?? UNKNOWN_TTL, LONGEST_TTL)
  if (answer.failure === 'servfail' || answer.failure === 'timeout') return FAILURE_TTL
  return clamp(answer.ttl ?? UNKNOWN_NEGATIVE_TTL, LONGEST_NEGATIVE_TTL)
}

function clamp(ttl: number, longest: number): number {
  return Math.min(Math.max(ttl, SHORTEST_TTL), longest)
}

const FAILURES: ReadonlySet<unknown> = new Set<DnsFailure>(['nxdomain', 'nodata', 'servfail', 'timeout'])

/** The answer, when it is one and not larger than any may be. */
function withinLimits(answer: DnsAnswer): DnsAnswer {
  if (typeof answer !== 'object' || answer === null) return failed('servfail')
  if (!answer.ok) return FAILURES.has(answer.failure) ? answer : failed('servfail')
  if (!Array.isArray(answer.records) || answer.records.length > ANSWER_RECORDS) return failed('servfail')
  if (answer.records.some(record => typeof record?.value !== 'string')) return failed('servfail')
  if (answer.records.length === 0) return failed('nodata')
  return sizeOf(answer) > ANSWER_LIMIT ? failed('servfail') : answer
}

function sizeOf(answer: DnsAnswer): number {
  if (!answer.ok) return 0
  return answer.records.reduce((sum, record) => sum + record.value.length, 0)
}

function whole(option: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least)
    throw optionError(`resolver.${option}`, `a whole number, ${least} or more`, value)
  return value
}
