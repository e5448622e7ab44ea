// Shared by the tests of the mime room.
import assert from 'node:assert/strict'
import { type MessagePart, MessageScanner, type ScanOptions } from '../../src/mime/index.ts'

/** Lines to a message: joined and ended by CRLF unless said otherwise; each character is one byte. */
export function message(lines: readonly string[], eol = '\r\n'): Buffer {
  return Buffer.from(lines.join(eol), 'latin1')
}

export function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

/** The tree in short: `multipart/mixed(text/plain "body", …)`. */
export function outline(raw: Uint8Array, part: MessagePart): string {
  const type = `${part.type}/${part.subtype}${part.truncated ? '!' : ''}`
  if (part.kind !== 'leaf') return `${type}(${part.parts.map(child => outline(raw, child)).join(', ')})`
  return `${type} ${JSON.stringify(Buffer.from(raw.subarray(part.bodyStart, part.bodyEnd)).toString('latin1'))}`
}

/** Scans in pieces of the given sizes, repeated until the message is used up. */
export function scanInPieces(
  raw: Uint8Array,
  sizes: readonly number[],
  options: ScanOptions = {},
): MessagePart {
  const scanner = new MessageScanner(options)
  for (let at = 0, n = 0; at < raw.length; n++) {
    const size = Math.max(1, sizes[n % sizes.length]!)
    // A copy, overwritten afterwards: the scanner must not keep a caller's bytes.
    const piece = Uint8Array.prototype.slice.call(raw, at, at + size)
    scanner.feed(piece)
    piece.fill(0x58)
    at += size
  }
  return scanner.end()
}

/**
 * Twenty times the input may take twenty times as long, and garbage collection a few times more; quadratic work would take
 * four hundred times as long. The quickest of several runs counts.
 */
export function assertLinear<T>(make: (n: number) => T, run: (input: T) => void): void {
  const time = (input: T) => {
    const times = Array.from({ length: 7 }, () => {
      const start = process.hrtime.bigint()
      run(input)
      return Number(process.hrtime.bigint() - start)
    })
    return Math.min(...times)
  }
  const small = make(250)
  for (let i = 0; i < 10; i++) time(small)
  const ratio = time(make(5000)) / time(small)
  assert.ok(ratio < 200, `twenty times the input: ${ratio.toFixed(0)} times as long`)
}
