// SendPool: connections shared by many calls of sendMail, and what is remembered for them: policies, resting hosts, names.
import { optionError } from '../base/errors.ts'
import { type Limits, resolveLimits } from '../base/limits.ts'
import type { Runtime, TlsOptions } from '../base/runtime.ts'
import { CachingResolver, queryName, type Resolver } from '../dns/index.ts'
import { Circuits } from './circuit.ts'
import { Courier } from './courier.ts'
import { Hosts, type TlsOutcome } from './hosts.ts'
import { type PoolOptions, resolvePool } from './pool.ts'
import { StsPolicies, type StsPolicyStore } from './sts-policies.ts'

export interface SendPoolOptions extends PoolOptions {
  /** What we say in EHLO: our name in the DNS. Default: our address, as `[192.0.2.1]`. */
  readonly hostname?: string
  /** Our own address, for machines that have several. */
  readonly localAddress?: string
  /** For handshakes with the hosts that the DNS names: `ca`, a client certificate. */
  readonly tls?: TlsOptions
  /** Nothing is sent in clear to the hosts that the DNS names. Default false. */
  readonly requireTLS?: boolean
  /** TLS is never tried with them. Default false. */
  readonly ignoreTLS?: boolean
  /** MTA-STS (RFC 8461): false, or where policies outlive the process. Default: policies are kept in memory. */
  readonly mtaSts?: boolean | StsPolicyStore
  /** DANE (RFC 7672) where the resolver vouches for its answers. Default true. */
  readonly dane?: boolean
  /** Send to hosts that the DNS says are at private or loopback addresses. Default false: a stranger's MX record points at no host of ours. */
  readonly privateHosts?: boolean
  /** Names and addresses by which we are known: mail for others is not sent to them (RFC 5321 §5.1). */
  readonly ownNames?: readonly string[]
  readonly ownAddresses?: readonly string[]
  /** Of the hosts that the DNS names. Default 25. */
  readonly port?: number
  /** Time for a connection to be made, ms. Default 30,000. */
  readonly connectTimeout?: number
  readonly limits?: Partial<Limits>
  readonly resolver?: Resolver
  /** Hears of every connection what TLS it has and what its domain's policy asks for (RFC 8460). */
  readonly onTls?: (outcome: TlsOutcome) => void
  /** Hears every line but passwords, tokens and messages. */
  readonly onLine?: (host: string, from: 'client' | 'server', line: string) => void
  /** The world; default: this machine. */
  readonly runtime?: Runtime
}

const CONNECT_TIMEOUT_MS = 30_000
/** MX hosts of one domain that are tried. */
const MOST_HOSTS = 10

const POOL_NAMES = [
  'maxPerDomain',
  'maxMessagesPerConn',
  'idleTimeout',
  'rateLimitPerMinute',
  'reconnectDelay',
  'maxConnections',
] as const
const OTHER_NAMES: ReadonlySet<string> = new Set([
  'hostname',
  'localAddress',
  'tls',
  'requireTLS',
  'ignoreTLS',
  'mtaSts',
  'dane',
  'privateHosts',
  'ownNames',
  'ownAddresses',
  'port',
  'connectTimeout',
  'limits',
  'resolver',
  'onTls',
  'onLine',
  'runtime',
])

export class SendPool {
  readonly courier: Courier
  readonly runtime: Runtime
  readonly limits: Limits
  readonly hostname: string | null

  /** Throws ECONFIG that names the option. */
  constructor(options: SendPoolOptions & { readonly runtime: Runtime }, path = 'pool') {
    const { runtime } = options
    const poolOptions: { -readonly [K in keyof PoolOptions]: PoolOptions[K] } = {}
    for (const [name, value] of Object.entries(options)) {
      if (value === undefined) continue
      const known = POOL_NAMES.find(other => other === name)
      if (known) poolOptions[known] = value as number
      else if (!OTHER_NAMES.has(name)) throw optionError(path, `an object without ${name}`, options)
    }
    checkOptions(options, path)
    this.runtime = runtime
    this.limits = resolveLimits(options.limits, `${path}.limits`)
    this.hostname = options.hostname ?? null
    const resolver = options.resolver ?? new CachingResolver({ runtime })
    const store = typeof options.mtaSts === 'object' ? options.mtaSts : undefined
    const onFailure = (message: string, error: unknown): void => runtime.warn(message, error ?? undefined)
    const hosts = new Hosts({
      runtime,
      resolver,
      limits: this.limits,
      circuits: new Circuits(runtime),
      sts:
        options.mtaSts === false
          ? null
          : new StsPolicies({ runtime, resolver, onFailure, ...(store && { store }) }),
      dane: options.dane ?? true,
      requireTls: options.requireTLS ?? false,
      ignoreTls: options.ignoreTLS ?? false,
      tls: options.tls ?? {},
      hostname: this.hostname,
      localAddress: options.localAddress,
      port: options.port ?? 25,
      connectTimeoutMs: options.connectTimeout ?? CONNECT_TIMEOUT_MS,
      privateHosts: options.privateHosts ?? false,
      ownNames: new Set((options.ownNames ?? []).map(name => queryName(name) ?? name)),
      ownAddresses: new Set(options.ownAddresses ?? []),
      maxHosts: MOST_HOSTS,
      onTls: outcome => {
        try {
          options.onTls?.(outcome)
        } catch (error) {
          runtime.warn('onTls failed', error)
        }
      },
      onLine: options.onLine,
    })
    this.courier = new Courier(hosts, resolvePool(poolOptions, path), runtime)
  }

  /** Connections that are open, those of them that wait for a message, and messages that wait for a connection. */
  get stats(): { readonly connections: number; readonly idle: number; readonly waiting: number } {
    return this.courier.stats
  }

  /** Idle connections are closed now, others when the messages that wait have been sent. */
  close(): void {
    this.courier.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

function checkOptions(options: SendPoolOptions, path: string): void {
  const { hostname, localAddress, port, connectTimeout } = options
  if (hostname !== undefined && !(typeof hostname === 'string' && /^[\x21-\x7e]{1,255}$/.test(hostname)))
    throw optionError(`${path}.hostname`, 'a name without blanks and controls', hostname)
  if (localAddress !== undefined && typeof localAddress !== 'string')
    throw optionError(`${path}.localAddress`, 'an IP address', localAddress)
  if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_535))
    throw optionError(`${path}.port`, 'a whole number from 1 to 65535', port)
  if (connectTimeout !== undefined && !(Number.isFinite(connectTimeout) && connectTimeout > 0))
    throw optionError(`${path}.connectTimeout`, 'a number of milliseconds above 0', connectTimeout)
  for (const name of ['requireTLS', 'ignoreTLS', 'dane', 'privateHosts'] as const) {
    const value = options[name]
    if (value !== undefined && typeof value !== 'boolean')
      throw optionError(`${path}.${name}`, 'true or false', value)
  }
}
