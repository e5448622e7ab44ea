// MIME parameters with continuations, charsets and languages, both directions. RFC 2231 §3, §4 (and the same in RFC 8187).
// Reading starts from the pairs that a header's parser found; names are compared without case, and any name is a name
// (`__proto__` too), because no plain object is indexed by one.

import { concat, fromUtf8, hasLineBreak } from '../base/bytes.ts'
import { MailError } from '../base/errors.ts'
import { type CharsetOptions, decodeCharset } from './charset.ts'
import { decodeEncodedWords } from './encoded-words.ts'
import { hexValue } from './hex.ts'

export interface DecodedParameter {
  /** In lower case, without the asterisks of RFC 2231. */
  readonly name: string
  readonly value: string
  /** The language of an extended value (`en-us`), null when there is none. */
  readonly language: string | null
}

/**
 * What was wrong. `duplicate`: the same name or segment came again (the first counts); `both-forms`: a plain and an extended value for one name (the
 * extended one counts, RFC 8187 §3.2 says so for HTTP); `missing-segment`: a gap in the continuations (what is before the gap
 * counts; without segment 0, what there is); `malformed`: a percent sign without two digits, an extended value without its
 * apostrophes (both are read as they stand); `limit`: more parameters or segments than allowed (the rest is dropped).
 */
export type ParameterDefect = 'duplicate' | 'both-forms' | 'missing-segment' | 'malformed' | 'limit'

export interface DecodedParameters {
  /** In the order in which the names first appear, each name once. */
  readonly parameters: readonly DecodedParameter[]
  readonly defects: readonly ParameterDefect[]
}

export interface ParameterOptions extends CharsetOptions {
  /** Most pairs that are looked at. Default 1,000. */
  readonly maxPairs?: number
}

interface Segment {
  readonly value: string
  readonly extended: boolean
}

interface Collected {
  plain: string | null
  /** By number; the lone `name*` is number 0. */
  segments: Map<number, Segment> | null
}

/**
 * Joins and decodes raw parameter pairs such as `['filename*0*', "utf-8'en'a%20"]`. Values are as a header's parser gives them: quotes removed,
 * text of any script allowed. Encoded words in plain values are decoded, although RFC 2047 §5 forbids them there, because half
 * the world writes them.
 */
export function decodeParameters(
  pairs: readonly (readonly [name: string, value: string])[],
  options: ParameterOptions = {},
): DecodedParameters {
  const defects = new Set<ParameterDefect>()
  const collected = new Map<string, Collected>()
  const limit = Math.min(pairs.length, options.maxPairs ?? 1000)
  if (limit < pairs.length) defects.add('limit')
  for (let i = 0; i < limit; i++) collect(collected, pairs[i]!, defects)
  const parameters: DecodedParameter[] = []
  for (const [name, entry] of collected) {
    if (entry.segments === null) {
      parameters.push({ name, value: decodeEncodedWords(entry.plain!, options), language: null })
      continue
    }
    if (entry.plain !== null) defects.add('both-forms')
    parameters.push({ name, ...join(entry.segments, options, defects) })
  }
  return { parameters, defects: [...defects] }
}

function collect(
  collected: Map<string, Collected>,
  [rawName, value]: readonly [string, string],
  defects: Set<ParameterDefect>,
): void {
  const { name, number, extended } = splitName(rawName)
  let entry = collected.get(name)
  if (!entry) {
    entry = { plain: null, segments: null }
    collected.set(name, entry)
  }
  if (number === null) {
    if (entry.plain === null) entry.plain = value
    else defects.add('duplicate')
    return
  }
  entry.segments ??= new Map()
  if (entry.segments.has(number)) defects.add('duplicate')
  else entry.segments.set(number, { value, extended })
}

// name*  name*0  name*0*                                                       RFC 2231 §7
function splitName(raw: string): { name: string; number: number | null; extended: boolean } {
  const lower = raw.trim().toLowerCase()
  const extended = lower.endsWith('*') && lower.length > 1
  const rest = extended ? lower.slice(0, -1) : lower
  const star = rest.lastIndexOf('*')
  const digits = rest.length - star - 1
  if (star > 0 && digits > 0 && digits <= 4) {
    const number = Number(rest.slice(star + 1))
    // RFC 2231 §7: no leading zeros, but they are written, and mean the same
    if (/^[0-9]+$/.test(rest.slice(star + 1))) return { name: rest.slice(0, star), number, extended }
  }
  return extended ? { name: rest, number: 0, extended } : { name: lower, number: null, extended }
}

function join(
  segments: ReadonlyMap<number, Segment>,
  options: CharsetOptions,
  defects: Set<ParameterDefect>,
): { value: string; language: string | null } {
  const ordered = contiguous(segments, defects)
  // continuations without any charset are plain text, in which encoded words may lie across segments
  if (!ordered.some(segment => segment.extended))
    return { value: decodeEncodedWords(ordered.map(s => s.value).join(''), options), language: null }
  let charset: string | null = null
  let language: string | null = null
  const parts: Uint8Array[] = []
  for (const segment of ordered) {
    let text = segment.value
    if (segment === segments.get(0) && segment.extended) {
      const first = text.indexOf("'")
      const second = text.indexOf("'", first + 1)
      if (first >= 0 && second > first) {
        charset = text.slice(0, first)
        language = text.slice(first + 1, second) || null
        text = text.slice(second + 1)
      } else defects.add('malformed')
    }
    parts.push(segment.extended ? percentDecode(text, defects) : fromUtf8(text))
  }
  return { value: oneLine(decodeCharset(concat(parts), charset, options)), language }
}

function contiguous(segments: ReadonlyMap<number, Segment>, defects: Set<ParameterDefect>): Segment[] {
  const numbers = [...segments.keys()].sort((a, b) => a - b)
  const start = numbers[0]!
  if (start !== 0) defects.add('missing-segment')
  const out: Segment[] = []
  for (const [index, number] of numbers.entries()) {
    if (number !== start + index) {
      defects.add('missing-segment')
      break
    }
    out.push(segments.get(number)!)
  }
  return out
}

function percentDecode(text: string, defects: Set<ParameterDefect>): Uint8Array {
  const src = Buffer.from(text, 'utf8')
  let length = 0
  for (let i = 0; i < src.length; i++) {
    const c = src[i]!
    if (c === 0x25) {
      const high = hexValue(src[i + 1])
      const low = hexValue(src[i + 2])
      if (high >= 0 && low >= 0) {
        src[length++] = (high << 4) | low
        i += 2
        continue
      }
      defects.add('malformed')
    }
    src[length++] = c
  }
  return src.subarray(0, length)
}

function oneLine(text: string): string {
  return hasLineBreak(text) ? text.replace(/\r\n|[\r\n\0]/g, ' ') : text
}

/** Octets of one `name=value` piece, so that it fits a header line of 78 with a blank before and a semicolon behind. */
const PIECE_LIMIT = 75

/**
 * The pieces `name=value` of one parameter, to be joined with `;` and folding. Plain token or quoted string when it is ASCII and fits a line, else
 * RFC 2231 with UTF-8, in continuations when it is long. Throws EMESSAGE for CR, LF or NUL, and for a name that is not a token.
 */
export function encodeParameter(name: string, value: string): string[] {
  if (!isAttribute(name))
    throw new MailError('EMESSAGE', `the parameter name ${JSON.stringify(name)} is not a token`)
  if (hasLineBreak(value))
    throw new MailError('EMESSAGE', `the parameter ${name} must not contain CR, LF or NUL`)
  if (isPrintable(value)) {
    const plain = `${name}=${isToken(value) ? value : quote(value)}`
    if (plain.length <= PIECE_LIMIT) return [plain]
  }
  const whole = `${name}*=utf-8''${percentEncode(value)}`
  if (whole.length <= PIECE_LIMIT) return [whole]
  return continuations(name, value)
}

function continuations(name: string, value: string): string[] {
  const pieces: string[] = []
  let piece = `${name}*0*=utf-8''`
  const room = Math.max(PIECE_LIMIT, piece.length + 12)
  for (const character of value) {
    const encoded = percentEncode(character)
    if (piece.length + encoded.length > room) {
      pieces.push(piece)
      piece = `${name}*${pieces.length}*=`
    }
    piece += encoded
  }
  pieces.push(piece)
  return pieces
}

function percentEncode(text: string): string {
  let out = ''
  for (const byte of Buffer.from(text, 'utf8'))
    out += isAttributeCode(byte)
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  return out
}

function quote(value: string): string {
  return `"${value.replace(/[\\"]/g, '\\$&')}"`
}

function isPrintable(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c < 0x20 || c > 0x7e) return false
  }
  // what looks like an encoded word would be decoded by most readers
  return !text.includes('=?')
}

// attribute-char = <any ASCII CHAR except SPACE, CTLs, "*", "'", "%", or tspecials>     RFC 2231 §7
function isAttributeCode(c: number): boolean {
  return isTokenCode(c) && c !== 0x2a && c !== 0x27 && c !== 0x25
}

// tspecials := ()<>@,;:\"/[]?=                                                        RFC 2045 §5.1
function isTokenCode(c: number): boolean {
  return c > 0x20 && c < 0x7f && !TSPECIALS.includes(String.fromCharCode(c))
}

const TSPECIALS = '()<>@,;:\\"/[]?='

/** True when the text may stand bare as a parameter's value, a type or a subtype: RFC 2045 §5.1 token. */
export function isToken(text: string): boolean {
  if (text.length === 0) return false
  for (let i = 0; i < text.length; i++) if (!isTokenCode(text.charCodeAt(i))) return false
  return true
}

function isAttribute(text: string): boolean {
  if (text.length === 0) return false
  for (let i = 0; i < text.length; i++) if (!isAttributeCode(text.charCodeAt(i))) return false
  return true
}
