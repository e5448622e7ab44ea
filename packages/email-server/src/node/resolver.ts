// A resolver for those who want another DNS than that of this machine, or one cache for several checks.
import { CachingResolver } from '../dns/index.ts'
import { type DnsClientOptions, dnsClient } from './dns-client.ts'
import { nodeRuntime } from './runtime.ts'

export interface ResolverOptions extends DnsClientOptions {
  /** Names (with their type) that are kept. Default 10,000; 0 keeps none. */
  readonly cacheNames?: number
}

/**
 * A resolver with a cache, for `createServer({ resolver })`, `checkSPF(…, { resolver })`, `authenticate(…, { resolver })`, `mat.verifyDNS({ resolver })`.
 *
 *     const resolver = createResolver({ servers: ['192.0.2.53', '[2001:db8::53]:5353'] })
 *
 * Without `servers` those of the machine are asked. Throws ECONFIG that names the option.
 */
export function createResolver(options: ResolverOptions = {}): CachingResolver {
  const { cacheNames, ...client } = options
  const runtime = { now: nodeRuntime.now, setTimer: nodeRuntime.setTimer, resolve: dnsClient(client) }
  return new CachingResolver({ runtime, ...(cacheNames !== undefined && { cacheNames }) })
}
