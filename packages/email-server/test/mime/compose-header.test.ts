import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { MailError } from '../../src/base/errors.ts'
import { composeMessage, parseMessage } from '../../src/mime/index.ts'
import { basics, compose, field, fields, fixed, written, writtenUtf8 } from './compose-helpers.ts'

const refused = (code: string, name: RegExp) => (error: MailError) =>
  error.code === code && name.test(error.message)

describe('the header of a composed message', () => {
  it('is that of RFC 5322 §3.6, whole, for a plain message', () => {
    const hex = '000102030405060708090a0b0c0d0e0f'
    assert.equal(
      written({ ...basics, text: 'Hello' }),
      [
        'From: ann@example.com',
        'To: bob@example.net',
        'Subject: Hi',
        `Message-ID: <${hex}@example.com>`,
        'Date: Mon, 23 Nov 2026 12:00:00 +0000',
        'MIME-Version: 1.0',
        'Content-Type: text/plain; charset=utf-8',
        'Content-Transfer-Encoding: 7bit',
        '',
        'Hello',
        '',
      ].join('\r\n'),
    )
  })

  it('asks for a date when nobody brings a clock', () => {
    assert.throws(() => composeMessage(basics), refused('ECONFIG', /date/))
    assert.match(
      Buffer.from(composeMessage({ ...basics, date: 0 }).bytesSync()).toString(),
      /^Date: Thu, 1 Jan 1970 /m,
    )
  })

  it('folds at white space so that lines have 78 characters at most, and nothing is lost (RFC 5322 §2.2.3)', () => {
    const subject = 'word '.repeat(60).trim()
    const message = written({ ...basics, subject })
    for (const line of message.split('\r\n')) assert.ok(line.length <= 78, line)
    assert.equal(field(message, 'Subject')!.replaceAll('\r\n', ''), subject)
  })

  it('lets a word that has no space be as long as 998 octets, on a line of its own', () => {
    const long = 'x'.repeat(997)
    const message = written({ ...basics, headers: { 'X-Token': `a ${long} b` } })
    assert.equal(field(message, 'X-Token'), `a\r\n ${long}\r\n b`)
  })

  it('writes longer words as encoded words where it may, and refuses them elsewhere', () => {
    const long = 'x'.repeat(998)
    const message = written({ ...basics, subject: `a ${long} b` })
    for (const line of message.split('\r\n')) assert.ok(line.length <= 78, line)
    assert.equal(parseMessage(Buffer.from(message, 'latin1')).subject, `a ${long} b`)
    assert.throws(
      () => compose({ ...basics, messageId: `<${long}@b>` }),
      refused('EMESSAGE', /messageId.*998/),
    )
    const prepared = { prepared: true, foldLines: true, value: long.repeat(2) }
    assert.throws(
      () => compose({ ...basics, headers: { 'X-A': prepared } }),
      refused('EMESSAGE', /headers\.X-A.*998/),
    )
  })

  it('counts octets, not characters, where the limit is one of octets (RFC 6532 §3.4)', () => {
    const subject = `${'ü'.repeat(499)} ${'日'.repeat(333)}`
    const message = compose({ ...basics, subject, smtpProfile: { smtputf8: true } })
    for (const line of Buffer.from(message.bytesSync()).toString('latin1').split('\r\n'))
      assert.ok(line.length <= 998)
    assert.equal(parseMessage(message.bytesSync()).subject, subject)
  })

  it('never makes a line of white space only by folding', () => {
    const message = written({ ...basics, subject: `a${' '.repeat(200)}b` })
    for (const line of message.split('\r\n\r\n')[0]!.split('\r\n')) assert.notEqual(line.trim(), '')
    assert.equal(field(message, 'Subject')!.replaceAll('\r\n', ''), `a${' '.repeat(200)}b`)
  })

  const dates: [string, Date | number | string, string][] = [
    ['a Date', new Date(Date.UTC(1997, 10, 21, 9, 55, 6)), 'Fri, 21 Nov 1997 09:55:06 +0000'],
    ['milliseconds', 880106106000, 'Fri, 21 Nov 1997 09:55:06 +0000'],
    [
      'RFC 5322 text, which keeps its zone',
      'Fri, 21 Nov 1997 09:55:06 -0600',
      'Fri, 21 Nov 1997 09:55:06 -0600',
    ],
    ['ISO 8601', '1997-11-21T09:55:06Z', 'Fri, 21 Nov 1997 09:55:06 +0000'],
    ['obsolete text', '21 Nov 97 09:55:06 GMT', 'Fri, 21 Nov 1997 09:55:06 +0000'],
  ]
  for (const [what, date, text] of dates) {
    it(`writes the date given as ${what}`, () =>
      assert.equal(field(written({ ...basics, date }), 'Date'), text))
  }
  for (const date of ['tomorrow', Number.NaN, new Date(Number.NaN), 9e15, '1997-13-45']) {
    it(`refuses ${String(date)} for a date`, () => {
      assert.throws(() => compose({ ...basics, date }), refused('ECONFIG', /date/))
    })
  }

  it('gives Message-IDs their brackets, and several ids their spaces (RFC 5322 §3.6.4)', () => {
    const message = written({
      ...basics,
      messageId: 'one@example.com',
      inReplyTo: '<two@example.com>',
      references: ['zero@example.com <one@ example.com>', '<two@example.com>'],
    })
    assert.equal(field(message, 'Message-ID'), '<one@example.com>')
    assert.equal(field(message, 'In-Reply-To'), '<two@example.com>')
    assert.equal(
      field(message, 'References')!.replace('\r\n', ''),
      '<zero@example.com> <one@example.com> <two@example.com>',
    )
    assert.equal(compose({ ...basics, messageId: 'one@example.com' }).messageId, '<one@example.com>')
    assert.throws(() => compose({ ...basics, messageId: '<a@b> <c@d>' }), refused('ECONFIG', /messageId/))
  })

  it('keeps a hundred references on lines of 78', () => {
    const references = Array.from({ length: 100 }, (_, i) => `<${i}.abcdefghijklmnop@mail.example.com>`)
    const message = written({ ...basics, references })
    for (const line of message.split('\r\n')) assert.ok(line.length <= 78, line)
    assert.deepEqual(field(message, 'References')!.split(/\s+/), references)
  })

  it('makes Message-IDs at the domain of From, in ASCII, and at localhost without From', () => {
    assert.match(
      compose({ ...basics, from: 'ann@bücher.example' }).messageId!,
      /^<[0-9a-f]{32}@xn--bcher-kva\.example>$/,
    )
    assert.match(compose({ to: 'x@example.com', text: 'draft' }).messageId!, /@localhost>$/)
  })

  it('writes priorities as mailers do, and nothing for normal', () => {
    const high = written({ ...basics, priority: 'high' })
    assert.deepEqual(
      ['X-Priority', 'X-MSMail-Priority', 'Importance'].map(name => field(high, name)),
      ['1 (Highest)', 'High', 'High'],
    )
    assert.equal(field(written({ ...basics, priority: 'low' }), 'X-Priority'), '5 (Lowest)')
    assert.equal(field(written({ ...basics, priority: 'normal' }), 'X-Priority'), null)
    assert.throws(() => compose({ ...basics, priority: 'urgent' as 'high' }), refused('ECONFIG', /priority/))
  })

  it('writes X-Mailer when asked', () => {
    assert.equal(field(written({ ...basics, xMailer: 'email-server' }), 'X-Mailer'), 'email-server')
    assert.equal(field(written({ ...basics, xMailer: false }), 'X-Mailer'), null)
  })
})

describe('text outside ASCII', () => {
  it('becomes encoded words of 75 characters at most, on lines of 76 (RFC 2047 §2)', () => {
    for (const subject of [
      'Grüße aus Köln '.repeat(20).trim(),
      '日本語のとても長い件名'.repeat(12),
      '🎉'.repeat(60),
    ]) {
      const message = written({ ...basics, subject })
      const value = field(message, 'Subject')!
      for (const line of `Subject: ${value}`.split('\r\n')) assert.ok(line.length <= 76, line)
      const words = value.split(/\s+/)
      const text = words.map(word => {
        assert.ok(word.length <= 75)
        const [, , kind, content] = /^=\?([^?]+)\?([QB])\?([^?]*)\?=$/i.exec(word)!
        return kind === 'B'
          ? Buffer.from(content!, 'base64')
          : Buffer.from(
              content!
                .replaceAll('_', ' ')
                .replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
              'latin1',
            )
      })
      // each word is whole characters: decoding one by one gives the same as together
      assert.equal(text.map(part => part.toString('utf8')).join(''), subject)
    }
  })

  it('chooses Q or B as textEncoding says', () => {
    assert.match(
      field(written({ ...basics, subject: 'Grüße', textEncoding: 'B' }), 'Subject')!,
      /^=\?UTF-8\?B\?/,
    )
    assert.match(
      field(written({ ...basics, subject: '日本', textEncoding: 'quoted-printable' }), 'Subject')!,
      /^=\?UTF-8\?Q\?/,
    )
    assert.match(
      field(written({ ...basics, to: '"日本" <a@b.example>', textEncoding: 'Q' }), 'To')!,
      /^=\?UTF-8\?Q\?/,
    )
    assert.throws(() => compose({ ...basics, textEncoding: 'X' as 'Q' }), refused('ECONFIG', /textEncoding/))
  })

  it('does not leave text bare that a reader would take for an encoded word', () => {
    assert.equal(
      field(written({ ...basics, subject: '=?utf-8?q?x?=' }), 'Subject'),
      '=?UTF-8?B?PT91dGYtOD9xP3g/PQ==?=',
    )
  })

  it('keeps white space at the ends by encoding the words beside it', () => {
    assert.equal(
      field(written({ ...basics, subject: ' a bc d ' }), 'Subject'),
      '=?UTF-8?Q?_a?= bc =?UTF-8?Q?d_?=',
    )
    assert.equal(field(written({ ...basics, subject: ' a b ' }), 'Subject'), '=?UTF-8?Q?_a_b_?=')
    assert.equal(field(written({ ...basics, subject: '  ' }), 'Subject'), '=?UTF-8?Q?__?=')
  })

  it('is UTF-8 as it stands when the way allows SMTPUTF8 (RFC 6532), and the message says so', () => {
    const options = {
      ...basics,
      from: 'Jörg <jörg@bücher.example>',
      subject: 'Grüße',
      smtpProfile: { smtputf8: true },
    }
    const message = writtenUtf8(options)
    assert.equal(field(message, 'From'), 'Jörg <jörg@bücher.example>')
    assert.equal(field(message, 'Subject'), 'Grüße')
    assert.equal(compose(options).smtputf8, true)
    assert.equal(compose({ ...basics, smtpProfile: { smtputf8: true } }).smtputf8, false)
  })

  it('is UTF-8 without being asked only when an address has no other form, and then everywhere (RFC 6532 §3.6)', () => {
    const message = writtenUtf8({ ...basics, to: 'jörg@bücher.example', subject: 'Grüße' })
    assert.equal(field(message, 'To'), 'jörg@bücher.example')
    assert.equal(field(message, 'Subject'), 'Grüße')
    assert.equal(compose({ ...basics, to: 'jörg@example.com' }).smtputf8, true)
    assert.throws(
      () => compose({ ...basics, to: 'jörg@example.com', smtpProfile: { smtputf8: false } }),
      refused('EMESSAGE', /to .*SMTPUTF8/),
    )
  })

  it('in a Bcc does not make the header UTF-8, for it is not there', () => {
    assert.equal(compose({ ...basics, bcc: 'jörg@example.com' }).smtputf8, false)
  })
})

describe('addresses', () => {
  it('are taken as text, objects, groups and arrays of them', () => {
    const message = written({
      ...basics,
      to: [
        '"Doe, John" <john@example.org>',
        { name: 'Ann "A" Lee', address: 'ann@example.com' },
        ['c@example.com, d@example.com'],
      ],
      cc: 'Friends: e@example.com, Fred <f@example.com>;, "Undisclosed recipients":;',
    })
    assert.equal(
      field(message, 'To')!.replaceAll('\r\n', ''),
      '"Doe, John" <john@example.org>, "Ann \\"A\\" Lee" <ann@example.com>, c@example.com, d@example.com',
    )
    assert.equal(
      field(message, 'Cc')!.replaceAll('\r\n', ''),
      'Friends: e@example.com, Fred <f@example.com>;, Undisclosed recipients:;',
    )
  })

  it('have their domains in ASCII, and names in encoded words', () => {
    assert.equal(
      field(written({ ...basics, from: 'Jörg Müller <jm@bücher.example>' }), 'From'),
      '=?UTF-8?B?SsO2cmcgTcO8bGxlcg==?= <jm@xn--bcher-kva.example>',
    )
  })

  it('write all fields that there are, Reply-To and Sender too', () => {
    const message = written({
      ...basics,
      sender: 's@example.com',
      replyTo: ['r@example.com', 'q@example.com'],
    })
    assert.equal(field(message, 'Sender'), 's@example.com')
    assert.equal(field(message, 'Reply-To'), 'r@example.com, q@example.com')
  })

  it('have a Sender when From has several mailboxes (RFC 5322 §3.6.2), and one only', () => {
    const from = 'Ann <a@example.com>, b@example.com'
    assert.equal(field(written({ ...basics, from }), 'Sender'), 'Ann <a@example.com>')
    assert.equal(field(written({ ...basics, from, sender: 'c@example.com' }), 'Sender'), 'c@example.com')
    assert.equal(
      field(written({ ...basics, from: 'Us: a@example.com, b@example.com;' }), 'Sender'),
      'a@example.com',
    )
    assert.equal(field(written(basics), 'Sender'), null)
    for (const sender of [from, 'Us: a@example.com;']) {
      assert.throws(() => compose({ ...basics, sender }), refused('ECONFIG', /sender/))
    }
  })

  it('that are none are refused by the name of their option', () => {
    for (const to of [
      'nobody',
      'a@b@c.example',
      { name: 'X', address: 'a@b.example, c@d.example' },
      { address: '' },
      7 as never,
    ]) {
      assert.throws(() => compose({ ...basics, to }), refused('EADDRESS', /^to/), JSON.stringify(to))
    }
  })
})

describe('the envelope', () => {
  const envelope = (options: Parameters<typeof compose>[0]) => compose(options).envelope

  it('has From, and everybody in To, Cc and Bcc once, in that order', () => {
    assert.deepEqual(
      envelope({
        from: 'Ann <ann@example.com>',
        to: 'bob@example.net, Friends: carl@example.org, bob@EXAMPLE.net;',
        cc: 'dora@bücher.example',
        bcc: ['emil@example.com', 'BOB@example.net'],
      }),
      {
        from: 'ann@example.com',
        to: [
          'bob@example.net',
          'carl@example.org',
          'dora@xn--bcher-kva.example',
          'emil@example.com',
          'BOB@example.net',
        ],
      },
    )
  })

  it('keeps Bcc out of the message, however it is given', () => {
    for (const options of [
      { ...basics, bcc: 'secret@example.com' },
      { ...basics, headers: { bcc: 'secret@example.com' } },
      { ...basics, headers: [{ key: 'BCC', value: { name: 'S', address: 'secret@example.com' } }] },
    ]) {
      assert.doesNotMatch(written(options), /secret|bcc/i)
      assert.deepEqual(envelope(options).to, ['bob@example.net', 'secret@example.com'])
    }
    assert.throws(
      () => compose({ ...basics, headers: { 'Resent-Bcc': 'x@example.com' } }),
      refused('EMESSAGE', /Resent-Bcc/),
    )
  })

  it('falls back to Sender and Reply-To, and to nobody', () => {
    assert.equal(envelope({ sender: 's@example.com', replyTo: 'r@example.com' }).from, 's@example.com')
    assert.equal(envelope({ replyTo: 'r@example.com' }).from, 'r@example.com')
    assert.deepEqual(envelope({ text: 'x' }), { from: null, to: [] })
  })

  it('is what the option says, when there is one', () => {
    assert.deepEqual(
      envelope({
        ...basics,
        envelope: { from: 'bounce@example.com', to: ['x@example.com'], bcc: 'y@example.com' },
      }),
      {
        from: 'bounce@example.com',
        to: ['x@example.com', 'y@example.com'],
      },
    )
    for (const from of [false, '', '<>'] as const)
      assert.equal(envelope({ ...basics, envelope: { from } }).from, '')
    assert.equal(envelope({ ...basics, envelope: { to: 'x@example.com' } }).from, null)
  })

  it('keeps quoted local parts, and addresses that need SMTPUTF8 as they are', () => {
    assert.deepEqual(envelope({ ...basics, to: '"a b"@example.com, jörg@bücher.example' }).to, [
      '"a b"@example.com',
      'jörg@bücher.example',
    ])
  })
})

describe('custom headers', () => {
  it('are taken as an object, a pair, or a list of pairs, and an array writes a field for each value', () => {
    for (const headers of [
      { 'X-A': '1', 'X-B': ['2', 3, true, null, undefined, ''] },
      [
        { key: 'X-A', value: '1' },
        { key: 'X-B', value: ['2', 3, true] },
      ],
    ]) {
      const message = written({ ...basics, headers })
      assert.equal(field(message, 'X-A'), '1')
      assert.deepEqual(fields(message, 'X-B'), ['2', '3', 'true'])
    }
    assert.equal(field(written({ ...basics, headers: { key: 'X-One', value: 'x' } }), 'X-One'), 'x')
  })

  it('give way to options, and stand in for them', () => {
    const headers = {
      Subject: 'from headers',
      to: 'other@example.com',
      'message-id': 'x@y',
      References: 'a@b c@d',
      Date: new Date(0),
    }
    const both = written({ ...basics, headers })
    assert.deepEqual(fields(both, 'Subject'), ['Hi'])
    assert.deepEqual(fields(both, 'To'), ['bob@example.net'])
    const alone = written({ headers })
    assert.deepEqual(fields(alone, 'Subject'), ['from headers'])
    assert.deepEqual(fields(alone, 'To'), ['other@example.com'])
    assert.deepEqual(fields(alone, 'Message-ID'), ['<x@y>'])
    assert.deepEqual(fields(alone, 'References'), ['<a@b> <c@d>'])
    assert.deepEqual(fields(alone, 'Date'), ['Thu, 1 Jan 1970 00:00:00 +0000'])
    assert.deepEqual(compose({ headers }).envelope.to, ['other@example.com'])
    assert.throws(
      () => compose({ headers: { Subject: ['a', 'b'] } }),
      refused('EMESSAGE', /Subject comes twice/),
    )
  })

  it('that hold addresses are written as addresses', () => {
    const message = written({
      ...basics,
      headers: { 'Disposition-Notification-To': 'Jörg <j@bücher.example>' },
    })
    assert.equal(
      field(message, 'Disposition-Notification-To'),
      '=?UTF-8?B?SsO2cmc=?= <j@xn--bcher-kva.example>',
    )
  })

  it('may be prepared: written as they stand, folded by their writer or at spaces', () => {
    const message = written({
      ...basics,
      headers: {
        'X-As-Is': { prepared: true, value: `${'long '.repeat(30)}=?utf-8?q?x?=` },
        'X-Folded': { prepared: true, value: 'one\r\n\ttwo' },
        'X-Fold': { prepared: true, foldLines: true, value: 'long '.repeat(30).trim() },
        'X-Value': { value: 'Grüße' },
      },
    })
    assert.equal(field(message, 'X-As-Is'), `${'long '.repeat(30)}=?utf-8?q?x?=`)
    assert.equal(field(message, 'X-Folded'), 'one\r\n\ttwo')
    assert.ok(field(message, 'X-Fold')!.includes('\r\n '))
    assert.equal(field(message, 'X-Value'), '=?UTF-8?B?R3LDvMOfZQ==?=')
  })

  it('called __proto__ and constructor are headers like others', () => {
    const headers = JSON.parse('{"__proto__":"a","constructor":"b","toString":"c"}')
    const message = written({ ...basics, headers })
    assert.deepEqual(
      ['__proto__', 'constructor', 'toString'].map(name => field(message, name)),
      ['a', 'b', 'c'],
    )
  })

  it('that say what composeMessage itself says are refused', () => {
    for (const name of ['Content-Type', 'content-transfer-encoding', 'Content-Disposition']) {
      assert.throws(
        () => compose({ ...basics, headers: { [name]: 'x' } }),
        refused('EMESSAGE', new RegExp(name)),
      )
      const attachments = [{ content: 'x', headers: { [name]: 'x' } }]
      assert.throws(
        () => compose({ ...basics, attachments }),
        refused('EMESSAGE', new RegExp(`attachments\\[0\\]\\.headers\\.${name}`)),
      )
    }
    assert.equal(fields(written({ ...basics, headers: { 'MIME-Version': '1.0' } }), 'MIME-Version').length, 1)
  })

  it('are renamed by normalizeHeaderKey', () => {
    const message = written({ ...basics, normalizeHeaderKey: key => key.toUpperCase() })
    assert.equal(field(message, 'SUBJECT'), 'Hi')
    assert.match(message, /^FROM: /)
  })
})

describe('lists', () => {
  it('write the fields of RFC 2369 and RFC 2919', () => {
    const message = written({
      ...basics,
      list: {
        help: 'list@host.com?subject=help',
        unsubscribe: [
          [
            { url: 'http://www.host.com/list.cgi?cmd=unsub&lst=list', comment: 'Web (slow)' },
            'mailto:list-request@host.com?subject=unsubscribe',
          ],
        ],
        subscribe: ['www.host.com/join', 'list-on@host.com'],
        post: { url: 'NO', comment: 'posting not allowed on this list' },
        owner: 'mailto:listmom@host.com',
        archive: 'https://host.com/ü',
        id: { url: 'news.example.com', comment: 'Nüws' },
      },
    })
    assert.equal(field(message, 'List-Help'), '<mailto:list@host.com?subject=help>')
    assert.equal(
      field(message, 'List-Unsubscribe')!.replaceAll('\r\n', ''),
      '<http://www.host.com/list.cgi?cmd=unsub&lst=list> (Web \\(slow\\)), <mailto:list-request@host.com?subject=unsubscribe>',
    )
    assert.deepEqual(fields(message, 'List-Subscribe'), [
      '<http://www.host.com/join>',
      '<mailto:list-on@host.com>',
    ])
    assert.equal(field(message, 'List-Post'), 'NO (posting not allowed on this list)')
    assert.equal(field(message, 'List-Owner'), '<mailto:listmom@host.com>')
    assert.equal(field(message, 'List-Archive'), '<https://host.com/%C3%BC>')
    assert.equal(field(message, 'List-ID'), '=?UTF-8?B?TsO8d3M=?= <news.example.com>')
  })

  it('offer one-click unsubscribing as RFC 8058 §8.1 shows it', () => {
    const message = written({
      ...basics,
      list: { unsubscribe: 'https://example.com/unsubscribe/opaquepart', oneClick: true },
    })
    assert.equal(field(message, 'List-Unsubscribe'), '<https://example.com/unsubscribe/opaquepart>')
    assert.equal(field(message, 'List-Unsubscribe-Post'), 'List-Unsubscribe=One-Click')
  })

  it('refuse one-click without exactly one https URL in one field (RFC 8058 §3.1)', () => {
    for (const unsubscribe of [
      undefined,
      'mailto:x@example.com',
      'http://example.com/u',
      [['https://example.com/1', 'https://example.com/2']],
      [['https://example.com/1', 'http://example.com/2']],
      ['https://example.com/1', 'mailto:x@example.com'],
    ]) {
      assert.throws(
        () => compose({ ...basics, list: { unsubscribe, oneClick: true } }),
        refused('EMESSAGE', /oneClick/),
      )
    }
  })

  it('refuse what is no URL and no identifier', () => {
    for (const help of ['a b', 'a>b', '<>']) {
      assert.throws(() => compose({ ...basics, list: { help } }), refused('ECONFIG', /list\.help/), help)
    }
    assert.throws(
      () => compose({ ...basics, list: { 'unsubscribe-post': 'List-Unsubscribe=One-Click' } }),
      refused('ECONFIG', /oneClick/),
    )
    assert.throws(() => compose({ ...basics, list: { id: 'not an id' } }), refused('ECONFIG', /list\.id/))
  })
})

it('the same options, clock and dice give the same message, octet for octet', () => {
  const options = { ...basics, text: 'x', html: '<b>x</b>', attachments: [{ content: 'y' }] }
  assert.deepEqual(composeMessage(options, fixed()).bytesSync(), composeMessage(options, fixed()).bytesSync())
})
