import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  decodeQuotedPrintable,
  decodeQuotedPrintableText,
  encodeQuotedPrintable,
  QuotedPrintableDecoder,
} from '../../src/text/index.ts'
import { ascii, bytes, cutsOf, text } from './bytes.ts'

const decode = (input: string): string => text(decodeQuotedPrintable(bytes(input)))
const encode = (input: string, options = {}): string => text(encodeQuotedPrintable(bytes(input), options))

test('RFC 2045 §6.7: the example of soft line breaks', () => {
  const encoded = "Now's the time =\r\nfor all folk to come=\r\n to the aid of their country."
  assert.equal(decode(encoded), "Now's the time for all folk to come to the aid of their country.")
})

test('RFC 2045 §6.7 rule 3: white space at the end of a line is removed, encoded white space is kept', () => {
  assert.equal(decode('a \t\r\nb=20\r\nc =20 \r\nd  '), 'a\r\nb \r\nc  \r\nd')
})

test('broken input is read as well as can be', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['caf=e9', 'caf\xe9'], // lower-case digits (RFC 2045 §6.7, note)
    ['a=\nb', 'ab'], // soft break with bare LF
    ['a= \t\r\nb', 'ab'], // white space behind the soft break
    ['a=zz=', 'a=zz'], // no digits; "=" as the last character is a soft break
    ['1+1=2', '1+1=2'],
    ['=4', '=4'],
    ['=\r', ''],
    ['=\rX', '=\rX'],
    ['a==41', 'a=A'],
    ['x\ny', 'x\ny'],
    ['\xe9', '\xe9'],
  ]
  for (const [encoded, expected] of cases) assert.equal(decode(encoded), expected, JSON.stringify(encoded))
})

test('long lines and short ones lose the same white space', () => {
  for (let length = 0; length < 140; length++)
    for (const end of ['\n', '\r\n']) {
      const line = 'x'.repeat(length)
      assert.equal(decode(`${line} \t${end}b${line} ${end}`), `${line}${end}b${line}${end}`)
      assert.equal(decode(`${line}=20${end}${line} y =20 ${end}`), `${line} ${end}${line} y  ${end}`)
    }
})

test('a run of white space of more than 1,024 is content wherever it stands', () => {
  const white = ' '.repeat(1024)
  assert.equal(decode(`a${white}\r\nb`), 'a\r\nb')
  assert.equal(decode(`a${white} \r\nb`), `a${white} \r\nb`)
  assert.equal(decode(`a=${white} \r\nb`), `a=${white} \r\nb`)
})

test('no line of the encoder is longer than 76, and a full one may be exactly 76', () => {
  assert.equal(encode('a'.repeat(76)), 'a'.repeat(76))
  assert.equal(encode('a'.repeat(77)), `${'a'.repeat(75)}=\r\naa`)
  assert.equal(encode(`${'a'.repeat(74)}\xe9`), `${'a'.repeat(74)}=\r\n=E9`)
  assert.equal(encode(`${'a'.repeat(73)}\xe9\r\n`), `${'a'.repeat(73)}=E9\r\n`)
})

test('white space is encoded only at the end of a line', () => {
  assert.equal(encode('a b\tc \r\nd\t\r\n '), 'a b\tc=20\r\nd=09\r\n=20')
})

test('text mode makes every line end CRLF and encodes a bare CR; binary mode encodes both characters', () => {
  assert.equal(encode('a\nb\r\nc\rd'), 'a\r\nb\r\nc=0Dd')
  assert.equal(encode('a\nb\r\nc', { binary: true }), 'a=0Ab=0D=0Ac')
})

test('line starts that other programs change are protected on request', () => {
  assert.equal(
    encode('.\r\n.x\r\nFrom me\r\nFromage', { protectLineStarts: true }),
    '=2E\r\n=2Ex\r\n=46rom me\r\nFromage',
  )
  const folded = encode(`${'a'.repeat(75)}.b`, { protectLineStarts: true })
  assert.equal(folded, `${'a'.repeat(75)}=\r\n=2Eb`)
})

test('decoding undoes encoding, and the encoder keeps its promises', () => {
  const content = fc.oneof(fc.uint8Array({ maxLength: 300 }), ascii('ab =.\r\n\t\xe9F', 300))
  fc.assert(
    fc.property(content, fc.boolean(), fc.boolean(), (data, binary, protectLineStarts) => {
      const encoded = encodeQuotedPrintable(data, { binary, protectLineStarts })
      // text mode normalises line ends; a bare CR before LF is told from CRLF by nothing
      const expected = binary ? text(data) : text(data).replace(/\r?\n/g, '\r\n')
      assert.equal(text(decodeQuotedPrintable(encoded)), expected)
      for (const line of text(encoded).split('\r\n')) {
        assert.ok(line.length <= 76 && /^[\t -~]*$/.test(line) && !/[\t ]$/.test(line), JSON.stringify(line))
        assert.ok(!protectLineStarts || !/^(\.|From )/.test(line), JSON.stringify(line))
      }
    }),
    { numRuns: 500 },
  )
})

test('any bytes, cut anywhere, give what they give in one piece', () => {
  const calm = ascii('aaaa    \t\r\n\n', 120)
  const material = fc.oneof(
    ascii('a=4F \t\r\n=', 120),
    fc.uint8Array({ maxLength: 120 }),
    // stretches without "=", which are copied as a whole
    fc.tuple(calm, ascii('=4F\n', 6), calm).map(list => Buffer.concat(list)),
  )
  fc.assert(
    fc.property(material, cutsOf(246), (input, cuts) => {
      const decoder = new QuotedPrintableDecoder()
      const parts = cuts(input).map(part => decoder.write(part))
      assert.equal(text(Buffer.concat([...parts, decoder.end()])), text(decodeQuotedPrintable(input)))
    }),
    { numRuns: 1000 },
  )
})

test('long white space, cut anywhere, gives what it gives in one piece', () => {
  const input = bytes(`a${' '.repeat(1030)}\r\nb=${' '.repeat(1030)}\r\n${' '.repeat(1000)}\r\n`)
  const whole = text(decodeQuotedPrintable(input))
  for (const size of [1, 7, 1000, 1024, 1025, 1026, 1027, 1031]) {
    const decoder = new QuotedPrintableDecoder()
    let out = ''
    for (let i = 0; i < input.length; i += size) out += text(decoder.write(input.slice(i, i + size)))
    assert.equal(out + text(decoder.end()), whole, `pieces of ${size}`)
  }
})

test('text is what the decoded octets say in UTF-8, with LF for CRLF, whatever they are', () => {
  const piece = fc.constantFrom(
    ...[
      'a',
      ' ',
      '\t',
      '\r',
      '\n',
      '\r\n',
      '=\r\n',
      '= \n',
      '=',
      '=0D',
      '=0A',
      '=20',
      '=3D',
      '=zz',
      'x'.repeat(170),
    ],
    ...[
      '=C3=A9',
      '=c2=a0',
      '=C3',
      '=A9',
      '=C3=\r\n=A9',
      '=C1=81',
      '=C4=80',
      '=E2=80=99',
      '=F0=9F=98=80',
      '\xe9',
    ],
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), pieces => {
      const encoded = bytes(pieces.join(''))
      const expected = Buffer.from(decodeQuotedPrintable(encoded)).toString('utf8').replaceAll('\r\n', '\n')
      assert.equal(decodeQuotedPrintableText(encoded), expected)
    }),
    { numRuns: 2000 },
  )
})
