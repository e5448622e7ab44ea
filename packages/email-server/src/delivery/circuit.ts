// Hosts that did not answer are left alone for a while, a longer one after each failure, so that a dead host is not hammered by every message
// of a queue (RFC 5321 §4.5.4.1: "The sender MUST delay retrying a particular destination after one attempt has failed").
import type { MailError } from '../base/errors.ts'
import type { Runtime } from '../base/runtime.ts'

export interface CircuitOptions {
  /** After the first failure, ms. Default 30,000; each further failure doubles it. */
  readonly firstRestMs?: number
  /** Default 10 minutes. */
  readonly longestRestMs?: number
}

interface Resting {
  readonly failures: number
  readonly until: number
  readonly error: MailError
}

const MOST_HOSTS = 10_000

export class Circuits {
  readonly #runtime: Pick<Runtime, 'now'>
  readonly #first: number
  readonly #longest: number
  readonly #resting = new Map<string, Resting>()

  constructor(runtime: Pick<Runtime, 'now'>, options: CircuitOptions = {}) {
    this.#runtime = runtime
    this.#first = options.firstRestMs ?? 30_000
    this.#longest = options.longestRestMs ?? 10 * 60_000
  }

  /** Why this host is not to be asked now; null: it is. */
  restingFor(key: string): MailError | null {
    const resting = this.#resting.get(key)
    if (!resting) return null
    const left = resting.until - this.#runtime.now()
    // a clock that went back does not make rests longer
    return left > 0 && left <= this.#longest ? resting.error : null
  }

  failed(key: string, error: MailError): void {
    const failures = (this.#resting.get(key)?.failures ?? 0) + 1
    const rest = Math.min(this.#first * 2 ** Math.min(failures - 1, 30), this.#longest)
    this.#rest(key, { failures, until: this.#runtime.now() + rest, error })
  }

  /** As long as all of these rest, so does what leads to them: a domain. */
  restWith(key: string, hosts: readonly string[], error: MailError): void {
    const until = Math.min(...hosts.map(host => this.#resting.get(host)?.until ?? 0))
    this.#rest(key, { failures: 0, until, error })
  }

  worked(key: string): void {
    this.#resting.delete(key)
  }

  #rest(key: string, resting: Resting): void {
    this.#resting.delete(key)
    this.#resting.set(key, resting)
    for (const oldest of this.#resting.keys()) {
      if (this.#resting.size <= MOST_HOSTS) break
      this.#resting.delete(oldest)
    }
  }
}
