// check_host(): may this address send mail in the name of this domain? RFC 7208 §4.
import { formatIp, parsePeerIp } from '../../base/ip.ts'
import type { Runtime } from '../../base/runtime.ts'
import { type Ask, queryName, type Resolver, withinTime } from '../../dns/index.ts'
import { domainToAscii, isAscii } from '../../text/index.ts'
import { SpfEvaluation } from './evaluation.ts'
import type { SpfResult } from './result.ts'

export interface SpfQuery {
  /** The client's address, in text. */
  readonly ip: string
  /** The address of MAIL FROM; empty or absent: HELO is checked. A bare domain stands for its postmaster. */
  readonly sender?: string
  /** The name of HELO or EHLO. */
  readonly helo?: string
}

export interface SpfOptions {
  readonly resolver: Resolver
  readonly runtime: Pick<Runtime, 'now' | 'setTimer'>
  /** Time for the whole check, ms. Default 20,000 (RFC 7208 §4.6.4: at least 20 seconds); then the result is `temperror`. */
  readonly timeoutMs?: number
  /** Our own name, for the macro `%{r}` in explanations. Default `unknown`. */
  readonly receiver?: string
  /** Look-ups that may find nothing. Default 2. */
  readonly maxVoidLookups?: number
}

const DEFAULT_TIMEOUT_MS = 20_000

/** Never rejects: what cannot be checked is a result too. */
export async function checkSpf(query: SpfQuery, options: SpfOptions): Promise<SpfResult> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  return withinTime({ ...options, timeoutMs }, ask => evaluateSpf(query, options, ask))
}

/** The same with questions whose time is somebody else's; ends when they do. */
export async function evaluateSpf(
  query: SpfQuery,
  options: Pick<SpfOptions, 'runtime' | 'receiver' | 'maxVoidLookups'>,
  ask: Ask,
): Promise<SpfResult> {
  const helo = query.helo ?? ''
  const identity = query.sender ? 'mailfrom' : 'helo'
  const { local, domain: spelled } = parts(query.sender || `postmaster@${helo}`)
  // RFC 8616 §4: U-labels become A-labels before anything else
  const domain = isAscii(spelled) ? spelled : domainToAscii(spelled)
  const sender = `${local}@${domain}`
  const ip = parsePeerIp(query.ip)
  const known = { identity, sender, domain, helo, ip: ip ? formatIp(ip) : query.ip } as const
  const nothing = { ...known, mechanism: null, explanation: null, lookups: 0, voidLookups: 0 }
  if (!ip) return { ...nothing, result: 'none', reason: 'the client has no IP address' }
  // RFC 7208 §4.3: what is no domain of several labels has no policy
  if (queryName(domain) === null || !domain.replace(/\.$/, '').includes('.') || domain.startsWith('[')) {
    const what = identity === 'helo' ? 'HELO name' : 'domain of the sender'
    return { ...nothing, result: 'none', reason: `the ${what} is no domain that could have a policy` }
  }
  const evaluation = new SpfEvaluation({
    ask,
    ip,
    sender,
    local,
    domain,
    helo,
    receiver: options.receiver ?? 'unknown',
    seconds: Math.floor(options.runtime.now() / 1000),
    maxVoidLookups: options.maxVoidLookups ?? 2,
  })
  return { ...known, ...(await evaluation.run()) }
}

/** The local part defaults to `postmaster` (RFC 7208 §4.3). */
function parts(sender: string): { local: string; domain: string } {
  const at = sender.lastIndexOf('@')
  return { local: sender.slice(0, Math.max(at, 0)) || 'postmaster', domain: sender.slice(at + 1) }
}
