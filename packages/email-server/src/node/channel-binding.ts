// What binds an authentication to a TLS handshake: tls-exporter (RFC 9266), tls-unique and tls-server-end-point (RFC 5929 §3, §4).
import type { TLSSocket } from 'node:tls'
import { createHash, type X509Certificate } from '../base/crypto.ts'
import type { ChannelBindingType } from '../base/runtime.ts'

const LABEL = 'EXPORTER-Channel-Binding'
const OCTETS = 32

/**
 * The hash of a signature algorithm, by its object identifier in hexadecimal DER. RFC 5929 §4.1: SHA-256 stands in for MD5 and SHA-1;
 * an algorithm without a hash of its own (Ed25519) has no binding.
 */
const HASHES: Readonly<Record<string, 'sha224' | 'sha256' | 'sha384' | 'sha512'>> = {
  // RSA with MD5, SHA-1, SHA-256, SHA-384, SHA-512, SHA-224 (RFC 8017 appendix A.2.4)
  '2a864886f70d010104': 'sha256',
  '2a864886f70d010105': 'sha256',
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a864886f70d01010e': 'sha224',
  // ECDSA with SHA-1 (RFC 3279 §2.2.3), SHA-224, SHA-256, SHA-384, SHA-512 (RFC 5758 §3.2)
  '2a8648ce3d0401': 'sha256',
  '2a8648ce3d040301': 'sha224',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
}

/** `shown`: the peer's certificate. Null: this handshake has no binding of that type. */
export function channelBinding(
  socket: TLSSocket,
  side: 'server' | 'client',
  type: ChannelBindingType,
  shown: X509Certificate | undefined,
): Uint8Array | null {
  if (socket.destroyed) return null
  try {
    if (type === 'tls-exporter') {
      // RFC 9266 §2: before TLS 1.3 it takes the extended master secret, and nothing in Node.js tells whether it was used
      if (socket.getProtocol() !== 'TLSv1.3') return null
      return socket.exportKeyingMaterial(OCTETS, LABEL, Buffer.alloc(0))
    }
    if (type === 'tls-unique') {
      // not defined for TLS 1.3 (RFC 9266 §3); of a resumed session it proves nothing (RFC 7677 §4)
      if (socket.getProtocol() !== 'TLSv1.2' || socket.isSessionReused()) return null
      // the first Finished message of a full handshake is the client's
      return (side === 'client' ? socket.getFinished() : socket.getPeerFinished()) ?? null
    }
    const certificate = side === 'server' ? socket.getX509Certificate() : shown
    return certificate ? serverEndPoint(certificate.raw) : null
  } catch {
    // a socket that has gone meanwhile binds nothing
    return null
  }
}

/** RFC 5929 §4.1: the hash of the server's certificate (DER). */
export function serverEndPoint(certificate: Uint8Array): Uint8Array | null {
  const hash = HASHES[signatureAlgorithm(certificate)]
  return hash ? createHash(hash).update(certificate).digest() : null
}

/** Certificate ::= SEQUENCE { tbsCertificate, SEQUENCE { algorithm OBJECT IDENTIFIER, … }, … } (RFC 5280 §4.1); '' when it is none. */
function signatureAlgorithm(der: Uint8Array): string {
  const outer = element(der, 0)
  const tbs = element(der, outer.start)
  const algorithm = element(der, tbs.end)
  const identifier = element(der, algorithm.start)
  if (outer.tag !== 0x30 || algorithm.tag !== 0x30 || identifier.tag !== 0x06) return ''
  return Buffer.from(der.subarray(identifier.start, identifier.end)).toString('hex')
}

/** One element of DER: where its content is. Beyond the end everything is empty. */
function element(
  der: Uint8Array,
  at: number,
): { readonly tag: number; readonly start: number; readonly end: number } {
  const tag = der[at] ?? 0
  const first = der[at + 1] ?? 0
  let length = first
  let start = at + 2
  if (first >= 0x80) {
    length = 0
    const octets = Math.min(first & 0x7f, 4)
    for (let i = 0; i < octets; i++) length = length * 256 + (der[start++] ?? 0)
  }
  return { tag, start, end: Math.min(start + length, der.length) }
}
