// What is known of a handshake that has finished.
import type { TLSSocket } from 'node:tls'
import type { X509Certificate } from '../base/crypto.ts'
import { late } from '../base/late.ts'
import type { PeerCertificate, TlsInfo } from '../base/runtime.ts'
import { channelBinding } from './channel-binding.ts'

/** Certificates of a chain that are told of; chains are a handful long. */
const LONGEST_CHAIN = 20

export function tlsInfo(socket: TLSSocket, side: 'server' | 'client'): TlsInfo {
  const servername = (socket as { servername?: string | false | null }).servername
  // once: Node 20 gives it to who asks first, and to nobody else
  const shown = socket.getPeerX509Certificate()
  const error = shown ? verifyError(socket, side) : null
  const certificate = late(() => (shown ? peerCertificate(shown) : null))
  return {
    protocol: socket.getProtocol() ?? '',
    cipher: socket.getCipher()?.standardName ?? socket.getCipher()?.name ?? '',
    servername: servername || null,
    authorized: shown !== undefined && error === null,
    authorizationError: error,
    // read when it is asked for: most servers never ask
    get peerCertificate() {
      return certificate()
    },
    channelBinding: type => channelBinding(socket, side, type, shown),
  }
}

/** Null: the certificate was verified. */
function verifyError(socket: TLSSocket, side: 'server' | 'client'): string | null {
  if (side === 'client') {
    if (socket.authorized) return null
    const error: unknown = socket.authorizationError
    return typeof error === 'string' ? error : ((error as { code?: string } | null)?.code ?? 'UNVERIFIED')
  }
  // node:tls fills in `authorized` only for the sockets of its own servers; the handle knows
  const { ssl } = socket as { ssl?: { verifyError?: () => (Error & { code?: string }) | null } }
  if (typeof ssl?.verifyError !== 'function') return 'UNVERIFIED'
  const error = ssl.verifyError()
  return error ? (error.code ?? 'UNVERIFIED') : null
}

function peerCertificate(shown: X509Certificate): PeerCertificate {
  const chain: Uint8Array[] = []
  let at: X509Certificate | undefined = shown
  while (at && chain.length < LONGEST_CHAIN) {
    chain.push(at.raw)
    const issuer: X509Certificate | undefined = at.issuerCertificate
    at = issuer && issuer.fingerprint256 !== at.fingerprint256 ? issuer : undefined
  }
  return {
    subject: oneLine(shown.subject),
    issuer: oneLine(shown.issuer),
    subjectAltName: shown.subjectAltName ?? '',
    validFrom: Date.parse(shown.validFrom),
    validTo: Date.parse(shown.validTo),
    fingerprint256: shown.fingerprint256.replaceAll(':', '').toLowerCase(),
    chain,
  }
}

/** OpenSSL prints one attribute a line. */
function oneLine(name: string | undefined): string {
  return (name ?? '').split('\n').join(', ')
}
