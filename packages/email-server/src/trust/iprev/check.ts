// Forward-confirmed reverse DNS: does the client's address have a name that has this address? RFC 8601 §2.7.3, §3.
import { formatIp, inNetwork, parseIp, parsePeerIp, reverseName } from '../../base/ip.ts'
import type { DnsAnswer, Runtime } from '../../base/runtime.ts'
import { type Ask, queryName, type Resolver, withinTime } from '../../dns/index.ts'

export interface RdnsQuery {
  /** The client's address, in text. */
  readonly ip: string
  /** The name of HELO or EHLO, to be compared. */
  readonly helo?: string
}

export interface RdnsOptions {
  readonly resolver: Resolver
  readonly runtime: Pick<Runtime, 'now' | 'setTimer'>
  /** Time for the whole check, ms. Default 10,000; then the result is `temperror`. */
  readonly timeoutMs?: number
}

export interface RdnsResult {
  /** `pass`: a name and the address agree. `fail`: they do not. `permerror`: the address has no name. */
  readonly result: 'pass' | 'fail' | 'temperror' | 'permerror'
  readonly ip: string
  /** The first name that has the address; null when none has. */
  readonly name: string | null
  /** All names of the address that were looked at, at most ten, proven or not; lower case. */
  readonly names: readonly string[]
  /** True when the name of HELO is a proven one or has the address itself; null when the DNS failed or no name was given. */
  readonly heloMatches: boolean | null
  /** Why, in words for people; printable ASCII. */
  readonly reason: string
}

const DEFAULT_TIMEOUT_MS = 10_000
/** RFC 8601 §3 leaves the number to us; SPF has the same (RFC 7208 §4.6.4). */
const NAME_LIMIT = 10

/** Never rejects: what cannot be checked is a result too. */
export async function checkRdns(query: RdnsQuery, options: RdnsOptions): Promise<RdnsResult> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  return withinTime({ ...options, timeoutMs }, ask => evaluateRdns(query, ask))
}

/** The same with questions whose time is somebody else's; ends when they do. */
export async function evaluateRdns({ ip: text, helo }: RdnsQuery, ask: Ask): Promise<RdnsResult> {
  const ip = parsePeerIp(text)
  const nothing = { ip: ip ? formatIp(ip) : text, name: null, names: [], heloMatches: null }
  if (!ip) return { ...nothing, result: 'permerror', reason: 'the client has no IP address' }
  const spelled = helo === undefined ? null : queryName(helo)
  const heloProof = spelled === null ? Promise.resolve(false) : hasAddress(ask, spelled, ip)
  const [reverse, heloHas] = await Promise.all([ask(reverseName(ip), 'PTR'), heloProof])
  const heloSays = helo === undefined ? null : heloHas
  if (!reverse.ok) return { ...nothing, heloMatches: heloSays, ...withoutNames(reverse, nothing.ip) }
  const names = [...new Set(reverse.records.map(({ value }) => queryName(value)))]
    .filter(name => name !== null)
    .slice(0, NAME_LIMIT)
  const proofs = await Promise.all(
    names.map(name => (name === spelled ? heloHas : hasAddress(ask, name, ip))),
  )
  const name = names.find((_, i) => proofs[i] === true) ?? null
  const isProven = names.some((known, i) => proofs[i] === true && known === spelled)
  const known = { ...nothing, names, name, heloMatches: isProven ? true : heloSays }
  if (name !== null)
    return { ...known, result: 'pass', reason: `${nothing.ip} is ${name}, and ${name} is ${nothing.ip}` }
  if (proofs.includes(null)) {
    return {
      ...known,
      result: 'temperror',
      reason: `the DNS failed when asked for addresses of the names of ${nothing.ip}`,
    }
  }
  return { ...known, result: 'fail', reason: `no name of ${nothing.ip} has this address` }
}

function withoutNames(
  answer: Extract<DnsAnswer, { ok: false }>,
  ip: string,
): Pick<RdnsResult, 'result' | 'reason'> {
  if (answer.failure === 'nxdomain' || answer.failure === 'nodata') {
    return { result: 'permerror', reason: `${ip} has no name` }
  }
  return { result: 'temperror', reason: `the DNS failed when asked for the name of ${ip}` }
}

/** Null when the DNS failed. */
async function hasAddress(ask: Ask, name: string, ip: Uint8Array): Promise<boolean | null> {
  const answer = await ask(name, ip.length === 4 ? 'A' : 'AAAA')
  if (!answer.ok) return answer.failure === 'nxdomain' || answer.failure === 'nodata' ? false : null
  return answer.records.some(({ value }) => {
    const bytes = parseIp(value)
    return bytes !== null && inNetwork(bytes, ip, ip.length * 8)
  })
}
