// The tags that DKIM-Signature (RFC 6376 §3.5, RFC 8616 §5) and ARC's two signatures (RFC 8617 §4.1) have in common.
import { fromLatin1, utf8 } from '../../base/bytes.ts'
import { domainToAscii, isAscii } from '../../text/index.ts'
import { colonList, type TagList, withoutSpace } from '../tags.ts'
import type { Canonicalization } from './canonical-header.ts'

export type SignatureAlgorithm = 'rsa-sha256' | 'ed25519-sha256'

/** Names of fields in one `h=`; no honest signer comes near. */
const MAX_SIGNED_NAMES = 1000

/** Who signed, and with what. */
export interface SignerTags {
  /** `rsa-sha1` is told apart from the unknown, because it was once right. */
  readonly algorithm: SignatureAlgorithm | 'rsa-sha1'
  readonly signature: Uint8Array
  /** `d=` and `s=` as A-labels, in lower case. */
  readonly domain: string
  readonly selector: string
  /** Where the key is. */
  readonly keyName: string
  /** `t=`, seconds since the epoch. */
  readonly timestamp: number | null
}

/** What it covers. */
export interface CoverTags {
  readonly bodyHash: Uint8Array
  readonly headerCanonicalization: Canonicalization
  readonly bodyCanonicalization: Canonicalization
  /** `h=`, in lower case. */
  readonly names: readonly string[]
}

/** `a=`, `b=`, `d=`, `s=`, `t=`; or what is wrong with them. */
export function readSigner(tags: TagList): SignerTags | string {
  const algorithm = tags.get('a')?.value
  if (algorithm === undefined) return 'the tag a= is missing'
  if (algorithm !== 'rsa-sha256' && algorithm !== 'ed25519-sha256' && algorithm !== 'rsa-sha1') {
    return 'the algorithm of a= is unknown'
  }
  const signature = readBase64(tags.get('b')?.value)
  if (signature === null) return 'the tag b= is missing or no base64'
  const domain = readDnsName(tags.get('d')?.value ?? '')
  if (domain === null || !domain.includes('.')) return 'the tag d= is missing or no domain'
  const selector = readDnsName(tags.get('s')?.value ?? '')
  if (selector === null) return 'the tag s= is missing or no selector'
  const keyName = `${selector}._domainkey.${domain}`
  if (keyName.length > 253) return 'the name that d= and s= give is too long for the DNS'
  const timestamp = readNumber(tags.get('t')?.value, 12)
  if (timestamp === undefined) return 'the tag t= is no time'
  return { algorithm, signature, domain, selector, keyName, timestamp }
}

/** `bh=`, `c=`, `h=`; or what is wrong with them. `h=` may be empty here; `canonicalization` stands for a `c=` that is not there. */
export function readCover(tags: TagList, canonicalization: string): CoverTags | string {
  const bodyHash = readBase64(tags.get('bh')?.value)
  if (bodyHash === null) return 'the tag bh= is missing or no base64'
  const [header, body = 'simple', more] = (tags.get('c')?.value ?? canonicalization).split('/')
  if (!isCanonicalization(header) || !isCanonicalization(body) || more !== undefined) {
    return 'the canonicalization of c= is unknown'
  }
  const h = tags.get('h')?.value
  if (h === undefined) return 'the tag h= is missing'
  const names = colonList(h.toLowerCase())
  if (names.length > MAX_SIGNED_NAMES) return `the tag h= has more than ${MAX_SIGNED_NAMES} names`
  return { bodyHash, headerCanonicalization: header, bodyCanonicalization: body, names }
}

/** A number of at most `digits` digits; null when there is no such tag, undefined when it is no number. */
export function readNumber(value: string | undefined, digits: number): number | null | undefined {
  if (value === undefined) return null
  return value.length <= digits && /^[0-9]+$/.test(value) ? Number(value) : undefined
}

/** Null for what is empty or no base64. White space inside is allowed. */
export function readBase64(value: string | undefined): Uint8Array | null {
  const text = withoutSpace(value ?? '')
  if (text === '' || text.length % 4 === 1 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return null
  return Buffer.from(text, 'base64')
}

/** A name as the DNS is asked for it: lower case, A-labels (text is one character a byte; U-labels are UTF-8). Null for what is none. */
export function readDnsName(value: string): string | null {
  const name = isAscii(value) ? value.toLowerCase() : domainToAscii(utf8(fromLatin1(value)))
  if (name.length === 0 || name.length > 253) return null
  let label = 0
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i)
    if (c === 0x2e) {
      if (label === 0) return null
      label = 0
    } else if ((c >= 0x61 && c <= 0x7a) || (c >= 0x30 && c <= 0x39) || c === 0x2d || c === 0x5f) {
      if (++label > 63) return null
    } else return null
  }
  return label === 0 ? null : name
}

/** `dkim-quoted-printable` (RFC 6376 §2.11): `=XX` is an octet, white space is nothing. */
export function decodeQuoted(value: string): string {
  const octets = withoutSpace(value).replace(/=([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return utf8(fromLatin1(octets))
}

/** The inverse, in ASCII. */
export function encodeQuoted(text: string): string {
  let out = ''
  for (const byte of Buffer.from(text, 'utf8')) {
    const safe = byte > 0x20 && byte < 0x7f && byte !== 0x3b && byte !== 0x3d
    out += safe ? String.fromCharCode(byte) : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return out
}

function isCanonicalization(word: string | undefined): word is Canonicalization {
  return word === 'simple' || word === 'relaxed'
}
