// How much TLS a host must give before it gets a message, and whether it has given it. RFC 7672 §2.2 (DANE), RFC 8461 §4 (MTA-STS),
// RFC 8689 §4.2 (REQUIRETLS, TLS-Required), RFC 3207 §4.1, RFC 7435 (opportunistic: the strongest of what is there, clear text last).
import { hostMatches } from '../address/index.ts'
import type { MailError } from '../base/errors.ts'
import type { TlsInfo } from '../base/runtime.ts'
import type { TlsResultType } from '../dsn/index.ts'
import { checkDane, type DaneAnswer, type TlsaRecord } from './dane.ts'
import { permanent, temporary } from './failure.ts'
import type { StsPolicy } from './mta-sts.ts'

/**
 * What a message asks for. `default`: the policies of the recipient's domain are kept. `required`: REQUIRETLS. `optional`: `TLS-Required: No`,
 * policies are tried and do not stop it (RFC 8689 §4.2.2).
 */
export type TlsNeed = 'default' | 'required' | 'optional'

/**
 * What a connection must have. `none`: no TLS is tried. `opportunistic`: TLS with anybody, else clear text. `encrypted`: TLS with anybody.
 * `verified`: a certificate for the host's name that we trust. `dane`: a chain that fits the TLSA records.
 */
export type TlsDemand = 'none' | 'opportunistic' | 'encrypted' | 'verified' | 'dane'

export type PolicyType = 'sts' | 'tlsa' | 'no-policy-found'

export interface TlsPlan {
  readonly demand: TlsDemand
  /** A failure is counted, and does not stop the message. */
  readonly lenient: boolean
  readonly records: readonly TlsaRecord[]
  /** Names that a DANE-TA certificate may have. */
  readonly names: readonly string[]
  readonly policyType: PolicyType
  /** Somebody other than the plain DNS vouches for the host's name (RFC 8689 §4.2.1 no. 2). */
  readonly nameVouched: boolean
}

export interface TlsFacts {
  /** A-labels. */
  readonly domain: string
  readonly host: string
  readonly kind: 'mx' | 'implicit' | 'literal'
  /** DNSSEC vouches for the MX records. */
  readonly authentic: boolean
  readonly sts: StsPolicy | null
  readonly dane: DaneAnswer
  readonly need: TlsNeed
  /** The caller asks for TLS in any case. */
  readonly requireTls: boolean
}

export interface TlsFailure {
  readonly type: TlsResultType
  readonly reason: string
}

/** The plan for one host, or why the host must not be used. */
export type TlsPlanResult =
  | { readonly ok: true; readonly plan: TlsPlan }
  | { readonly ok: false; readonly failure: TlsFailure; readonly policyType: PolicyType }

export function planTls(facts: TlsFacts): TlsPlanResult {
  const { dane, sts, need, host, domain, kind } = facts
  const base = {
    records: [],
    names: kind === 'mx' ? [host, domain] : [host],
    lenient: need === 'optional',
    nameVouched:
      kind !== 'mx' || facts.authentic || (sts !== null && sts.mode !== 'none' && hostMatches(sts.mx, host)),
  }
  const plan = (more: Pick<TlsPlan, 'demand' | 'policyType'> & Partial<TlsPlan>): TlsPlanResult => {
    const made = { ...base, ...more }
    // REQUIRETLS wants the name proven, whatever the domain asks for (RFC 8689 §4.2.1 no. 4)
    if (need !== 'required' || made.demand === 'dane') return { ok: true, plan: made }
    return { ok: true, plan: { ...made, demand: 'verified', lenient: false } }
  }
  // DANE before MTA-STS: a policy must not override a failing DANE validation (RFC 8461 §2)
  if (dane.kind === 'failure' && need !== 'optional') {
    const reason = `the TLSA records of ${host} cannot be had (${dane.failure})`
    return { ok: false, failure: { type: 'dnssec-invalid', reason }, policyType: 'tlsa' }
  }
  if (dane.kind === 'usable') return plan({ demand: 'dane', records: dane.records, policyType: 'tlsa' })
  if (dane.kind === 'unusable') return plan({ demand: 'encrypted', policyType: 'tlsa' })
  if (sts && sts.mode !== 'none') {
    if (!hostMatches(sts.mx, host)) {
      const reason = `the MTA-STS policy of ${domain} does not name ${host}`
      if (sts.mode === 'enforce' && need !== 'optional')
        return { ok: false, failure: { type: 'validation-failure', reason }, policyType: 'sts' }
      return plan({ demand: 'verified', lenient: true, policyType: 'sts' })
    }
    return plan({ demand: 'verified', lenient: base.lenient || sts.mode === 'testing', policyType: 'sts' })
  }
  return plan({
    demand: facts.requireTls && need !== 'optional' ? 'encrypted' : 'opportunistic',
    policyType: 'no-policy-found',
  })
}

/** What a connection is good for: `lenient` messages only, all that ask for nothing special, or REQUIRETLS too. */
export type ConnectionGrade = 'lenient' | 'default' | 'required'

const GRADES: readonly ConnectionGrade[] = ['lenient', 'default', 'required']

export function gradeFits(grade: ConnectionGrade, need: TlsNeed): boolean {
  const least: ConnectionGrade = need === 'optional' ? 'lenient' : need
  return GRADES.indexOf(grade) >= GRADES.indexOf(least)
}

/** Null: the handshake gives what the plan demands. */
export function judgeTls(plan: TlsPlan, tls: TlsInfo | null, host: string, now: number): TlsFailure | null {
  if (plan.demand === 'none' || plan.demand === 'opportunistic') return null
  if (!tls) return { type: 'starttls-not-supported', reason: `${host} offers no TLS` }
  if (plan.demand === 'encrypted') return null
  if (plan.demand === 'verified') {
    return tls.authorized ? null : certificateFailure(tls.authorizationError ?? 'not trusted', host)
  }
  const chain = tls.peerCertificate?.chain ?? []
  const fault = checkDane({ chain, records: plan.records, names: plan.names, now })
  return fault && { type: fault, reason: `the certificate of ${host} does not fit its TLSA records` }
}

const EXPIRED: ReadonlySet<string> = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'])

/** In the words of RFC 8460 §4.3.1. */
function certificateFailure(code: string, host: string): TlsFailure {
  const type = EXPIRED.has(code)
    ? 'certificate-expired'
    : code === 'ERR_TLS_CERT_ALTNAME_INVALID' || code === 'HOSTNAME_MISMATCH'
      ? 'certificate-host-mismatch'
      : 'certificate-not-trusted'
  return { type, reason: `the certificate of ${host} cannot be trusted (${code})` }
}

/** The handshake itself failed. */
export function handshakeFailure(host: string, error: Error): TlsFailure {
  return { type: 'validation-failure', reason: `no TLS with ${host}: ${error.message}` }
}

/** What the recipient's sender is told of it. */
export function tlsError(failure: TlsFailure, need: TlsNeed, cause?: unknown): MailError {
  const facts = cause === undefined ? {} : { cause }
  // RFC 8689 §4.2.1: without a way that fits, the message goes back at once
  if (need === 'required') return permanent('EREQUIRETLS', '550 5.7.10', failure.reason, facts)
  // RFC 8461 §5: failures of policies "SHOULD" be "transient errors"
  return temporary(
    'ETLS',
    failure.type === 'dnssec-invalid' ? '451 4.7.5' : '454 4.7.5',
    failure.reason,
    facts,
  )
}
