import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeUuencode, findUuencoded, UuDecoder } from '../../src/text/index.ts'
import { ascii, bytes, cutsOf, text } from './bytes.ts'

// Python: binascii.b2a_uu(b'The quick brown fox jumps over the lazy dog. 0123456789 and mor'[:45]), then the rest
const FOX =
  'begin 644 fox.txt\r\n' +
  "M5&AE('%U:6-K(&)R;W=N(&9O>\"!J=6UP<R!O=F5R('1H92!L87IY(&1O9RX@\r\n" +
  '*,#$R,S0U-C<X.0``\r\n`\r\nend\r\n'
const CONTENT = 'The quick brown fox jumps over the lazy dog. 0123456789'

test('a file is decoded, with backquotes or spaces for zero, with CRLF or LF', () => {
  assert.equal(text(decodeUuencode(bytes(FOX))), CONTENT)
  assert.equal(text(decodeUuencode(bytes(FOX.replaceAll('`', ' ').replaceAll('\r\n', '\n')))), CONTENT)
})

test('trailing spaces that a transport removed are zero bits', () => {
  assert.equal(text(decodeUuencode(bytes('begin 644 z\n#\n \nend\n'))), '\0\0\0')
})

test('what stands before begin and behind end is dropped; without end the lines count that are there', () => {
  assert.equal(text(decodeUuencode(bytes(`Hello,\r\n${FOX}Bye\r\n`))), CONTENT)
  assert.equal(text(decodeUuencode(bytes(FOX.slice(0, FOX.indexOf('`\r\nend'))))), CONTENT)
  assert.equal(text(decodeUuencode(bytes('no file here'))), '')
})

test('files inside text are found with name, mode and place', () => {
  const mail = `Look:\r\n${FOX}and\r\n${FOX.replace('644 fox.txt', '0755 a b.bin')}Bye\r\n`
  const found = findUuencoded(bytes(mail))
  assert.deepEqual(
    found.map(file => [file.name, file.mode.toString(8), mail.slice(file.start, file.start + 9)]),
    [
      ['fox.txt', '644', 'begin 644'],
      ['a b.bin', '755', 'begin 075'],
    ],
  )
  assert.equal(mail.slice(found[0]!.end, found[0]!.end + 5), 'and\r\n')
  assert.equal(text(found[1]!.content()), CONTENT)
})

test('a sentence that begins like a file stays text', () => {
  for (const sentence of [
    'begin 644 words later\r\nnothing follows\r\n',
    'begin your day\r\nend\r\n',
    'begin 644 x\r\nend\r\n',
    ' begin 644 x\r\n#0V%T\r\n`\r\nend\r\n',
  ])
    assert.deepEqual(findUuencoded(bytes(sentence)), [], JSON.stringify(sentence))
})

test('any bytes, cut anywhere, give what they give in one piece', () => {
  const material = fc.oneof(
    ascii('#MA`0 \r\nend', 100).map(tail => Buffer.concat([bytes('begin 644 x\n'), tail])),
    fc.uint8Array({ maxLength: 100 }),
  )
  fc.assert(
    fc.property(material, cutsOf(110), (input, cuts) => {
      const decoder = new UuDecoder()
      const parts = cuts(input).map(part => decoder.write(part))
      assert.equal(text(Buffer.concat([...parts, decoder.end()])), text(decodeUuencode(input)))
    }),
    { numRuns: 500 },
  )
})
