// uuencode (POSIX uuencode, historical algorithm): decoding of whole bodies, of streams, and finding of files that
// stand in plain text, as mail before MIME carried them.

import { asBuffer, concat, EMPTY, indexOf, latin1 } from '../base/bytes.ts'
import type { ByteDecoder } from './base64.ts'

const LF = 10
const CR = 13
/** No line of the format is longer than 61 characters; a longer one is not one. */
const LINE_LIMIT = 128
/** So many characters may be missing at the end of a line (stripped spaces); more would let two bytes become 45. */
const MISSING_LIMIT = 8
/** Longest `begin` line that is recognised, in bytes. */
const BEGIN_LIMIT = 1024

/** Streaming decoder of the first file in the data; what stands around it is dropped. */
export class UuDecoder implements ByteDecoder {
  #begun = false
  #ended = false
  #line: Uint8Array = EMPTY

  write(chunk: Uint8Array): Uint8Array {
    if (this.#ended) return EMPTY
    const src = this.#line.length === 0 ? chunk : concat([this.#line, chunk])
    this.#line = EMPTY
    const out = Buffer.allocUnsafe(src.length + MISSING_LIMIT * (countLines(src) + 1))
    let length = 0
    let position = 0
    while (position < src.length && !this.#ended) {
      const newline = asBuffer(src).indexOf(LF, position)
      if (newline < 0) {
        // of an endless line only the beginning is kept: it can be neither data nor `begin`
        this.#line = src.slice(position, position + BEGIN_LIMIT + 1)
        break
      }
      length = this.#takeLine(src, position, newline, out, length)
      position = newline + 1
    }
    return out.subarray(0, length)
  }

  end(): Uint8Array {
    const line = this.#line
    this.#line = EMPTY
    if (this.#ended || line.length === 0) return EMPTY
    const out = Buffer.allocUnsafe(line.length + MISSING_LIMIT)
    const length = this.#takeLine(line, 0, line.length, out, 0)
    this.#ended = true
    return out.subarray(0, length)
  }

  #takeLine(src: Uint8Array, start: number, newline: number, out: Uint8Array, at: number): number {
    const end = newline > start && src[newline - 1] === CR ? newline - 1 : newline
    if (!this.#begun) {
      if (readBegin(src, start, end)) this.#begun = true
      return at
    }
    if (isEnd(src, start, end)) {
      this.#ended = true
      return at
    }
    return end - start > LINE_LIMIT ? at : decodeLine(src, start, end, out, at)
  }
}

/** Decodes the first uuencoded file in the data; empty when there is none. Never fails. */
export function decodeUuencode(bytes: Uint8Array): Uint8Array {
  const decoder = new UuDecoder()
  return concat([decoder.write(bytes), decoder.end()])
}

/** A uuencoded file inside other text. */
export interface UuencodedFile {
  /** The name of the `begin` line, as its bytes say (one character each). */
  readonly name: string
  /** Permission bits of the `begin` line. */
  readonly mode: number
  /** Offset of `begin`. */
  readonly start: number
  /** Offset after the line `end` (exclusive). */
  readonly end: number
  /** Decodes the content now. */
  readonly content: () => Uint8Array
}

/**
 * The files that stand uuencoded in a text, in order; at most `limit` (default 100). A file counts only when its
 * first line is well formed and its `end` line is there, so that a sentence that starts with "begin 644" stays text.
 */
export function findUuencoded(bytes: Uint8Array, limit = 100): UuencodedFile[] {
  const buffer = asBuffer(bytes)
  const found: UuencodedFile[] = []
  let position = 0
  while (found.length < limit) {
    const start = buffer.indexOf('begin ', position, 'latin1')
    if (start < 0) break
    position = start + 6
    if (start > 0 && buffer[start - 1] !== LF) continue
    const beginEnd = lineEnd(buffer, start)
    const begin = readBegin(buffer, start, beginEnd.text)
    if (!begin) continue
    let at = beginEnd.next
    let lines = 0
    let closed = false
    while (at < buffer.length) {
      const line = lineEnd(buffer, at)
      if (isEnd(buffer, at, line.text)) {
        closed = true
        at = line.next
        break
      }
      if (!isDataLine(buffer, at, line.text)) break
      lines++
      at = line.next
    }
    position = at
    if (!closed || lines === 0) continue
    const end = at
    found.push({ ...begin, start, end, content: () => decodeUuencode(bytes.subarray(start, end)) })
  }
  return found
}

function countLines(src: Uint8Array): number {
  let lines = 0
  for (let at = indexOf(src, LF); at >= 0; at = indexOf(src, LF, at + 1)) lines++
  return lines
}

function lineEnd(buffer: Buffer, from: number): { text: number; next: number } {
  const newline = buffer.indexOf(LF, from)
  if (newline < 0) return { text: buffer.length, next: buffer.length }
  return { text: newline > from && buffer[newline - 1] === CR ? newline - 1 : newline, next: newline + 1 }
}

// begin = "begin" SP 3*4octdigit SP name
function readBegin(src: Uint8Array, start: number, end: number): { name: string; mode: number } | null {
  if (end - start < 11 || end - start > BEGIN_LIMIT || latin1(src, start, start + 6) !== 'begin ') return null
  let i = start + 6
  let mode = 0
  while (i < end && src[i]! >= 0x30 && src[i]! <= 0x37) mode = mode * 8 + src[i++]! - 0x30
  const digits = i - start - 6
  if (digits < 3 || digits > 4 || src[i] !== 0x20 || i + 1 >= end) return null
  return { name: latin1(src, i + 1, end), mode }
}

function isEnd(src: Uint8Array, start: number, end: number): boolean {
  let last = end
  while (last > start + 3 && (src[last - 1] === 0x20 || src[last - 1] === 0x09)) last--
  return last - start === 3 && src[start] === 0x65 && src[start + 1] === 0x6e && src[start + 2] === 0x64
}

// Mail transports strip trailing spaces, which stand for zero bits: a line may be shorter than its count says.
function isDataLine(src: Uint8Array, start: number, end: number): boolean {
  if (end === start) return true
  const count = (src[start]! - 0x20) & 0x3f
  const full = Math.ceil(count / 3) * 4
  if (src[start]! < 0x20 || src[start]! > 0x60 || end - start - 1 > full + 2) return false
  for (let i = start + 1; i < end; i++) if (src[i]! < 0x20 || src[i]! > 0x60) return false
  return true
}

function decodeLine(src: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  if (end === start || src[start]! < 0x20 || src[start]! > 0x60) return at
  const count = Math.min((src[start]! - 0x20) & 0x3f, Math.floor(((end - start - 1 + MISSING_LIMIT) * 3) / 4))
  const value = (i: number): number => (i < end ? (src[i]! - 0x20) & 0x3f : 0)
  let o = at
  const stop = at + count
  for (let i = start + 1; o < stop; i += 4) {
    const bits = (value(i) << 18) | (value(i + 1) << 12) | (value(i + 2) << 6) | value(i + 3)
    out[o++] = bits >> 16
    if (o < stop) out[o++] = bits >> 8
    if (o < stop) out[o++] = bits
  }
  return o
}
