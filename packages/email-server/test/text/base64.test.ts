import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  Base64Decoder,
  Base64Encoder,
  base64Length,
  decodeBase64,
  encodeBase64,
} from '../../src/text/index.ts'
import { ascii, bytes, cutsOf, text } from './bytes.ts'

test('RFC 4648 §10: the test vectors, both directions', () => {
  const vectors = ['', 'Zg==', 'Zm8=', 'Zm9v', 'Zm9vYg==', 'Zm9vYmE=', 'Zm9vYmFy']
  for (const [length, encoded] of vectors.entries()) {
    assert.equal(text(encodeBase64(bytes('foobar'.slice(0, length)))), encoded)
    assert.equal(text(decodeBase64(bytes(encoded))), 'foobar'.slice(0, length))
  }
})

test('RFC 2045 §6.8: lines are at most 76 characters, CRLF between them and none at the end', () => {
  assert.equal(text(encodeBase64(new Uint8Array(57))), 'A'.repeat(76))
  assert.equal(text(encodeBase64(new Uint8Array(58))), `${'A'.repeat(76)}\r\nAA==`)
  assert.equal(text(encodeBase64(new Uint8Array(58), 0)), `${'A'.repeat(78)}==`)
})

test('RFC 2045 §6.8: characters outside the alphabet are ignored, "-" and "_" too', () => {
  assert.equal(text(decodeBase64(bytes('Zm\r\n9\tv Y!m\xe9F-_y'))), 'foobar')
  const long = `${'QUJD'.repeat(19)}\r\n`.repeat(40)
  assert.equal(text(decodeBase64(bytes(long.replace('Q', '-Q')))), 'ABC'.repeat(19 * 40))
  assert.equal(text(decodeBase64(bytes(`${long}QU`))), `${'ABC'.repeat(19 * 40)}A`)
})

test('a cut or unpadded ending gives the octets that it has', () => {
  assert.equal(text(decodeBase64(bytes('Zm9vYg'))), 'foob')
  assert.equal(text(decodeBase64(bytes('Zm9vYmE'))), 'fooba')
  assert.equal(text(decodeBase64(bytes('Zm9vY'))), 'foo')
  assert.equal(text(decodeBase64(bytes('=Zm9v='))), 'foo')
})

test('encodings that were put one behind the other are all read', () => {
  assert.equal(text(decodeBase64(bytes('Zg==\r\nZm8=\r\nZm9v\r\n'))), 'ffofoo')
  assert.equal(text(decodeBase64(bytes('Zg==Zm8='))), 'ffo')
})

test('text behind a padded ending, as mailing lists add it, is not decoded', () => {
  const footer = '\r\n\r\n_______________________________________________\r\nUnsubscribe here\r\nAAAA'
  assert.equal(text(decodeBase64(bytes(`Zm8=${footer}`))), 'fo')
  assert.equal(text(decodeBase64(bytes('Zm8=\r\nUnsubscribe\r\n'))), 'fo')
})

test('decoding undoes encoding, whatever the line length', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 400 }),
      fc.constantFrom(0, 4, 60, 72, 76, 1000),
      (content, length) => {
        const encoded = encodeBase64(content, length)
        assert.equal(encoded.length, base64Length(content.length, length))
        assert.deepEqual([...decodeBase64(encoded)], [...content])
      },
    ),
  )
})

test('regular lines longer than the decoder’s window decode as short ones do', () => {
  const content = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) ^ (i >> 7))
  assert.ok(Buffer.from(content).equals(decodeBase64(encodeBase64(content))))
  const bare = bytes(text(encodeBase64(content)).replaceAll('\r\n', '\n'))
  assert.ok(Buffer.from(content).equals(decodeBase64(bare)))
  // one odd line in the middle: the exact loop takes over there
  const odd = text(encodeBase64(content)).replace(/(.{200000})/s, '$1 ')
  assert.ok(Buffer.from(content).equals(decodeBase64(bytes(odd))))
})

test('any bytes, cut anywhere, give what they give in one piece', () => {
  const material = fc.oneof(
    ascii('ABCDabcd0189+/=\r\n =-_', 200),
    fc.uint8Array({ maxLength: 200 }),
    fc.uint8Array({ maxLength: 300 }).map(content => encodeBase64(content, 8)),
  )
  fc.assert(
    fc.property(material, cutsOf(200), (input, cuts) => {
      const whole = decodeBase64(input)
      const decoder = new Base64Decoder()
      const parts = cuts(input).map(part => decoder.write(part))
      assert.deepEqual([...Buffer.concat([...parts, decoder.end()])], [...whole])
    }),
    { numRuns: 500 },
  )
})

test('the streaming encoder writes what the whole one does', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 500 }),
      cutsOf(500),
      fc.constantFrom(0, 76),
      (content, cuts, length) => {
        const encoder = new Base64Encoder(length)
        const parts = cuts(content).map(part => encoder.write(part))
        assert.equal(text(Buffer.concat([...parts, encoder.end()])), text(encodeBase64(content, length)))
      },
    ),
  )
})
