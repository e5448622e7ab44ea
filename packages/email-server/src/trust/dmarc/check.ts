// DMARC: does the domain that the reader sees vouch for the message? RFC 9989 §4.10.1 (policy), §4.10.2 (alignment), §5.3.
import { optionError } from '../../base/errors.ts'
import type { Runtime } from '../../base/runtime.ts'
import { type Ask, type Resolver, withinTime } from '../../dns/index.ts'
import { type Authors, plainDomain, readAuthors } from './author.ts'
import type { DmarcPolicy, DmarcRecord } from './record.ts'
import type { DmarcIdentifier, DmarcQuery, DmarcResult } from './result.ts'
import { PolicyRecords, type Walk } from './tree-walk.ts'

export interface DmarcOptions {
  readonly resolver: Resolver
  readonly runtime: Pick<Runtime, 'now' | 'setTimer'>
  /** Time for the whole check, ms. Default 10,000; then the result is `temperror`. */
  readonly timeoutMs?: number
}

const DEFAULT_TIMEOUT_MS = 10_000
/** Identifiers that are compared: SPF's and the first signatures. */
const IDENTIFIER_LIMIT = 20

/** What there is to say where no record is. */
export const NO_POLICY: DmarcResult = {
  result: 'none',
  domain: null,
  policy: null,
  publishedPolicy: null,
  policyTag: null,
  policyDomain: null,
  organizationalDomain: null,
  record: null,
  identifiers: [],
  reason: '',
}

/** Rejects only with ECONFIG, for a query of the wrong kind: what cannot be checked is a result too. */
export async function checkDmarc(query: DmarcQuery, options: DmarcOptions): Promise<DmarcResult> {
  if (!Array.isArray(query.from) || query.from.some(field => typeof field !== 'string')) {
    throw optionError('from', 'a list of the bodies of the From fields', query.from)
  }
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  return withinTime({ ...options, timeoutMs }, ask =>
    evaluateDmarc(readAuthors(query.from), query, new PolicyRecords(ask), ask),
  )
}

/** The same with questions whose time is somebody else's, and records that may have been asked for already; ends when they do. */
export async function evaluateDmarc(
  { domains, fault }: Authors,
  query: Pick<DmarcQuery, 'spf' | 'dkim'>,
  records: PolicyRecords,
  ask: Ask,
): Promise<DmarcResult> {
  const results: DmarcResult[] = []
  for (const domain of domains) results.push(await checkDomain(domain, query, records, ask))
  const worst = results.reduce<DmarcResult | null>(
    (a, b) => (a === null || severity(b) > severity(a) ? b : a),
    null,
  )
  if (fault === null && worst) {
    return domains.length === 1
      ? worst
      : { ...worst, reason: `of ${domains.length} domains in the From field: ${worst.reason}` }
  }
  // RFC 9989 §11.5: what has no single clear author must not get past by that
  return {
    ...(worst ?? NO_POLICY),
    result: worst?.result === 'temperror' ? 'temperror' : 'fail',
    reason: fault ?? '',
  }
}

/** Of several authors the one that fares worst speaks for the message (RFC 9989 §11.5). */
function severity(result: DmarcResult): number {
  const steps: readonly (DmarcPolicy | null)[] = [null, 'none', 'quarantine', 'reject']
  const verdicts: readonly DmarcResult['result'][] = ['pass', 'none', 'temperror', 'fail']
  return verdicts.indexOf(result.result) * 10 + steps.indexOf(result.policy)
}

async function checkDomain(
  domain: string,
  query: Pick<DmarcQuery, 'spf' | 'dkim'>,
  records: PolicyRecords,
  ask: Ask,
): Promise<DmarcResult> {
  const base = { ...NO_POLICY, domain }
  const failing = { ...base, result: 'temperror' as const }
  const own = await records.at(domain)
  if (own === 'temperror')
    return { ...failing, reason: `the DNS failed when asked for the policy of ${domain}` }
  const walk = own ? null : await records.walk(domain)
  if (walk?.failed) return { ...failing, reason: `the DNS failed when asked for the policy above ${domain}` }
  const source = own ? { domain, record: own } : walk && policyAbove(walk)
  if (!source) return { ...base, reason: `neither ${domain} nor a domain above it has a DMARC record` }
  const record = usable(source.record)
  if (!record) {
    return {
      ...base,
      reason: `the DMARC record of ${source.domain} has no right policy and asks for no reports`,
    }
  }

  const aligner = new Aligner(domain, records, walk)
  const identifiers = await aligner.compare(query, record)
  const published = await publishedPolicy(record, domain, source.domain, ask)
  const known = {
    ...base,
    record,
    policyDomain: source.domain,
    policyTag: published.tag,
    publishedPolicy: published.policy,
    policy: record.testing ? oneStepLess(published.policy) : published.policy,
    organizationalDomain: aligner.organizationalDomain,
    identifiers,
  }
  const passing = identifiers.find(one => one.aligned && one.result === 'pass')
  if (passing) return { ...known, result: 'pass', reason: `${spoken(passing)} and is aligned with ${domain}` }
  // §5.3.6: neither pass nor fail when an answer is missing that could have made it pass
  const unknown = identifiers.find(
    one =>
      (one.result === 'pass' && one.aligned === null) ||
      (one.result === 'temperror' && one.aligned !== false),
  )
  if (unknown) {
    return {
      ...known,
      result: 'temperror',
      reason: `the DNS failed for ${unknown.method} of ${unknown.domain}`,
    }
  }
  return { ...known, result: 'fail', reason: whyNot(identifiers, domain) }
}

// §4.10.1: the organizational domain before the public suffix
function policyAbove(walk: Walk): Walk['found'][number] | null {
  return (
    walk.found.find(({ domain }) => domain === walk.organizationalDomain) ??
    walk.found.find(({ record }) => record.psd === 'y') ??
    null
  )
}

// §4.7, `p`: a record without it is one of p=none. §4.10.1: one with a wrong p, sp or np is p=none when it asks for reports, else nothing.
function usable(record: DmarcRecord): DmarcRecord | null {
  if (!record.wrongTags.some(tag => tag === 'p' || tag === 'sp' || tag === 'np')) return record
  if (record.aggregateReports.length === 0) return null
  return { ...record, policy: 'none', subdomainPolicy: null, nonexistentPolicy: null }
}

interface Published {
  readonly policy: DmarcPolicy
  readonly tag: 'p' | 'sp' | 'np'
}

// §4.7, §4.10.1: p for the domain itself; below it np or sp, and p without them
async function publishedPolicy(
  record: DmarcRecord,
  domain: string,
  source: string,
  ask: Ask,
): Promise<Published> {
  const plain: Published = { policy: record.policy ?? 'none', tag: 'p' }
  if (domain === source) return plain
  const existing: Published = record.subdomainPolicy ? { policy: record.subdomainPolicy, tag: 'sp' } : plain
  if (record.nonexistentPolicy === null) return existing
  const missing: Published = { policy: record.nonexistentPolicy, tag: 'np' }
  if (missing.policy === existing.policy) return existing
  // RFC 8020: a name that does not exist has no records of any type
  const answer = await ask(domain, 'A')
  if (answer.ok || answer.failure === 'nodata') return existing
  if (answer.failure === 'nxdomain') return missing
  return strictness(missing.policy) > strictness(existing.policy) ? missing : existing
}

function strictness(policy: DmarcPolicy): number {
  return ['none', 'quarantine', 'reject'].indexOf(policy)
}

function oneStepLess(policy: DmarcPolicy): DmarcPolicy {
  return policy === 'reject' ? 'quarantine' : 'none'
}

/** Compares domains with the author's; walks only where a walk can change the answer. */
class Aligner {
  readonly #author: string
  readonly #records: PolicyRecords
  #walk: Walk | null

  constructor(author: string, records: PolicyRecords, walk: Walk | null) {
    this.#author = author
    this.#records = records
    this.#walk = walk
  }

  get organizationalDomain(): string | null {
    return this.#walk && !this.#walk.failed ? this.#walk.organizationalDomain : null
  }

  async compare(query: Pick<DmarcQuery, 'spf' | 'dkim'>, record: DmarcRecord): Promise<DmarcIdentifier[]> {
    const { spf, dkim = [] } = query
    const all = [
      ...(spf ? [{ method: 'spf' as const, ...spf, selector: null, mode: record.spfAlignment }] : []),
      ...dkim.map(one => ({ method: 'dkim' as const, ...one, mode: record.dkimAlignment })),
    ]
    const identifiers: DmarcIdentifier[] = []
    for (const { method, domain: given, selector, result, mode } of all.slice(0, IDENTIFIER_LIMIT)) {
      const domain = given === null ? null : plainDomain(given)
      if (domain === null) continue
      const aligned = await this.#isAligned(domain, mode)
      identifiers.push({ method, domain, selector: selector ?? null, result, mode, aligned })
    }
    return identifiers
  }

  async #isAligned(domain: string, mode: 'relaxed' | 'strict'): Promise<boolean | null> {
    if (domain === this.#author) return true
    if (mode === 'strict') return false
    // domains without a common ending have no common organization
    if (lastLabel(domain) !== lastLabel(this.#author)) return false
    this.#walk ??= await this.#records.walk(this.#author)
    if (this.#walk.failed) return null
    const organization = this.#walk.organizationalDomain
    if (domain !== organization && !domain.endsWith(`.${organization}`)) return false
    const theirs = await this.#records.walk(domain)
    return theirs.failed ? null : theirs.organizationalDomain === organization
  }
}

function lastLabel(domain: string): string {
  return domain.slice(domain.lastIndexOf('.') + 1)
}

function spoken({ method, domain, selector }: DmarcIdentifier): string {
  return method === 'spf'
    ? `SPF passes for ${domain}`
    : `a DKIM signature of ${domain}${selector ? ` (${selector})` : ''} passes`
}

function whyNot(identifiers: readonly DmarcIdentifier[], domain: string): string {
  const passing = identifiers.filter(one => one.result === 'pass')
  if (passing.length === 0) return `neither SPF nor DKIM passes for a domain that could speak for ${domain}`
  const others = [...new Set(passing.map(one => one.domain))].slice(0, 3).join(', ')
  return `what passes (${others}) is not aligned with ${domain}`
}
