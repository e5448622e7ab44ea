// What a day's TLS sessions were like, for each domain that mail was sent to: the data of the reports of RFC 8460 §4. Memory is bounded: where it
// is used up, details lose their particulars first, and sessions with policies not yet known are only counted.
import { domainToAscii } from '../text/index.ts'
import { countOption } from './checks.ts'
import type { TlsFailureReport, TlsPolicyReport } from './report-types.ts'

/** RFC 8460 §4.3. */
export type TlsResultType =
  | 'starttls-not-supported'
  | 'certificate-host-mismatch'
  | 'certificate-expired'
  | 'certificate-not-trusted'
  | 'validation-failure'
  | 'tlsa-invalid'
  | 'dnssec-invalid'
  | 'dane-required'
  | 'sts-policy-fetch-error'
  | 'sts-policy-invalid'
  | 'sts-webpki-invalid'

/** The policy that a session had to fulfil. */
export interface TlsPolicy {
  readonly type: 'sts' | 'tlsa' | 'no-policy-found'
  /** The domain that the policy is for. */
  readonly domain: string
  /** The lines of the MTA-STS policy, or the TLSA records (RFC 8460 §4.5). */
  readonly policy?: readonly string[] | undefined
  /** `sts` only: the patterns of MX hosts. */
  readonly mxHosts?: readonly string[] | undefined
}

/** Why a session failed, or would have failed had the policy been enforced. */
export interface TlsFailure {
  readonly resultType: TlsResultType
  readonly sendingMtaIp?: string | undefined
  readonly receivingMxHostname?: string | undefined
  /** What the server called itself. */
  readonly receivingMxHelo?: string | undefined
  readonly receivingIp?: string | undefined
  /** A URI. */
  readonly additionalInformation?: string | undefined
  /** An error code or text; asked for with `validation-failure` and `certificate-not-trusted`. */
  readonly failureReasonCode?: string | undefined
}

/** One day of one domain: what `buildTlsReport` makes a report of. */
export interface TlsReportData {
  readonly domain: string
  /** 00:00:00 UTC of the day, and its last second. */
  readonly begin: Date
  readonly end: Date
  readonly policies: readonly TlsPolicyReport[]
}

export interface TlsReportCollectorOptions {
  /** What is kept at most, about, in octets. Default 16 MiB. */
  readonly maxBytes?: number | undefined
  /** Days that are kept when nobody takes them, today counted; the oldest is dropped. Default 3. */
  readonly maxDays?: number | undefined
}

const DAY = 86_400_000
const DEFAULT_BYTES = 16 * 1024 * 1024
const DEFAULT_DAYS = 3
/** Failures with particulars that one policy may have. */
const DETAILS_LIMIT = 500
const TEXT_LIMIT = 300
const LINES_LIMIT = 100
/** About what an entry costs beside its texts, octets. */
const ENTRY_COST = 400

interface PolicyEntry {
  readonly report: TlsPolicyReport
  readonly details: Map<string, { detail: TlsFailureReport; count: number }>
  successes: number
  failures: number
}

interface Day {
  readonly start: number
  readonly domains: Map<string, Map<string, PolicyEntry>>
  bytes: number
}

/**
 * Takes one `add` for every session that mail was sent, or tried to be sent, by; gives the days that are over.
 *
 *     collector.add(now, { type: 'sts', domain: 'example.com', policy: lines, mxHosts })           // it was as the policy wants it
 *     collector.add(now, policy, { resultType: 'certificate-expired', receivingMxHostname: mx })   // it was not
 *     for (const data of collector.take(now)) send(buildTlsReport({ ...data, ...whoWeAre }))
 */
export class TlsReportCollector {
  readonly #maxBytes: number
  readonly #maxDays: number
  readonly #days = new Map<number, Day>()
  #overflow = 0

  constructor(options: TlsReportCollectorOptions = {}) {
    this.#maxBytes = countOption(options.maxBytes ?? DEFAULT_BYTES, 'maxBytes')
    this.#maxDays = countOption(options.maxDays ?? DEFAULT_DAYS, 'maxDays')
  }

  /** Sessions that are in no report, because there was no room for their policy or nobody took their day. */
  get overflow(): number {
    return this.#overflow
  }

  /** `now`: ms since the epoch. Where several policies applied to a session, each has its own call (RFC 8460 §4). */
  add(now: number, policy: TlsPolicy, failure: TlsFailure | null = null): void {
    const day = this.#day(now)
    const entry = this.#entry(day, policy)
    if (entry === null) {
      this.#overflow++
      return
    }
    if (failure === null) entry.successes++
    else {
      entry.failures++
      this.#addDetail(day, entry, failure)
    }
  }

  /** The days before today, by day and domain; they are forgotten. */
  take(now: number): TlsReportData[] {
    const today = dayOf(now)
    const taken: TlsReportData[] = []
    for (const day of [...this.#days.values()].sort((a, b) => a.start - b.start)) {
      if (day.start >= today) continue
      this.#days.delete(day.start)
      for (const [domain, entries] of day.domains) {
        const policies = [...entries.values()].map(finish)
        taken.push({ domain, begin: new Date(day.start), end: new Date(day.start + DAY - 1000), policies })
      }
    }
    return taken
  }

  #day(now: number): Day {
    const start = dayOf(now)
    const known = this.#days.get(start)
    if (known) return known
    const day = { start, domains: new Map(), bytes: 0 }
    this.#days.set(start, day)
    while (this.#days.size > this.#maxDays) this.#drop(Math.min(...this.#days.keys()))
    return day
  }

  #drop(start: number): void {
    for (const entries of this.#days.get(start)!.domains.values()) {
      for (const { successes, failures } of entries.values()) this.#overflow += successes + failures
    }
    this.#days.delete(start)
  }

  #entry(day: Day, policy: TlsPolicy): PolicyEntry | null {
    const report = policyReport(policy)
    const entries = day.domains.get(report.domain!)
    const key = JSON.stringify([report.type, report.policy, report.mxHosts])
    const known = entries?.get(key)
    if (known) return known
    if (!this.#take(day, key.length * 4 + report.domain!.length * 2)) return null
    const entry = { report, details: new Map(), successes: 0, failures: 0 }
    if (entries) entries.set(key, entry)
    else day.domains.set(report.domain!, new Map([[key, entry]]))
    return entry
  }

  #addDetail(day: Day, { details }: PolicyEntry, failure: TlsFailure): void {
    const detail = failureReport(failure)
    const key = JSON.stringify(detail)
    const known = details.get(key)
    if (known) known.count++
    else if (details.size < DETAILS_LIMIT && this.#take(day, key.length * 4)) {
      details.set(key, { detail, count: 1 })
    } else {
      // one entry for all of its kind that have no room of their own: as many as there are result types
      const bare = failureReport({ resultType: failure.resultType })
      const bareKey = JSON.stringify(bare)
      const rest = details.get(bareKey)
      if (rest) rest.count++
      else details.set(bareKey, { detail: bare, count: 1 })
    }
  }

  #take(day: Day, bytes: number): boolean {
    let used = bytes + ENTRY_COST
    for (const one of this.#days.values()) used += one.bytes
    if (used > this.#maxBytes) return false
    day.bytes += bytes + ENTRY_COST
    return true
  }
}

function dayOf(now: number): number {
  return Math.floor(now / DAY) * DAY
}

function policyReport({ type, domain, policy = [], mxHosts = [] }: TlsPolicy): TlsPolicyReport {
  const name = cut(domain)
  return {
    type,
    domain: domainToAscii(name) || name.toLowerCase(),
    policy: policy.slice(0, LINES_LIMIT).map(cut),
    mxHosts: mxHosts.slice(0, LINES_LIMIT).map(host => domainToAscii(host) || cut(host)),
    successes: 0,
    failures: 0,
    details: [],
  }
}

const RESULT_TYPES: ReadonlySet<string> = new Set<TlsResultType>([
  'starttls-not-supported',
  'certificate-host-mismatch',
  'certificate-expired',
  'certificate-not-trusted',
  'validation-failure',
  'tlsa-invalid',
  'dnssec-invalid',
  'dane-required',
  'sts-policy-fetch-error',
  'sts-policy-invalid',
  'sts-webpki-invalid',
])

function failureReport(failure: TlsFailure): TlsFailureReport {
  const text = (value: string | undefined): string | null => (value ? cut(value) : null)
  return {
    // RFC 8460 §4.3.3: what has no category of its own
    resultType: RESULT_TYPES.has(failure.resultType) ? failure.resultType : 'validation-failure',
    sendingMtaIp: text(failure.sendingMtaIp),
    receivingMxHostname: text(failure.receivingMxHostname),
    receivingMxHelo: text(failure.receivingMxHelo),
    receivingIp: text(failure.receivingIp),
    count: 0,
    additionalInformation: text(failure.additionalInformation),
    failureReasonCode: text(failure.failureReasonCode),
  }
}

function finish({ report, details, successes, failures }: PolicyEntry): TlsPolicyReport {
  const found = [...details.values()].map(({ detail, count }) => ({ ...detail, count }))
  return { ...report, successes, failures, details: found }
}

function cut(text: string): string {
  return text.length > TEXT_LIMIT ? text.slice(0, TEXT_LIMIT) : text
}
