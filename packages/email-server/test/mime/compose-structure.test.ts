// Shapes of messages: which multiparts, in which order, with which headers of parts. RFC 2046 §5.1, RFC 2387, RFC 2183, RFC 6047.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { MailError } from '../../src/base/errors.ts'
import { type MessageOptions, type MessagePart, scanMessage } from '../../src/mime/index.ts'
import { basics, body, compose, field, written } from './compose-helpers.ts'

const refused = (code: string, name: RegExp) => (error: MailError) =>
  error.code === code && name.test(error.message)

/** `mixed(alternative(text/plain, text/html), application/pdf)` */
function shape(options: MessageOptions): string {
  const show = (part: MessagePart): string =>
    part.kind === 'multipart'
      ? `${part.subtype}(${part.parts.map(show).join(', ')})`
      : `${part.type}/${part.subtype}`
  return show(scanMessage(compose({ ...basics, ...options }).bytesSync()))
}

/** The n-th part (from 1) that is no multipart: the fields of the part, and its body. */
function part(options: MessageOptions, n: number): { header: string; body: string } {
  const raw = compose({ ...basics, ...options }).bytesSync()
  const leaves: MessagePart[] = []
  const collect = (one: MessagePart): void => {
    if (one.kind === 'leaf') leaves.push(one)
    else for (const child of one.parts) collect(child)
  }
  collect(scanMessage(raw))
  const leaf = leaves[n - 1]!
  const text = (from: number, to: number) => Buffer.from(raw.subarray(from, to)).toString('latin1')
  const header = text(leaf.headerStart, leaf.bodyStart)
  // of a message that has only one part, without the fields of the message
  const start = leaf.headerStart === 0 ? Math.max(header.indexOf('Content-Type'), 0) : 0
  return { header: header.slice(start), body: text(leaf.bodyStart, leaf.bodyEnd) }
}

const pdf = { filename: 'a.pdf', content: 'pdf' }
const png = { filename: 'a.png', content: 'png', cid: 'a@b' }
const ics = 'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n'

describe('the shape of a message', () => {
  const shapes: [string, MessageOptions, string][] = [
    ['nothing', {}, 'text/plain'],
    ['text', { text: 'a' }, 'text/plain'],
    ['html', { html: 'a' }, 'text/html'],
    ['text and html', { text: 'a', html: 'b' }, 'alternative(text/plain, text/html)'],
    [
      'every form of the text',
      {
        html: 'd',
        amp: 'c',
        watchHtml: 'b',
        text: 'a',
        alternatives: [{ contentType: 'text/x-web-markdown', content: 'e' }],
      },
      'alternative(text/plain, text/watch-html, text/x-amp-html, text/html, text/x-web-markdown)',
    ],
    ['one attachment', { attachments: [pdf] }, 'application/pdf'],
    ['two attachments', { attachments: [pdf, pdf] }, 'mixed(application/pdf, application/pdf)'],
    ['text and attachment', { text: 'a', attachments: [pdf] }, 'mixed(text/plain, application/pdf)'],
    [
      'text, html, attachment',
      { text: 'a', html: 'b', attachments: [pdf] },
      'mixed(alternative(text/plain, text/html), application/pdf)',
    ],
    ['html with its image', { html: 'b', attachments: [png] }, 'related(text/html, image/png)'],
    [
      'text, html with its image',
      { text: 'a', html: 'b', attachments: [png] },
      'alternative(text/plain, related(text/html, image/png))',
    ],
    [
      'all of it',
      { text: 'a', html: 'b', attachments: [pdf, png, pdf] },
      'mixed(alternative(text/plain, related(text/html, image/png)), application/pdf, application/pdf)',
    ],
    [
      'an image without html to refer to it',
      { text: 'a', attachments: [png] },
      'mixed(text/plain, image/png)',
    ],
    [
      'an invitation, as Gmail and Outlook send and take it',
      { text: 'a', html: 'b', icalEvent: ics },
      'mixed(alternative(text/plain, text/html, text/calendar), application/ics)',
    ],
    [
      'an invitation without its file',
      { text: 'a', html: 'b', icalEvent: { content: ics, attachment: false } },
      'alternative(text/plain, text/html, text/calendar)',
    ],
    [
      'an invitation with an image and a file',
      { text: 'a', html: 'b', icalEvent: ics, attachments: [png, pdf] },
      'mixed(alternative(text/plain, related(text/html, image/png), text/calendar), application/pdf, application/ics)',
    ],
    [
      'html among the alternatives',
      { text: 'a', alternatives: [{ contentType: 'text/html', content: 'b' }], attachments: [png] },
      'alternative(text/plain, related(text/html, image/png))',
    ],
  ]
  for (const [what, options, expected] of shapes) {
    it(`is ${expected} for ${what}`, () => assert.equal(shape(options), expected))
  }

  it('nests its boundaries so that none is the beginning of another', () => {
    const message = written({ ...basics, text: 'a', html: 'b', attachments: [png, pdf] })
    const found = [...message.matchAll(/boundary="([^"]+)"/g)].map(([, boundary]) => boundary!)
    assert.equal(new Set(found).size, 3)
    for (const a of found) for (const b of found) assert.ok(a === b || !b.startsWith(a))
    // neither base64 nor quoted-printable has "=_" (RFC 2045 §6.7)
    for (const boundary of found) assert.match(boundary, /^=_[0-9A-Za-z_]{1,66}$/)
  })

  it('names the type of the root of a multipart/related (RFC 2387 §3.1)', () => {
    assert.match(
      field(written({ ...basics, html: 'b', attachments: [png] }), 'Content-Type')!,
      /^multipart\/related; type="text\/html";/,
    )
  })

  it('draws another boundary when a part that goes out as it is has the first one', () => {
    const first = '101112131415161718191a1b1c1d1e1f'
    const message = written({ ...basics, text: `--=_1_${first}`, html: 'b' })
    assert.match(field(message, 'Content-Type')!, /boundary="=_1_202122232425262728292a2b2c2d2e2f"/)
    assert.equal(shape({ text: `--=_1_${first}--`, html: 'b' }), 'alternative(text/plain, text/html)')
  })

  it('takes the boundary that it is given, unless a part has it', () => {
    const options = { ...basics, text: 'a', html: 'b', baseBoundary: 'mine', boundaryPrefix: 'my:' }
    assert.match(field(written(options), 'Content-Type')!, /boundary="my:1_mine"/)
    assert.throws(() => compose({ ...options, text: '--my:1_mine' }), refused('EMESSAGE', /baseBoundary/))
    assert.throws(() => compose({ ...options, baseBoundary: 'a b' }), refused('ECONFIG', /baseBoundary/))
    assert.throws(
      () => compose({ ...options, boundaryPrefix: 'x'.repeat(33) }),
      refused('ECONFIG', /boundaryPrefix/),
    )
  })

  it('labels a multipart as wide as its widest part (RFC 2045 §6.4)', () => {
    const eight = { ...basics, html: 'ü', text: 'a', attachments: [pdf], smtpProfile: { eightBitMime: true } }
    assert.equal(field(written(eight), 'Content-Transfer-Encoding'), '8bit')
    assert.equal(compose(eight).bodyType, '8BITMIME')
    assert.equal(field(written({ ...eight, smtpProfile: {} }), 'Content-Transfer-Encoding'), null)
  })
})

describe('an attachment', () => {
  const header = (attachment: object) => part({ attachments: [attachment] }, 1).header

  it('has its name in both fields, in quotes where it needs them', () => {
    assert.match(
      header({ filename: 'a b.pdf', content: 'x' }),
      /Content-Type: application\/pdf; name="a b\.pdf"\r\nContent-Disposition: attachment; filename="a b\.pdf"\r\n/,
    )
    assert.match(header({ filename: 'a"b\\.txt', content: 'x' }), /filename="a\\"b\\\\\.txt"/)
  })

  it('has a name outside ASCII as RFC 2231 writes it, in pieces when it is long', () => {
    assert.match(
      header({ filename: 'Größe.txt', content: 'x' }),
      /filename\*=utf-8''Gr%C3%B6%C3%9Fe\.txt\r\n/,
    )
    const long = header({ filename: `${'日本語'.repeat(20)}.txt`, content: 'x' })
    assert.match(long, /filename\*0\*=utf-8''%E6%97%A5[^\r]*;\r\n filename\*1\*=/)
    for (const line of long.split('\r\n')) assert.ok(line.length <= 78, line)
  })

  it('keeps the form of RFC 2231 where UTF-8 may stand in headers', () => {
    const message = compose({
      ...basics,
      attachments: [{ filename: 'Größe.txt', content: 'x' }],
      smtpProfile: { smtputf8: true },
    })
    assert.match(Buffer.from(message.bytesSync()).toString(), /filename\*=utf-8''Gr%C3%B6%C3%9Fe\.txt/)
    assert.equal(message.smtputf8, false)
  })

  it('is named by its number, its path or not at all', () => {
    assert.match(
      part({ text: 'a', attachments: [pdf, { content: 'x', contentType: 'image/jpeg' }] }, 3).header,
      /filename=attachment-2\.jpg/,
    )
    assert.doesNotMatch(header({ content: 'x', filename: false }), /name/)
    const reader = () => 'content'
    assert.match(
      part({ reader, attachments: [{ path: 'C:\\Users\\ann\\plan.docx' }] }, 1).header,
      /filename=plan\.docx/,
    )
    assert.match(
      part({ reader, attachments: [{ href: 'https://example.com/dir/logo.png?v=1' }] }, 1).header,
      /^Content-Type: image\/png; name=logo\.png/,
    )
  })

  it('gets its type from its name, and keeps the one that it is given, with parameters', () => {
    assert.match(
      header({ filename: 'x.XLSX', content: '' }),
      /^Content-Type: application\/vnd\.openxmlformats-officedocument\.spreadsheetml\.sheet;/,
    )
    assert.match(
      header({ filename: 'x', content: 'x' }),
      /^Content-Type: application\/octet-stream; name=x\r\n/,
    )
    assert.match(
      header({ contentType: 'Text/CSV; header=present', content: 'a', filename: 'x.csv' }),
      /^Content-Type: text\/csv; header=present; charset=utf-8; name=x\.csv/,
    )
    assert.match(
      header({
        contentType: 'text/plain; charset=iso-8859-1; name=old',
        content: Buffer.from([0xfc]),
        filename: 'new.txt',
      }),
      /^Content-Type: text\/plain; charset=iso-8859-1; name=new\.txt/,
    )
    for (const contentType of ['text', 'text/', '/plain', 'te xt/plain', 'text/plain/x', '']) {
      assert.throws(
        () => compose({ ...basics, attachments: [{ content: 'x', contentType }] }),
        refused('ECONFIG', /attachments\[0\]\.contentType/),
        contentType,
      )
    }
    assert.throws(
      () => compose({ ...basics, attachments: [{ content: 'x', contentType: 'multipart/mixed' }] }),
      refused('EMESSAGE', /raw/),
    )
  })

  it('is inline when it is an image with a cid, and what it is told otherwise', () => {
    assert.match(header(png), /Content-Disposition: inline; filename=a\.png\r\nContent-ID: <a@b>/)
    assert.match(
      header({ ...pdf, cid: '<x>' }),
      /Content-Disposition: attachment; filename=a\.pdf\r\nContent-ID: <x>/,
    )
    assert.match(
      header({ ...pdf, contentDisposition: 'inline' }),
      /Content-Disposition: inline; filename=a\.pdf/,
    )
    assert.throws(
      () => compose({ ...basics, attachments: [{ ...pdf, cid: 'a b' }] }),
      refused('ECONFIG', /attachments\[0\]\.cid/),
    )
  })

  it('may have further headers, a Content-ID among them', () => {
    const headers = { 'Content-Description': 'Grüße', 'X-Attachment-Id': 'f1', 'Content-ID': '<own@id>' }
    const own = header({ ...pdf, headers })
    assert.match(own, /Content-Description: =\?UTF-8\?/)
    assert.match(own, /X-Attachment-Id: f1\r\n/)
    assert.match(own, /Content-ID: <own@id>\r\n/)
    assert.doesNotMatch(header({ ...png, headers }), /own@id/)
  })

  it('is decoded first when its content says how it is encoded', () => {
    for (const [encoding, content] of [
      ['base64', 'AAEC/w=='],
      ['hex', '000102ff'],
    ] as const) {
      const { header: head, body: data } = part(
        { text: 'x', attachments: [{ content, encoding, filename: 'x.bin' }] },
        2,
      )
      assert.match(head, /Content-Transfer-Encoding: base64/)
      assert.equal(data, 'AAEC/w==')
    }
    assert.throws(
      () => compose({ ...basics, attachments: [{ content: 'x', encoding: 'rot13' }] }),
      refused('ECONFIG', /attachments\[0\]\.encoding/),
    )
  })

  it('may be a data: URI (RFC 2397), by path or by href', () => {
    const { header: head, body: data } = part(
      { text: 'x', attachments: [{ path: 'data:image/gif;base64,R0lGODdh' }] },
      2,
    )
    assert.match(head, /^Content-Type: image\/gif; name=attachment-1\.gif/)
    assert.equal(data, 'R0lGODdh')
    assert.equal(
      part({ text: 'x', attachments: [{ href: 'data:,A%20brief%20note', filename: 'x.bin' }] }, 2).body,
      Buffer.from('A brief note').toString(),
    )
    assert.throws(
      () => compose({ ...basics, attachments: [{ path: 'data:text/plain' }] }),
      refused('EMESSAGE', /attachments\[0\]\.path/),
    )
  })

  it('by path or URL is refused without a reader, and with one when access is disabled', () => {
    const at =
      (attachment: object, more: MessageOptions = {}) =>
      () =>
        compose({ ...basics, ...more, attachments: [attachment] })
    const reader = () => 'x'
    assert.throws(at({ path: '/etc/passwd' }), refused('EMESSAGE', /attachments\[0\]\.path.*reader/))
    assert.throws(
      at({ href: 'https://example.com/x' }),
      refused('EMESSAGE', /attachments\[0\]\.href.*reader/),
    )
    assert.throws(
      at({ path: '/etc/passwd' }, { reader, disableFileAccess: true }),
      refused('EMESSAGE', /disableFileAccess/),
    )
    assert.throws(
      at({ path: 'https://example.com/x' }, { reader, disableUrlAccess: true }),
      refused('EMESSAGE', /disableUrlAccess/),
    )
    assert.throws(
      () => compose({ ...basics, text: { path: '/etc/passwd' } }),
      refused('EMESSAGE', /text\.path/),
    )
    const asked: unknown[] = []
    const spy = (source: unknown) => {
      asked.push(source)
      return 'x'
    }
    at({ path: '/tmp/x' }, { reader: spy, disableUrlAccess: true })()
    at({ path: 'HTTPS://example.com/x' }, { reader: spy, disableFileAccess: true })()
    assert.deepEqual(asked, [
      { path: '/tmp/x', href: null },
      { path: null, href: 'HTTPS://example.com/x' },
    ])
  })

  it('may be a raw part with its own header, whose line breaks become CRLF', () => {
    const raw = 'Content-Type: text/x-own\nX-Own: yes\n\nline\n'
    const { header: head, body: data } = part({ text: 'x', attachments: [{ raw }] }, 2)
    assert.equal(head, 'Content-Type: text/x-own\r\nX-Own: yes\r\n\r\n')
    assert.equal(data, 'line\r\n')
    assert.equal(part({ attachments: [{ raw }] }, 1).body, 'line\r\n')
    assert.equal(shape({ text: { raw } }), 'text/x-own')
  })

  it('must be an object', () => {
    for (const attachments of [['x'], [null], 'x', [Buffer.from('x')]]) {
      assert.throws(
        () => compose({ ...basics, attachments: attachments as never }),
        refused('ECONFIG', /attachments/),
      )
    }
    assert.throws(
      () => compose({ ...basics, attachments: [{ content: 7 as never }] }),
      refused('ECONFIG', /attachments\[0\]\.content/),
    )
  })
})

describe('an invitation', () => {
  const calendar = (icalEvent: MessageOptions['icalEvent']) => part({ text: 'a', icalEvent }, 2)

  it('says in its type what the calendar says of its method (RFC 6047 §2.4)', () => {
    assert.equal(
      /^Content-Type: (.*)\r\n/.exec(calendar(ics).header)![1],
      'text/calendar; method=REQUEST; charset=utf-8',
    )
    assert.match(calendar(Buffer.from(ics)).header, /method=REQUEST/)
    assert.match(calendar({ content: ics, method: 'request' }).header, /method=REQUEST/)
    assert.match(calendar(ics.replace('METHOD:REQUEST', 'Method;X-A=b:reply')).header, /method=REPLY/)
    assert.match(calendar(ics.replace('METHOD:REQUEST\r\n', '')).header, /method=PUBLISH/)
    assert.match(
      calendar({ content: ics.replace('METHOD:REQUEST\r\n', ''), method: 'CANCEL' }).header,
      /method=CANCEL/,
    )
  })

  it('is refused when the option contradicts the calendar, and when the method is none', () => {
    assert.throws(
      () => calendar({ content: ics, method: 'CANCEL' }),
      refused('EMESSAGE', /icalEvent\.method.*METHOD:REQUEST/),
    )
    assert.throws(() => calendar({ content: ics, method: 'A;B' }), refused('ECONFIG', /icalEvent\.method/))
  })

  it('has CRLF for line breaks, as calendars must (RFC 5545 §3.1), and no disposition', () => {
    const { header: head, body: data } = calendar(ics.replaceAll('\r\n', '\n'))
    assert.equal(data, ics)
    assert.doesNotMatch(head, /Disposition/)
  })

  it('comes again as a file', () => {
    const file = part({ text: 'a', icalEvent: { content: ics, filename: 'Treffen.ics' } }, 3)
    assert.match(
      file.header,
      /^Content-Type: application\/ics; name=Treffen\.ics\r\nContent-Disposition: attachment; filename=Treffen\.ics\r\nContent-Transfer-Encoding: base64/,
    )
    assert.equal(Buffer.from(file.body, 'base64').toString(), ics)
    assert.match(part({ text: 'a', icalEvent: ics }, 3).header, /filename=invite\.ics/)
  })
})

describe('data: images of the HTML', () => {
  const gif = 'data:image/gif;base64,R0lGODdh'

  it('become inline parts when asked, equal ones once', () => {
    const html = `<img alt=x src="${gif}"><IMG SRC='${gif}' ><img data-src="${gif}" src=data:image/png,abc><p src="${gif}">${gif}`
    const options = { html, attachDataUrls: true }
    assert.equal(shape(options), 'related(text/html, image/gif, image/png)')
    const shown = part(options, 1).body.replaceAll('=\r\n', '').replaceAll('=3D', '=')
    const cid = /Content-ID: <([^>]+)>/.exec(part(options, 2).header)![1]!
    const other = /Content-ID: <([^>]+)>/.exec(part(options, 3).header)![1]!
    assert.ok(
      shown.includes(
        `<img alt=x src="cid:${cid}"><IMG SRC='cid:${cid}' ><img data-src="${gif}" src=cid:${other}><p src="${gif}">${gif}`,
      ),
      shown,
    )
    assert.match(part(options, 2).header, /Content-Disposition: inline; filename=image-1\.gif/)
  })

  it('are found in bytes and in decoded text as well', () => {
    const html = `<img src="${gif}">`
    for (const given of [
      Buffer.from(html),
      { content: Buffer.from(html).toString('base64'), encoding: 'base64' },
    ]) {
      assert.equal(shape({ html: given, attachDataUrls: true }), 'related(text/html, image/gif)')
    }
  })

  it('stay where they are when nobody asks', () => {
    assert.equal(shape({ html: `<img src="${gif}">` }), 'text/html')
  })

  it('are found in linear time, whatever the HTML is', () => {
    for (const piece of ['<img ', '<img src=', '<img src="data:image/', `<img a='`, '<img =', '<img / ']) {
      const time = (n: number): number => {
        const html = piece.repeat(n)
        const start = performance.now()
        compose({ ...basics, html, attachDataUrls: true })
        return performance.now() - start
      }
      time(1000)
      assert.ok(time(100_000) < 2000, piece)
    }
  })
})

describe('a raw message', () => {
  const raw = 'From: x@example.com\nTo: y@example.com\nMessage-ID: <m@x>\n\nHello\n'

  it('goes out as it is, with CRLF', () => {
    const message = compose({ raw, envelope: { from: 'a@example.com', to: 'b@example.com' } })
    assert.equal(Buffer.from(message.bytesSync()).toString(), raw.replaceAll('\n', '\r\n'))
    assert.deepEqual(message.envelope, { from: 'a@example.com', to: ['b@example.com'] })
    assert.equal(message.messageId, '<m@x>')
    assert.equal(message.bodyType, '7BIT')
  })

  it('takes its envelope from the other options, and from nothing else', () => {
    assert.deepEqual(
      compose({ raw, from: 'a@example.com', to: 'b@example.com', bcc: 'c@example.com' }).envelope,
      {
        from: 'a@example.com',
        to: ['b@example.com', 'c@example.com'],
      },
    )
    assert.deepEqual(compose({ raw }).envelope, { from: null, to: [] })
  })

  it('needs no date, ends in CRLF, and says what it needs', () => {
    const eight = compose({ raw: Buffer.from('Subject: ü\r\n\r\nü') })
    assert.equal(Buffer.from(eight.bytesSync()).toString(), 'Subject: ü\r\n\r\nü\r\n')
    assert.deepEqual([eight.bodyType, eight.smtputf8, eight.messageId], ['8BITMIME', true, null])
    assert.equal(compose({ raw: `A: b\r\n\r\n${'x'.repeat(999)}` }).bodyType, 'BINARYMIME')
    assert.throws(
      () => compose({ raw: 'A: b\r\n\r\nü', smtpProfile: { eightBitMime: false } }),
      refused('EMESSAGE', /raw.*8bit/),
    )
  })
})

it('one body of text needs no more than its own lines', () => {
  assert.equal(body(written({ ...basics, text: 'a\nb\rc\r\nd' })), 'a\r\nb\r\nc\r\nd\r\n')
})
