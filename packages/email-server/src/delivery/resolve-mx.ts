// resolveMX: the hosts of a domain for whoever asks.
import { optionError } from '../base/errors.ts'
import { findRoute, type RoutingOptions } from './routing.ts'

export interface MxHost {
  /** A-labels, lower case. */
  readonly exchange: string
  readonly priority: number
}

/** All of them: nobody connects to what is only listed. */
const MOST_HOSTS = 1000

/**
 * The hosts that take mail for this domain (A-labels or U-labels), the preferred first, equals in random order; the domain itself when it has
 * no MX record. Rejects with EDNS: `permanent` when there is no such domain or it takes no mail (556 5.1.10), else worth another try.
 */
export async function mxHosts(
  domain: string,
  options: Pick<RoutingOptions, 'resolver' | 'random'>,
): Promise<readonly MxHost[]> {
  if (typeof domain !== 'string') throw optionError('domain', 'a domain', domain)
  const found = await findRoute(domain, { ...options, maxHosts: MOST_HOSTS })
  if (!found.ok) throw found.error
  return found.route.hosts.map(host => ({ exchange: host.name, priority: host.preference }))
}
