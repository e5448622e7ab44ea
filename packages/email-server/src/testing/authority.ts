// Certificates made on the spot, by an authority that the world trusts. Ed25519 keys out of a seed: the same seed gives the same certificates,
// and every handshake has the same number of octets. RFC 5280 §4.1, RFC 8410.
import { createPrivateKey, createPublicKey, type KeyObject, sign } from '../base/crypto.ts'
import { parseIp } from '../base/ip.ts'

export interface CertificateOptions {
  /** ms since the epoch. Default: a day before the authority was made. */
  readonly validFrom?: number
  /** Default: ten years later. */
  readonly validTo?: number
  /** Signed by itself instead of by the authority? Default false. */
  readonly selfSigned?: boolean
}

/** As PEM, fit for `tlsOptions`. */
export interface MadeCertificate {
  readonly cert: string
  readonly key: string
}

const DAY_MS = 86_400_000
const YEARS_MS = 3650 * DAY_MS
/** PKCS #8 in front of the 32 octets of an Ed25519 key (RFC 8410 §7). */
const PKCS8_HEAD = Uint8Array.from(Buffer.from('302e020100300506032b657004220420', 'hex'))
const OID = {
  ed25519: [0x2b, 0x65, 0x70],
  commonName: [0x55, 0x04, 0x03],
  basicConstraints: [0x55, 0x1d, 0x13],
  keyUsage: [0x55, 0x1d, 0x0f],
  subjectAltName: [0x55, 0x1d, 0x11],
} as const

export class Authority {
  /** Its own certificate, PEM: `ca` of whoever is to trust it. */
  readonly cert: string
  readonly #key: KeyObject
  readonly #random: (length: number) => Uint8Array
  readonly #now: number
  readonly #name: string

  /** `now`: ms since the epoch. */
  constructor(random: (length: number) => Uint8Array, now: number, name = 'Authority of the test world') {
    this.#random = random
    this.#now = now
    this.#key = ed25519Key(random)
    const publicKey = createPublicKey(this.#key)
    this.#name = name
    this.cert = pem(
      certificate({
        ...{ serial: random(8), issuer: name, subject: name, names: [], isAuthority: true },
        ...{ validFrom: now - DAY_MS, validTo: now + 3 * YEARS_MS, publicKey, signer: this.#key },
      }),
    )
  }

  /** A certificate for these host names or addresses, the first of which is also its common name. */
  issue(names: readonly string[], options: CertificateOptions = {}): MadeCertificate {
    const key = ed25519Key(this.#random)
    const subject = names[0] ?? 'nobody'
    const { selfSigned = false, validFrom = this.#now - DAY_MS, validTo = validFrom + YEARS_MS } = options
    const der = certificate({
      ...{
        serial: this.#random(8),
        issuer: selfSigned ? subject : this.#name,
        subject,
        names,
        isAuthority: false,
      },
      ...{ validFrom, validTo, publicKey: createPublicKey(key), signer: selfSigned ? key : this.#key },
    })
    return { cert: pem(der), key: key.export({ type: 'pkcs8', format: 'pem' }) as string }
  }
}

/** A private key out of random octets. */
export function ed25519Key(random: (length: number) => Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, random(32)]), format: 'der', type: 'pkcs8' })
}

interface Contents {
  readonly serial: Uint8Array
  readonly issuer: string
  readonly subject: string
  readonly names: readonly string[]
  readonly isAuthority: boolean
  readonly validFrom: number
  readonly validTo: number
  readonly publicKey: KeyObject
  readonly signer: KeyObject
}

type Piece = Uint8Array | readonly number[]

function certificate(contents: Contents): Uint8Array {
  const algorithm = sequence(tag(0x06, OID.ed25519))
  const tbs = sequence(
    tag(0xa0, tag(0x02, [2])),
    // positive, and 20 octets at most (RFC 5280 §4.1.2.2)
    tag(0x02, [0x40], contents.serial),
    algorithm,
    name(contents.issuer),
    sequence(time(contents.validFrom), time(contents.validTo)),
    name(contents.subject),
    contents.publicKey.export({ type: 'spki', format: 'der' }),
    tag(0xa3, sequence(...extensions(contents))),
  )
  return sequence(tbs, algorithm, tag(0x03, [0], sign(null, tbs, contents.signer)))
}

function extensions({ isAuthority, names }: Contents): Uint8Array[] {
  const all = [
    extension(OID.basicConstraints, true, isAuthority ? sequence(tag(0x01, [0xff])) : sequence()),
    // keyCertSign and cRLSign, or digitalSignature
    extension(OID.keyUsage, true, tag(0x03, isAuthority ? [1, 0x06] : [7, 0x80])),
  ]
  if (names.length > 0) all.push(extension(OID.subjectAltName, false, sequence(...names.map(generalName))))
  return all
}

function extension(oid: Piece, critical: boolean, value: Uint8Array): Uint8Array {
  return sequence(tag(0x06, oid), ...(critical ? [tag(0x01, [0xff])] : []), tag(0x04, value))
}

function generalName(text: string): Uint8Array {
  const address = parseIp(text)
  return address ? tag(0x87, address) : tag(0x82, Buffer.from(text, 'latin1'))
}

function name(commonName: string): Uint8Array {
  return sequence(tag(0x31, sequence(tag(0x06, OID.commonName), tag(0x0c, Buffer.from(commonName)))))
}

/** UTCTime until 2049, GeneralizedTime from 2050 on (RFC 5280 §4.1.2.5). */
function time(at: number): Uint8Array {
  const digits = new Date(at).toISOString().replace(/[-:T]/g, '').slice(0, 14)
  const isLate = Number(digits.slice(0, 4)) >= 2050
  return tag(isLate ? 0x18 : 0x17, Buffer.from(`${isLate ? digits : digits.slice(2)}Z`))
}

function sequence(...pieces: readonly Piece[]): Uint8Array {
  return tag(0x30, ...pieces)
}

function tag(number: number, ...pieces: readonly Piece[]): Uint8Array {
  const content = Buffer.concat(pieces.map(piece => Uint8Array.from(piece)))
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Uint8Array.of(number, ...size), content])
}

function pem(der: Uint8Array): string {
  const lines = Buffer.from(der)
    .toString('base64')
    .match(/.{1,64}/g)!
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
