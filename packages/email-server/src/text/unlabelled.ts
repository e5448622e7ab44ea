// Bytes above 0x7F without a (known) charset, as in raw 8-bit headers: UTF-8 when the first such character is well-formed UTF-8,
// else windows-1252. In text that began as UTF-8, single bytes that are not (a cut character, a quoted Latin-1 name) are read
// as windows-1252: no byte is lost, and the rest stays readable. RFC 6532 §3 is why UTF-8 comes first.

import { isAscii, isUtf8 } from 'node:buffer'
import { concat, EMPTY, latin1, utf8 } from '../base/bytes.ts'
import { decodeSingleByte } from './single-byte.ts'
import type { TextSource } from './text-source.ts'

/** The whole text of bytes without a known charset. */
export function decodeUnlabelled(bytes: Uint8Array): string {
  if (isAscii(bytes)) return latin1(bytes)
  if (isUtf8(bytes)) return utf8(bytes)
  const decoder = new UnlabelledDecoder()
  return decoder.write(bytes) + decoder.end()
}

/** The same for bytes that come in chunks; holds back at most three of them. */
export class UnlabelledDecoder implements TextSource {
  #kind: 'undecided' | 'utf-8' | 'windows-1252' = 'undecided'
  #rest: Uint8Array = EMPTY

  write(chunk: Uint8Array): string {
    return this.#run(chunk, false)
  }

  end(): string {
    return this.#run(EMPTY, true)
  }

  #run(chunk: Uint8Array, final: boolean): string {
    const bytes = this.#rest.length === 0 ? chunk : concat([this.#rest, chunk])
    this.#rest = EMPTY
    if (this.#kind === 'windows-1252') return decodeSingleByte(bytes, 'windows-1252')
    let out = ''
    let from = 0
    let i = 0
    while (i < bytes.length) {
      if (bytes[i]! < 0x80) {
        i++
        continue
      }
      const length = sequenceLength(bytes, i)
      if (length > 0) {
        this.#kind = 'utf-8'
        i += length
      } else if (length < 0 && !final) {
        this.#rest = bytes.slice(i)
        break
      } else if (this.#kind === 'undecided') {
        this.#kind = 'windows-1252'
        return out + utf8(bytes, from, i) + decodeSingleByte(bytes.subarray(i), 'windows-1252')
      } else {
        out += utf8(bytes, from, i) + decodeSingleByte(bytes.subarray(i, i + 1), 'windows-1252')
        from = ++i
      }
    }
    return out + utf8(bytes, from, i)
  }
}

/** Length of the well-formed UTF-8 sequence at `i` (RFC 3629 §4); 0 when there is none, -1 when the input ends inside one. */
export function sequenceLength(bytes: Uint8Array, i: number): number {
  const a = bytes[i]!
  if (a < 0x80) return 1
  const length = a >= 0xc2 && a <= 0xdf ? 2 : a >= 0xe0 && a <= 0xef ? 3 : a >= 0xf0 && a <= 0xf4 ? 4 : 0
  if (length === 0) return 0
  for (let k = 1; k < length; k++) {
    if (i + k >= bytes.length) return -1
    const c = bytes[i + k]!
    const low = k > 1 ? 0x80 : a === 0xe0 ? 0xa0 : a === 0xf0 ? 0x90 : 0x80
    const high = k > 1 ? 0xbf : a === 0xed ? 0x9f : a === 0xf4 ? 0x8f : 0xbf
    if (c < low || c > high) return 0
  }
  return length
}
