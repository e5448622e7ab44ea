// Quoted-printable, encoding. RFC 2045 §6.7.

import { asBuffer } from '../base/bytes.ts'

const EQUALS = 0x3d
const CR = 13
const LF = 10
const SPACE = 32
const TAB = 9
const HEX_DIGIT: Uint8Array = Buffer.from('0123456789ABCDEF', 'latin1')

export interface QuotedPrintableOptions {
  /** Encode CR and LF too, for content whose line ends must survive unchanged. Default: a CRLF is a line end of the output. */
  readonly binary?: boolean
  /** Encode a dot that begins a line, and the F of a line that begins with `From `. Default false. */
  readonly protectLineStarts?: boolean
  /** Longest line of the output in characters without CRLF, 4–998. Default 76 (the limit of RFC 2045). */
  readonly lineLength?: number
}

/**
 * Encodes. Without `binary`, CRLF and bare LF both become CRLF, a bare CR is encoded. Lines end with a soft break
 * before they exceed `lineLength`.
 */
export function encodeQuotedPrintable(bytes: Uint8Array, options: QuotedPrintableOptions = {}): Uint8Array {
  const { binary = false, protectLineStarts = false, lineLength = 76 } = options
  const n = bytes.length
  // Worst case: three characters for each byte, and a soft break of three for each line.
  const worst = n * 3
  const out = Buffer.allocUnsafe(worst + 3 * (Math.ceil(worst / (lineLength - 3)) + 1))
  let o = 0
  let column = 0
  for (let i = 0; i < n; i++) {
    // What stands for itself is most of most texts: as much of it as the line has room for, and one octet is left for below.
    if (column > 0 || !protectLineStarts) {
      const from = i
      const room = Math.min(n - 1, i + lineLength - 1 - column)
      for (; i < room; i++) {
        const kind = KIND[bytes[i]!]!
        if (kind !== PLAIN && (kind !== BLANK || KIND[bytes[i + 1]!] === BREAK)) break
        out[o++] = bytes[i]!
      }
      column += i - from
    }
    const c = bytes[i]!
    if (!binary && (c === LF || (c === CR && bytes[i + 1] === LF))) {
      if (c === CR) i++
      out[o++] = CR
      out[o++] = LF
      column = 0
      continue
    }
    const atLineEnd = i + 1 === n || (!binary && isLineEnd(bytes, i + 1))
    let plain = c > SPACE ? c < 0x7f && c !== EQUALS : (c === SPACE || c === TAB) && !atLineEnd
    let width = plain ? 1 : 3
    // A line may be full only when nothing follows on it: otherwise the soft break's '=' needs the last column.
    if (column + width > (atLineEnd ? lineLength : lineLength - 1)) {
      out[o++] = EQUALS
      out[o++] = CR
      out[o++] = LF
      column = 0
    }
    if (protectLineStarts && column === 0 && plain && mustNotBeginLine(bytes, i)) {
      plain = false
      width = 3
    }
    if (plain) out[o++] = c
    else {
      out[o++] = EQUALS
      out[o++] = HEX_DIGIT[c >> 4]!
      out[o++] = HEX_DIGIT[c & 15]!
    }
    column += width
  }
  return out.subarray(0, o)
}

function isLineEnd(bytes: Uint8Array, i: number): boolean {
  return bytes[i] === LF || (bytes[i] === CR && bytes[i + 1] === LF)
}

const PLAIN = 1
const BLANK = 2
const BREAK = 3
/** PLAIN octets stand for themselves anywhere, BLANK ones where their line does not end, BREAK is CR and LF; 0 must be encoded. */
const KIND: Uint8Array = new Uint8Array(256)
KIND.fill(PLAIN, SPACE + 1, 0x7f)
KIND[EQUALS] = 0
KIND[SPACE] = BLANK
KIND[TAB] = BLANK
KIND[CR] = BREAK
KIND[LF] = BREAK

const FROM: Uint8Array = Buffer.from('From ', 'latin1')

function mustNotBeginLine(bytes: Uint8Array, i: number): boolean {
  if (bytes[i] === 0x2e) return true
  return bytes[i] === 0x46 && asBuffer(bytes.subarray(i, i + 5)).equals(FROM)
}
