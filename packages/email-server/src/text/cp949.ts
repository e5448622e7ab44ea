// Korean as Windows writes it: EUC-KR with the unified Hangul code (cp949, UHC). TextDecoder of Node 20 reads only KS X 1001 under `euc-kr`,
// so that half of all syllables are missing; WHATWG Encoding wants them all. The extension needs no table: it holds, in the order of
// Unicode, the syllables that KS X 1001 lacks.

import { late } from '../base/late.ts'
import { utf16 } from './single-byte.ts'
import type { TextSource } from './text-source.ts'

const FIRST_LEAD = 0x81
const LEADS = 0xfe - FIRST_LEAD + 1
const UNKNOWN = 0xfffd

/** Code units of all pairs, by lead and trail. */
type Table = Uint16Array

// A constant that takes a millisecond to make, and that few programs need.
const theTable: () => Table = late(buildTable)

/** Streaming decoder; holds back at most a lead byte. */
export class Cp949Decoder implements TextSource {
  #lead = 0

  write(bytes: Uint8Array): string {
    const table = theTable()
    const units = new Uint16Array(bytes.length + 1)
    let count = 0
    let lead = this.#lead
    for (let i = 0; i < bytes.length; i++) {
      const c = bytes[i]!
      if (lead === 0) {
        if (c < 0x80) units[count++] = c
        else if (c < FIRST_LEAD || c === 0xff) units[count++] = UNKNOWN
        else lead = c
        continue
      }
      const unit = table[(lead - FIRST_LEAD) * 256 + c]!
      lead = 0
      units[count++] = unit
      // a byte below 0x80 that ends no character stands for itself: a quotation mark or "<" must not vanish
      if (unit === UNKNOWN && c < 0x80) i--
    }
    this.#lead = lead
    return utf16(units.subarray(0, count))
  }

  end(): string {
    return this.#lead === 0 ? '' : '\ufffd'
  }
}

/** The character of a pair of KS X 1001, given in seven bits (0x21–0x7E) as ISO-2022-KR has it. */
export function ksx1001(row: number, cell: number): string {
  return String.fromCharCode(theTable()[((row | 0x80) - FIRST_LEAD) * 256 + (cell | 0x80)]!)
}

function buildTable(): Table {
  const out = new Uint16Array(LEADS * 256).fill(UNKNOWN)
  const hasSyllable = new Uint8Array(11172)
  const pairs: number[] = []
  for (let lead = 0xa1; lead <= 0xfe; lead++)
    for (let trail = 0xa1; trail <= 0xfe; trail++) pairs.push(lead, trail, 10)
  const texts = new TextDecoder('euc-kr').decode(Uint8Array.from(pairs)).split('\n')
  for (let i = 0; i * 3 < pairs.length; i++) {
    const c = texts[i]!.charCodeAt(0)
    if (texts[i]!.length !== 1 || (c >= 0xe000 && c <= 0xf8ff)) continue
    out[(pairs[i * 3]! - FIRST_LEAD) * 256 + pairs[i * 3 + 1]!] = c
    if (c >= 0xac00 && c <= 0xd7a3) hasSyllable[c - 0xac00] = 1
  }
  // the euro and the registered sign came with a later edition of KS X 1001
  out[(0xa2 - FIRST_LEAD) * 256 + 0xe6] = 0x20ac
  out[(0xa2 - FIRST_LEAD) * 256 + 0xe7] = 0xae
  fillExtension(out, hasSyllable)
  return out
}

function fillExtension(out: Table, hasSyllable: Uint8Array): void {
  let syllable = 0
  for (let lead = FIRST_LEAD; lead <= 0xc6; lead++)
    for (let trail = 0x41; trail <= (lead <= 0xa0 ? 0xfe : 0xa0); trail++) {
      if ((trail > 0x5a && trail < 0x61) || (trail > 0x7a && trail < 0x81)) continue
      while (hasSyllable[syllable] === 1) syllable++
      if (syllable === hasSyllable.length) return
      out[(lead - FIRST_LEAD) * 256 + trail] = 0xac00 + syllable++
    }
}
