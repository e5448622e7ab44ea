// The seven-bit charsets of East Asian mail, decoding only: ISO-2022-JP and its extensions -1, -2 (RFC 1468, RFC 2237, RFC 1554), ISO-2022-KR (RFC 1557),
// the GB 2312 part of ISO-2022-CN (RFC 1922), and HZ (RFC 1843). The characters themselves come from the eight-bit forms of the same sets.

import { concat, EMPTY, latin1 } from '../base/bytes.ts'
import { ksx1001 } from './cp949.ts'
import type { TextSource } from './text-source.ts'

export type Iso2022Variant = 'iso-2022-jp' | 'iso-2022-kr' | 'iso-2022-cn' | 'hz-gb-2312'

type SingleSet = 'ascii' | 'roman' | 'kana'
type DoubleSet = 'jisx0208' | 'jisx0212' | 'gb2312' | 'ksx1001' | 'cns'

const ESC = 0x1b
const SO = 0x0e
const SI = 0x0f
const LF = 10
const TILDE = 0x7e

// What stands behind ESC, and the set that it puts into G0.
const G0: ReadonlyMap<string, SingleSet | DoubleSet> = new Map<string, SingleSet | DoubleSet>([
  ['(B', 'ascii'],
  ['(J', 'roman'],
  ['(H', 'roman'],
  ['(I', 'kana'],
  ['$@', 'jisx0208'],
  ['$B', 'jisx0208'],
  ['$A', 'gb2312'],
  ['$(C', 'ksx1001'],
  ['$(D', 'jisx0212'],
  ['$(@', 'jisx0208'],
  ['$(B', 'jisx0208'],
  ['$(A', 'gb2312'],
  ['$(O', 'jisx0208'],
  ['$(Q', 'jisx0208'],
])
// … into G1, which SO selects; and into G2, from which ESC N takes one character.
const G1: ReadonlyMap<string, DoubleSet> = new Map<string, DoubleSet>([
  ['$)C', 'ksx1001'],
  ['$)A', 'gb2312'],
  ['$)G', 'cns'],
  ['$)E', 'cns'],
])
const G2: ReadonlyMap<string, 'latin1' | 'greek' | 'cns'> = new Map<string, 'latin1' | 'greek' | 'cns'>([
  ['.A', 'latin1'],
  ['.F', 'greek'],
  ['$*H', 'cns'],
])

/** Streaming decoder. The state is the selected sets and at most an unfinished escape sequence or character. */
export class Iso2022Decoder implements TextSource {
  readonly #hz: boolean
  #g0: SingleSet | DoubleSet = 'ascii'
  #g1: DoubleSet
  #g2: 'latin1' | 'greek' | 'cns' = 'latin1'
  #shifted = false
  #rest: Uint8Array = EMPTY

  constructor(variant: Iso2022Variant) {
    this.#hz = variant === 'hz-gb-2312'
    // mail exists that shifts without having said to what
    this.#g1 = variant === 'iso-2022-kr' ? 'ksx1001' : 'gb2312'
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
    let i = 0
    while (i < bytes.length) {
      const step = this.#one(bytes, i)
      if (step === null) {
        if (!final) {
          this.#rest = bytes.slice(i)
          return out
        }
        out += bytes[i] === ESC || bytes[i] === TILDE ? String.fromCharCode(bytes[i]!) : '\ufffd'
        i++
      } else {
        out += step.text
        i = step.next
      }
    }
    return out
  }

  /** One character, run or control sequence; null when it is not whole. */
  #one(bytes: Uint8Array, i: number): { text: string; next: number } | null {
    const c = bytes[i]!
    if (c === ESC && !this.#hz) return this.#escape(bytes, i)
    if (c === TILDE && this.#hz) return this.#tilde(bytes, i)
    if (!this.#hz && (c === SO || c === SI)) {
      this.#shifted = c === SO
      return { text: '', next: i + 1 }
    }
    if (c === LF) {
      // a line begins unshifted (RFC 1557 §2, RFC 1843); lines of JIS that forget to go back to ASCII do not (as WHATWG Encoding)
      this.#shifted = false
      if (this.#hz) this.#g0 = 'ascii'
      return { text: '\n', next: i + 1 }
    }
    const set = this.#shifted ? this.#g1 : this.#g0
    if (set === 'ascii' || set === 'roman' || set === 'kana') return single(bytes, i, set, this.#hz)
    if (c < 0x21 || c === 0x7f) return { text: String.fromCharCode(c), next: i + 1 }
    return double(bytes, i, set)
  }

  #escape(bytes: Uint8Array, i: number): { text: string; next: number } | null {
    if (i + 1 === bytes.length) return null
    if (bytes[i + 1] === 0x4e) return this.#singleShift(bytes, i)
    let sequence = ''
    for (let k = 1; k <= 3; k++) {
      if (i + k === bytes.length) return null
      const c = bytes[i + k]!
      sequence += String.fromCharCode(c)
      const g0 = G0.get(sequence)
      const g1 = G1.get(sequence)
      const g2 = G2.get(sequence)
      if (g0) this.#g0 = g0
      if (g1) this.#g1 = g1
      if (g2) this.#g2 = g2
      if (g0 || g1 || g2) return { text: '', next: i + k + 1 }
      // intermediate bytes go on, anything else is no sequence that is known here
      if (c < 0x20 || c > 0x2f) break
    }
    return { text: '\ufffd', next: i + 1 }
  }

  #singleShift(bytes: Uint8Array, i: number): { text: string; next: number } | null {
    const width = this.#g2 === 'cns' ? 2 : 1
    if (i + 2 + width > bytes.length) return null
    const next = i + 2 + width
    const c = bytes[i + 2]! & 0x7f
    if (this.#g2 === 'cns') return { text: '\ufffd', next }
    if (this.#g2 === 'latin1') return { text: String.fromCharCode(c | 0x80), next }
    return { text: GREEK.decode(Uint8Array.of(c | 0x80)), next }
  }

  // "~{" to GB 2312, "~}" back, "~~" a tilde, "~" LF nothing                               RFC 1843
  #tilde(bytes: Uint8Array, i: number): { text: string; next: number } | null {
    if (this.#g0 !== 'ascii' && bytes[i + 1] !== undefined && bytes[i + 1] !== 0x7d)
      return double(bytes, i, 'gb2312')
    if (i + 1 === bytes.length) return null
    const c = bytes[i + 1]!
    if (c === 0x7b) this.#g0 = 'gb2312'
    else if (c === 0x7d) this.#g0 = 'ascii'
    else if (c === TILDE) return { text: '~', next: i + 2 }
    else if (c !== LF) return { text: '~', next: i + 1 }
    return { text: '', next: i + 2 }
  }
}

const GREEK: InstanceType<typeof TextDecoder> = new TextDecoder('iso-8859-7')
const JAPANESE: InstanceType<typeof TextDecoder> = new TextDecoder('euc-jp')
const CHINESE: InstanceType<typeof TextDecoder> = new TextDecoder('gb18030')

function single(bytes: Uint8Array, i: number, set: SingleSet, hz: boolean): { text: string; next: number } {
  let next = i
  if (set === 'ascii') {
    // the usual case: a run of ASCII up to the next shift or line
    while (next < bytes.length && isPlain(bytes[next]!, hz)) next++
    if (next > i) return { text: latin1(bytes, i, next), next }
  }
  let text = ''
  for (; next < bytes.length; next++) {
    const c = bytes[next]!
    if (next > i && (c === ESC || c === SO || c === SI || c === LF || (hz && c === TILDE))) break
    text += singleCharacter(c, set)
  }
  return { text, next }
}

function isPlain(c: number, hz: boolean): boolean {
  return (c >= 0x20 && c < 0x7f && !(hz && c === TILDE)) || c === 13 || c === 9
}

function singleCharacter(c: number, set: SingleSet): string {
  // half-width katakana in eight bits, from mailers of the nineties
  if (c >= 0xa1 && c <= 0xdf) return String.fromCharCode(0xff61 + c - 0xa1)
  if (c > 0x7f) return '\ufffd'
  if (set === 'kana' && c >= 0x21 && c <= 0x5f) return String.fromCharCode(0xff61 + c - 0x21)
  if (set === 'roman' && c === 0x5c) return '¥'
  if (set === 'roman' && c === 0x7e) return '‾'
  return String.fromCharCode(c)
}

// A run of characters of two bytes is decoded at once, in its eight-bit form.
function double(bytes: Uint8Array, i: number, set: DoubleSet): { text: string; next: number } | null {
  let end = i
  while (end + 1 < bytes.length && isCell(bytes[end]!) && isCell(bytes[end + 1]!)) {
    // in HZ the tilde may be the first byte of "~}", which no row of GB 2312 is
    if (bytes[end] === TILDE && bytes[end + 1] === 0x7d && end > i) break
    end += 2
  }
  if (end === i) {
    if (i + 1 === bytes.length && isCell(bytes[i]!)) return null
    return { text: '\ufffd', next: i + 1 }
  }
  return { text: decodePairs(bytes, i, end, set), next: end }
}

function isCell(c: number): boolean {
  return c >= 0x21 && c <= 0x7e
}

function decodePairs(bytes: Uint8Array, from: number, to: number, set: DoubleSet): string {
  if (set === 'cns') return '\ufffd'.repeat((to - from) / 2)
  if (set === 'ksx1001') {
    let out = ''
    for (let i = from; i < to; i += 2) out += ksx1001(bytes[i]!, bytes[i + 1]!)
    return out
  }
  const width = set === 'jisx0212' ? 3 : 2
  const high = new Uint8Array(((to - from) / 2) * width)
  let o = 0
  for (let i = from; i < to; i += 2) {
    if (width === 3) high[o++] = 0x8f
    high[o++] = bytes[i]! | 0x80
    high[o++] = bytes[i + 1]! | 0x80
  }
  return (set === 'gb2312' ? CHINESE : JAPANESE).decode(high)
}
