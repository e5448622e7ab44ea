// From a domain to a connection: each host of its route in turn, each with the TLS that its domain's policies demand, until one is ready.
// RFC 5321 §5.1, RFC 8461 §5.1, RFC 7672 §2, RFC 8689 §4.2.1.
import { MailError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import type { DnsAnswer, Runtime, TlsOptions } from '../base/runtime.ts'
import type { Resolver } from '../dns/index.ts'
import type { ClientCredentials } from '../sasl/index.ts'
import { addressScope, orderAddresses } from './addresses.ts'
import type { Cancel } from './cancel.ts'
import type { Circuits } from './circuit.ts'
import type { Destination } from './courier.ts'
import { type DaneAnswer, findTlsa } from './dane.ts'
import { permanent, temporary } from './failure.ts'
import { aborted, type OpenSession, openSession, TlsRefused } from './open.ts'
import { findRoute, loopError, type MailHost, type Route } from './routing.ts'
import type { StsAnswer, StsPolicies } from './sts-policies.ts'
import {
  type ConnectionGrade,
  handshakeFailure,
  type PolicyType,
  planTls,
  type TlsFailure,
  type TlsNeed,
  type TlsPlan,
  tlsError,
} from './tls-choice.ts'

/** One host that takes everything, instead of those that the DNS names. */
export interface Relay {
  readonly host: string
  readonly port: number
  /** TLS from the first byte. */
  readonly secure: boolean
  /** `none`: TLS is never asked for. `verified` and `encrypted` are demands. */
  readonly demand: 'none' | 'opportunistic' | 'encrypted' | 'verified'
  readonly tls: TlsOptions
  /** Null: no login. Asked again with `refresh` when the server says no; null as its answer: there are no others. */
  readonly credentials: ((wanted: { readonly refresh: boolean }) => Promise<ClientCredentials | null>) | null
  readonly allowInsecureAuth: boolean
  readonly lmtp: boolean
  /** This machine: nobody is in between, and REQUIRETLS asks for nothing. */
  readonly isOwn?: boolean
}

/** What one connection has shown of a domain's TLS policy (RFC 8460 §4). */
export interface TlsOutcome {
  /** A-labels. */
  readonly domain: string
  readonly policyType: PolicyType
  /** The policy as it was found: lines of MTA-STS, TLSA records in text. */
  readonly policy: readonly string[]
  /** The patterns of the MTA-STS policy, or the host that has the TLSA records. */
  readonly mxHosts: readonly string[]
  readonly failure: TlsFailure | null
  readonly host: string | null
  /** Null: there was no connection. */
  readonly hostAddress: string | null
  readonly ownAddress: string | null
}

export interface HostsOptions {
  readonly runtime: Runtime
  readonly resolver: Resolver
  readonly limits: Limits
  readonly circuits: Circuits
  /** Null: MTA-STS is not used. */
  readonly sts: StsPolicies | null
  /** Look for TLSA records where DNSSEC vouches. */
  readonly dane: boolean
  readonly requireTls: boolean
  /** Never TLS. */
  readonly ignoreTls: boolean
  readonly tls: TlsOptions
  /** What we say in EHLO; null: our address. */
  readonly hostname: string | null
  readonly localAddress: string | undefined
  /** Of the hosts that the DNS names: 25. */
  readonly port: number
  readonly connectTimeoutMs: number
  /** Send to hosts whose addresses are private or loopback. */
  readonly privateHosts: boolean
  readonly ownNames: ReadonlySet<string>
  readonly ownAddresses: ReadonlySet<string>
  readonly maxHosts: number
  readonly onTls: (outcome: TlsOutcome) => void
  readonly onLine?: ((host: string, from: 'client' | 'server', line: string) => void) | undefined
}

/** A connection that is ready, and what it is good for. */
export interface ReadyHost extends OpenSession {
  readonly host: string
  readonly port: number
  readonly grade: ConnectionGrade
  readonly lmtp: boolean
}

export interface Wanted {
  /** Asked for when there is a host to go to, not before: the message may have to be read for it. May reject. */
  readonly need: () => Promise<TlsNeed>
  /** Hosts that have failed this message already. */
  readonly excluded: ReadonlySet<string>
  readonly cancel: Cancel
}

/** Addresses of one host that are tried. */
const ADDRESSES_AT_MOST = 4

export class Hosts {
  readonly #options: HostsOptions

  constructor(options: HostsOptions) {
    this.#options = options
  }

  /** Why nobody at this destination is to be asked now, as far as is known without asking the DNS; null: somebody may be. */
  restingFor(destination: Destination): MailError | null {
    const { circuits } = this.#options
    if (destination.kind === 'domain') return circuits.restingFor(destination.domain)
    return circuits.restingFor(hostKey(destination.relay.host, destination.relay.port))
  }

  /** Rejects with a MailError when no host is ready; `permanent` when none will be. */
  async openDomain(domain: string, wanted: Wanted): Promise<ReadyHost> {
    const { resolver, runtime, ownNames, maxHosts, circuits, port } = this.#options
    const found = await findRoute(domain, { resolver, random: runtime.random, ownNames, maxHosts })
    if (!found.ok) throw found.error
    const { route } = found
    const sts = await this.#policy(route)
    let best: MailError | null = null
    for (const host of route.hosts) {
      if (wanted.cancel.aborted) throw aborted(wanted.cancel.signal)
      if (wanted.excluded.has(host.name)) continue
      const opened = await this.#openHost(route, host, sts, wanted)
      if (!(opened instanceof MailError)) return opened
      // the preferred host's failure is told, unless it is one for good and another's passes: then it is worth while to wait
      if (!best || (best.permanent === true && opened.permanent !== true)) best = opened
      if (opened.code === 'ETLS') this.#options.sts?.forgetFailures(route.domain)
      if (opened.enhancedCode === '5.4.6') break
    }
    best ??= temporary('ECONNECTION', '451 4.4.1', `no host of ${domain} is left to be tried`)
    const keys = route.hosts.map(({ name }) => hostKey(name, port))
    if (keys.every(key => circuits.restingFor(key))) circuits.restWith(domain, keys, best)
    throw best
  }

  async openRelay(relay: Relay, wanted: Wanted): Promise<ReadyHost> {
    const resting = this.#options.circuits.restingFor(hostKey(relay.host, relay.port))
    if (resting) throw resting
    const need = await wanted.need()
    const plan: TlsPlan = {
      demand: relay.demand,
      lenient: need === 'optional' && relay.demand !== 'verified',
      records: [],
      names: [relay.host],
      policyType: 'no-policy-found',
      nameVouched: true,
    }
    const required: TlsPlan = { ...plan, demand: 'verified', lenient: false }
    const opened = await this.#connect(
      { name: relay.host, port: relay.port, addresses: [relay.host], relay },
      need === 'required' ? required : plan,
      { need, signal: wanted.cancel.signal },
      null,
    )
    if (opened instanceof MailError) throw opened
    return opened
  }

  async #policy(route: Route): Promise<StsAnswer> {
    const { sts, ignoreTls, onTls } = this.#options
    if (!sts || ignoreTls || route.kind === 'literal') return { policy: null, failure: null }
    const answer = await sts.lookUp(route.domain)
    if (answer.failure) {
      onTls({
        domain: route.domain,
        policyType: answer.policy ? 'sts' : 'no-policy-found',
        policy: answer.policy?.lines ?? [],
        mxHosts: answer.policy?.mx ?? [],
        failure: answer.failure,
        host: null,
        hostAddress: null,
        ownAddress: null,
      })
    }
    return answer
  }

  async #openHost(
    route: Route,
    host: MailHost,
    sts: StsAnswer,
    wanted: Wanted,
  ): Promise<ReadyHost | MailError> {
    const { port, ignoreTls, requireTls, circuits } = this.#options
    const resting = circuits.restingFor(hostKey(host.name, port))
    if (resting) return resting
    const found = await this.#addresses(route, host)
    if (found instanceof MailError) return found
    const need = await wanted.need()
    const dane: DaneAnswer =
      this.#options.dane && !ignoreTls && route.authentic && found.authentic
        ? await findTlsa(host.name, port, this.#options.resolver)
        : { kind: 'none' }
    const facts = {
      domain: route.domain,
      host: host.name,
      kind: route.kind,
      authentic: route.authentic,
      sts: sts.policy,
      dane,
      need,
      requireTls,
    }
    const planned = planTls(facts)
    const report = (
      plan: { readonly policyType: PolicyType },
      failure: TlsFailure | null,
      open: OpenSession | null,
    ): void =>
      this.#options.onTls({
        domain: route.domain,
        policyType: plan.policyType,
        policy:
          plan.policyType === 'sts' ? (sts.policy?.lines ?? []) : dane.kind === 'usable' ? dane.texts : [],
        mxHosts:
          plan.policyType === 'sts' ? (sts.policy?.mx ?? []) : plan.policyType === 'tlsa' ? [host.name] : [],
        failure,
        host: host.name,
        hostAddress: open?.connection.remoteAddress ?? null,
        ownAddress: open?.connection.localAddress ?? null,
      })
    if (!planned.ok) {
      report(planned, planned.failure, null)
      return tlsError(planned.failure, need)
    }
    const plan: TlsPlan = ignoreTls ? { ...planned.plan, demand: 'none' } : planned.plan
    if (need === 'required' && !plan.nameVouched) {
      const reason = `nobody but the plain DNS says that ${host.name} takes mail for ${route.domain}`
      return tlsError({ type: 'validation-failure', reason }, 'required')
    }
    return this.#connect(
      { name: host.name, port, addresses: found.addresses, relay: null },
      plan,
      { need, signal: wanted.cancel.signal },
      report,
    )
  }

  async #addresses(
    route: Route,
    host: MailHost,
  ): Promise<{ readonly addresses: readonly string[]; readonly authentic: boolean } | MailError> {
    if (route.kind === 'literal') return this.#allowed(route, host, [host.name], false)
    const { resolver } = this.#options
    const [v6, v4] = await Promise.all([
      resolver.resolve(host.name, 'AAAA'),
      resolver.resolve(host.name, 'A'),
    ])
    const ordered = orderAddresses(v6, v4, ADDRESSES_AT_MOST)
    if (ordered.length > 0) {
      const authentic = [v6, v4].every(answer => !answer.ok || answer.ad === true)
      return this.#allowed(route, host, ordered, authentic)
    }
    if (isNothing(v6) && isNothing(v4)) {
      return permanent('EDNS', '550 5.4.4', `the mail host ${host.name} of ${route.domain} has no address`)
    }
    return temporary('EDNS', '451 4.4.3', `the addresses of ${host.name} cannot be had`)
  }

  #allowed(
    route: Route,
    host: MailHost,
    addresses: readonly string[],
    authentic: boolean,
  ): { readonly addresses: readonly string[]; readonly authentic: boolean } | MailError {
    const { ownAddresses, privateHosts } = this.#options
    if (addresses.some(address => ownAddresses.has(address))) return loopError(route.domain)
    const usable = privateHosts ? addresses : addresses.filter(address => addressScope(address) === 'public')
    if (usable.length > 0) return { addresses: usable, authentic }
    return permanent(
      'EDNS',
      '550 5.4.4',
      `the mail host ${host.name} of ${route.domain} is at an address that mail is not sent to (${addresses[0]})`,
    )
  }

  async #connect(
    target: { name: string; port: number; addresses: readonly string[]; relay: Relay | null },
    plan: TlsPlan,
    { need, signal }: { readonly need: TlsNeed; readonly signal: AbortSignal | undefined },
    report: ((plan: TlsPlan, failure: TlsFailure | null, open: OpenSession | null) => void) | null,
  ): Promise<ReadyHost | MailError> {
    const { circuits } = this.#options
    const key = hostKey(target.name, target.port)
    try {
      const open = await this.#open(target, plan, signal)
      circuits.worked(key)
      report?.(plan, open.failure, open)
      if (need === 'required' && !open.session.extensions.has('REQUIRETLS')) {
        void open.session.quit()
        return permanent('EREQUIRETLS', '550 5.7.30', `${target.name} does not promise REQUIRETLS`)
      }
      return {
        ...open,
        host: target.name,
        port: target.port,
        grade: gradeOf(plan, open, need),
        lmtp: target.relay?.lmtp ?? false,
      }
    } catch (error) {
      if (error instanceof TlsRefused) {
        report?.(plan, error.failure, null)
        return tlsError(error.failure, need, error)
      }
      const failure = toMailError(error)
      // our own wish, and what is wrong with our login, say nothing of the host
      if (failure.code !== 'EABORT' && failure.code !== 'EAUTH' && failure.code !== 'ENOAUTH') {
        circuits.failed(key, failure)
      }
      return failure
    }
  }

  async #open(
    target: { name: string; port: number; addresses: readonly string[]; relay: Relay | null },
    plan: TlsPlan,
    signal: AbortSignal | undefined,
  ): Promise<OpenSession> {
    const { relay } = target
    const { onLine } = this.#options
    const options = {
      ...this.#options,
      host: target.name,
      addresses: target.addresses,
      port: target.port,
      lmtp: relay?.lmtp ?? false,
      tls: relay?.tls ?? this.#options.tls,
      plan,
      credentials: relay?.credentials ?? null,
      allowInsecureAuth: relay?.allowInsecureAuth ?? false,
      signal,
      onLine: onLine && ((from: 'client' | 'server', line: string) => onLine(target.name, from, line)),
    }
    const handshake = relay?.secure ? 'implicit' : plan.demand === 'none' ? 'skip' : 'starttls'
    try {
      return await openSession({ ...options, handshake })
    } catch (error) {
      // "clients need to be prepared to retry cleartext delivery after STARTTLS fails" (RFC 7672 §2.2), where no policy forbids it
      const mayBeClear = plan.demand === 'opportunistic' || plan.lenient
      if (!(error instanceof TlsRefused && error.inHandshake && mayBeClear) || relay?.secure) throw error
      const open = await openSession({ ...options, handshake: 'skip', plan: { ...plan, lenient: true } })
      return { ...open, failure: handshakeFailure(target.name, error) }
    }
  }
}

function gradeOf(plan: TlsPlan, open: OpenSession, need: TlsNeed): ConnectionGrade {
  // what was passed over for one message's sake may be demanded for the next
  if (open.failure && need === 'optional') return 'lenient'
  const authenticated = (plan.demand === 'verified' || plan.demand === 'dane') && !open.failure
  return authenticated && plan.nameVouched && open.session.extensions.has('REQUIRETLS')
    ? 'required'
    : 'default'
}

function isNothing(answer: DnsAnswer): boolean {
  return !answer.ok && (answer.failure === 'nxdomain' || answer.failure === 'nodata')
}

function hostKey(host: string, port: number): string {
  return `${host}:${port}`
}

/** Before a message was offered: what a host says then is about itself, and passes, unless it takes no mail at all (RFC 7504: 521). */
function toMailError(error: unknown): MailError {
  if (!(error instanceof MailError)) {
    return new MailError('ECONNECTION', 'the connection failed', { permanent: false, cause: error })
  }
  if (error.responseCode === 521 || error.permanent !== true || error.code === 'EAUTH') return error
  const { code, message, command, response, responseCode } = error
  return new MailError(code, message, {
    ...(command !== undefined && { command }),
    ...(response !== undefined && { response }),
    ...(responseCode !== undefined && { responseCode }),
    enhancedCode: '4.3.2',
    permanent: false,
    cause: error,
  })
}
