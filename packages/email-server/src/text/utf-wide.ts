// UTF-16 and UTF-32 in both orders of bytes, decoding only. RFC 2781; Unicode §3.10 for UTF-32.

import { concat, EMPTY } from '../base/bytes.ts'
import { utf16 } from './single-byte.ts'
import type { TextSource } from './text-source.ts'

type Order = 'le' | 'be'

/** Streaming decoder of UTF-16 (`width` 2) or UTF-32 (`width` 4). Without `order`, the byte order mark or the first character decides. */
export class WideDecoder implements TextSource {
  readonly #width: 2 | 4
  #order: Order | null
  #rest: Uint8Array = EMPTY
  #started = false
  /** The high surrogate that ended the last chunk, so that no caller ever sees half a character. */
  #high = ''

  constructor(width: 2 | 4, order: Order | null) {
    this.#width = width
    this.#order = order
  }

  write(chunk: Uint8Array): string {
    const bytes = this.#rest.length === 0 ? chunk : concat([this.#rest, chunk])
    const whole = bytes.length - (bytes.length % this.#width)
    this.#rest = bytes.slice(whole)
    if (whole === 0) return ''
    const order = (this.#order ??= guessOrder(bytes, this.#width))
    let text = this.#high + (this.#width === 2 ? text16(bytes, whole, order) : text32(bytes, whole, order))
    this.#high = ''
    if (!this.#started) {
      this.#started = true
      if (text.charCodeAt(0) === 0xfeff) text = text.slice(1)
    }
    const last = text.charCodeAt(text.length - 1)
    if (last >= 0xd800 && last <= 0xdbff) {
      this.#high = text.slice(-1)
      text = text.slice(0, -1)
    }
    return toWellFormed(text)
  }

  end(): string {
    return this.#rest.length > 0 || this.#high !== '' ? '\ufffd' : ''
  }
}

// RFC 2781 §4.3 asks for big-endian without a mark, the world writes little-endian; text mostly begins with a character
// below U+0100, whose zero octet shows the order.
function guessOrder(bytes: Uint8Array, width: 2 | 4): Order {
  if (width === 2) {
    if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'be'
    return bytes[0] === 0 && bytes[1] !== 0 ? 'be' : 'le'
  }
  return bytes[0] === 0 && bytes[1] === 0 ? 'be' : 'le'
}

function text16(bytes: Uint8Array, length: number, order: Order): string {
  const copy = Buffer.from(bytes.subarray(0, length))
  if (order === 'be') copy.swap16()
  return copy.toString('utf16le')
}

function text32(bytes: Uint8Array, length: number, order: Order): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, length)
  const units = new Uint16Array(length / 2)
  let count = 0
  for (let i = 0; i < length; i += 4) {
    const c = view.getUint32(i, order === 'le')
    if (c > 0xffff && c <= 0x10ffff) {
      units[count++] = 0xd800 + ((c - 0x10000) >> 10)
      units[count++] = 0xdc00 + ((c - 0x10000) & 0x3ff)
    } else units[count++] = c > 0xffff || (c >= 0xd800 && c <= 0xdfff) ? 0xfffd : c
  }
  return utf16(units.subarray(0, count))
}

/** Lone surrogates become U+FFFD, as every decoder must give text that can be written as UTF-8 again. */
export function toWellFormed(text: string): string {
  let out = ''
  let from = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c < 0xd800 || c > 0xdfff) continue
    const next = text.charCodeAt(i + 1)
    if (c < 0xdc00 && next >= 0xdc00 && next <= 0xdfff) i++
    else {
      out += `${text.slice(from, i)}\ufffd`
      from = i + 1
    }
  }
  return from === 0 ? text : out + text.slice(from)
}
