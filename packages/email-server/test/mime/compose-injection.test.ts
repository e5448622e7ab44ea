// Header injection: no text of a caller leaves its field. CR, LF and NUL are refused in every position, by the option's name.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { MailError } from '../../src/base/errors.ts'
import type { MessageOptions } from '../../src/mime/index.ts'
import { basics, compose, written } from './compose-helpers.ts'

const positions: [name: RegExp, options: (bad: string) => MessageOptions][] = [
  [/^from/, bad => ({ from: `a${bad}@example.com` })],
  [/^from/, bad => ({ from: { name: `A${bad}`, address: 'a@example.com' } })],
  [/^from/, bad => ({ from: { name: 'A', address: `a@example.com${bad}` } })],
  [/^sender/, bad => ({ sender: `"x${bad}" <a@example.com>` })],
  [/^to/, bad => ({ to: ['b@example.com', { name: bad, address: 'a@example.com' }] })],
  [/^to/, bad => ({ to: { name: `Group${bad}`, group: [{ address: 'a@example.com' }] } })],
  [/^to/, bad => ({ to: { name: 'Group', group: [{ name: bad, address: 'a@example.com' }] } })],
  [/^cc/, bad => ({ cc: `a@example.com,${bad}b@example.com` })],
  [/^bcc/, bad => ({ bcc: `a@example.com${bad}` })],
  [/^replyTo/, bad => ({ replyTo: `a@example.com${bad}` })],
  [/^subject/, bad => ({ subject: `a${bad}b` })],
  [/^messageId/, bad => ({ messageId: `<a${bad}@b>` })],
  [/^inReplyTo/, bad => ({ inReplyTo: `<a@b>${bad}` })],
  [/^references/, bad => ({ references: ['<a@b>', `<c@d>${bad}<e@f>`] })],
  [/^date/, bad => ({ date: `Mon, 23 Nov 2026 12:00:00 +0000${bad}` })],
  [/^xMailer/, bad => ({ xMailer: `x${bad}` })],
  [/^priority|option priority/, bad => ({ priority: `high${bad}` as 'high' })],
  [/^headers\.X-A/, bad => ({ headers: { 'X-A': `a${bad}` } })],
  [/^headers\.X-A/, bad => ({ headers: { 'X-A': ['a', `b${bad}`] } })],
  [/^headers\.X-A/, bad => ({ headers: [{ key: 'X-A', value: `a${bad}` }] })],
  [/^headers\.X-A/, bad => ({ headers: { 'X-A': { prepared: true, value: `a${bad}b` } } })],
  [/^headers\.X-A/, bad => ({ headers: { 'X-A': { prepared: true, foldLines: true, value: `a${bad} b` } } })],
  [/^headers\.X-A/, bad => ({ headers: { 'X-A': { value: `a${bad}b` } } })],
  [/^headers/, bad => ({ headers: { [`X-A${bad}`]: 'a' } })],
  [/^headers\.Reply-To/, bad => ({ headers: { 'Reply-To': `a@example.com${bad}` } })],
  [
    /^headers\.Disposition-Notification-To/,
    bad => ({ headers: { 'Disposition-Notification-To': `a@example.com${bad}` } }),
  ],
  [/^headers\.References/, bad => ({ headers: { References: `<a@b>${bad}` } })],
  [/^normalizeHeaderKey/, bad => ({ normalizeHeaderKey: key => `${key}${bad}` })],
  [/^list\.help/, bad => ({ list: { help: `https://example.com/${bad}` } })],
  [/^list\.help/, bad => ({ list: { help: { url: 'https://example.com/', comment: bad } } })],
  [/^list\.id/, bad => ({ list: { id: { url: 'a.example.com', comment: `x${bad}` } } })],
  [/^list/, bad => ({ list: { [`help${bad}x`]: 'https://example.com/' } })],
  [/baseBoundary/, bad => ({ text: 'a', html: 'b', baseBoundary: `x${bad}` })],
  [/boundaryPrefix/, bad => ({ text: 'a', html: 'b', boundaryPrefix: `x${bad}` })],
  [/^envelope\.from/, bad => ({ envelope: { from: `a@example.com${bad}` } })],
  [/^envelope\.to/, bad => ({ envelope: { to: [`a@example.com${bad}`] } })],
  [/icalEvent\.method/, bad => ({ icalEvent: { content: 'x', method: `REQUEST${bad}X-A` } })],
  [/^icalEvent\.filename/, bad => ({ icalEvent: { content: 'x', filename: `a${bad}.ics` } })],
  [/^attachments\[0\]\.filename/, bad => ({ attachments: [{ content: 'x', filename: `a${bad}.txt` }] })],
  [
    /^attachments\[0\]\.contentType/,
    bad => ({ attachments: [{ content: 'x', contentType: `text/plain; a="b${bad}c"` }] }),
  ],
  [
    /attachments\[0\]\.contentDisposition/,
    bad => ({ attachments: [{ content: 'x', contentDisposition: `inline${bad}` as 'inline' }] }),
  ],
  [
    /attachments\[0\]\.contentTransferEncoding/,
    bad => ({ attachments: [{ content: 'x', contentTransferEncoding: `7bit${bad}` as '7bit' }] }),
  ],
  [/^attachments\[0\]\.cid/, bad => ({ attachments: [{ content: 'x', cid: `a${bad}@b` }] })],
  [
    /^attachments\[0\]\.headers\.X-A/,
    bad => ({ attachments: [{ content: 'x', headers: { 'X-A': `a${bad}` } }] }),
  ],
  [/^attachments\[0\]\.headers/, bad => ({ attachments: [{ content: 'x', headers: { [`X${bad}`]: 'a' } }] })],
  [/^alternatives\[0\]\.filename/, bad => ({ alternatives: [{ content: 'x', filename: `a${bad}` }] })],
  [
    /^alternatives\[0\]\.contentType/,
    bad => ({ alternatives: [{ content: 'x', contentType: `text/x${bad}` }] }),
  ],
  [/^text\.headers\.X-A/, bad => ({ text: { content: 'x', headers: { 'X-A': bad } } })],
  [/attachments\[0\]\.filename/, bad => ({ reader: () => 'x', attachments: [{ path: `/tmp/a${bad}.bin` }] })],
]

describe('a line break or NUL', () => {
  for (const [name, options] of positions) {
    it(`is refused in ${String(options).replace(/^bad => \(?|\)$/g, '')}`, () => {
      for (const bad of [
        '\r\nX-Injected: yes',
        '\nX-Injected: yes',
        '\rX-Injected: yes',
        '\0',
        '\r\n\r\nbody',
        '\r\n',
      ]) {
        assert.throws(
          () => compose({ ...basics, ...options(bad) }),
          (error: MailError) => {
            assert.equal(error.name, 'MailError')
            assert.ok(['EMESSAGE', 'ECONFIG', 'EADDRESS'].includes(error.code), error.code)
            assert.match(error.message.replace(/^option /, ''), name)
            // not even the error carries it into a log line
            assert.doesNotMatch(error.message, /[\r\n\0]/)
            return true
          },
        )
      }
    })
  }

  it('that only comes out of an encoded word or a data: URI is white space', () => {
    const message = written({
      ...basics,
      to: '=?utf-8?q?a=0D=0AX:_b?= <a@example.com>, =?utf-8?b?YQ0KWDogYg==?= <b@example.com>',
      attachments: [{ path: 'data:text/x-own;a=b\r\n;base64,AAEC' }],
    })
    assert.doesNotMatch(message.slice(0, message.indexOf('\r\n\r\n')), /^X/m)
    assert.match(message, /^Content-Type: text\/x-own; a=b; name=attachment-1\.bin\r\n/m)
  })
})

describe('the name of a header field', () => {
  it('is made of ftext only (RFC 5322 §3.6.8)', () => {
    for (const name of ['', ' X', 'X ', 'X:', 'X: y', 'X\tY', 'Ü', '\x7f', 'From: a@b (', 'x'.repeat(201)]) {
      assert.throws(
        () => compose({ ...basics, headers: { [name]: 'a' } }),
        (error: MailError) => error.code === 'EMESSAGE' && /headers/.test(error.message),
        JSON.stringify(name),
      )
    }
    const odd = '!#$%&\'*+-.^_`|~0AZaz()<>@,;\\"/[]?={}'
    assert.ok(written({ ...basics, headers: { [odd]: 'a' } }).includes(`\r\n${odd}: a\r\n`))
  })
})

it('other control characters never stand bare in a header', () => {
  const control = Array.from({ length: 31 }, (_, i) => String.fromCharCode(i + 1))
    .filter(c => !'\r\n\t'.includes(c))
    .join('')
  const message = written({
    ...basics,
    subject: `a${control}\x7fb`,
    to: { name: `n${control}\x7f`, address: 'a@example.com' },
    attachments: [{ content: 'x', filename: `f${control}\x7f.txt` }],
    headers: { 'X-A': control },
    list: { id: { url: 'a.example.com', comment: control } },
  })
  const header = message.slice(0, message.indexOf('\r\n\r\n'))
  assert.doesNotMatch(header, /[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]/)
})

it('bare CR and LF in text never reach the wire', () => {
  const message = written({
    ...basics,
    text: 'a\rb\nc\r\n.\n',
    html: '<b>\r</b>\n',
    attachments: [{ content: 'a\nb', filename: 'x.txt' }],
    icalEvent: 'A\nMETHOD:REPLY\n',
  })
  assert.doesNotMatch(message, /\r(?!\n)|(?<!\r)\n/)
})
