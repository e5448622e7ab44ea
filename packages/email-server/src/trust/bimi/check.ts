// Where a domain keeps the logo for its messages (draft-brand-indicators-for-message-identification-10 §7.1, §7.2, §7.3). Only the reference is
// looked up: whether the image is right, and whether a mark certificate vouches for it, is for those who show it.
import { readAddressList } from '../../address/index.ts'
import type { Runtime } from '../../base/runtime.ts'
import { type Ask, type Resolver, withinTime } from '../../dns/index.ts'
import type { DkimSignatureResult } from '../dkim/index.ts'
import { type DmarcRecord, type DmarcResult, PolicyRecords } from '../dmarc/index.ts'
import {
  type BimiRecord,
  isBimiRecord,
  localPartSelector,
  readBimiRecord,
  readBimiSelector,
} from './record.ts'

export interface BimiQuery {
  readonly dmarc: Pick<DmarcResult, 'result' | 'domain' | 'identifiers'>
  /** The bodies of all From fields. */
  readonly from: readonly string[]
  /** The bodies of all BIMI-Selector fields. */
  readonly selector?: readonly string[]
  /** A BIMI-Selector that no aligned signature covers is not heard (§5.5). */
  readonly dkim?: readonly Pick<DkimSignatureResult, 'result' | 'domain' | 'selector' | 'signedHeaders'>[]
}

export interface BimiOptions {
  readonly resolver: Resolver
  readonly runtime: Pick<Runtime, 'now' | 'setTimer'>
  /** Time for the whole check, ms. Default 10,000; then the result is `temperror`. */
  readonly timeoutMs?: number
}

export interface BimiResult {
  /**
   * `found`: there is a reference to a logo, of which nothing was fetched and nothing is proven. `skipped`: the message does not qualify (it must pass
   * DMARC under a policy of quarantine or reject). `declined`: the domain says that it wants no logo shown. `fail`: the record is not right.
   */
  readonly result: 'found' | 'none' | 'skipped' | 'declined' | 'fail' | 'temperror'
  /** Where the record stands: `<selector>._bimi.<domain>`. Null without a record. */
  readonly domain: string | null
  readonly selector: string | null
  /** The logo, an https: URI of an SVG image; null unless `found`, and when only evidence is published. */
  readonly location: string | null
  /** The mark certificate that vouches for it; null when there is none. */
  readonly evidence: string | null
  readonly avatar: 'brand' | 'personal'
  /** Why, in words for people; printable ASCII. */
  readonly reason: string
}

const DEFAULT_TIMEOUT_MS = 10_000
const NOTHING = { domain: null, selector: null, location: null, evidence: null, avatar: 'brand' } as const

/** Never rejects: what cannot be checked is a result too. */
export async function checkBimi(query: BimiQuery, options: BimiOptions): Promise<BimiResult> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  return withinTime({ ...options, timeoutMs }, ask => evaluateBimi(query, new PolicyRecords(ask), ask))
}

/** The same with questions whose time is somebody else's, and policies that may be known already; ends when they do. */
export async function evaluateBimi(query: BimiQuery, policies: PolicyRecords, ask: Ask): Promise<BimiResult> {
  const author = query.dmarc.domain
  const skipped = (reason: string): BimiResult => ({ ...NOTHING, result: 'skipped', reason })
  if (query.dmarc.result !== 'pass' || author === null) return skipped('the message does not pass DMARC')
  const local = authorLocalPart(query.from)
  if (local === null) return skipped('the message has not one author')
  const walk = await policies.walk(author)
  if (walk.failed) {
    return {
      ...NOTHING,
      result: 'temperror',
      reason: `the DNS failed when asked for the policy of ${author}`,
    }
  }
  const organization = walk.organizationalDomain
  const deciding = walk.found.filter(({ domain }) => domain === author || domain === organization)
  const lax = deciding.find(({ record }) => isLax(record))
  if (deciding.length === 0 || lax) return skipped(`the DMARC policy of ${lax?.domain ?? author} is too lax`)
  return discover(author, organization, selectorOf(query), local, ask)
}

/** The local part of the one address of the one From field; null when there are none or several (§7.1 step 1). */
function authorLocalPart(from: readonly string[]): string | null {
  if (from.length !== 1) return null
  const { entries, truncated } = readAddressList(from[0]!, { maxMailboxes: 2 })
  const mailboxes = entries.flatMap(entry => (entry.kind === 'group' ? entry.members : [entry]))
  return truncated || mailboxes.length !== 1 ? null : (mailboxes[0]?.local ?? null)
}

/** §7.1 steps 7 to 9; `t=y` (RFC 9989 §4.7) is what a `pct` below 100 was. */
function isLax({ policy, subdomainPolicy, testing, percentage }: DmarcRecord): boolean {
  return (
    policy === null ||
    policy === 'none' ||
    subdomainPolicy === 'none' ||
    testing ||
    (policy === 'quarantine' && percentage < 100)
  )
}

/** §7.2 step 2, §5.5. */
function selectorOf({ selector = [], dkim = [], dmarc }: BimiQuery): string {
  const aligned = dmarc.identifiers.filter(
    one => one.method === 'dkim' && one.aligned && one.result === 'pass',
  )
  const isSigned = dkim.some(
    each =>
      each.result === 'pass' &&
      each.signedHeaders.includes('bimi-selector') &&
      aligned.some(one => one.domain === each.domain && one.selector === each.selector),
  )
  return (selector.length === 1 && isSigned ? readBimiSelector(selector[0]!) : null) ?? 'default'
}

interface Found {
  readonly domain: string
  readonly selector: string
  readonly texts: readonly string[]
}

async function discover(
  author: string,
  organization: string,
  selector: string,
  local: string,
  ask: Ask,
): Promise<BimiResult> {
  for (const domain of new Set([author, organization])) {
    const found = await recordsAt(domain, selector, ask)
    if (found === null) return failing(domain, selector)
    if (found.texts.length === 0) continue
    return judge(await better(found, local, ask))
  }
  return { ...NOTHING, result: 'none', reason: `neither ${author} nor ${organization} has a BIMI record` }
}

/** §4.5: the record that the local part chooses, where the one that was found lets it. */
async function better(found: Found, local: string, ask: Ask): Promise<Found> {
  const record = found.texts.length === 1 ? readBimiRecord(found.texts[0]!) : null
  const selector = localPartSelector(local)
  if (record === null || typeof record === 'string' || !record.localPartSelectors) return found
  if (selector === null || selector === found.selector) return found
  const own = await recordsAt(found.domain, selector, ask)
  return own?.texts.length === 1 && typeof readBimiRecord(own.texts[0]!) !== 'string' ? own : found
}

/** Null when the DNS failed. */
async function recordsAt(domain: string, selector: string, ask: Ask): Promise<Found | null> {
  const answer = await ask(`${selector}._bimi.${domain}`, 'TXT')
  if (answer.ok) {
    const texts = answer.records.map(({ value }) => value).filter(isBimiRecord)
    return { domain, selector, texts }
  }
  return answer.failure === 'nxdomain' || answer.failure === 'nodata' ? { domain, selector, texts: [] } : null
}

function failing(domain: string, selector: string): BimiResult {
  const reason = `the DNS failed when asked for ${selector}._bimi.${domain}`
  return { ...NOTHING, domain, selector, result: 'temperror', reason }
}

function judge({ domain, selector, texts }: Found): BimiResult {
  const base = { ...NOTHING, domain, selector }
  if (texts.length > 1) return { ...base, result: 'fail', reason: `${domain} has several BIMI records` }
  const record: BimiRecord | string = readBimiRecord(texts[0]!)
  if (typeof record === 'string')
    return { ...base, result: 'fail', reason: `the BIMI record of ${domain}: ${record}` }
  const { location, evidence, avatar } = record
  if (location === null && evidence === null) {
    return { ...base, result: 'declined', reason: `${domain} wants no logo to be shown` }
  }
  return { ...base, location, evidence, avatar, result: 'found', reason: `${domain} names a logo` }
}
