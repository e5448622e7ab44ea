// MTA-STS, the sender's side: policies fetched, kept, refreshed and kept on when DNS or HTTPS go away. RFC 8461 §3.3, §5.1, §10.2.
import { utf8 } from '../base/bytes.ts'
import { MailError } from '../base/errors.ts'
import type { Runtime } from '../base/runtime.ts'
import type { Resolver } from '../dns/index.ts'
import { readStsPolicy, readStsRecords, type StsPolicy } from './mta-sts.ts'

/** A policy as it is kept. */
export interface KeptPolicy {
  /** The id of the TXT record when it was fetched. */
  readonly id: string
  readonly policy: StsPolicy
  /** When it was fetched, ms since the epoch. */
  readonly fetchedAt: number
}

/**
 * Where policies outlive the process: without one, whoever stands in the way at the first delivery after a start is not noticed (RFC 8461 §10.2).
 * May reject: then the policy counts as unknown, and the failure is told.
 */
export interface StsPolicyStore {
  get(domain: string): Promise<KeptPolicy | null>
  /** Null: forget it. */
  set(domain: string, kept: KeptPolicy | null): Promise<void>
}

/** Result types of RFC 8460 §4.3 that are about the policy itself. */
export type StsFailureType = 'sts-policy-fetch-error' | 'sts-policy-invalid' | 'sts-webpki-invalid'

export interface StsFailure {
  readonly type: StsFailureType
  readonly reason: string
}

export interface StsAnswer {
  /** The policy that applies now; null: none. */
  readonly policy: StsPolicy | null
  /** What went wrong with a policy that is announced, or that was there before. */
  readonly failure: StsFailure | null
}

export interface StsPoliciesOptions {
  readonly runtime: Pick<Runtime, 'now' | 'fetch'>
  readonly resolver: Resolver
  readonly store?: StsPolicyStore
  /** Domains that are kept in memory. Default 10,000. */
  readonly cacheDomains?: number
  /** For one policy, ms. Default 30,000. */
  readonly fetchTimeoutMs?: number
  /** Hears when a policy cannot be refreshed (RFC 8461 §3.3: administrators are to be told), and when the store fails. */
  readonly onFailure?: (message: string, error: unknown) => void
}

/** RFC 8461 §3.3: "a suggested maximum policy size is 64 kilobytes". */
const POLICY_LIMIT = 64 * 1024
/** §3.3: "limit further attempts to a period of five minutes or longer per version ID". */
const FETCH_AGAIN_MS = 5 * 60_000
/** §3.3: "a suggested refresh frequency is once per day". */
const REFRESH_MS = 24 * 60 * 60_000
const NONE: StsAnswer = { policy: null, failure: null }

interface FailedFetch {
  readonly id: string
  readonly until: number
  readonly failure: StsFailure
}

export class StsPolicies {
  readonly #options: StsPoliciesOptions
  readonly #most: number
  /** Least recently used first; null: the store has none. */
  readonly #kept = new Map<string, KeptPolicy | null>()
  readonly #failed = new Map<string, FailedFetch>()
  readonly #fetching = new Map<string, Promise<StsFailure | null>>()

  constructor(options: StsPoliciesOptions) {
    this.#options = options
    this.#most = options.cacheDomains ?? 10_000
  }

  /** The policy for mail to this domain (A-labels, lower case). Never rejects; waits for a fetch at most its time-out. */
  async lookUp(domain: string): Promise<StsAnswer> {
    if (!this.#options.runtime.fetch) return NONE
    const [kept, record] = await Promise.all([
      this.#recall(domain),
      this.#options.resolver.resolve(`_mta-sts.${domain}`, 'TXT'),
    ])
    const id = record.ok ? readStsRecords(record.records.map(({ value }) => value)) : null
    const now = this.#options.runtime.now()
    if (id === null) {
      // the absence of a record does not take back a policy (RFC 8461 §3.1)
      if (kept && record.ok) this.#alert(domain, 'the record that announced it is gone')
      return { policy: kept?.policy ?? null, failure: null }
    }
    if (kept && kept.id === id) {
      if (now - kept.fetchedAt >= REFRESH_MS) void this.#fetchOnce(domain, id)
      return { policy: kept.policy, failure: null }
    }
    const failure = await this.#fetchOnce(domain, id)
    if (failure) return { policy: kept?.policy ?? null, failure }
    return { policy: this.#kept.get(domain)?.policy ?? kept?.policy ?? null, failure: null }
  }

  /** A delivery was stopped by a policy: the next look-up fetches it anew, whatever the last fetch was (RFC 8461 §5.1 no. 3). */
  forgetFailures(domain: string): void {
    this.#failed.delete(domain)
  }

  /** What is kept of this domain and not expired. */
  async #recall(domain: string): Promise<KeptPolicy | null> {
    let kept = this.#kept.get(domain)
    if (kept === undefined) {
      kept = null
      try {
        kept = (await this.#options.store?.get(domain)) ?? null
      } catch (error) {
        this.#options.onFailure?.(`the store of MTA-STS policies failed for ${domain}`, error)
      }
    }
    this.#remember(domain, kept)
    if (!kept || this.#isExpired(kept)) return null
    return kept
  }

  #isExpired(kept: KeptPolicy): boolean {
    const age = this.#options.runtime.now() - kept.fetchedAt
    return age < 0 ? age < -1000 * kept.policy.maxAge : age >= 1000 * kept.policy.maxAge
  }

  #remember(domain: string, kept: KeptPolicy | null): void {
    this.#kept.delete(domain)
    this.#kept.set(domain, kept)
    for (const name of this.#kept.keys()) {
      if (this.#kept.size <= this.#most) break
      this.#kept.delete(name)
    }
  }

  /** One fetch at a time for a domain; after a failure none for a while. Null: it went well. */
  #fetchOnce(domain: string, id: string): Promise<StsFailure | null> {
    const failed = this.#failed.get(domain)
    if (failed && failed.id === id && this.#options.runtime.now() < failed.until) {
      return Promise.resolve(failed.failure)
    }
    const under = this.#fetching.get(domain)
    if (under) return under
    const fetching = this.#fetch(domain, id).finally(() => this.#fetching.delete(domain))
    this.#fetching.set(domain, fetching)
    return fetching
  }

  async #fetch(domain: string, id: string): Promise<StsFailure | null> {
    const { runtime, store, onFailure } = this.#options
    const got = await this.#get(`https://mta-sts.${domain}/.well-known/mta-sts.txt`)
    if ('type' in got) {
      const until = runtime.now() + FETCH_AGAIN_MS
      this.#failed.set(domain, { id, until, failure: got })
      for (const [name, entry] of this.#failed) {
        if (this.#failed.size <= this.#most && entry.until > runtime.now()) break
        this.#failed.delete(name)
      }
      if (this.#kept.get(domain)?.policy.mode !== 'none') this.#alert(domain, got.reason)
      return got
    }
    this.#failed.delete(domain)
    const kept: KeptPolicy = { id, policy: got, fetchedAt: runtime.now() }
    this.#remember(domain, kept)
    try {
      await store?.set(domain, kept)
    } catch (error) {
      onFailure?.(`the store of MTA-STS policies failed for ${domain}`, error)
    }
    return null
  }

  async #get(url: string): Promise<StsPolicy | StsFailure> {
    try {
      const answer = await this.#options.runtime.fetch!({
        url,
        timeoutMs: this.#options.fetchTimeoutMs ?? 30_000,
        maxBytes: POLICY_LIMIT,
      })
      // "only valid if the HTTP response code is 200 (OK)" (RFC 8461 §3.3); a redirect is no policy
      if (answer.status !== 200) return fetchError(`${url} answers with ${answer.status}`)
      if (!/^text\/plain[ \t]*(?:;|$)/i.test(answer.contentType.trim()))
        return fetchError(`${url} is ${JSON.stringify(answer.contentType.slice(0, 80))}, not text/plain`)
      const read = readStsPolicy(utf8(answer.body))
      return read.ok ? read.policy : { type: 'sts-policy-invalid', reason: read.reason }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      return error instanceof MailError && error.code === 'ETLS'
        ? { type: 'sts-webpki-invalid', reason }
        : fetchError(reason)
    }
  }

  #alert(domain: string, reason: string): void {
    this.#options.onFailure?.(`the MTA-STS policy of ${domain} cannot be refreshed: ${reason}`, null)
  }
}

function fetchError(reason: string): StsFailure {
  return { type: 'sts-policy-fetch-error', reason }
}
