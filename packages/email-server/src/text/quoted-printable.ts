// Quoted-printable, decoding, whole and in chunks. RFC 2045 §6.7. It takes what real mail has: lower-case digits, bare LF, over-long lines, white space behind a soft break,
// and `=` that begins nothing, which stays as it is.

import { isAscii } from 'node:buffer'
import { concat, EMPTY, indexOf, latin1, utf8 } from '../base/bytes.ts'
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

// Copies up to '=' and line ends, and looks back from a line end for the white space before it. Stops early, unless `final`, at what cannot be
// decoded without more input. `hard` is where the looking back ends: what is before it was encoded, or belongs to another line.
// `asText`: what comes out is text in ISO-8859-1 with LF for CRLF, as long as the UTF-8 that comes in has no other characters: there it stops.
function decodeRun(src: Uint8Array, out: Uint8Array, final: boolean, step: Step, asText = false): void {
  const n = src.length
  let o = 0
  let i = 0
  if (step.inLongWhite) while (i < n && isWhite(src[i]!)) out[o++] = src[i++]!
  let hard = o
  step.inLongWhite &&= i === n
  while (i < n) {
    const near = Math.min(n, i + NEAR)
    let c = 0
    while (i < near && (c = src[i]!) !== EQUALS && c !== LF) {
      out[o] = c
      o++
      i++
    }
    if (i === near) {
      if (asText || i === n) continue
      const far = indexOf(src, EQUALS, i)
      const end = far < 0 ? n : far
      o = copyLines(src, i, end, out, hard, o)
      i = end
      continue
    }
    if (c === LF) {
      if (o > hard && isWhite(out[o - 1]! === CR && o - 1 > hard ? out[o - 2]! : out[o - 1]!)) {
        o = withoutTrailingWhite(out, hard, o)
      }
      if (asText && o > 0 && out[o - 1] === CR) o--
      out[o++] = LF
      hard = o
      i++
      continue
    }
    if (i + 2 < n) {
      const high = HEX_VALUE[src[i + 1]!]!
      const low = HEX_VALUE[src[i + 2]!]!
      if ((high | low) >= 0) {
        let value = (high << 4) | low
        if (asText) {
          if (value > 0x7f) {
            value = latin1Of(src, i, value)
            if (value < 0) break
            i += 3
          } else if (value === LF && o > 0 && out[o - 1] === CR) o--
        }
        out[o++] = value
        i += 3
        hard = o
        continue
      }
      if (src[i + 1] === CR && src[i + 2] === LF) {
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
    } else i = next
    hard = o
  }
  if (final && i === n) o = withoutTrailingWhite(out, hard, o)
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

/** The character up to U+00FF whose two octets of UTF-8 are encoded at `i`, the first of them being `lead`; -1 when there is another. */
function latin1Of(src: Uint8Array, i: number, lead: number): number {
  if ((lead !== 0xc2 && lead !== 0xc3) || i + 5 >= src.length || src[i + 3] !== EQUALS) return -1
  const high = HEX_VALUE[src[i + 4]!]!
  const low = HEX_VALUE[src[i + 5]!]!
  return low >= 0 && high >= 8 && high <= 11 ? ((lead & 3) << 6) | ((high & 3) << 4) | low : -1
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

/**
 * Decodes quoted-printable of UTF-8 into text whose lines end with LF. Most text has no character above U+00FF, or none for a long time: it is
 * put together without UTF-8 being made of it first.
 */
export function decodeQuotedPrintableText(bytes: Uint8Array): string {
  if (!isAscii(bytes)) return utf8(decodeQuotedPrintable(bytes)).replaceAll('\r\n', '\n')
  const out = Buffer.allocUnsafe(bytes.length)
  const step: Step = { length: 0, position: 0, inLongWhite: false }
  decodeRun(bytes, out, true, step, true)
  const text = latin1(out, 0, step.length)
  if (step.position === bytes.length) return text
  const rest = decodeQuotedPrintable(bytes.subarray(step.position))
  return text + utf8(rest).replaceAll('\r\n', '\n')
}
