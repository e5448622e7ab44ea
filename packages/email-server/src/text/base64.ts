// Base64, both directions, whole and in chunks. RFC 2045 §6.8 (and RFC 4648 §4).
// The decoder ignores what is not in the alphabet (RFC 2045 §6.8). What follows a padded quantum is decoded only while
// whole lines of it are base64 too: concatenated encodings are read, a list's footer in plain text is not.

import { asBuffer, concat, EMPTY } from '../base/bytes.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const VALUE: Int8Array = new Int8Array(256).fill(-1)
for (let i = 0; i < 64; i++) VALUE[ALPHABET.charCodeAt(i)] = i
// The same values moved to their place in a quantum, so that four look-ups and three ORs make 24 bits; negative if foreign.
const FIRST: Int32Array = Int32Array.from(VALUE, v => (v < 0 ? -1 : v << 18))
const SECOND: Int32Array = Int32Array.from(VALUE, v => (v < 0 ? -1 : v << 12))
const THIRD: Int32Array = Int32Array.from(VALUE, v => (v < 0 ? -1 : v << 6))

const PAD = 0x3d
const LF = 10
const CR = 13
/** Bytes that one call of Buffer's decoder gets: large enough to be fast, small enough for no large strings. */
const WINDOW = 1 << 16
/** Longest line that is looked at before it is believed to be base64 (after a padded quantum). */
const LINE_LIMIT = 1024

/** Turns transferred bytes into content, chunk by chunk. */
export interface ByteDecoder {
  /** What the chunk makes certain; may be empty. The chunk may be reused by the caller afterwards. */
  write(chunk: Uint8Array): Uint8Array
  /** What was still held back. No call may follow. */
  end(): Uint8Array
}

/** Streaming base64 decoder; holds back at most three characters, or one line after a padded quantum. */
export class Base64Decoder implements ByteDecoder {
  #quantum = 0
  #count = 0
  /** `data` until the first padded quantum, then `lines`, then `done` at the first line that is not base64. */
  #mode: 'data' | 'lines' | 'done' = 'data'
  #line: Uint8Array = EMPTY

  write(chunk: Uint8Array): Uint8Array {
    if (this.#mode === 'done' || chunk.length === 0) return EMPTY
    const out = Buffer.allocUnsafe(Math.ceil(((this.#line.length + chunk.length + 4) * 3) / 4))
    return out.subarray(0, this.#run(chunk, out))
  }

  end(): Uint8Array {
    const out = Buffer.allocUnsafe(this.#line.length + 4)
    let length = 0
    if (this.#mode === 'lines' && isBase64Line(this.#line, 0, this.#line.length))
      length = this.#decode(this.#line, 0, this.#line.length, out, 0).length
    length = this.#flush(out, length)
    this.#line = EMPTY
    this.#mode = 'done'
    return out.subarray(0, length)
  }

  #run(chunk: Uint8Array, out: Buffer): number {
    let length = 0
    let position = 0
    if (this.#mode === 'data') {
      // a chunk may begin in the middle of a line: the first line is decoded exactly
      const first = this.#decode(chunk, 0, firstLineEnd(chunk), out, 0)
      length = first.length
      position = first.position
      if (!first.padded && this.#count === 0) {
        const fast = decodeRegularLines(chunk.subarray(position), out.subarray(length))
        length += fast.length
        position += fast.position
      }
      const slow = first.padded ? first : this.#decode(chunk, position, chunk.length, out, length)
      length = slow.length
      position = slow.position
      if (!slow.padded) return length
      this.#mode = 'lines'
    }
    return this.#runLines(chunk, position, out, length)
  }

  #runLines(chunk: Uint8Array, from: number, out: Buffer, at: number): number {
    let length = at
    let position = from
    while (position < chunk.length) {
      const newline = asBuffer(chunk).indexOf(LF, position)
      const end = newline < 0 ? chunk.length : newline + 1
      const piece = chunk.subarray(position, end)
      position = end
      const whole = newline >= 0 || this.#line.length + piece.length > LINE_LIMIT
      const line = this.#line.length === 0 ? piece : concat([this.#line, piece])
      if (!whole) {
        this.#line = line.slice()
        break
      }
      this.#line = EMPTY
      if (!isBase64Line(line, 0, line.length)) {
        this.#mode = 'done'
        break
      }
      let start = 0
      while (start < line.length) {
        const step = this.#decode(line, start, line.length, out, length)
        length = step.length
        start = step.position
      }
    }
    return length
  }

  /** Decodes up to `to` or to the end of the first padded quantum. */
  #decode(
    src: Uint8Array,
    from: number,
    to: number,
    out: Buffer,
    at: number,
  ): { length: number; position: number; padded: boolean } {
    let quantum = this.#quantum
    let count = this.#count
    let length = at
    let i = from
    while (i < to) {
      if (count === 0) {
        while (i + 4 <= to) {
          const bits = FIRST[src[i]!]! | SECOND[src[i + 1]!]! | THIRD[src[i + 2]!]! | VALUE[src[i + 3]!]!
          if (bits < 0) break
          out[length] = bits >> 16
          out[length + 1] = bits >> 8
          out[length + 2] = bits
          length += 3
          i += 4
        }
        if (i === to) break
      }
      const c = src[i++]!
      const value = VALUE[c]!
      if (value >= 0) {
        quantum = (quantum << 6) | value
        if (++count === 4) {
          out[length++] = quantum >> 16
          out[length++] = quantum >> 8
          out[length++] = quantum
          quantum = 0
          count = 0
        }
      } else if (c === PAD && count > 1) {
        this.#quantum = quantum
        this.#count = count
        length = this.#flush(out, length)
        while (i < to && src[i] === PAD) i++
        return { length, position: i, padded: true }
      }
    }
    this.#quantum = quantum
    this.#count = count
    return { length, position: i, padded: false }
  }

  /** Writes the whole octets of an incomplete quantum. */
  #flush(out: Buffer, at: number): number {
    let length = at
    if (this.#count === 2) out[length++] = this.#quantum >> 4
    if (this.#count === 3) {
      out[length++] = this.#quantum >> 10
      out[length++] = this.#quantum >> 2
    }
    this.#quantum = 0
    this.#count = 0
    return length
  }
}

/** Decodes base64; never fails: foreign characters are skipped, a cut quantum gives the octets it has. */
export function decodeBase64(bytes: Uint8Array): Uint8Array {
  const decoder = new Base64Decoder()
  const head = decoder.write(bytes)
  const tail = decoder.end()
  return tail.length === 0 ? head : concat([head, tail])
}

// Lines of equal length that end with CRLF (or LF) are nearly all the base64 there is. Buffer's decoder is the fastest
// and skips what is foreign, but it also reads '-' and '_', and stops at '='; the number of octets that it gives tells
// whether every character counted, and when not, the window is left to the exact loop.
function decodeRegularLines(src: Uint8Array, out: Buffer): { length: number; position: number } {
  const bytes = asBuffer(src)
  let length = 0
  let position = 0
  const newline = bytes.subarray(0, LINE_LIMIT).indexOf(LF)
  const ending = newline > 0 && bytes[newline - 1] === CR ? 2 : 1
  const lineLength = newline + 1
  const characters = lineLength - ending
  if (newline < 4 || characters % 4 !== 0 || src.length < 2 * lineLength) return { length, position }
  const linesPerWindow = Math.max(1, Math.floor(WINDOW / lineLength))
  for (;;) {
    let lines = 0
    for (let end = position + lineLength; end <= bytes.length && lines < linesPerWindow; end += lineLength) {
      if (bytes[end - 1] !== LF || (ending === 2 && bytes[end - 2] !== CR)) break
      lines++
    }
    if (lines === 0) return { length, position }
    const window = bytes.subarray(position, position + lines * lineLength)
    if (window.includes(0x2d) || window.includes(0x5f)) return { length, position }
    const expected = (lines * characters * 3) / 4
    const written = out.write(window.toString('latin1'), length, 'base64')
    if (written !== expected) return { length, position }
    length += written
    position += window.length
  }
}

function firstLineEnd(chunk: Uint8Array): number {
  const newline = asBuffer(chunk.subarray(0, LINE_LIMIT)).indexOf(LF)
  return newline < 0 ? Math.min(chunk.length, LINE_LIMIT) : newline + 1
}

function isBase64Line(line: Uint8Array, from: number, to: number): boolean {
  let characters = 0
  let i = from
  // the second "=" of an ending may come in the next chunk
  while (i < to && line[i] === PAD) i++
  for (; i < to; i++) {
    const c = line[i]!
    if (VALUE[c]! >= 0 || c === PAD) characters++
    else if (c !== CR && c !== LF && c !== 0x20 && c !== 0x09) return false
    else if (c === 0x20 && i + 1 < to && VALUE[line[i + 1]!]! >= 0) return false
  }
  return characters % 4 === 0
}

/** Encodes; lines of `lineLength` characters (a multiple of 4; 0: one line) with CRLF between them, none at the end. */
export function encodeBase64(bytes: Uint8Array, lineLength = 76): Uint8Array {
  const out = Buffer.allocUnsafe(base64Length(bytes.length, lineLength))
  writeBase64(bytes, out, 0, lineLength)
  return out
}

/** Lines that are encoded at a time: their text is short enough to be young garbage, and stays in the processor's cache. */
const LINES_AT_A_TIME = 128

/** Looked for once: through Buffer's prototypes, the search takes a good part of the time of a short copy. */
const { copyWithin } = Uint8Array.prototype

/** `encodeBase64` into the place where it is wanted; gives the offset behind it. */
export function writeBase64(bytes: Uint8Array, target: Buffer, at: number, lineLength = 76): number {
  const source = asBuffer(bytes)
  const step = (lineLength === 0 ? 57 : (lineLength / 4) * 3) * LINES_AT_A_TIME
  let to = at
  for (let i = 0; i < source.length; i += step) {
    if (i > 0 && lineLength > 0) {
      target[to++] = CR
      target[to++] = LF
    }
    const next = Math.min(i + step, source.length)
    const end = to + base64Length(next - i, lineLength)
    const flat = source.toString('base64', i, next)
    // all of it at the end, then line by line to its place: the fastest way there is without a loop over characters
    let from = end - flat.length
    target.write(flat, from, flat.length, 'latin1')
    while (from > to) {
      copyWithin.call(target, to, from, from + lineLength)
      from += lineLength
      to += lineLength
      target[to++] = CR
      target[to++] = LF
    }
    to = end
  }
  return to
}

/** The length of `encodeBase64`'s result for so many bytes. */
export function base64Length(byteLength: number, lineLength = 76): number {
  const characters = Math.ceil(byteLength / 3) * 4
  return lineLength === 0 || characters === 0
    ? characters
    : characters + 2 * (Math.ceil(characters / lineLength) - 1)
}

/** Streaming encoder: its pieces together are `encodeBase64` of the whole. */
export class Base64Encoder {
  readonly #lineLength: number
  #rest: Uint8Array = EMPTY
  #started = false

  constructor(lineLength = 76) {
    this.#lineLength = lineLength
  }

  write(chunk: Uint8Array): Uint8Array {
    const bytes = this.#rest.length === 0 ? chunk : concat([this.#rest, chunk])
    const unit = this.#lineLength === 0 ? 3 : (this.#lineLength / 4) * 3
    const whole = bytes.length - (bytes.length % unit)
    this.#rest = bytes.slice(whole)
    return this.#encode(bytes.subarray(0, whole))
  }

  end(): Uint8Array {
    const rest = this.#rest
    this.#rest = EMPTY
    return this.#encode(rest)
  }

  #encode(bytes: Uint8Array): Uint8Array {
    if (bytes.length === 0) return EMPTY
    const encoded = encodeBase64(bytes, this.#lineLength)
    const out = this.#started && this.#lineLength !== 0 ? concat([LINE_END, encoded]) : encoded
    this.#started = true
    return out
  }
}

const LINE_END: Uint8Array = Uint8Array.of(CR, LF)
