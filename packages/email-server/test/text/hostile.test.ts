// Bombs for the readers of text/: long input of one repeated piece must cost linear time, and the memory of a streaming decoder must not grow with it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  Base64Decoder,
  type ByteDecoder,
  CharsetDecoder,
  decodeBase64,
  decodeCharset,
  decodeEncodedWords,
  decodeImapUtf7,
  decodeParameters,
  decodeQuotedPrintable,
  decodeUuencode,
  domainToAscii,
  encodeWords,
  findUuencoded,
  QuotedPrintableDecoder,
  readMailDate,
  UuDecoder,
  unfold,
} from '../../src/text/index.ts'
import { bytes } from './bytes.ts'

/** Milliseconds of processor time, of the best of three when the first is too long. */
function timeOf(run: () => void, enough: number): number {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < 3 && best > enough; i++) {
    const start = process.cpuUsage()
    run()
    const { user, system } = process.cpuUsage(start)
    best = Math.min(best, (user + system) / 1000)
  }
  return best
}

/** 100,000 characters of the piece: enough for a quadratic reader to need seconds. */
const bomb = (piece: string): string => piece.repeat(Math.ceil(100_000 / piece.length))

const TEXT_BOMBS: readonly (readonly [
  name: string,
  read: (text: string) => void,
  pieces: readonly string[],
])[] = [
  [
    'encoded words',
    text => void decodeEncodedWords(text),
    [
      '=?',
      '?=',
      '=?a',
      '=?a?q?',
      '=?a?q?b',
      '=?a?q?b?= ',
      '=?a?b?',
      '=?utf-8?b?QUI?= ',
      '=?a?q?=?',
      '=?x*',
      '?',
      ' ',
      '=?a?q?b?==?c?q?d?=',
    ],
  ],
  ['unfolding', text => void unfold(text), ['\r\n', '\r\n ', '\n', '\r', ' \r\n']],
  ['dates', text => void readMailDate(text), ['(', '1 ', ':', '+', 'a', '1:', '1-']],
  ['modified UTF-7', text => void decodeImapUtf7(text), ['&', '&-', '&AOk-', '&AOk-a', 'a', '&AOkA']],
  ['domains', text => void domainToAscii(text), ['a.', 'ü.', '.', 'xn--', 'ü']],
  ['writing encoded words', text => void encodeWords(text), ['é', 'a é ', 'é  ', '=?', ' ']],
]

test('100,000 characters of one piece are read in less than a tenth of a second', () => {
  for (const [name, read, pieces] of TEXT_BOMBS)
    for (const piece of pieces) {
      const text = bomb(piece)
      const took = timeOf(() => read(text), 100)
      assert.ok(took < 100, `${name}, ${JSON.stringify(piece)}: ${took} ms`)
    }
})

const BYTE_BOMBS: readonly (readonly [
  name: string,
  read: (data: Uint8Array) => void,
  pieces: readonly string[],
])[] = [
  [
    'base64',
    data => void decodeBase64(data),
    ['=', 'AA==', 'A', '\r\n', 'AAAA\r\n', 'AA==\r\n', '!', 'A!', 'AAA=AAA', '-'],
  ],
  [
    'quoted-printable',
    data => void decodeQuotedPrintable(data),
    ['=', '=\r\n', '=4', '= ', ' ', ' \r\n', '\t ', '=41', '\r', '=='],
  ],
  ['uuencode', data => void decodeUuencode(data), ['begin 644 x\n', 'M\n', 'begin 644 x\nend\n', '\n', 'x']],
  [
    'files in text',
    data => void findUuencoded(data),
    ['begin 644 x\n', 'begin ', 'begin 644 x\nM\n', '\nbegin 644 x', 'end\n'],
  ],
  ...[
    'utf-7',
    'iso-2022-jp',
    'hz-gb-2312',
    'euc-kr',
    'gb18030',
    'euc-jp',
    'big5',
    'utf-16',
    'x-unknown',
    'windows-1252',
  ].map(
    label =>
      [
        label,
        (data: Uint8Array) => void decodeCharset(data, label),
        [
          '\x1b',
          '\x1b$B',
          '\x0e',
          '+',
          '+A',
          '~',
          '~{',
          '\xff',
          '\xb0',
          '\x81',
          '\x810',
          '\xc3',
          '\xc3\xa9',
          '\0',
          '\x1b$B!!\x1b(B',
        ],
      ] as const,
  ),
]

test('100,000 bytes of one piece are decoded in less than a tenth of a second', () => {
  for (const [name, read, pieces] of BYTE_BOMBS)
    for (const piece of pieces) {
      const data = bytes(bomb(piece))
      const took = timeOf(() => read(data), 100)
      assert.ok(took < 100, `${name}, ${JSON.stringify(piece)}: ${took} ms`)
    }
})

test('many parameters, continuations and gaps are joined in linear time', () => {
  const options = { maxPairs: Number.POSITIVE_INFINITY }
  const names: readonly ((i: number) => string)[] = [
    i => `n*${i % 10_000}*`,
    i => `n${i}`,
    () => 'n*',
    i => `n*${(i * 2) % 10_000}`,
  ]
  for (const name of names) {
    const pairs = Array.from({ length: 50_000 }, (_, i) => [name(i), "utf-8''%41"] as const)
    const took = timeOf(() => void decodeParameters(pairs, options), 250)
    assert.ok(took < 250, `${name(1)}: ${took} ms`)
  }
})

test('a streaming decoder gives out what it is given: nothing piles up inside', () => {
  const decoders: readonly (readonly [name: string, make: () => ByteDecoder, piece: string])[] = [
    ['base64 without line ends', () => new Base64Decoder(), 'AAAA'],
    ['base64 behind a padded ending', () => new Base64Decoder(), 'AA=='],
    ['quoted-printable, soft breaks', () => new QuotedPrintableDecoder(), '=\r\n'],
    ['quoted-printable, spaces', () => new QuotedPrintableDecoder(), ' '],
    ['uuencode, one line', () => new UuDecoder(), 'x'],
  ]
  for (const [name, make, piece] of decoders) {
    const decoder = make()
    const chunk = bytes(piece.repeat(1000))
    let last = 0
    for (let i = 0; i < 300; i++) decoder.write(chunk)
    last = decoder.end().length
    assert.ok(last <= 3000, `${name}: ${last} bytes were still held`)
  }
  for (const label of ['utf-8', 'utf-7', 'iso-2022-jp', 'gb18030', 'x-unknown']) {
    const decoder = new CharsetDecoder(label)
    for (let i = 0; i < 300; i++) decoder.write(bytes('+\x1b$\xe3\x81'.repeat(200)))
    assert.ok(decoder.end().length <= 4, label)
  }
})
