import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  CharsetDecoder,
  canonicalCharset,
  decodeCharset,
  decodeUnlabelled,
  isKnownCharset,
} from '../../src/text/index.ts'
import { ascii, bytes, cutsOf } from './bytes.ts'
import { SINGLE_BYTE } from './single-byte-expected.ts'

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16)
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

test('charsets of one byte agree with Python’s codecs on every character that those define', () => {
  for (const [label, undefinedBytes, expected] of SINGLE_BYTE) {
    const undefined_ = new Set(hex(undefinedBytes))
    const defined = Uint8Array.from({ length: 128 }, (_, i) => 128 + i).filter(byte => !undefined_.has(byte))
    assert.equal(digest(decodeCharset(defined, label)), expected, label)
  }
})

// Python: for a in range(0x81, 0xff): for b in range(0x40, 0xff): every pair that decodes to exactly one character outside the private use area;
// SHA-256 over '%02x%02x%s' % (a, b, character). Six characters of euc-jp are Windows’ ones here (〜 as ～ and the like).
const DOUBLE_BYTE: readonly (readonly [label: string, count: number, digest: string])[] = [
  ['gbk', 21791, 'a15d1f7c20847570'],
  ['big5', 13752, '01206536a7e7bd91'],
  ['euc-jp', 6942, '05099a08e4a73c56'],
  ['shift_jis', 7724, 'be27736f541e8c56'],
  ['euc-kr', 17048, '0635eaa9401689b1'],
]
const EUC_JP_AS_UNIX: Readonly<Record<string, string>> = {
  '～': '〜',
  '∥': '‖',
  '－': '−',
  '￠': '¢',
  '￡': '£',
  '￢': '¬',
}

// GB 18030's additions among the pairs of GBK: the euro, signs for vertical text, ideographic description characters, 80 rare characters.
function isLaterThanGbk(a: number, b: number): boolean {
  if (a === 0xfe) return b >= 0x50 && b <= 0xa0
  if (a === 0xa6) return (b >= 0xd9 && b <= 0xdf) || b === 0xec || b === 0xed || b === 0xf3
  if (a === 0xa9) return b >= 0x89 && b <= 0x95
  return ['a2e3', 'a3a0', 'a8bc', 'a8bf'].includes(a.toString(16) + b.toString(16))
}

test('charsets of two bytes agree with Python’s codecs on every character that those define', () => {
  for (const [label, count, expected] of DOUBLE_BYTE) {
    const hash = createHash('sha256')
    let found = 0
    for (let a = 0x81; a < 0xff; a++)
      for (let b = 0x40; b < 0xff; b++) {
        // rows that JIS X 0208 leaves free hold NEC's and IBM's additions in Windows' form
        if (
          label === 'euc-jp' &&
          !((a === 0x8e && b <= 0xdf) || (a >= 0xa1 && a <= 0xa8) || (a >= 0xb0 && a <= 0xf4))
        )
          continue
        if (label === 'gbk' && isLaterThanGbk(a, b)) continue
        let character = decodeCharset(Uint8Array.of(a, b), label)
        if (label === 'euc-jp' && (a === 0xa1 || a === 0xa2))
          character = EUC_JP_AS_UNIX[character] ?? character
        if (
          character.length !== 1 ||
          character === '\ufffd' ||
          (character >= '\ue000' && character <= '\uf8ff')
        )
          continue
        found++
        hash.update(a.toString(16) + b.toString(16) + character)
      }
    assert.equal(`${label} ${found} ${hash.digest('hex').slice(0, 16)}`, `${label} ${count} ${expected}`)
  }
})

// Encoded with Python's codecs of the same names (iso2022_jp_ext for cp50221).
const SAMPLES: readonly (readonly [label: string, encoded: string, text: string])[] = [
  [
    'iso-2022-jp',
    '1b2442376f4c3e1b28423a201b244224332473244b2441244f402433261b28420a414243205c7e',
    '件名: こんにちは世界\nABC \\~',
  ],
  ['iso-2022-jp-1', '1b242844302130221b2442467c4b5c1b2842', '丂丄日本'],
  [
    'iso-2022-jp-2',
    '1b2442467c4b5c1b2842201b242843475131393e6e1b2842201b244243664a381b2842206361661b2428442b311b2842201b2442264b1b24284426771b24422643264f1b24284426781b2842',
    '日本 한국어 中文 café λόγος',
  ],
  ['cp50221', '1b28493132331b2442467c4b5c1b2842', 'ｱｲｳ日本'],
  ['iso-2022-kr', '1b2429430e475131393e6e0f200e385e404f0f0a414243200e4751315b0f', '한국어 메일\nABC 한글'],
  ['hz-gb-2312', '7e7b56504e447e7d7e7e7e7b534a3c7e7e7d0a616263207e7b44633a437e7d', '中文~邮件\nabc 你好'],
  ['ks_c_5601-1987', '8c63b9e6b0a2c7cf20bc84bdc3c4ddb6f320a2e6', '똠방각하 펲시콜라 €'],
  ['big5', 'b35ca55cbb5cc6d6c6edc6b0c6ce', '許功蓋ひらがな'],
  // RFC 2152, the examples of §"Examples"
  ['utf-7', Buffer.from('A+ImIDkQ.').toString('hex'), 'A≢Α.'],
  ['utf-7', Buffer.from('Hi Mom -+Jjo--!').toString('hex'), 'Hi Mom -☺-!'],
  ['utf-7', Buffer.from('+ZeVnLIqe-').toString('hex'), '日本語'],
  ['utf-7', Buffer.from('Item 3 is +AKM-1.').toString('hex'), 'Item 3 is £1.'],
  ['utf-7', Buffer.from('1 +- 1 +2D3cqQ-').toString('hex'), '1 + 1 💩'],
  // RFC 2781 §5.1: "<U+12345>=Ra", here with the hieroglyph of the RFC's example
  ['utf-16', 'feffd808df45003d00520061', '𒍅=Ra'],
  ['utf-16', 'fffe08d845df3d0052006100', '𒍅=Ra'],
  ['utf-16be', 'd808df45003d00520061', '𒍅=Ra'],
  ['utf-16le', '08d845df3d0052006100', '𒍅=Ra'],
  ['utf-16', '00480069', 'Hi'],
  ['utf-16', '48006900', 'Hi'],
  ['utf-32', '0000feff0001f4a9', '💩'],
  ['utf-32le', 'a9f40100', '💩'],
  // ISO-8859-1 is read as windows-1252, as mail clients do
  ['iso-8859-1', '80939495e9', '€“”•é'],
  ['latin1', '9f', 'Ÿ'],
  ['us-ascii', '636166e9', 'café'],
  ['us-ascii', '636166c3a9', 'café'],
  ['utf-8', 'efbbbf636166c3a9', 'café'],
  ['utf-8', '63e9', 'c\ufffd'],
  // controls stand for themselves; Node 20's Shift_JIS turns them round
  ['shift_jis', '1a1c7f', '\x1a\x1c\x7f'],
  // an unassigned pair is no private character
  ['big5', 'fefe41', '\ufffdA'],
  // the byte that ends a broken character is not swallowed
  ['euc-kr', 'b03c', '\ufffd<'],
]

test('samples of each charset decode whole and byte by byte', () => {
  for (const [label, encoded, expected] of SAMPLES) {
    const data = hex(encoded)
    assert.equal(decodeCharset(data, label), expected, label)
    const decoder = new CharsetDecoder(label)
    let out = ''
    for (const byte of data) out += decoder.write(Uint8Array.of(byte))
    assert.equal(out + decoder.end(), expected, `${label} byte by byte`)
  }
})

test('names are known in every spelling that mail has', () => {
  const spellings: readonly (readonly [string, string])[] = [
    ['UTF8', 'utf-8'],
    [' "utf-8" ', 'utf-8'],
    ['ANSI_X3.4-1968', 'us-ascii'],
    ['ISO_8859-1:1987', 'windows-1252'],
    ['csISOLatin1', 'windows-1252'],
    ['iso-8859-9', 'windows-1254'],
    ['x-cp1250', 'windows-1250'],
    ['cp-850', 'ibm850'],
    ['ks_c_5601-1987', 'euc-kr'],
    ['UHC', 'euc-kr'],
    ['cp949', 'euc-kr'],
    ['cp932', 'shift_jis'],
    ['Windows-31J', 'shift_jis'],
    ['cp950', 'big5'],
    ['Big5-HKSCS', 'big5'],
    ['gb2312', 'gbk'],
    ['GB_2312-80', 'gbk'],
    ['x-gbk', 'gbk'],
    ['cp936', 'gbk'],
    ['csISO2022JP', 'iso-2022-jp'],
    ['iso-2022-jp-ms', 'iso-2022-jp'],
    ['ISO-8859-8-I', 'iso-8859-8-i'],
    ['KOI8-RU', 'koi8-u'],
    ['unicode-1-1-utf-7', 'utf-7'],
    ['TIS-620', 'windows-874'],
  ]
  for (const [label, canonical] of spellings) assert.equal(canonicalCharset(label), canonical, label)
  for (const label of ['x-unknown', '__proto__', 'constructor', '', 'x'.repeat(100_000)])
    assert.equal(isKnownCharset(label), false)
})

test('a byte under an unknown label is never lost: UTF-8 where it is UTF-8, else windows-1252', () => {
  assert.equal(decodeCharset(bytes('caf\xc3\xa9'), 'x-unknown'), 'café')
  assert.equal(decodeCharset(bytes('caf\xe9 \x80'), 'x-unknown'), 'café €')
  assert.equal(decodeCharset(bytes('\xef\xbb\xbfcaf\xc3\xa9'), 'x-unknown'), 'café')
  // UTF-8 that was cut in the middle of a character stays readable
  assert.equal(decodeUnlabelled(bytes('\xc3\xa9t\xc3')), 'étÃ')
  const every = Uint8Array.from({ length: 256 }, (_, i) => i)
  assert.equal(new Set(decodeCharset(every, 'x-unknown')).size, 256)
})

test('the hook is asked for labels that are not known, with the label as written, and may fail', () => {
  const asked: string[] = []
  const decodeCharset_ = (data: Uint8Array, label: string): string | null => {
    asked.push(label)
    if (label === 'x-throws') throw new Error('no')
    return label === 'x-Rot' ? String.fromCharCode(...data.map(byte => byte ^ 1)) : null
  }
  const options = { decodeCharset: decodeCharset_ }
  assert.equal(decodeCharset(bytes('A`'), 'x-Rot', options), '@a')
  assert.equal(decodeCharset(bytes('\xe9'), 'x-throws', options), 'é')
  assert.equal(decodeCharset(bytes('\xe9'), 'x-other', options), 'é')
  assert.equal(decodeCharset(bytes('\xe9'), 'latin1', options), 'é')
  assert.deepEqual(asked, ['x-Rot', 'x-throws', 'x-other'])
  const decoder = new CharsetDecoder('x-Rot', options)
  assert.equal(decoder.write(bytes('A')) + decoder.write(bytes('`')) + decoder.end(), '@a')
})

const LABELS = [
  ...new Set([...SINGLE_BYTE, ...DOUBLE_BYTE, ...SAMPLES].map(row => row[0])),
  'gb18030',
  'iso-2022-cn',
  'utf-32be',
  'x-unknown',
]

test('any bytes in any charset: never throws, and cut anywhere give what they give in one piece', () => {
  const material = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    ascii('A~{}\x1b$()BCDN.+-\x0e\x0f\n\xc3\xa9\xb0\xa1\x81', 60),
  )
  fc.assert(
    fc.property(fc.constantFrom(...LABELS), material, cutsOf(60), (label, input, cuts) => {
      const decoder = new CharsetDecoder(label)
      const parts = cuts(input).map(part => decoder.write(part))
      assert.equal(parts.join('') + decoder.end(), decodeCharset(input, label), label)
    }),
    { numRuns: 5000 },
  )
})

test('what decoders give can be written as UTF-8 and read again', () => {
  fc.assert(
    fc.property(fc.constantFrom(...LABELS), fc.uint8Array({ maxLength: 40 }), (label, input) => {
      const text = decodeCharset(input, label)
      assert.equal(Buffer.from(text, 'utf8').toString('utf8'), text, label)
    }),
    { numRuns: 2000 },
  )
})

test('UTF-8 decodes as the platform does it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), text => {
      const bare = text.replace(/^\ufeff/, '')
      assert.equal(decodeCharset(Buffer.from(bare, 'utf8'), 'utf-8'), bare)
      assert.equal(decodeUnlabelled(Buffer.from(bare, 'utf8')), bare)
    }),
  )
})
