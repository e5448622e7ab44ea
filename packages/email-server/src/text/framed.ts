// GB 18030, GBK and EUC-JP: TextDecoder knows the characters, but in Node 20 its streaming throws when a character of three or four bytes that
// comes in pieces turns out malformed. So the characters are delimited here, and it is given whole ones only.

import { concat, EMPTY } from '../base/bytes.ts'
import type { TextSource } from './text-source.ts'

/** Length of the character at `i`; 0 when it is malformed, -1 when the input ends inside it. */
type Measure = (bytes: Uint8Array, i: number) => number

/** Streaming decoder; holds back at most three bytes. A malformed lead byte becomes U+FFFD, and reading goes on behind it. */
export class FramedDecoder implements TextSource {
  readonly #decoder: InstanceType<typeof TextDecoder>
  readonly #measure: Measure
  #rest: Uint8Array = EMPTY

  constructor(charset: 'gb18030' | 'gbk' | 'euc-jp') {
    // GB 18030 contains GBK, and adds what later fonts of Windows had (WHATWG Encoding decodes them alike)
    this.#decoder = new TextDecoder(charset === 'gbk' ? 'gb18030' : charset)
    this.#measure = charset === 'euc-jp' ? measureEucJp : measureGb18030
  }

  write(chunk: Uint8Array): string {
    return this.#run(chunk, false)
  }

  end(): string {
    return this.#run(EMPTY, true)
  }

  #run(chunk: Uint8Array, final: boolean): string {
    const bytes = this.#rest.length === 0 ? chunk : concat([this.#rest, chunk])
    this.#rest = EMPTY
    let out = ''
    let from = 0
    let i = 0
    while (i < bytes.length) {
      const length = bytes[i]! < 0x80 ? 1 : this.#measure(bytes, i)
      if (length > 0) {
        i += length
        continue
      }
      if (i > from) out += this.#decoder.decode(bytes.subarray(from, i))
      if (length < 0 && !final) {
        this.#rest = bytes.slice(i)
        return out
      }
      out += '\ufffd'
      from = ++i
    }
    return out + this.#decoder.decode(bytes.subarray(from, i))
  }
}

// One byte 0x80; two bytes 81–FE, 40–7E or 80–FE; four bytes 81–FE, 30–39, 81–FE, 30–39
function measureGb18030(bytes: Uint8Array, i: number): number {
  if (bytes[i] === 0x80) return 1
  if (bytes[i] === 0xff) return 0
  if (i + 1 >= bytes.length) return -1
  const second = bytes[i + 1]!
  if (second >= 0x40) return second !== 0x7f && second !== 0xff ? 2 : 0
  if (!isDigit(second)) return 0
  if (i + 2 >= bytes.length) return -1
  if (!isLead(bytes[i + 2]!)) return 0
  if (i + 3 >= bytes.length) return -1
  return isDigit(bytes[i + 3]!) ? 4 : 0
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39
}

function isLead(c: number): boolean {
  return c >= 0x81 && c <= 0xfe
}

// Two bytes A1–FE, A1–FE; half-width katakana 8E, A1–DF; JIS X 0212 8F, A1–FE, A1–FE
function measureEucJp(bytes: Uint8Array, i: number): number {
  const lead = bytes[i]!
  if (lead !== 0x8e && lead !== 0x8f && !isCell(lead)) return 0
  if (i + 1 >= bytes.length) return -1
  if (!isCell(bytes[i + 1]!)) return 0
  if (lead === 0x8e) return bytes[i + 1]! <= 0xdf ? 2 : 0
  if (lead !== 0x8f) return 2
  if (i + 2 >= bytes.length) return -1
  return isCell(bytes[i + 2]!) ? 3 : 0
}

function isCell(c: number): boolean {
  return c >= 0xa1 && c <= 0xfe
}
