// The certificate of a peer, as it showed it: read when somebody asks, because most never do.
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls'
import type { PeerCertificate } from '../base/runtime.ts'

/** Certificates of a chain that are given on. */
const CHAIN_LIMIT = 10

/** Null when the peer showed none. */
export function peerCertificate(socket: TLSSocket): PeerCertificate | null {
  const own = socket.getPeerCertificate(true)
  if (!own?.raw) return null
  const chain: Uint8Array[] = []
  // a certificate that signs itself is its own issuer here
  for (
    let at: DetailedPeerCertificate | undefined = own;
    at?.raw && chain.length < CHAIN_LIMIT && !chain.some(known => at!.raw.equals(known));
    at = at.issuerCertificate
  ) {
    chain.push(at.raw)
  }
  return {
    subject: names(own.subject),
    issuer: names(own.issuer),
    subjectAltName: own.subjectaltname ?? '',
    validFrom: Date.parse(own.valid_from),
    validTo: Date.parse(own.valid_to),
    fingerprint256: own.fingerprint256.replaceAll(':', '').toLowerCase(),
    chain,
  }
}

/** Why the peer's certificate was not verified; null when it was, or when there was none. */
export function authorizationError(socket: TLSSocket): string | null {
  const error: unknown = socket.authorizationError
  if (!error || socket.authorized) return null
  return error instanceof Error ? ((error as { code?: string }).code ?? error.message) : String(error)
}

function names(subject: object | undefined): string {
  return Object.entries(subject ?? {})
    .flatMap(([key, value]) => (Array.isArray(value) ? value : [value]).map(text => `${key}=${text}`))
    .join(', ')
}
