// SMTP smuggling (CVE-2023-51764, 51765, 51766, CVE-2024-27305 and their sisters): sequences that some other server takes
// for the end of a message. Only CRLF.CRLF is one (RFC 5321 §4.1.1.4).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { atData, harness, withoutTrace } from '../smtp/support.ts'

const SMUGGLED =
  'MAIL FROM:<evil@x.example>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nSubject: smuggled\r\n\r\nevil'

/** What stands between the text and the smuggled commands. */
const FORMS: readonly string[] = [
  '\n.\n',
  '\n.\r\n',
  '\n.\r',
  '\r.\r',
  '\r.\n',
  '\r.\r\n',
  '\r\n.\n',
  '\r\n.\r',
  '\n.\n\r\n',
  '\r\r\n.\r\r\n',
  '\r\n.\r\r\n',
  '\r\n\0.\r\n',
  '\r\n.\0\r\n',
  '\r\n\0.\0\r\n',
  '\0\r\n.\0\r\n',
  '\n\n.\r\n\r\n',
  '\n\r.\r\n\r',
  '\r\n.\x85',
  '\r\n.\u2028',
  '\r\n. \r\n',
  '\r\n .\r\n',
]

for (const form of FORMS) {
  test(`smtp smuggling: ${JSON.stringify(form)} does not end a message`, async () => {
    for (const size of [1, 7, 1 << 20]) {
      const h = await atData()
      const bytes = Buffer.from(`Subject: outer\r\n\r\ntext${form}${SMUGGLED}\r\n.\r\n`, 'latin1')
      for (let at = 0; at < bytes.length; at += size) h.driver.feed(bytes.subarray(at, at + size))
      await h.driver.settle()
      const said = h.driver.takeText()
      // one reply: the message with the smuggled text inside, or its refusal
      assert.match(said, /^(?:250 2\.0\.0|550 5\.6\.0) [^\r]*\r\n$/)
      assert.ok(h.taken.length <= 1)
      for (const { from, raw } of h.taken) {
        assert.equal(from, 'a@x.example')
        assert.ok(raw.includes('Subject: smuggled'))
      }
      if (/\r(?!\n)|(?<!\r)\n/.test(form)) assert.match(said, /^550 /)
      assert.equal(await h.say('NOOP'), '250 2.0.0 OK\r\n')
    }
  })
}

for (const form of FORMS) {
  test(`smtp smuggling: ${JSON.stringify(form)}, mended, does not end a message either`, async () => {
    for (const size of [1, 7, 1 << 20]) {
      const h = await atData({ lineBreaks: 'normalize' })
      const bytes = Buffer.from(`Subject: outer\r\n\r\ntext${form}${SMUGGLED}\r\n.\r\n`, 'latin1')
      for (let at = 0; at < bytes.length; at += size) h.driver.feed(bytes.subarray(at, at + size))
      await h.driver.settle()
      assert.match(h.driver.takeText(), /^250 2\.0\.0 [^\r]*\r\n$/)
      assert.equal(h.taken.length, 1)
      const { from, raw } = h.taken[0]!
      assert.equal(from, 'a@x.example')
      assert.ok(raw.includes('Subject: smuggled'))
      assert.doesNotMatch(raw, /\r(?!\n)|(?<!\r)\n/)
    }
  })

  test(`smtp smuggling: ${JSON.stringify(form)} in a chunk is content, and what follows the chunk is commands`, async () => {
    for (const binary of [false, true]) {
      const h = harness()
      const content = Buffer.from(`Subject: outer\r\n\r\ntext${form}${SMUGGLED}`, 'latin1')
      const body = binary ? ' BODY=BINARYMIME' : ''
      await h.say('EHLO x', `MAIL FROM:<a@x.example>${body}`, 'RCPT TO:<bob@example.test>')
      h.driver.feed(
        Buffer.concat([Buffer.from(`BDAT ${content.length} LAST\r\n`), content, Buffer.from('NOOP\r\n')]),
      )
      await h.driver.settle()
      const refused = !binary && /\r(?!\n)|(?<!\r)\n/.test(content.toString('latin1'))
      const expected = refused
        ? /^550 5\.6\.0 [^\r]*\r\n250 2\.0\.0 OK\r\n$/
        : /^250 2\.0\.0 [^\r]*\r\n250 2\.0\.0 OK\r\n$/
      assert.match(h.driver.takeText(), expected)
      if (!refused) assert.equal(withoutTrace(h.taken[0]!.raw), content.toString('latin1'))
    }
  })
}

test('smtp smuggling: a bare CR as the last octet of a piece, and one before the final dot, are seen', async () => {
  for (const pieces of [
    ['a\r', 'b\r\n.\r\n'],
    ['a\r', '\r\n.\r\n'],
    ['a\r\r\n', '.\r\n'],
    ['\r', 'x\r\n.\r\n'],
    ['\n', '\r\n.\r\n'],
  ]) {
    const h = await atData()
    for (const piece of pieces) h.driver.feed(piece)
    await h.driver.settle()
    assert.equal(h.driver.takeText(), '550 5.6.0 Bare CR or LF in the message\r\n')
    assert.equal(h.taken.length, 0)
  }
})

test('smtp smuggling: what is stored has CRLF line ends only, and its dots as they were meant', async () => {
  const h = await atData()
  await h.say('..', '.. ', '...', 'x', '.')
  assert.equal(withoutTrace(h.taken[0]!.raw), '.\r\n. \r\n..\r\nx\r\n')
})

test('smtp smuggling: a bare LF in a command line is no second command', async () => {
  const h = await atData()
  await h.say('x', '.')
  assert.equal(
    await h.say('MAIL FROM:<a@x.example>\nRCPT TO:<bob@example.test>'),
    '500 5.5.2 Not a line of SMTP\r\n',
  )
  assert.equal(await h.say('NOOP\rQUIT'), '500 5.5.2 Not a line of SMTP\r\n')
  assert.equal(h.driver.closed, null)
})
