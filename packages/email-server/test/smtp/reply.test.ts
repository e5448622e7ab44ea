import assert from 'node:assert/strict'
import { test } from 'node:test'
import { enhancedCodeFor, splitEnhancedCode } from '../../src/smtp/wire/enhanced-codes.ts'
import { reply, writeReply } from '../../src/smtp/wire/reply.ts'

test('a reply is code, enhanced code, text', () => {
  assert.equal(writeReply(reply(250, '2.1.0', 'Sender OK')), '250 2.1.0 Sender OK\r\n')
  assert.equal(writeReply(reply(354, null, 'Go on')), '354 Go on\r\n')
})

test('a challenge without data keeps its space (RFC 4954 §4)', () => {
  assert.equal(writeReply(reply(334, null, '')), '334 \r\n')
})

test('lines of one reply have the same codes, and a hyphen until the last (RFC 5321 §4.2.1, RFC 2034 §3)', () => {
  assert.equal(writeReply(reply(250, null, ['mx.test', 'SIZE 1'])), '250-mx.test\r\n250 SIZE 1\r\n')
  assert.equal(writeReply(reply(550, '5.7.1', ['One', 'Two'])), '550-5.7.1 One\r\n550 5.7.1 Two\r\n')
})

test('a text too long for a line of 512 octets goes on in the next', () => {
  const text = writeReply(reply(550, '5.7.1', 'word '.repeat(300).trim()))
  const lines = text.split('\r\n').slice(0, -1)
  assert.ok(lines.length >= 3)
  for (const [i, line] of lines.entries()) {
    assert.ok(line.length + 2 <= 512)
    assert.match(line, i === lines.length - 1 ? /^550 5\.7\.1 word/ : /^550-5\.7\.1 word/)
  }
  assert.equal(lines.map(line => line.slice(10)).join(' '), 'word '.repeat(300).trim())
})

test('a long text without spaces, and one of four-octet characters, are cut to whole characters', () => {
  for (const text of ['x'.repeat(2000), '\u{1f600}'.repeat(400)]) {
    const lines = writeReply(reply(550, '5.7.1', text), true)
      .split('\r\n')
      .slice(0, -1)
    for (const line of lines) assert.ok(Buffer.byteLength(line) + 2 <= 512)
    assert.equal(lines.map(line => line.slice(10)).join(''), text)
  }
})

test('CR, LF and NUL are refused, other controls and what is not ASCII become question marks', () => {
  for (const evil of ['a\r\n250 OK', 'a\nb', 'a\rb', 'a\0b']) {
    assert.throws(() => writeReply(reply(550, null, evil)), { code: 'EUSAGE' })
    assert.throws(() => writeReply(reply(550, null, [evil, 'x'])), { code: 'EUSAGE' })
  }
  assert.equal(writeReply(reply(550, null, 'é\x1b[1m')), '550 ??[1m\r\n')
  assert.equal(writeReply(reply(550, null, 'é\x1b[1m'), true), '550 é?[1m\r\n')
})

test('every code has an enhanced code of its class', () => {
  for (const subject of ['recipient', 'message'] as const) {
    for (let code = 400; code < 600; code++) {
      assert.match(enhancedCodeFor(code, subject), new RegExp(`^${code < 500 ? 4 : 5}\\.\\d\\.\\d+$`))
    }
  }
})

test('an enhanced code at the start of a text counts when it is of the class of the reply', () => {
  assert.deepEqual(splitEnhancedCode(550, '5.7.26 DMARC'), { enhanced: '5.7.26', text: 'DMARC' })
  assert.deepEqual(splitEnhancedCode(550, '5.7.26'), { enhanced: '5.7.26', text: '' })
  assert.deepEqual(splitEnhancedCode(451, '5.7.26 DMARC'), { enhanced: null, text: '5.7.26 DMARC' })
  assert.deepEqual(splitEnhancedCode(550, '5.7.2600 x'), { enhanced: null, text: '5.7.2600 x' })
  assert.deepEqual(splitEnhancedCode(550, '5.7.1x'), { enhanced: null, text: '5.7.1x' })
})
