// DANE for SMTP: which TLSA records count, and whether a certificate chain fits them. RFC 6698 §2.1, RFC 7671 §5, RFC 7672 §2, §3.
import { asBuffer, equalBytes } from '../base/bytes.ts'
import { createHash, X509Certificate } from '../base/crypto.ts'
import type { DnsAnswer } from '../base/runtime.ts'
import type { Resolver } from '../dns/index.ts'
import { subjectPublicKeyInfo } from './der.ts'

export interface TlsaRecord {
  /** 2: DANE-TA, 3: DANE-EE; 0 and 1 mean nothing for SMTP (RFC 7672 §3.1.3). */
  readonly usage: number
  /** 0: the certificate, 1: its public key. */
  readonly selector: number
  /** 0: as it is, 1: SHA-256, 2: SHA-512. */
  readonly matching: number
  readonly data: Uint8Array
}

/**
 * `none`: no DANE here. `usable`: the chain must fit one of `records`. `unusable`: there are records that we cannot use: TLS is a must, whoever
 * the server is (RFC 7672 §2.2). `failure`: the server must not be used now (RFC 7672 §2.1.2).
 */
export type DaneAnswer =
  | { readonly kind: 'none' | 'unusable' }
  | { readonly kind: 'usable'; readonly records: readonly TlsaRecord[]; readonly texts: readonly string[] }
  | { readonly kind: 'failure'; readonly failure: string }

const RECORD_LIMIT = 100
/** Certificates of a chain that are looked at. */
const CHAIN_LIMIT = 10

/** The TLSA records for a host whose addresses DNSSEC vouches for. Never rejects. */
export async function findTlsa(host: string, port: number, resolver: Resolver): Promise<DaneAnswer> {
  const answer: DnsAnswer = await resolver.resolve(`_${port}._tcp.${host}`, 'TLSA')
  if (!answer.ok) {
    return answer.failure === 'nxdomain' || answer.failure === 'nodata'
      ? { kind: 'none' }
      : { kind: 'failure', failure: answer.failure }
  }
  // insecure records are no records (RFC 7672 §2.2)
  if (answer.ad !== true) return { kind: 'none' }
  const texts = answer.records.slice(0, RECORD_LIMIT).map(({ value }) => value)
  const records = texts.map(readTlsa).filter(record => record !== null && isUsable(record)) as TlsaRecord[]
  return records.length > 0 ? { kind: 'usable', records, texts } : { kind: 'unusable' }
}

/** `3 1 1 d2abde…` (RFC 6698 §2.2); null for what is none. */
export function readTlsa(text: string): TlsaRecord | null {
  const match = /^([0-9]{1,3}) ([0-9]{1,3}) ([0-9]{1,3}) ([0-9a-fA-F]+)$/.exec(text)
  if (!match || match[4]!.length % 2 !== 0) return null
  const [usage, selector, matching] = [Number(match[1]), Number(match[2]), Number(match[3])]
  return { usage, selector, matching, data: Buffer.from(match[4]!, 'hex') }
}

function isUsable({ usage, selector, matching, data }: TlsaRecord): boolean {
  if ((usage !== 2 && usage !== 3) || selector > 1) return false
  if (matching === 1) return data.length === 32
  if (matching === 2) return data.length === 64
  return matching === 0 && data.length > 0
}

export interface DaneCheck {
  /** DER, the server's own certificate first. */
  readonly chain: readonly Uint8Array[]
  readonly records: readonly TlsaRecord[]
  /** The TLSA base domain, then the next-hop domain (RFC 7672 §3.2.2). */
  readonly names: readonly string[]
  /** ms since the epoch. */
  readonly now: number
}

/** Null: the chain fits. Else why not, in the words of RFC 8460 §4.3 where it has them. */
export type DaneFault = 'certificate-host-mismatch' | 'certificate-expired' | 'validation-failure'

export function checkDane({ chain, records, names, now }: DaneCheck): DaneFault | null {
  const leaf = chain[0]
  if (!leaf) return 'validation-failure'
  // neither names nor dates count for DANE-EE (RFC 7672 §3.1.1)
  if (records.some(record => record.usage === 3 && matches(record, leaf))) return null
  const anchors = records.filter(record => record.usage === 2)
  return anchors.length === 0 ? 'validation-failure' : checkAnchors(chain, anchors, names, now)
}

function checkAnchors(
  chain: readonly Uint8Array[],
  anchors: readonly TlsaRecord[],
  names: readonly string[],
  now: number,
): DaneFault | null {
  // a whole certificate in the DNS may be missing in the chain (RFC 7671 §5.2.2)
  const given = anchors.filter(({ selector, matching }) => selector === 0 && matching === 0).map(r => r.data)
  const certificates: { readonly der: Uint8Array; readonly x509: X509Certificate }[] = []
  for (const der of [...chain.slice(0, CHAIN_LIMIT), ...given.slice(0, CHAIN_LIMIT)]) {
    try {
      certificates.push({ der, x509: new X509Certificate(der) })
    } catch {
      // a certificate that cannot be read vouches for nobody
      if (certificates.length === 0) return 'validation-failure'
    }
  }
  let at = certificates[0]!
  const path = [at]
  for (;;) {
    const issuer = certificates.find(
      candidate => !path.includes(candidate) && candidate.x509.ca && isIssuedBy(at.x509, candidate.x509),
    )
    if (!issuer) return 'validation-failure'
    path.push(issuer)
    at = issuer
    if (anchors.some(anchor => matches(anchor, issuer.der))) break
  }
  if (path.some(({ x509 }) => now < Date.parse(x509.validFrom) || now > Date.parse(x509.validTo)))
    return 'certificate-expired'
  const own = path[0]!.x509
  const named = names.some(name => own.checkHost(name, { partialWildcards: false }) !== undefined)
  return named ? null : 'certificate-host-mismatch'
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
  } catch {
    // keys of a kind that this OpenSSL does not know
    return false
  }
}

function matches(record: TlsaRecord, der: Uint8Array): boolean {
  const selected = record.selector === 0 ? der : subjectPublicKeyInfo(der)
  if (!selected) return false
  if (record.matching === 0) return equalBytes(selected, record.data)
  const hash = record.matching === 1 ? 'sha256' : 'sha512'
  return equalBytes(createHash(hash).update(asBuffer(selected)).digest(), record.data)
}
