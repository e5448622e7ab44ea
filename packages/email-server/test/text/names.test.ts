import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  decodeImapUtf7,
  decodeUnitext,
  decodeXtext,
  domainToAscii,
  domainToUnicode,
  encodeImapUtf7,
  encodeUnitext,
  encodeXtext,
  hasMixedScripts,
  isAscii,
  unfold,
} from '../../src/text/index.ts'

test('RFC 3501 §5.1.3: the examples of modified UTF-7', () => {
  assert.equal(encodeImapUtf7('~peter/mail/台北/日本語'), '~peter/mail/&U,BTFw-/&ZeVnLIqe-')
  assert.equal(decodeImapUtf7('~peter/mail/&U,BTFw-/&ZeVnLIqe-'), '~peter/mail/台北/日本語')
  assert.equal(decodeImapUtf7('&Jjo-!'), '☺!')
  // "superfluous" shifts, which the RFC calls not permitted
  assert.equal(decodeImapUtf7('&Jjo!'), null)
  assert.equal(decodeImapUtf7('&U,BTFw-&ZeVnLIqe-'), null)
})

test('mailbox names that are common', () => {
  const names: readonly (readonly [string, string])[] = [
    ['INBOX', 'INBOX'],
    ['Entwürfe', 'Entw&APw-rfe'],
    ['R&D', 'R&-D'],
    ['&', '&-'],
    ['Отправленные', '&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-'],
    ['💩', '&2D3cqQ-'],
    ['é&è', '&AOk-&-&AOg-'],
    ['', ''],
  ]
  for (const [name, wire] of names) {
    assert.equal(encodeImapUtf7(name), wire)
    assert.equal(decodeImapUtf7(wire), name)
  }
})

test('a wire form that no encoder writes is refused', () => {
  const wrong: readonly (readonly [string, string])[] = [
    ['&AOk', 'an unfinished shift'],
    ['&AO-', 'half a character'],
    ['&AOl-', 'stray bits'],
    ['&AGE-', 'a printable character shifted'],
    ['&ACY-', 'an ampersand shifted'],
    ['&2D0-', 'half a surrogate pair'],
    ['&3Kk-', 'the other half'],
    ['&AO/-', 'the wrong alphabet'],
    ['&AOk=-', 'padding'],
    ['&A Ok-', 'a blank inside'],
    ['é', 'an 8-bit character'],
    ['a\tb', 'a control'],
    ['a\r\n', 'a line end'],
    ['\x7f', 'DEL'],
  ]
  for (const [wire, what] of wrong) assert.equal(decodeImapUtf7(wire), null, what)
})

test('mailbox names: decoding undoes encoding, and what decodes is exactly what the encoder writes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 30 }), raw => {
      const name = raw.replace(/\p{Surrogate}/gu, '')
      const wire = encodeImapUtf7(name)
      assert.ok(/^[ -~]*$/.test(wire))
      assert.equal(decodeImapUtf7(wire), name)
    }),
    { numRuns: 1000 },
  )
  const letters = fc
    .array(fc.constantFrom(...'&-,+AOkWwZ3Kk9a2D'), { maxLength: 12 })
    .map(list => list.join(''))
  fc.assert(
    fc.property(letters, wire => {
      const name = decodeImapUtf7(wire)
      if (name !== null) assert.equal(encodeImapUtf7(name), wire)
    }),
    { numRuns: 5000 },
  )
})

test('domains become A-labels and U-labels', () => {
  const pairs: readonly (readonly [string, string])[] = [
    ['bücher.example', 'xn--bcher-kva.example'],
    ['例え.テスト', 'xn--r8jz45g.xn--zckzah'],
    ['straße.de', 'xn--strae-oqa.de'],
    ['example.com', 'example.com'],
    ['_dmarc.bücher.example', '_dmarc.xn--bcher-kva.example'],
  ]
  for (const [unicode, ascii] of pairs) {
    assert.equal(domainToAscii(unicode), ascii)
    assert.equal(domainToUnicode(ascii), unicode)
    assert.equal(domainToAscii(`${unicode}.`), `${ascii}.`)
    assert.equal(domainToUnicode(`${ascii}.`), `${unicode}.`)
  }
  assert.equal(domainToAscii('BÜCHER.Example.COM'), 'xn--bcher-kva.example.com')
  assert.equal(domainToUnicode('XN--BCHER-KVA.Example'), 'bücher.example')
  assert.equal(domainToAscii('例え。テスト'), 'xn--r8jz45g.xn--zckzah')
})

test('address literals and dotted numbers are left alone', () => {
  for (const literal of ['[192.0.2.1]', '[IPv6:2001:db8::1]', '192.0.2.1', '1.2.3'])
    assert.equal(domainToAscii(literal), literal)
})

test('what is not a domain gives the empty string', () => {
  for (const domain of [
    '',
    '.',
    '..',
    'a..b',
    '.a',
    'a b',
    'a@b',
    'a/b',
    'a:25',
    'a%41',
    'a\r\nb',
    'a\0',
    'ü ü',
    'ü:80',
    'ü/x',
    'ü@b',
    'ü?x',
    'ü#x',
    '%C3%BC',
    'x'.repeat(64),
    `${'x'.repeat(60)}.`.repeat(5),
    'ü'.repeat(64),
    'xn--',
    'xn--a-ecp.ru',
    'ü..de',
    'ü'.repeat(100_000),
  ]) {
    assert.equal(domainToAscii(domain), '', JSON.stringify(domain.slice(0, 40)))
    assert.equal(domainToUnicode(domain), '', JSON.stringify(domain.slice(0, 40)))
  }
})

test('conversion to A-labels happens once: a second time changes nothing, and never throws', () => {
  fc.assert(
    fc.property(fc.oneof(fc.domain(), fc.string({ unit: 'grapheme', maxLength: 20 })), domain => {
      const ascii = domainToAscii(domain)
      assert.ok(isAscii(ascii) || domain.startsWith('['))
      assert.equal(domainToAscii(ascii), ascii)
      const unicode = domainToUnicode(domain)
      if (ascii !== '') assert.equal(domainToAscii(unicode), ascii)
    }),
    { numRuns: 1000 },
  )
})

test('RFC 3461 §4: xtext', () => {
  assert.equal(encodeXtext('QQ314159'), 'QQ314159')
  assert.equal(encodeXtext('a+b=c d'), 'a+2Bb+3Dc+20d')
  assert.equal(encodeXtext('é\r\n'), '+C3+A9+0D+0A')
  assert.equal(decodeXtext('a+2Bb+3Dc+20d'), 'a+b=c d')
  assert.equal(decodeXtext('+C3+A9'), 'é')
  for (const wrong of ['a b', 'a=b', 'a+2b', 'a+', 'a+2', 'a+GG', 'é', 'a\r\n'])
    assert.equal(decodeXtext(wrong), null, wrong)
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), text => {
      assert.equal(decodeXtext(encodeXtext(text)), text)
    }),
  )
})

test('RFC 5322 §2.2.3: unfolding takes the line end away and leaves the white space', () => {
  assert.equal(unfold('a\r\n b\n\tc\r d'), 'a b\tc d')
  assert.equal(unfold('a\r\n\r\n b'), 'a b')
  assert.equal(unfold('a\r\nb'), 'a b')
  assert.equal(unfold('a\r\n'), 'a')
  assert.equal(unfold('plain'), 'plain')
})

test('a label with letters of scripts that nobody writes together is told', () => {
  for (const mixed of ['\u0430pple.com', 'www.pa\u0443pal.com', 'αpple.com', 'گoogle.com', 'ไทยa.com'])
    assert.equal(hasMixedScripts(mixed), true, mixed)
  for (const plain of [
    'example.com',
    'bücher.example',
    'яндекс.рф',
    'пример.com',
    '日本語テスト.jp',
    'abc日本.jp',
    '한국abc.kr',
    'ελλάδα.gr',
    'a-1.ไทย',
    '',
  ])
    assert.equal(hasMixedScripts(plain), false, plain)
})

test('RFC 6533 §3: internationalized addresses in seven bits and in UTF-8', () => {
  assert.equal(encodeUnitext('jörg@bücher.example'), 'j\\x{F6}rg@b\\x{FC}cher.example')
  assert.equal(encodeUnitext('jörg@bücher.example', true), 'jörg@bücher.example')
  assert.equal(encodeUnitext('"a b"+c=\\@x.test'), '"a\\x{20}b"\\x{2B}c\\x{3D}\\x{5C}@x.test')
  assert.equal(encodeUnitext('💩@x.test'), '\\x{1F4A9}@x.test')
  assert.equal(decodeUnitext('j\\x{f6}rg@x.test'), 'jörg@x.test')
  for (const wrong of [
    '\\',
    '\\x',
    '\\x{',
    '\\x{}',
    '\\x{F}',
    '\\x{0F6}',
    '\\x{41}',
    '\\x{D800}',
    '\\x{110000}',
    '\\x{00}',
    '\\x{0D}',
    '\\x{0A}',
    '\\x{g0}',
    'a b',
    'a+b',
    'a=b',
    '\\y{F6}',
  ])
    assert.equal(decodeUnitext(wrong), null, wrong)
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.boolean(), (text, utf8) => {
      const address = text.replace(/[\0\r\n]/g, '')
      assert.equal(decodeUnitext(encodeUnitext(address, utf8)), address)
    }),
  )
})
