// Delivery status notifications as they are written: RFC 3464, RFC 3461 §6, RFC 6522, RFC 6533.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { MailError } from '../../src/base/errors.ts'
import { composeDsn, type DsnOptions, type DsnRecipient } from '../../src/dsn/index.ts'
import { buildDsn } from '../../src/node/index.ts'
import { basics, bob, fixed, lines, parts, status, written } from './kit.ts'

const original = lines(
  'From: Alice <alice@example.com>',
  'To: bob@unknown.example',
  'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=',
  'Message-ID: <42@example.com>',
  'Date: Mon, 23 Nov 2026 10:00:00 +0000',
  '',
  'Hello Bob',
)

describe('the message', () => {
  it('goes from the null sender to the one sender of the envelope', () => {
    const { envelope, smtputf8, bodyType, messageId } = composeDsn(basics, fixed())
    assert.deepEqual(envelope, { from: '', to: ['alice@example.com'] })
    assert.deepEqual([smtputf8, bodyType], [false, '7BIT'])
    assert.match(messageId!, /^<[0-9a-f]{32}@example\.com>$/)
  })

  it('is a multipart/report, marked as an automatic answer to the original', () => {
    const message = written({ originalMessage: original })
    assert.match(message, /^From: postmaster@example\.com\r\nTo: alice@example\.com\r\n/)
    assert.match(message, /^Content-Type: multipart\/report; report-type=delivery-status;\r\n boundary="/m)
    assert.match(message, /^Auto-Submitted: auto-replied\r$/m)
    assert.match(message, /^Date: Mon, 23 Nov 2026 12:00:00 \+0000\r$/m)
    assert.match(message, /^In-Reply-To: <42@example\.com>\r\nReferences: <42@example\.com>\r$/m)
    assert.deepEqual(
      parts(message).map(({ type, encoding }) => [type, encoding]),
      [
        ['text/plain', 'quoted-printable'],
        ['message/delivery-status', '7bit'],
        ['text/rfc822-headers', '7bit'],
      ],
    )
  })

  it('comes from the postmaster of the reporting system when nobody else is named', () => {
    assert.match(
      written({ from: undefined }),
      /^From: Mail Delivery System <postmaster@mail\.example\.com>\r\n/,
    )
  })

  it('is bytes at once by buildDsn, dated now', () => {
    const raw = buildDsn(basics)
    assert.ok(raw instanceof Uint8Array)
    const date = /^Date: (.*)\r$/m.exec(Buffer.from(raw).toString())![1]!
    assert.ok(Math.abs(Date.parse(date) - Date.now()) < 60_000, date)
  })
})

describe('the text for people', () => {
  const text = (options: Partial<DsnOptions>): string =>
    parts(written(options))[0]!.body.replaceAll('\r\n', '\n')

  it('says what happened to whom, what the server said, and what can be done', () => {
    assert.equal(
      text({ originalMessage: original.replace('=?utf-8?q?Gr=C3=BC=C3=9Fe?=', 'Lunch') }).trim(),
      `This is the mail system at mail.example.com.

I am sorry to have to tell you that your message could not be delivered
to its recipient. Nothing more will be tried for those who are named as
failed below.

    Subject:    Lunch
    Sent:       Mon, 23 Nov 2026 10:00:00 +0000
    Message-ID: <42@example.com>

<bob@unknown.example>
    FAILED. The message was not delivered.
    The domain of the address does not exist, or takes no mail. (5.1.2)
    mx.unknown.example says:
        550 5.1.2 Host unknown
    What you can do: check the address for a spelling mistake, and send
    the message again.

The details for mail administrators and the header of your message are
attached.`,
    )
  })

  it('has the decoded subject of the original, and puts the news in front of it', () => {
    const message = written({ originalMessage: original })
    assert.match(message, /^Subject: Not delivered: =\?UTF-8\?[BQ]\?.*\?=\r$/m)
    assert.match(Buffer.from(text({ originalMessage: original }), 'latin1').toString(), /Subject: {4}Grüße$/m)
    const subject = (recipients: DsnRecipient[]): string =>
      /^Subject: (.*)\r$/m.exec(written({ recipients }))![1]!
    const delayed: DsnRecipient = { finalRecipient: 'c@example.net', action: 'delayed' }
    const delivered: DsnRecipient = { finalRecipient: 'd@example.net', action: 'delivered' }
    assert.equal(subject([bob]), 'Not delivered: your message to bob@unknown.example')
    assert.equal(subject([delivered, delayed, bob]), 'Not delivered: your message')
    assert.equal(subject([delivered, delayed]), 'Delayed: your message')
    assert.equal(subject([delivered]), 'Delivered: your message to d@example.net')
  })

  it('tells until when a delayed message is tried, and that nothing need be done', () => {
    const delayed = text({
      recipients: [
        {
          finalRecipient: 'c@example.net',
          action: 'delayed',
          status: '4.4.1',
          willRetryUntil: new Date(Date.UTC(2026, 10, 28, 12)),
        },
      ],
    })
    assert.match(delayed, /you\s+need not send it again/)
    assert.match(delayed, /tried until Sat, 28 Nov 2026 12:00:00 \+0000\./)
    assert.match(delayed, /The mail server does not answer\. \(4\.4\.1\)/)
    assert.doesNotMatch(delayed, /What you can do/)
  })

  it('names the address that the sender wrote when it is another', () => {
    assert.match(
      text({ recipients: [{ ...bob, originalRecipient: 'rfc822;list@example.org' }] }),
      /<bob@unknown\.example>\n {4}\(you wrote to <list@example\.org>\)/,
    )
  })

  it('stays short when there are many recipients', () => {
    const recipients = Array.from({ length: 500 }, (_, i) => ({
      ...bob,
      finalRecipient: `u${i}@example.net`,
    }))
    const long = text({ recipients })
    assert.match(long, /\.\.\. and 450 more recipients\./)
    assert.equal(status({ recipients }).match(/^Final-Recipient:/gm)!.length, 500)
  })

  it('can be replaced, like the subject', () => {
    const message = written({ subject: 'Oh', text: 'No.\n' })
    assert.match(message, /^Subject: Oh\r$/m)
    assert.equal(parts(message)[0]!.body.trim(), 'No.')
  })
})

describe('the fields for programs', () => {
  it('are all those of RFC 3464 §2.2 and §2.3, in its order', () => {
    const at = (hour: number): Date => new Date(Date.UTC(2026, 10, 23, hour))
    assert.equal(
      status({
        originalEnvelopeId: 'ENV+42 =x',
        dsnGateway: 'gw.example.com',
        receivedFromMta: { name: 'client.example', address: '2001:DB8:0:0:0:0:0:1' },
        arrivalDate: at(9),
        recipients: [
          { ...bob, originalRecipient: 'rfc822;Bob@Example.ORG', lastAttempt: at(11), finalLogId: 'queue 7' },
          {
            finalRecipient: 'c@example.net',
            action: 'delayed',
            status: '4.2.2',
            diagnostic: ['452-4.2.2 Mailbox full', '452 4.2.2 Try later'],
            remoteMta: '192.0.2.1',
            willRetryUntil: at(23),
          },
          { finalRecipient: 'd@example.net', action: 'delivered' },
        ],
      }),
      lines(
        'Original-Envelope-Id: ENV+42 =x',
        'Reporting-MTA: dns; mail.example.com',
        'DSN-Gateway: dns; gw.example.com',
        'Received-From-MTA: dns; client.example (2001:db8::1)',
        'Arrival-Date: Mon, 23 Nov 2026 09:00:00 +0000',
        '',
        'Original-Recipient: rfc822; Bob@Example.ORG',
        'Final-Recipient: rfc822; bob@unknown.example',
        'Action: failed',
        'Status: 5.1.2',
        'Remote-MTA: dns; mx.unknown.example',
        'Diagnostic-Code: smtp; 550 5.1.2 Host unknown',
        'Last-Attempt-Date: Mon, 23 Nov 2026 11:00:00 +0000',
        'Final-Log-ID: queue 7',
        '',
        'Final-Recipient: rfc822; c@example.net',
        'Action: delayed',
        'Status: 4.2.2',
        'Remote-MTA: dns; [192.0.2.1]',
        // RFC 3461 §9.2: a space before each line after the first
        'Diagnostic-Code: smtp; 452-4.2.2 Mailbox full',
        ' 452 4.2.2 Try later',
        'Will-Retry-Until: Mon, 23 Nov 2026 23:00:00 +0000',
        '',
        'Final-Recipient: rfc822; d@example.net',
        'Action: delivered',
        'Status: 2.0.0',
      ),
    )
  })

  const statusCases: [Partial<DsnRecipient>, string][] = [
    [{ action: 'failed', status: undefined }, '5.0.0'],
    [{ action: 'delayed', status: undefined }, '4.0.0'],
    [{ action: 'relayed', status: undefined }, '2.0.0'],
    [{ action: 'expanded', status: undefined }, '2.0.0'],
    // it was tried until the end, and failed although each failure was temporary (RFC 3464 §2.3.3)
    [{ action: 'failed', status: '4.4.7' }, '4.4.7'],
    [{ action: 'relayed', status: '2.6.4' }, '2.6.4'],
  ]
  for (const [change, expected] of statusCases) {
    it(`has the status ${expected} for ${change.action} with ${change.status ?? 'none'}`, () => {
      assert.match(
        status({ recipients: [{ ...bob, ...change }] }),
        new RegExp(`^Action: ${change.action}\r\nStatus: ${expected.replaceAll('.', '\\.')}\r$`, 'm'),
      )
    })
  }

  const names: [reportingMta: string, written: string][] = [
    ['mail.example.com', 'dns; mail.example.com'],
    ['Mail.Example.COM', 'dns; Mail.Example.COM'],
    ['bücher.example', 'dns; xn--bcher-kva.example'],
    // RFC 3461 §6.3 (b)
    ['devbox', 'x-local-hostname; devbox'],
    ['mailbus; SYS30', 'mailbus; SYS30'],
    ['[192.0.2.1]', 'dns; [192.0.2.1]'],
    ['2001:db8::1', 'dns; [IPv6:2001:db8::1]'],
  ]
  for (const [reportingMta, expected] of names) {
    it(`name an MTA ${JSON.stringify(reportingMta)} as ${expected}`, () => {
      assert.equal(/^Reporting-MTA: (.*)\r$/m.exec(status({ reportingMta }))![1], expected)
    })
  }

  it('say that an explanation of our own is no reply of SMTP', () => {
    const recipients = [{ ...bob, diagnostic: 'no such user here', remoteMta: undefined }]
    assert.match(status({ recipients }), /^Diagnostic-Code: x-local; no such user here$/m)
  })

  it('fold what is long, and cut what has no end', () => {
    const diagnostic = `550 ${'word '.repeat(50)}${'x'.repeat(5000)} tail`
    const fields = status({ recipients: [{ ...bob, diagnostic }] })
    assert.ok(fields.split('\r\n').every(line => line.length <= 998))
    assert.ok(fields.length < 6000)
    assert.doesNotMatch(fields, /tail|\r\n[ \t]*\r\n[ \t]/)
  })
})

describe('addresses beyond ASCII', () => {
  const recipients: DsnRecipient[] = [
    { finalRecipient: 'jürgen+x@bücher.example', originalRecipient: 'utf-8;用户@例え.jp', action: 'failed' },
  ]

  it('are written in 7-bit when the way back carries no UTF-8 (RFC 6533 §3)', () => {
    const message = composeDsn({ ...basics, recipients }, fixed())
    assert.equal(message.smtputf8, false)
    const part = parts(written({ recipients }))[1]!
    assert.deepEqual([part.type, part.encoding], ['message/delivery-status', '7bit'])
    assert.match(
      part.body,
      /^Original-Recipient: utf-8; \\x\{7528\}\\x\{6237\}@\\x\{4F8B\}\\x\{3048\}\.jp\r$/m,
    )
    assert.match(part.body, /^Final-Recipient: utf-8; j\\x\{FC\}rgen\\x\{2B\}x@b\\x\{FC\}cher\.example\r$/m)
  })

  for (const change of [{ smtpProfile: { smtputf8: true } }, { to: 'aliçe@example.com' }]) {
    it(`are UTF-8 in message/global-delivery-status with ${JSON.stringify(change)}`, () => {
      const composed = composeDsn({ ...basics, recipients, ...change }, fixed())
      assert.equal(composed.bodyType, '8BITMIME')
      assert.equal(composed.smtputf8, true)
      const message = written({ recipients, ...change })
      assert.match(message, /report-type=delivery-status;/)
      const part = parts(message)[1]!
      assert.deepEqual([part.type, part.encoding], ['message/global-delivery-status', '8bit'])
      const text = Buffer.from(part.body, 'latin1').toString()
      assert.match(text, /^Original-Recipient: utf-8; 用户@例え\.jp\r$/m)
      assert.match(text, /^Final-Recipient: utf-8; jürgen\+x@bücher\.example\r$/m)
    })
  }

  it('in a diagnostic are escaped where the part is 7-bit, so that old readers know the part', () => {
    const fields = status({ recipients: [{ ...bob, diagnostic: '550 unknown: 用户' }] })
    assert.match(fields, /^Diagnostic-Code: smtp; 550 unknown: \\x\{7528\}\\x\{6237\}$/m)
  })
})

describe('what comes back of the original', () => {
  const third = (options: Partial<DsnOptions>) => parts(written({ originalMessage: original, ...options }))[2]
  const full = { returnContent: 'full' } as const
  const header = original.slice(0, original.indexOf('\r\n\r\n') + 2)

  it('is the header unless the sender asked for all', () => {
    assert.deepEqual(third({}), { type: 'text/rfc822-headers', encoding: '7bit', body: header })
  })

  it('is the whole message with RET=FULL', () => {
    const part = third(full)!
    assert.deepEqual([part.type, part.encoding, part.body], ['message/rfc822', '7bit', original])
  })

  it('is the header when nothing failed, whatever was asked for (RFC 3461 §4.3)', () => {
    const recipients: DsnRecipient[] = [
      { finalRecipient: 'c@example.net', action: 'delayed' },
      { finalRecipient: 'd@example.net', action: 'delivered' },
    ]
    assert.equal(third({ ...full, recipients })!.type, 'text/rfc822-headers')
  })

  it('is the header of a message that is longer than the limit; the limit itself is accepted', () => {
    assert.equal(third({ ...full, maxReturnedSize: original.length })!.type, 'message/rfc822')
    assert.equal(third({ ...full, maxReturnedSize: original.length - 1 })!.type, 'text/rfc822-headers')
  })

  it('has whole fields only, as many as the limit allows', () => {
    const { body } = third({ maxReturnedSize: 70 })!
    assert.equal(body, 'From: Alice <alice@example.com>\r\nTo: bob@unknown.example\r\n')
  })

  it('is nothing when there is no original', () => {
    assert.equal(parts(written({})).length, 2)
    assert.equal(parts(written({ originalMessage: '' })).length, 2)
  })

  it('with octets above 0x7F needs 8BITMIME, or only the header comes back', () => {
    const eightBit = Buffer.from(`${original}Grüße\r\n`)
    const options = { ...full, originalMessage: eightBit }
    assert.equal(composeDsn({ ...basics, ...options }, fixed()).bodyType, '8BITMIME')
    assert.deepEqual([third(options)!.type, third(options)!.encoding], ['message/rfc822', '8bit'])
    const narrow = { ...options, smtpProfile: { eightBitMime: false } }
    assert.equal(composeDsn({ ...basics, ...narrow }, fixed()).bodyType, '7BIT')
    assert.equal(third(narrow)!.type, 'text/rfc822-headers')
  })

  it('with a header in UTF-8 is message/global, encoded where the way back is 7-bit (RFC 6533 §4.5)', () => {
    const originalMessage = Buffer.from(original.replace(/=\?.*\?=/, 'Grüße'))
    for (const [smtputf8, encoding] of [
      [true, '8bit'],
      [false, 'quoted-printable'],
    ] as const) {
      const whole = third({ ...full, originalMessage, smtpProfile: { smtputf8 } })!
      assert.deepEqual([whole.type, whole.encoding], ['message/global', encoding])
      const part = third({ originalMessage, smtpProfile: { smtputf8 } })!
      assert.deepEqual([part.type, part.encoding], ['message/global-headers', encoding])
      assert.match(Buffer.from(part.body, 'latin1').toString(), /^Subject: Grüße\r$/m)
    }
  })

  it('with NUL, with lines without end or in an unknown charset still gives a header that can travel', () => {
    for (const bad of ['X-A: a\0b\r\n', `X-A: ${'a'.repeat(2000)}\r\n`, 'X-A: \xe9\r\n']) {
      const originalMessage = Buffer.from(bad + original, 'latin1')
      const part = third({ ...full, originalMessage, smtpProfile: { eightBitMime: false } })!
      assert.deepEqual([part.type, part.encoding], ['text/rfc822-headers', 'quoted-printable'])
      assert.equal(part.body.slice(0, bad.length), bad)
    }
  })

  it('cannot end the report early with a boundary of its own', () => {
    const message = written({ ...full, originalMessage: `${original}--=_report_00\r\n\r\n--x--\r\n` })
    assert.equal(parts(message).length, 3)
  })

  it('does not lend the report a Message-ID that could break its header', () => {
    for (const id of ['<a b@c>', 'no brackets', '<x@y> <z@w>', `<${'a'.repeat(2000)}@b>`, '<>']) {
      const message = written({ originalMessage: `Message-ID: ${id}\r\n\r\n` })
      assert.doesNotMatch(message.slice(0, message.indexOf('\r\n\r\n')), /^(?:References|In-Reply-To):/m)
    }
  })
})

describe('no text of a caller leaves its field', () => {
  const recipient = (change: Partial<Record<keyof DsnRecipient, unknown>>): Partial<DsnOptions> => ({
    recipients: [bob, { ...bob, ...change } as DsnRecipient],
  })
  const positions: [name: RegExp, options: (bad: string) => Partial<DsnOptions>][] = [
    [/^from/, bad => ({ from: `a${bad}@example.com` })],
    [/^to/, bad => ({ to: `a@example.com${bad}` })],
    [/^reportingMta/, bad => ({ reportingMta: `mail${bad}.example.com` })],
    [/^dsnGateway/, bad => ({ dsnGateway: `dns;gw${bad}` })],
    [/^receivedFromMta/, bad => ({ receivedFromMta: `client${bad}.example` })],
    [/^receivedFromMta\.name/, bad => ({ receivedFromMta: { name: `a${bad}` } })],
    [/^receivedFromMta\.address/, bad => ({ receivedFromMta: { name: 'a', address: `192.0.2.1${bad}` } })],
    [/^originalEnvelopeId/, bad => ({ originalEnvelopeId: `a${bad}b` })],
    [/^subject/, bad => ({ subject: `a${bad}b` })],
    [/^messageId/, bad => ({ messageId: `<a${bad}@b>` })],
    [/^recipients\[1\]\.finalRecipient/, bad => recipient({ finalRecipient: `b${bad}@example.com` })],
    [/^recipients\[1\]\.originalRecipient/, bad => recipient({ originalRecipient: `rfc822;b${bad}@x` })],
    [/^recipients\[1\]\.status/, bad => recipient({ status: `5.1.1${bad}` })],
    [/^recipients\[1\]\.diagnostic/, bad => recipient({ diagnostic: `550 a${bad}b` })],
    [/^recipients\[1\]\.diagnostic/, bad => recipient({ diagnostic: ['550-a', `550 b${bad}`] })],
    [/^recipients\[1\]\.remoteMta/, bad => recipient({ remoteMta: `mx${bad}.example` })],
    [/^recipients\[1\]\.finalLogId/, bad => recipient({ finalLogId: `a${bad}` })],
  ]
  for (const [name, options] of positions) {
    it(`${name.source}: CR, LF and NUL are refused by name`, () => {
      for (const bad of ['\r', '\n', '\0', '\r\nX: y', '\r\n\r\n']) {
        assert.throws(
          () => written(options(bad)),
          (error: MailError) => error.code === 'EMESSAGE' && name.test(error.message),
        )
      }
    })
  }

  it('an original with lone CRs or LFs changes no line of the report', () => {
    const message = written({ returnContent: 'full', originalMessage: 'Subject: a\rb\n\nx\ry\n' })
    assert.doesNotMatch(message, /\r(?!\n)|(?<!\r)\n/)
    assert.equal(parts(message).length, 3)
  })
})

describe('options that cannot be meant', () => {
  const recipient = (change: object): object => ({ recipients: [{ ...bob, ...change }] })
  const cases: [what: string, options: object, option: RegExp][] = [
    ['no sender to tell', { to: '' }, /option to /],
    ['two senders', { to: 'a@example.com, b@example.com' }, /option to /],
    ['a group', { to: 'A: a@example.com;' }, /option to /],
    ['no name of ours', { reportingMta: '' }, /option reportingMta/],
    ['a name that is no domain', { reportingMta: 'bü cher' }, /option reportingMta/],
    ['no recipients', { recipients: [] }, /option recipients/],
    ['a recipient that is none', { recipients: ['x'] }, /option recipients\[0\]/],
    ['no address', recipient({ finalRecipient: undefined }), /option recipients\[0\]\.finalRecipient/],
    ['an unknown action', recipient({ action: 'bounced' }), /option recipients\[0\]\.action/],
    ['an action from the prototype', recipient({ action: 'toString' }), /option recipients\[0\]\.action/],
    ['a malformed status', recipient({ status: '5.01.1' }), /option recipients\[0\]\.status/],
    ['a failure that succeeded', recipient({ status: '2.0.0' }), /option recipients\[0\]\.status/],
    ['a last retry after the failure', recipient({ willRetryUntil: new Date(0) }), /willRetryUntil/],
    ['a date that is none', recipient({ lastAttempt: new Date(Number.NaN) }), /lastAttempt/],
    ['a date in text', { arrivalDate: '2026-11-23' }, /option arrivalDate/],
    ['an unknown RET', { returnContent: 'FULL' }, /option returnContent/],
    ['a limit of 0', { maxReturnedSize: 0 }, /option maxReturnedSize/],
    ['an original that is an object', { originalMessage: {} }, /option originalMessage/],
    ['an address that is none', { receivedFromMta: { name: 'a', address: 'b' } }, /receivedFromMta\.address/],
  ]
  for (const [what, options, option] of cases) {
    it(`${what}: ECONFIG`, () => {
      assert.throws(
        () => written(options as Partial<DsnOptions>),
        (error: MailError) => error.code === 'ECONFIG' && option.test(error.message),
      )
    })
  }

  it('what must be ASCII and is not: EMESSAGE', () => {
    for (const options of [{ originalEnvelopeId: 'é' }, recipient({ finalLogId: 'é' })]) {
      assert.throws(() => written(options as Partial<DsnOptions>), { code: 'EMESSAGE' })
    }
  })
})
