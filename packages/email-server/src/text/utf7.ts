// UTF-7, decoding only. RFC 2152. Lenient: direct characters above U+007F are read as windows-1252, a broken shift ends.

import { decodeSingleByte } from './single-byte.ts'
import type { TextSource } from './text-source.ts'

const VALUE: Int8Array = new Int8Array(128).fill(-1)
for (let i = 0; i < 64; i++)
  VALUE['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.charCodeAt(i)] = i

/** Streaming decoder. The state is one shift: some bits, and whether anything was shifted. */
export class Utf7Decoder implements TextSource {
  #shifted = false
  #fresh = false
  #bits = 0
  #count = 0

  write(bytes: Uint8Array): string {
    let out = ''
    let from = 0
    for (let i = 0; i < bytes.length; i++) {
      const c = bytes[i]!
      if (!this.#shifted) {
        if (c !== 0x2b) continue
        out += direct(bytes, from, i)
        this.#shifted = true
        this.#fresh = true
        this.#bits = 0
        this.#count = 0
        continue
      }
      const value = c < 128 ? VALUE[c]! : -1
      if (value >= 0) {
        this.#fresh = false
        this.#bits = ((this.#bits << 6) | value) & 0x3fffff
        this.#count += 6
        if (this.#count >= 16) {
          this.#count -= 16
          out += String.fromCharCode((this.#bits >> this.#count) & 0xffff)
        }
        continue
      }
      // "+-" is the plus sign; any other character outside the alphabet ends the shift, and "-" is absorbed
      if (this.#fresh) out += '+'
      this.#shifted = false
      from = c === 0x2d ? i + 1 : i
    }
    return this.#shifted ? out : out + direct(bytes, from, bytes.length)
  }

  end(): string {
    return this.#shifted && this.#fresh ? '+' : ''
  }
}

function direct(bytes: Uint8Array, from: number, to: number): string {
  return from === to ? '' : decodeSingleByte(bytes.subarray(from, to), 'windows-1252')
}
