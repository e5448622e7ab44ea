// Bytes: the few conversions and searches that every room needs. Buffer does the work, Uint8Array is what is said.

import * as buffer from 'node:buffer'

export const CR = 13
export const LF = 10
export const SP = 32
export const NUL = 0
export const CRLF: Uint8Array = Uint8Array.of(CR, LF)
export const EMPTY: Uint8Array = new Uint8Array(0)

/** The same bytes as a Buffer, without copying. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** One byte, one character (U+0000–U+00FF): the reading that loses nothing. `end` is exclusive. */
export function latin1(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  return asBuffer(bytes).toString('latin1', start, end)
}

/** The inverse of `latin1`. */
export function fromLatin1(text: string): Uint8Array {
  return Buffer.from(text, 'latin1')
}

/** UTF-8 to text; malformed sequences become U+FFFD. `end` is exclusive. */
export function utf8(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  return asBuffer(bytes).toString('utf8', start, end)
}

export function fromUtf8(text: string): Uint8Array {
  return Buffer.from(text, 'utf8')
}

/** Offset of the first `needle` at or after `from`, or -1. */
export function indexOf(bytes: Uint8Array, needle: number | Uint8Array, from = 0): number {
  return asBuffer(bytes).indexOf(needle, from)
}

export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && asBuffer(a).equals(b)
}

/** Of Node since 18.15: many bytes at a time. */
const nativeIsAscii: ((bytes: Uint8Array) => boolean) | undefined = buffer.isAscii

/** True when no byte is above 0x7F. */
export function isAsciiBytes(bytes: Uint8Array): boolean {
  if (nativeIsAscii && bytes.length > 64) return nativeIsAscii(bytes)
  for (let i = 0; i < bytes.length; i++) if (bytes[i]! > 0x7f) return false
  return true
}

/** True when the text could break out of its line or its field: CR, LF or NUL (RFC 5321 §2.3.8, RFC 9051 §9). */
export function hasLineBreak(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === CR || c === LF || c === NUL) return true
  }
  return false
}
