import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeEncodedWords, decodeHeaderText, encodeWords, needsEncodedWords } from '../../src/text/index.ts'
import { bytes } from './bytes.ts'

test('RFC 2047 §8: the examples', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['=?US-ASCII?Q?Keith_Moore?=', 'Keith Moore'],
    ['=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?=', 'Keld Jørn Simonsen'],
    ['=?ISO-8859-1?Q?Andr=E9?= Pirard', 'André Pirard'],
    [
      '=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=',
      'If you can read this you understand the example.',
    ],
    ['=?iso-8859-8?b?7eXs+SDv4SDp7Oj08A==?=', 'םולש ןב ילטפנ'],
    ['(=?ISO-8859-1?Q?a?=)', '(a)'],
    ['(=?ISO-8859-1?Q?a?= b)', '(a b)'],
    ['(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)', '(ab)'],
    ['(=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)', '(ab)'],
    ['(=?ISO-8859-1?Q?a?=\r\n       =?ISO-8859-1?Q?b?=)', '(ab)'],
    ['(=?ISO-8859-1?Q?a_b?=)', '(a b)'],
    ['(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)', '(a b)'],
    // RFC 2231 §5
    ['=?US-ASCII*EN?Q?Keith_Moore?=', 'Keith Moore'],
  ]
  for (const [encoded, expected] of cases) assert.equal(decodeEncodedWords(encoded), expected)
})

test('what real mail does wrong is read as it was meant', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['a character split over two Q words', '=?utf-8?Q?caf=C3?= =?utf-8?Q?=A9?=', 'café'],
    ['a character split over two B words', '=?utf-8?B?Y2Fmww==?=\n =?UTF-8?b?qQ==?=', 'café'],
    ['a base64 quantum split over two words', '=?utf-8?B?Y2Fmw6?= =?utf-8?B?k=?=', 'café'],
    ['a character split over a Q and a B word', '=?utf-8?Q?caf=C3?= =?utf-8?B?qQ==?=', 'café'],
    ['one charset under two names', '=?utf8?Q?caf=C3?= =?UTF-8?Q?=A9?=', 'café'],
    ['blanks inside a Q word', '=?utf-8?Q?a b =C3=A9?=', 'a b é'],
    ['blanks inside a B word', '=?utf-8?B?Y2Fm w6k=?=', 'café'],
    ['no white space around', 'x=?utf-8?Q?=C3=A9?=y', 'xéy'],
    ['no white space between', '=?utf-8?Q?a?==?utf-8?Q?b?=', 'ab'],
    ['a question mark in a Q word', '=?utf-8?Q?what?_=C3=A9?=', 'what? é'],
    ['lower-case digits', '=?utf-8?q?=c3=a9?=', 'é'],
    ['no padding', '=?utf-8?B?w6k?=', 'é'],
    ['a stray equals sign', '=?utf-8?Q?1=_=zz=C3=A9=?=', '1= =zzé='],
    ['an empty word', 'a =?utf-8?Q??= b', 'a  b'],
    ['raw characters in a word', '=?utf-8?Q?é=C3=A9?=', 'éé'],
    ['an unknown charset', '=?x-what?Q?caf=C3=A9?=', 'café'],
    ['an unknown charset with other bytes', '=?x-what?Q?caf=E9_=80?=', 'café €'],
    ['8-bit Latin-1 under us-ascii', '=?us-ascii?Q?caf=E9?=', 'café'],
    ['a word that does not end before one that does', '=?utf-8?Q?abc =?utf-8?Q?=C3=A9?=', '=?utf-8?Q?abc é'],
    [
      'ISO-2022-JP over two words',
      '=?iso-2022-jp?B?GyRCRnxLXBsoQg==?= =?iso-2022-jp?B?GyRCOGwbKEI=?=',
      '日本語',
    ],
  ]
  for (const [what, encoded, expected] of cases) assert.equal(decodeEncodedWords(encoded), expected, what)
})

test('what only looks like an encoded word stays as it is', () => {
  for (const text of [
    '=?',
    '=?=',
    '=??Q?a?=',
    '=?utf-8?X?a?=',
    '=?utf-8?Q?a',
    '=?utf-8?Q',
    '=?utf-8?QQ?a?=',
    '=?ut f-8?Q?a?=',
    `=?${'x'.repeat(200)}?Q?a?=`,
    'a ?= b =? c',
  ])
    assert.equal(decodeEncodedWords(text), text)
})

test('a decoded word cannot bring a new line into a header', () => {
  assert.equal(decodeEncodedWords('=?utf-8?Q?a=0D=0ABcc:_x=00=0Ay?='), 'a Bcc: x  y')
})

test('the hook decodes charsets that are not known', () => {
  const decodeCharset = (): string => 'hooked'
  assert.equal(decodeEncodedWords('=?x-y?Q?a?= =?utf-8?Q?b?=', { decodeCharset }), 'hookedb')
})

test('a raw header body is unfolded, its 8-bit text read, its words decoded, its ends trimmed', () => {
  assert.equal(decodeHeaderText(bytes(' caf\xc3\xa9\r\n\t=?utf-8?Q?=C3=A9?= \r\n')), 'café\té')
  assert.equal(decodeHeaderText(bytes('caf\xe9')), 'café')
})

test('text that needs nothing is written as it is', () => {
  for (const text of ['', 'plain', 'a\tb', 'what? = _ "x"']) assert.equal(encodeWords(text), text)
})

test('Q or B, whichever is shorter', () => {
  assert.equal(encodeWords('Jørn Simonsen'), '=?UTF-8?B?SsO4cm4=?= Simonsen')
  assert.equal(encodeWords('Bibliothèque'), '=?UTF-8?Q?Biblioth=C3=A8que?=')
  assert.equal(encodeWords('日本語'), '=?UTF-8?B?5pel5pys6Kqe?=')
})

test('what stands before and behind stays readable', () => {
  assert.equal(
    encodeWords('Re: les questions françaises encore ouvertes à now'),
    'Re: les questions =?UTF-8?Q?fran=C3=A7aises_encore_ouvertes_=C3=A0?= now',
  )
  // in a phrase, what is no atom is encoded too
  assert.equal(
    encodeWords('Professor. Vandersteën PhD Ing', 'phrase'),
    '=?UTF-8?Q?Professor=2E_Vanderste=C3=ABn?= PhD Ing',
  )
})

test('text that looks like an encoded word is encoded, so that it comes back as text', () => {
  assert.ok(needsEncodedWords('=?utf-8?Q?a?='))
  assert.equal(decodeEncodedWords(encodeWords('=?utf-8?Q?a?=')), '=?utf-8?Q?a?=')
})

test('decoding undoes encoding; words are at most 75 long, hold whole characters and only what their place allows', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom(' ', '  ', '=?', '?=', 'é', '💩', 'a.b', '_', '\t'),
  )
  const material = fc
    .array(piece, { maxLength: 8 })
    .map(list => list.join('').replace(/\p{Surrogate}/gu, '\ufffd'))
  fc.assert(
    fc.property(material, fc.constantFrom('text', 'phrase'), (text, context) => {
      const expected = text.replace(/\r\n|[\r\n\0]/g, ' ')
      const encoded = encodeWords(text, context)
      // two line ends that fall into different words are two blanks
      if (!/[\r\n\0]/.test(text)) assert.equal(decodeEncodedWords(encoded), expected)
      for (const word of encoded.match(/=\?UTF-8\?[QB]\?[^?]*\?=/g) ?? []) {
        assert.ok(word.length <= 75, word)
        assert.ok(!decodeEncodedWords(word).includes('\ufffd') || text.includes('\ufffd'), word)
        if (context === 'phrase')
          assert.match(word, /^=\?UTF-8\?(B\?[A-Za-z0-9+/=]*|Q\?[A-Za-z0-9!*+\-/=_]*)\?=$/)
      }
      assert.ok(/^[\t -~]*$/.test(encoded))
    }),
    { numRuns: 2000 },
  )
})

test('arbitrary text is decoded without throwing, and text without "=?" is not touched', () => {
  const material = fc.array(
    fc.constantFrom('=?', '?=', '?', '=', 'utf-8', 'Q', 'B', '*en', ' ', '\r\n ', 'é', 'w6k'),
    { maxLength: 40 },
  )
  fc.assert(
    fc.property(material, parts => {
      const text = parts.join('')
      const decoded = decodeEncodedWords(text)
      if (!text.includes('=?')) assert.equal(decoded, text)
    }),
    { numRuns: 2000 },
  )
})
