// Where mail for a domain goes: MX records, the implicit MX, the null MX, address literals. RFC 5321 §5, RFC 7505, RFC 6531 §3.7.1 (A-labels).
import { isAddressLiteral } from '../address/index.ts'
import type { MailError } from '../base/errors.ts'
import { parseIp } from '../base/ip.ts'
import type { DnsRecord, Runtime } from '../base/runtime.ts'
import { queryName, type Resolver } from '../dns/index.ts'
import { domainToAscii } from '../text/index.ts'
import { permanent, temporary } from './failure.ts'

/** One host that takes mail for a domain. */
export interface MailHost {
  /** A-labels in lower case, or an address in text. */
  readonly name: string
  readonly preference: number
}

export interface Route {
  /** The domain as it was looked up: A-labels, or an address literal. */
  readonly domain: string
  /** In the order in which they are tried; at least one. */
  readonly hosts: readonly MailHost[]
  readonly kind: 'mx' | 'implicit' | 'literal'
  /** DNSSEC vouches for the hosts. */
  readonly authentic: boolean
}

export type RouteResult =
  | { readonly ok: true; readonly route: Route }
  | { readonly ok: false; readonly error: MailError }

export interface RoutingOptions {
  readonly resolver: Resolver
  readonly random: Runtime['random']
  /** Names by which we are known: hosts of these names, and all that are no better, are not tried (RFC 5321 §5.1). A-labels, lower case. */
  readonly ownNames?: ReadonlySet<string>
  /** Hosts that are tried at most. */
  readonly maxHosts: number
}

/** Never rejects. */
export async function findRoute(domain: string, options: RoutingOptions): Promise<RouteResult> {
  if (domain.startsWith('[')) return literalRoute(domain)
  const ascii = queryName(domainToAscii(domain))
  if (ascii === null) return failed(permanent('EDNS', '550 5.1.2', `${domain} is no name of a domain`))
  const answer = await options.resolver.resolve(ascii, 'MX')
  if (answer.ok) return mxRoute(ascii, answer.records, answer.ad === true, options)
  switch (answer.failure) {
    case 'nxdomain':
      return failed(permanent('EDNS', '550 5.1.2', `the domain ${ascii} does not exist`))
    case 'nodata':
      // "If an empty list of MXs is returned, the address is treated as if it was associated with an implicit MX" (RFC 5321 §5.1)
      return route(ascii, [{ name: ascii, preference: 0 }], 'implicit', answer.ad === true)
    default:
      return failed(
        temporary('EDNS', '451 4.4.3', `the MX records of ${ascii} cannot be had (${answer.failure})`),
      )
  }
}

function mxRoute(
  domain: string,
  records: readonly DnsRecord[],
  authentic: boolean,
  options: RoutingOptions,
): RouteResult {
  if (records.length === 1 && (records[0]!.value === '' || records[0]!.value === '.')) {
    return failed(permanent('EDNS', '556 5.1.10', `the domain ${domain} does not accept mail (null MX)`))
  }
  const named = records.flatMap(record => {
    const name = hostName(record.value)
    return name === null ? [] : [{ name, preference: record.priority ?? 0 }]
  })
  if (named.length === 0) {
    return failed(permanent('EDNS', '550 5.4.4', `no MX record of ${domain} names a host`))
  }
  const sorted = sortHosts(named, options.random)
  // "If a matching record is found, all records at that preference level and higher-numbered ones MUST be discarded" (RFC 5321 §5.1)
  const own = sorted.find(host => options.ownNames?.has(host.name))
  const usable = own ? sorted.filter(host => host.preference < own.preference) : sorted
  if (usable.length === 0) return failed(loopError(domain))
  return route(domain, usable.slice(0, options.maxHosts), 'mx', authentic)
}

export function loopError(domain: string): MailError {
  return permanent('EDNS', '554 5.4.6', `mail for ${domain} loops back to this host`)
}

/** By preference; those of the same one in random order (RFC 5321 §5.1: MUST). Names that occur twice count once. */
function sortHosts(hosts: readonly MailHost[], random: Runtime['random']): MailHost[] {
  const best = new Map<string, MailHost>()
  for (const host of hosts) {
    const known = best.get(host.name)
    if (!known || host.preference < known.preference) best.set(host.name, host)
  }
  if (best.size === 1) return [...best.values()]
  const dice = random(4 * best.size)
  const view = new DataView(dice.buffer, dice.byteOffset, dice.byteLength)
  return [...best.values()]
    .map((host, i) => ({ host, lot: view.getUint32(4 * i) }))
    .sort((a, b) => a.host.preference - b.host.preference || a.lot - b.lot)
    .map(({ host }) => host)
}

/** The name of an MX record, or null: an address is none, and neither is what cannot be asked for (RFC 5321 §5.1). */
function hostName(value: string): string | null {
  const name = queryName(value)
  return name === null || parseIp(name) !== null || /^[0-9.]+$/.test(name) ? null : name
}

// address-literal                                                                              RFC 5321 §4.1.3
function literalRoute(domain: string): RouteResult {
  const content = domain.slice(1, -1)
  const address = /^ipv6:/i.test(content) ? content.slice(5) : content
  if (!isAddressLiteral(domain) || !parseIp(address)) {
    return failed(permanent('EDNS', '550 5.1.2', `${domain} is no address that mail can be sent to`))
  }
  return route(domain, [{ name: address.toLowerCase(), preference: 0 }], 'literal', false)
}

function route(
  domain: string,
  hosts: readonly MailHost[],
  kind: Route['kind'],
  authentic: boolean,
): RouteResult {
  return { ok: true, route: { domain, hosts, kind, authentic } }
}

function failed(error: MailError): RouteResult {
  return { ok: false, error }
}
