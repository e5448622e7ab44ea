// The one thing that DANE wants out of a certificate as it stands: its SubjectPublicKeyInfo. RFC 5280 §4.1, X.690 §8.1 (DER lengths).

interface Element {
  readonly tag: number
  /** Where it begins, where its content begins, and the offset behind it. */
  readonly start: number
  readonly content: number
  readonly end: number
}

const SEQUENCE = 0x30
const VERSION = 0xa0

// TBSCertificate ::= SEQUENCE { version [0] OPTIONAL, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo, … }
/** The DER of the key with its algorithm, or null when this is no certificate. */
export function subjectPublicKeyInfo(der: Uint8Array): Uint8Array | null {
  const certificate = readElement(der, 0, der.length)
  const tbs = certificate?.tag === SEQUENCE ? readElement(der, certificate.content, certificate.end) : null
  if (tbs?.tag !== SEQUENCE) return null
  let at = readElement(der, tbs.content, tbs.end)
  if (at?.tag === VERSION) at = readElement(der, at.end, tbs.end)
  for (let i = 0; i < 5 && at; i++) at = readElement(der, at.end, tbs.end)
  return at?.tag === SEQUENCE ? der.subarray(at.start, at.end) : null
}

function readElement(der: Uint8Array, start: number, limit: number): Element | null {
  const tag = der[start]
  const first = der[start + 1]
  if (tag === undefined || first === undefined || start + 2 > limit || (tag & 0x1f) === 0x1f) return null
  let content = start + 2
  let length = first
  if (first >= 0x80) {
    const octets = first & 0x7f
    if (octets === 0 || octets > 3 || content + octets > limit) return null
    length = 0
    for (let i = 0; i < octets; i++) length = length * 256 + der[content++]!
  }
  const end = content + length
  return end > limit ? null : { tag, start, content, end }
}
