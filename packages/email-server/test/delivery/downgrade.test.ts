// Messages for servers that carry 7 bits. RFC 6152 §3, RFC 2045, RFC 5321 §4.5.3.1.6.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toSevenBit } from '../../src/delivery/downgrade.ts'
import { MailError, parseMessage } from '../../src/index.ts'

const crlf = (text: string): Buffer => Buffer.from(text.replaceAll('\n', '\r\n'))

function converted(text: string): string {
  const out = Buffer.from(toSevenBit(crlf(text)))
  assert.ok(out.every(byte => byte < 0x80))
  assert.ok(
    out
      .toString()
      .split('\r\n')
      .every(line => line.length <= 998),
  )
  return out.toString()
}

test('an 8-bit text becomes quoted-printable, and says so', () => {
  const out = converted(
    'From: a@b.test\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\nSubject: x\n\nGrüße\n',
  )
  assert.match(out, /^Content-Transfer-Encoding: quoted-printable\r$/m)
  assert.equal(out.match(/Content-Transfer-Encoding/g)!.length, 1)
  assert.ok(out.endsWith('\r\n\r\nGr=C3=BC=C3=9Fe\r\n'))
})

test('a field that was missing is added', () => {
  const out = converted('From: a@b.test\nContent-Type: text/plain; charset=utf-8\n\nGrüße\n')
  assert.match(out, /^Content-Transfer-Encoding: quoted-printable\r\n\r\n/m)
})

test('in a multipart only the part that needs it changes, and the label of the whole', () => {
  const out = converted(
    'From: a@b.test\nContent-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: 8bit\n\n--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nGrüße\n--b\nContent-Type: text/plain\n\nplain\n--b\nContent-Type: image/png\nContent-Transfer-Encoding: binary\n\n\u0001ü\n--b--\n',
  )
  assert.match(
    out,
    /^From: a@b\.test\r\nContent-Type: multipart\/mixed; boundary=b\r\nContent-Transfer-Encoding: 7bit\r\n/,
  )
  assert.match(
    out,
    /--b\r\nContent-Type: text\/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe\r\n--b\r\n/,
  )
  assert.match(out, /--b\r\nContent-Type: text\/plain\r\n\r\nplain\r\n--b\r\n/)
  assert.match(out, /Content-Type: image\/png\r\nContent-Transfer-Encoding: base64\r\n\r\nAcO8\r\n--b--\r\n$/)
})

test('lines that are too long are encoded, too', () => {
  const long = 'x'.repeat(2000)
  const out = converted(`From: a@b.test\nContent-Type: text/html\n\n${long}\n`)
  assert.equal(parseMessage(Buffer.from(out)).html, `${long}\n`)
})

test('text of a message that is attached is encoded inside it', () => {
  const out = converted(
    'From: a@b.test\nContent-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\n\nFrom: c@d.test\nContent-Type: text/plain; charset=utf-8\n\nGrüße\n',
  )
  assert.match(
    out,
    /^Content-Type: message\/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\nFrom: c@d\.test\r\n/m,
  )
  assert.match(out, /Gr=C3=BC=C3=9Fe/)
})

const REFUSED: readonly (readonly [string, string, string])[] = [
  [
    'a signed part (RFC 1847 §2.1)',
    'From: a@b.test\nContent-Type: multipart/signed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nGrüße\n--b\nContent-Type: application/pgp-signature\n\nx\n--b--\n',
    '5.6.3',
  ],
  ['a header in UTF-8', 'From: a@b.test\nSubject: Grüße\n\nx\n', '5.6.7'],
  [
    '8-bit text between the parts',
    'From: a@b.test\nContent-Type: multipart/mixed; boundary=b\n\nGrüße\n--b\n\nx\n--b--\n',
    '5.6.3',
  ],
]

for (const [what, text, status] of REFUSED) {
  test(`${what} is not touched: the message is refused`, () => {
    assert.throws(
      () => toSevenBit(crlf(text)),
      (error: MailError) =>
        error.code === 'EMESSAGE' && error.enhancedCode === status && error.permanent === true,
    )
  })
}

test('a signed message that is 7-bit goes through as it is', () => {
  const text =
    'From: a@b.test\nContent-Type: multipart/signed; boundary=b\n\n--b\nContent-Type: text/plain\n\nplain\n--b\nContent-Type: application/pgp-signature\n\nx\n--b--\n'
  assert.equal(converted(text), crlf(text).toString())
})

test('whatever the message is: it is refused with EMESSAGE, or what comes out is 7-bit and reads as before', () => {
  const part = fc.record({
    type: fc.constantFrom(
      'text/plain; charset=utf-8',
      'text/html; charset=utf-8',
      'application/octet-stream',
      'message/rfc822',
    ),
    encoding: fc.constantFrom('', '8bit', 'binary', '7bit'),
    body: fc.string({
      unit: fc.constantFrom('a', 'ü', '\n', ' ', '=', '-', '\u0000', 'b', ':'),
      maxLength: 60,
    }),
  })
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), parts => {
      const bodies = parts.map(
        ({ type, encoding, body }) =>
          `--b\nContent-Type: ${type}\n${encoding && `Content-Transfer-Encoding: ${encoding}\n`}\n${body}\n`,
      )
      const raw = crlf(
        `From: a@b.test\nContent-Type: multipart/mixed; boundary=b\n\n${bodies.join('')}--b--\n`,
      )
      let out: Uint8Array
      try {
        out = toSevenBit(raw)
      } catch (error) {
        assert.ok(error instanceof MailError && error.code === 'EMESSAGE')
        return
      }
      assert.ok(out.every(byte => byte < 0x80))
      const [before, after] = [parseMessage(raw), parseMessage(out)]
      assert.equal(after.text, before.text)
      assert.equal(after.html, before.html)
      // an attached message is another spelling of itself
      const files = (parsed: typeof before) =>
        parsed.attachments
          .filter(({ contentType }) => contentType !== 'message/rfc822')
          .map(({ content }) => Buffer.from(content))
      assert.deepEqual(files(after), files(before))
    }),
  )
})
