// Which transfer encoding a part gets, and that what it gets carries the content. RFC 2045 §2.7–2.9, §6; RFC 2046 §5.2.1; RFC 6152; RFC 3030.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { MailError } from '../../src/base/errors.ts'
import { type MessageOptions, type MessagePart, type SmtpProfile, scanMessage } from '../../src/mime/index.ts'
import { decodeTransfer, transferEncodingOf } from '../../src/text/index.ts'
import { basics, compose, field, written } from './compose-helpers.ts'

const refused = (code: string, name: RegExp) => (error: MailError) =>
  error.code === code && name.test(error.message)

function encodingOf(options: MessageOptions): string {
  return field(written({ ...basics, ...options }), 'Content-Transfer-Encoding')!
}

/** All parts that are no multipart, with their content decoded. */
function leaves(raw: Uint8Array): { part: MessagePart; content: Buffer }[] {
  const out: { part: MessagePart; content: Buffer }[] = []
  const stack = [scanMessage(raw)]
  for (let part = stack.pop(); part; part = stack.pop()) {
    if (part.kind === 'multipart') stack.push(...[...part.parts].reverse())
    else
      out.push({
        part,
        content: Buffer.from(
          decodeTransfer(raw.subarray(part.bodyStart, part.bodyEnd), transferEncodingOf(part.encoding)),
        ),
      })
  }
  return out
}

describe('the encoding of a text', () => {
  const texts: [string, string, string][] = [
    ['plain ASCII', 'Hello\nworld', '7bit'],
    ['nothing', '', '7bit'],
    ['a line of 998 octets', 'x'.repeat(998), '7bit'],
    ['a line of 999 octets', `${'word '.repeat(199)}abcd`, 'quoted-printable'],
    ['a lone dot, which SMTP takes care of', 'a\n.\nb', '7bit'],
    [
      'a line that begins with "From ", which mailbox files would change',
      'a\nFrom here on',
      'quoted-printable',
    ],
    ['a few letters outside ASCII', 'Grüße aus Köln, wo es heute regnet', 'quoted-printable'],
    ['mostly letters outside ASCII', '日本語のとても長い文章です'.repeat(20), 'base64'],
    ['NUL', `a\0b and more text, so that one escape does not matter`, 'quoted-printable'],
    ['trailing white space, which is text like other', 'a \n', '7bit'],
    ['control characters', 'bell \x07 and DEL \x7f', '7bit'],
  ]
  for (const [what, text, encoding] of texts) {
    it(`is ${encoding} for ${what}`, () => assert.equal(encodingOf({ text }), encoding))
  }

  it('is the shorter of quoted-printable and base64, and quoted-printable when they are equal', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'é', '=', '日', '\n', ' '), maxLength: 300 }),
        text => {
          const sizes = ['quoted-printable', 'base64'].map(encoding => {
            const message = compose({ ...basics, html: text, encoding: encoding as 'base64' })
            return message.size! - encoding.length
          })
          const encoding = encodingOf({ html: text })
          if (encoding === '7bit') return
          assert.equal(encoding, sizes[0]! <= sizes[1]! + 2 ? encoding : 'base64')
          if (encoding === 'quoted-printable') assert.ok(sizes[0]! <= sizes[1]! + 2 + 3)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('protects "From " at the start of a line in quoted-printable', () => {
    assert.match(written({ ...basics, text: 'From me' }), /\r\n=46rom me/)
  })

  it('is the one that is asked for: by encoding for all texts, by contentTransferEncoding for one', () => {
    assert.equal(encodingOf({ text: 'a', encoding: 'base64' }), 'base64')
    assert.equal(
      encodingOf({ text: { content: 'a', contentTransferEncoding: 'quoted-printable' }, encoding: 'base64' }),
      'quoted-printable',
    )
    assert.equal(encodingOf({ text: { content: 'a', contentTransferEncoding: false } }), '7bit')
    assert.equal(encodingOf({ text: 'ü', textEncoding: 'base64' }), 'base64')
    assert.equal(encodingOf({ text: '日本語', textEncoding: 'Q' }), 'quoted-printable')
  })

  it('is refused when the content does not fit the one that is asked for', () => {
    const asked = (content: string, contentTransferEncoding: string, smtpProfile?: SmtpProfile) => () =>
      compose({
        ...basics,
        smtpProfile,
        text: { content, contentTransferEncoding: contentTransferEncoding as '7bit' },
      })
    assert.throws(asked('ü', '7bit'), refused('EMESSAGE', /text is not 7bit.*0x7F/))
    assert.throws(asked('x'.repeat(999), '7bit'), refused('EMESSAGE', /999 octets/))
    assert.throws(asked('x'.repeat(999), '8bit'), refused('EMESSAGE', /999 octets/))
    assert.throws(asked('a\0', '8bit'), refused('EMESSAGE', /NUL/))
    assert.throws(asked('ü', '8bit', { eightBitMime: false }), refused('EMESSAGE', /8BITMIME/))
    assert.throws(asked('a\0', 'binary', { binaryMime: false }), refused('EMESSAGE', /BINARYMIME/))
    assert.throws(asked('a', 'uuencode'), refused('ECONFIG', /text\.contentTransferEncoding/))
  })
})

describe('the way of the message', () => {
  const both = (
    smtpProfile: SmtpProfile | undefined,
    options: MessageOptions = { text: 'Grüße aus Köln, wo es heute regnet und morgen auch' },
  ) => {
    const message = compose({ ...basics, ...options, smtpProfile })
    return [encodingOf({ ...options, smtpProfile }), message.bodyType]
  }

  it('carries 8bit only where it may (RFC 6152), SMTPUTF8 includes it (RFC 6531 §3.1)', () => {
    assert.deepEqual(both(undefined), ['quoted-printable', '7BIT'])
    assert.deepEqual(both({ eightBitMime: false }), ['quoted-printable', '7BIT'])
    assert.deepEqual(both({ eightBitMime: true }), ['8bit', '8BITMIME'])
    assert.deepEqual(both({ smtputf8: true }), ['8bit', '8BITMIME'])
    assert.deepEqual(both({ smtputf8: true, eightBitMime: false }), ['quoted-printable', '7BIT'])
    assert.deepEqual(both({ eightBitMime: true }, { text: 'Gruss' }), ['7bit', '7BIT'])
    assert.deepEqual(both({ eightBitMime: true }, { text: `ü${'x'.repeat(998)}` }), [
      'quoted-printable',
      '7BIT',
    ])
  })

  it('carries files as they are with BINARYMIME (RFC 3030)', () => {
    const attachments = [{ content: Buffer.from([0, 10, 255]), filename: 'x.bin' }]
    assert.deepEqual(both({ binaryMime: true }, { attachments }), ['binary', 'BINARYMIME'])
    const raw = compose({ ...basics, attachments, smtpProfile: { binaryMime: true } }).bytesSync()
    assert.deepEqual([...raw.subarray(-3)], [0, 10, 255])
    assert.deepEqual(both({ eightBitMime: true }, { attachments }), ['base64', '7BIT'])
  })
})

describe('the encoding of a file', () => {
  const file = (content: string | Uint8Array, filename: string) =>
    encodingOf({ attachments: [{ content, filename }] })

  it('is base64, unless it is a text that keeps every octet in a shorter one', () => {
    assert.equal(file('abc\r\n', 'x.bin'), 'base64')
    assert.equal(file('a,b\r\n', 'x.csv'), '7bit')
    assert.equal(file('name,street,town and country\nann,here,nowhere\n', 'x.csv'), 'quoted-printable')
    assert.equal(file('a \r\n', 'x.csv'), 'quoted-printable')
    assert.equal(file('日本語のとても長い文章です', 'x.txt'), 'base64')
  })

  it('keeps a file without a last line break, also as the whole message', () => {
    for (const content of ['a,b', 'a,b\n', 'a,b\r\n', '', 'ü', 'From x']) {
      const [leaf] = leaves(compose({ ...basics, attachments: [{ content, filename: 'x.csv' }] }).bytesSync())
      assert.equal(leaf!.content.toString(), content)
    }
  })
})

describe('a message in a message', () => {
  const nested = (content: string | Uint8Array, more: object = {}, smtpProfile?: SmtpProfile) => {
    const message = compose({
      ...basics,
      text: 'see below',
      attachments: [{ content, contentType: 'message/rfc822', ...more }],
      smtpProfile,
    })
    const text = Buffer.from(message.bytesSync()).toString('latin1')
    const header = /Content-Type: (message\/[a-z0-9]+)[\s\S]*?Content-Transfer-Encoding: (\S+)/.exec(text)!
    return [header[1], header[2], message.bodyType]
  }

  it('is never encoded: 7bit or 8bit (RFC 2046 §5.2.1)', () => {
    assert.deepEqual(nested('Subject: a\n\nb\n'), ['message/rfc822', '7bit', '7BIT'])
    assert.deepEqual(nested('Subject: a\n\nbü\n'), ['message/rfc822', '8bit', '8BITMIME'])
    assert.throws(
      () => nested('Subject: a\n\nb\n', { contentTransferEncoding: 'base64' }),
      refused('EMESSAGE', /attachments\[0\].*RFC 2045/),
    )
  })

  it('becomes message/global, which may be encoded (RFC 6532 §3.7), when no line can carry it', () => {
    assert.deepEqual(nested(`Subject: a\n\n${'x'.repeat(1500)}\n`), [
      'message/global',
      'quoted-printable',
      '7BIT',
    ])
    assert.deepEqual(nested('Subject: a\n\nbü\n', {}, { eightBitMime: false }), [
      'message/global',
      'quoted-printable',
      '7BIT',
    ])
    assert.deepEqual(nested(`Subject: a\n\n${'x'.repeat(1500)}\n`, {}, { binaryMime: true }), [
      'message/rfc822',
      'binary',
      'BINARYMIME',
    ])
    assert.throws(
      () => nested('Status: ü\n', { contentType: 'message/delivery-status' }, { eightBitMime: false }),
      refused('EMESSAGE', /attachments\[0\] cannot be encoded/),
    )
  })

  it('has CRLF for its line breaks, is inline and has no name of its own', () => {
    const text = written({
      ...basics,
      text: 'x',
      attachments: [{ content: 'A: b\n\nc', contentType: 'message/rfc822' }],
    })
    assert.match(
      text,
      /Content-Type: message\/rfc822\r\nContent-Disposition: inline\r\nContent-Transfer-Encoding: 7bit\r\n\r\nA: b\r\n\r\nc\r\n--/,
    )
  })
})

describe('what is written', () => {
  const content = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes)),
    fc.string({
      unit: fc.constantFrom('a', ' ', '\t', '=', '.', '\r', '\n', 'ü', '日', '\0', 'From ', '-'),
      maxLength: 200,
    }),
  )
  const profile = fc.record({
    eightBitMime: fc.constantFrom(undefined, true),
    binaryMime: fc.constantFrom(undefined, true),
  })
  const bytesOf = (value: string | Buffer) => (typeof value === 'string' ? Buffer.from(value) : value)

  it('reads back octet for octet for files, whatever they hold and wherever they go', () => {
    fc.assert(
      fc.property(
        fc.array(content, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('x.bin', 'x.txt', 'x.csv'),
        profile,
        (contents, filename, smtpProfile) => {
          const attachments = contents.map(one => ({ content: one, filename }))
          const message = compose({ ...basics, attachments, smtpProfile })
          const raw = message.bytesSync()
          assert.equal(raw.length, message.size)
          assert.deepEqual(
            leaves(raw).map(leaf => leaf.content.toString('latin1')),
            contents.map(one => bytesOf(one).toString('latin1')),
          )
          checkDomain(raw, message.bodyType)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('reads back as the same lines for texts', () => {
    const lines = (text: string) =>
      Buffer.from(text)
        .toString()
        .replace(/\r\n|\r|\n/g, '\r\n')
    fc.assert(
      fc.property(content, content, profile, (text, html, smtpProfile) => {
        const message = compose({
          ...basics,
          text: text || ' ',
          html: html || ' ',
          attachments: [{ content: 'x' }],
          smtpProfile,
        })
        const raw = message.bytesSync()
        assert.equal(raw.length, message.size)
        const read = leaves(raw)
        for (const [i, given] of [text, html].entries()) {
          const expected =
            typeof given === 'string'
              ? Buffer.from(lines(given || ' '))
              : Buffer.from(lines(given.toString('latin1')), 'latin1')
          assert.equal(read[i]!.content.toString('latin1'), expected.toString('latin1'))
        }
        checkDomain(raw, message.bodyType)
      }),
      { numRuns: 500 },
    )
  })

  function checkDomain(raw: Uint8Array, bodyType: string): void {
    if (bodyType === 'BINARYMIME') return
    const text = Buffer.from(raw).toString('latin1')
    assert.ok(text.endsWith('\r\n'))
    assert.doesNotMatch(text, /\0|\r(?!\n)|(?<!\r)\n/)
    for (const line of text.split('\r\n')) assert.ok(line.length <= 998)
    if (bodyType === '7BIT') assert.ok(!/[\x80-\xff]/.test(text))
  }
})
