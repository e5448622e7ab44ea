// Quoted-printable, both directions, decoding whole and in chunks. RFC 2045 §6.7.
// The decoder takes what real mail has: lower-case digits, bare LF, over-long lines, white space behind a soft break,
// and `=` that begins nothing, which stays as it is.

import { asBuffer, concat, EMPTY, indexOf } from '../base/bytes.ts'
import type { ByteDecoder } from './base64.ts'

const EQUALS = 0x3d
const CR = 13
const LF = 10
const SPACE = 32
const TAB = 9
/** White space at the end of a line is removed (§6.7 rule 3) in runs of up to so many; a longer run is content. */
const WHITE_LIMIT = 1024

/** After so many characters without '=', the next one is searched for instead of waited for. */
const NEAR = 160

const HEX_VALUE: Int8Array = new Int8Array(256).fill(-1)
for (let i = 0; i < 16; i++) {
  HEX_VALUE['0123456789ABCDEF'.charCodeAt(i)] = i
  HEX_VALUE['0123456789abcdef'.charCodeAt(i)] = i
}
const HEX_DIGIT: Uint8Array = Buffer.from('0123456789ABCDEF', 'latin1')

/** Streaming decoder; holds back at most an unfinished `=` sequence or a run of white space (about 1 KiB). */
export class QuotedPrintableDecoder implements ByteDecoder {
  #rest: Uint8Array = EMPTY
  #inLongWhite = false

  write(chunk: Uint8Array): Uint8Array {
    return this.#run(chunk, false)
  }

  end(): Uint8Array {
    return this.#run(EMPTY, true)
  }

  #run(chunk: Uint8Array, final: boolean): Uint8Array {
    const src = this.#rest.length === 0 ? chunk : concat([this.#rest, chunk])
    const out = Buffer.allocUnsafe(src.length)
    const state: Step = { length: 0, position: 0, inLongWhite: this.#inLongWhite }
    decodeRun(src, out, final, state)
    this.#rest = state.position === src.length ? EMPTY : src.slice(state.position)
    this.#inLongWhite = state.inLongWhite
    return out.subarray(0, state.length)
  }
}

interface Step {
  length: number
  position: number
  /** A run of white space that is too long to be removed was given out, and may go on. */
  inLongWhite: boolean
}

// Copies up to '=' and line ends, and looks back from a line end for the white space before it. Stops early, unless `final`, at what cannot be decided
// without more input. `hard` is where the looking back ends: what is before it was encoded, or belongs to another line.
function decodeRun(src: Uint8Array, out: Uint8Array, final: boolean, step: Step): void {
  const n = src.length
  let o = 0
  let i = 0
  if (step.inLongWhite) while (i < n && isWhite(src[i]!)) out[o++] = src[i++]!
  let hard = o
  step.inLongWhite &&= i === n
  while (i < n) {
    const near = Math.min(n, i + NEAR)
    for (;;) {
      let c = 0
      while (i < near && (c = src[i]!) !== EQUALS && c !== LF) {
        out[o] = c
        o++
        i++
      }
      if (i === near || c === EQUALS) break
      if (o > hard && isWhite(out[o - 1]! === CR && o - 1 > hard ? out[o - 2]! : out[o - 1]!)) {
        o = withoutTrailingWhite(out, hard, o)
      }
      hard = o + 1
      out[o] = LF
      o++
      i++
    }
    if (i === near && i < n) {
      const far = indexOf(src, EQUALS, i)
      const end = far < 0 ? n : far
      o = copyLines(src, i, end, out, hard, o)
      i = end
    }
    if (i === n) break
    if (i + 2 < n) {
      const high = HEX_VALUE[src[i + 1]!]!
      const low = HEX_VALUE[src[i + 2]!]!
      if ((high | low) >= 0) {
        out[o++] = (high << 4) | low
        i += 3
        hard = o
        continue
      }
    }
    const next = equalsSequence(src, i, final)
    if (next < 0) break
    if (next === i) {
      out[o++] = EQUALS
      i++
    } else {
      if (next === i + 3 && HEX_VALUE[src[i + 1]!]! >= 0)
        out[o++] = (HEX_VALUE[src[i + 1]!]! << 4) | HEX_VALUE[src[i + 2]!]!
      i = next
    }
    hard = o
  }
  if (final) o = withoutTrailingWhite(out, hard, o)
  else if (i === n && o > hard) {
    const end = out[o - 1] === CR ? o - 1 : o
    const white = whiteStart(out, hard, end)
    if (end - white > WHITE_LIMIT) step.inLongWhite = end === o
    else if (end > white) {
      i -= o - white
      o = white
    }
  }
  step.length = o
  step.position = i
}

// Copies what has no '=', a whole stretch at a time: only the ends of lines are looked at.
function copyLines(
  src: Uint8Array,
  from: number,
  to: number,
  out: Uint8Array,
  hard: number,
  at: number,
): number {
  let o = at
  let start = from
  for (let line = from; line < to; ) {
    const newline = indexOf(src, LF, line)
    if (newline < 0 || newline >= to) break
    line = newline + 1
    const last = newline > from && src[newline - 1] === CR ? newline - 2 : newline - 1
    // in front of the stretch stands what only `out` knows
    if (last > from && !isWhite(src[last]!)) continue
    out.set(src.subarray(start, newline), o)
    o = withoutTrailingWhite(out, hard, o + newline - start)
    start = newline
  }
  out.set(src.subarray(start, to), o)
  return o + to - start
}

function isWhite(c: number): boolean {
  return c === SPACE || c === TAB
}

/** Where the white space that ends at `end` begins, not before `hard`. */
function whiteStart(out: Uint8Array, hard: number, end: number): number {
  let start = end
  while (start > hard && isWhite(out[start - 1]!)) start--
  return start
}

/** Removes the white space at the end of a line, in front of its CR if it has one; gives the new length. */
function withoutTrailingWhite(out: Uint8Array, hard: number, length: number): number {
  const hasCr = length > hard && out[length - 1] === CR
  const end = hasCr ? length - 1 : length
  const start = whiteStart(out, hard, end)
  if (start === end || end - start > WHITE_LIMIT) return length
  if (!hasCr) return start
  out[start] = CR
  return start + 1
}

// Where the sequence that begins with '=' at `i` ends; `i` itself when it is only a stray '='; -1 when more is needed.
function equalsSequence(src: Uint8Array, i: number, final: boolean): number {
  const n = src.length
  if (i + 1 === n) return final ? n : -1
  if (HEX_VALUE[src[i + 1]!]! >= 0) {
    if (i + 2 === n) return final ? i : -1
    return HEX_VALUE[src[i + 2]!]! >= 0 ? i + 3 : i
  }
  let k = i + 1
  const limit = Math.min(n, i + 1 + WHITE_LIMIT)
  while (k < limit && (src[k] === SPACE || src[k] === TAB)) k++
  if (k === n) return final ? n : -1
  if (src[k] === LF) return k + 1
  if (src[k] !== CR) return i
  if (k + 1 === n) return final ? n : -1
  return src[k + 1] === LF ? k + 2 : i
}

/** Decodes quoted-printable; never fails. */
export function decodeQuotedPrintable(bytes: Uint8Array): Uint8Array {
  const out = Buffer.allocUnsafe(bytes.length)
  const step: Step = { length: 0, position: 0, inLongWhite: false }
  decodeRun(bytes, out, true, step)
  return out.subarray(0, step.length)
}

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
