// The transfer encoding of a part: the smallest one that carries its content safely, or the one that was asked for.
// RFC 2045 §2.7–2.9 and §6, RFC 2046 §5.2.1 (messages are never encoded), RFC 6152, RFC 3030, RFC 6532 §3.5 and §3.7.
import { CRLF, fromUtf8 } from '../base/bytes.ts'
import { MailError, optionError } from '../base/errors.ts'
import { base64Length, encodeBase64, encodeQuotedPrintable, writeBase64 } from '../text/index.ts'
import { type MediaType, paramOf } from './compose-content-type.ts'
import type { SmtpProfile, TransferEncoding } from './compose-options.ts'
import type { LazyPiece, Piece } from './compose-output.ts'
import { type Shape, shapeOf, withCrlf } from './compose-shape.ts'
import { streamPiece } from './compose-stream.ts'
import type { LeafPart } from './compose-tree.ts'

/** What octets a body has: each kind needs more of the way than the one before. */
export type Domain = '7bit' | '8bit' | 'binary'

export interface EncodedBody {
  readonly encoding: TransferEncoding
  readonly domain: Domain
  /** Another type than the part's own, when only that one may carry this encoding. */
  readonly type: string | null
  readonly pieces: readonly Piece[]
  /** For the boundary check: what goes out as it is. */
  readonly plain: Uint8Array | null
  /** True when a CRLF is there, or nothing at all. */
  readonly endsWithBreak: boolean
}

export interface EncodingRules {
  readonly profile: SmtpProfile
  /** What texts that need an encoding get; null: the shorter one. */
  readonly textEncoding: 'quoted-printable' | 'base64' | null
}

/** RFC 5322 §2.1.1: octets of a line without its CRLF. */
const LINE_LIMIT = 998
const DOMAINS: readonly Domain[] = ['7bit', '8bit', 'binary']

export function wider(a: Domain, b: Domain): Domain {
  return DOMAINS.indexOf(a) >= DOMAINS.indexOf(b) ? a : b
}

/** `isRoot`: nothing follows the body, so that its last line break is the end of the message as well. */
export function encodeBody(part: LeafPart, rules: EncodingRules, isRoot: boolean): EncodedBody {
  const forced = part.encoding
  if (forced !== null && !['7bit', '8bit', 'binary', 'quoted-printable', 'base64'].includes(forced)) {
    throw optionError(`${part.field}.contentTransferEncoding`, 'a transfer encoding', forced)
  }
  const identityOnly = isIdentityOnly(part.media.type)
  if (identityOnly && (forced === 'base64' || forced === 'quoted-printable')) {
    throw new MailError(
      'EMESSAGE',
      `${part.field}: ${forced} is not allowed for ${part.media.type} (RFC 2045 §6.4)`,
    )
  }
  if (part.source.kind === 'stream') return encodeStream(part, part.source, rules, identityOnly, isRoot)
  if (part.content === 'file' && !identityOnly && !part.media.type.startsWith('text/')) {
    if (forced === null || forced === 'base64') return encodeFile(part, rules, forced)
  }
  const isText = part.content === 'text' || identityOnly
  const raw = part.source.kind === 'text' ? textBytes(part.source.text, isText) : part.source.bytes
  let bytes = raw
  let shape = shapeOf(raw)
  if (isText && shape.bareBreaks > 0 && !isWide(part.media)) {
    bytes = withCrlf(raw, shape.bareBreaks)
    shape = shapeOf(bytes)
  }
  const domain = domainOf(shape)
  if (forced === '7bit' || forced === '8bit' || forced === 'binary') {
    if (DOMAINS.indexOf(domain) > DOMAINS.indexOf(forced)) {
      throw new MailError('EMESSAGE', `${part.field} is not ${forced}: ${whyNot(shape, forced)}`)
    }
    return identity(part, forced, domain, bytes, shape, rules, isRoot)
  }
  if (identityOnly) return encodeMessage(part, bytes, shape, domain, rules, isRoot)
  if (forced !== null) return encoded(forced, bytes, shape, isRoot)
  const safe = isText
    ? !shape.fromLine
    : !shape.fromLine && !shape.trailingSpace && (!isRoot || endsFine(bytes, shape))
  if (safe && allowed(domain, rules.profile))
    return identity(part, domain, domain, bytes, shape, rules, isRoot)
  if (!isText && rules.profile.binaryMime === true) return encodeFile(part, rules, null)
  return encoded(isText ? rules.textEncoding : null, bytes, shape, isRoot)
}

/** Most text has LF for its line breaks, and strings are good at replacing; the rest is left to `withCrlf`. */
function textBytes(text: string, isText: boolean): Uint8Array {
  return fromUtf8(isText && !text.includes('\r') ? text.replaceAll('\n', '\r\n') : text)
}

/** RFC 2045 §6.4: parts of type message are not encoded; RFC 6532 §3.5 makes an exception of message/global. */
function isIdentityOnly(type: string): boolean {
  return type.startsWith('message/') && !type.startsWith('message/global')
}

/** Charsets in which a line break is not an octet: their text is left alone. */
function isWide(media: MediaType): boolean {
  return /^(?:utf-?(?:16|32)|ucs-?[24])/i.test(paramOf(media, 'charset') ?? '')
}

function domainOf(shape: Shape): Domain {
  if (shape.hasNul || shape.bareBreaks > 0 || shape.longestLine > LINE_LIMIT) return 'binary'
  return shape.eightBit > 0 ? '8bit' : '7bit'
}

function whyNot(shape: Shape, forced: Domain): string {
  if (shape.hasNul) return 'it has NUL'
  if (shape.bareBreaks > 0) return 'it has CR or LF that are not a CRLF'
  if (shape.longestLine > LINE_LIMIT) return `it has a line of ${shape.longestLine} octets`
  return `it has octets above 0x7F, and ${forced} has not`
}

function allowed(domain: Domain, profile: SmtpProfile): boolean {
  if (domain === '7bit') return true
  return domain === '8bit' ? (profile.eightBitMime ?? profile.smtputf8) === true : profile.binaryMime === true
}

function endsFine(bytes: Uint8Array, shape: Shape): boolean {
  return bytes.length === 0 || shape.endsWithBreak
}

function identity(
  part: LeafPart,
  label: Domain,
  domain: Domain,
  bytes: Uint8Array,
  shape: Shape,
  rules: EncodingRules,
  isRoot: boolean,
): EncodedBody {
  if (domain === '8bit' && rules.profile.eightBitMime === false) {
    throw new MailError('EMESSAGE', `${part.field} needs 8BITMIME, which smtpProfile.eightBitMime forbids`)
  }
  if (domain === 'binary' && rules.profile.binaryMime === false) {
    throw new MailError('EMESSAGE', `${part.field} needs BINARYMIME, which smtpProfile.binaryMime forbids`)
  }
  if (isRoot && part.content === 'file' && !endsFine(bytes, shape) && domain !== 'binary') {
    throw new MailError(
      'EMESSAGE',
      `${part.field} is the whole message and does not end in CRLF: it needs an encoding`,
    )
  }
  const endsWithBreak = endsFine(bytes, shape) || (isRoot && domain === 'binary' && part.content === 'file')
  return { encoding: label, domain, type: null, pieces: [bytes], plain: bytes, endsWithBreak }
}

/** A message inside the message, which must go as it is, or as message/global, which may be encoded. */
function encodeMessage(
  part: LeafPart,
  bytes: Uint8Array,
  shape: Shape,
  domain: Domain,
  rules: EncodingRules,
  isRoot: boolean,
): EncodedBody {
  const { eightBitMime, binaryMime } = rules.profile
  const goes = domain === '7bit' || (domain === '8bit' ? eightBitMime !== false : binaryMime === true)
  if (goes) return identity({ ...part, content: 'text' }, domain, domain, bytes, shape, rules, isRoot)
  if (part.media.type !== 'message/rfc822') {
    throw new MailError(
      'EMESSAGE',
      `${part.field} cannot be encoded (RFC 2045 §6.4), and ${whyNot(shape, '7bit')}`,
    )
  }
  const body = encoded(null, bytes, shape, isRoot)
  return { ...body, type: 'message/global' }
}

/** Octets that mean nothing to us. */
function encodeFile(part: LeafPart, rules: EncodingRules, forced: 'base64' | null): EncodedBody {
  const source = part.source as Exclude<LeafPart['source'], { kind: 'stream' }>
  const bytes = source.kind === 'text' ? fromUtf8(source.text) : source.bytes
  if (forced === null && rules.profile.binaryMime === true) {
    return {
      encoding: 'binary',
      domain: 'binary',
      type: null,
      pieces: [bytes],
      plain: bytes,
      endsWithBreak: true,
    }
  }
  return base64Body(bytes)
}

/** The content in quoted-printable; null when base64 is asked for, or is shorter and nothing is asked for. */
function quotedPrintable(
  asked: 'quoted-printable' | 'base64' | null,
  bytes: Uint8Array,
  shape: Shape,
): Uint8Array | null {
  if (asked === 'base64') return null
  const most = asked === null ? base64Length(bytes.length) : Number.POSITIVE_INFINITY
  if (bytes.length + 2 * (shape.escapes + shape.bareBreaks) > most) return null
  const text = encodeQuotedPrintable(bytes, { binary: shape.bareBreaks > 0, protectLineStarts: true })
  return text.length <= most ? text : null
}

/** `asked`: the encoding; null: the shorter one. */
function encoded(
  asked: 'quoted-printable' | 'base64' | null,
  bytes: Uint8Array,
  shape: Shape,
  isRoot: boolean,
): EncodedBody {
  const text = quotedPrintable(asked, bytes, shape)
  if (text === null) return base64Body(bytes)
  const ends = endsFine(bytes, shape) && shape.bareBreaks === 0
  const open = isRoot && !ends
  // At the end of the message a line break must follow; a soft one says that it is not part of the content.
  const pieces: Piece[] = open ? [text, '=\r\n'] : [text]
  const endsWithBreak = open || ends
  return { encoding: 'quoted-printable', domain: '7bit', type: null, pieces, plain: null, endsWithBreak }
}

function base64Body(bytes: Uint8Array): EncodedBody {
  return {
    encoding: 'base64',
    domain: '7bit',
    type: null,
    pieces: [base64Piece(bytes)],
    plain: null,
    endsWithBreak: bytes.length === 0,
  }
}

/** Octets of a streamed piece: whole lines of 57. */
const SLICE = 57 * 1024

function base64Piece(bytes: Uint8Array): LazyPiece {
  return {
    kind: 'lazy',
    size: base64Length(bytes.length),
    writeTo(target, at) {
      writeBase64(bytes, target, at)
    },
    *chunks() {
      for (let i = 0; i < bytes.length; i += SLICE) {
        if (i > 0) yield CRLF
        yield encodeBase64(bytes.subarray(i, i + SLICE))
      }
    },
  }
}

/** A stream's content is not known, so texts and files get the encoding that suits anything. */
function encodeStream(
  part: LeafPart,
  source: Extract<LeafPart['source'], { kind: 'stream' }>,
  rules: EncodingRules,
  identityOnly: boolean,
  isRoot: boolean,
): EncodedBody {
  const encoding = part.encoding ?? streamEncoding(part, rules, identityOnly)
  const domain = encoding === '8bit' || encoding === 'binary' ? encoding : '7bit'
  if (domain === '8bit' && rules.profile.eightBitMime === false) {
    throw new MailError(
      'EMESSAGE',
      `${part.field} is a stream that may need 8BITMIME, which smtpProfile forbids: give its bytes`,
    )
  }
  if (domain === 'binary' && rules.profile.binaryMime === false) {
    throw new MailError('EMESSAGE', `${part.field} needs BINARYMIME, which smtpProfile.binaryMime forbids`)
  }
  const isText = part.content === 'text' || (identityOnly && source.size === null)
  const pieces: Piece[] = [streamPiece(source, encoding, isText ? 'text' : 'file')]
  if (isRoot && encoding === 'quoted-printable') pieces.push('=\r\n')
  return {
    encoding,
    domain,
    type: null,
    pieces,
    plain: null,
    endsWithBreak: encoding !== 'base64' || source.size === 0,
  }
}

function streamEncoding(part: LeafPart, rules: EncodingRules, identityOnly: boolean): TransferEncoding {
  if (identityOnly) return '8bit'
  if (part.content === 'text' && !isWide(part.media)) return rules.textEncoding ?? 'quoted-printable'
  return rules.profile.binaryMime === true ? 'binary' : 'base64'
}
