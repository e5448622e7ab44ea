// Delivery reports of others, read: the examples of the RFCs, what Postfix, Exchange, Gmail and others write, and what is broken in the wild.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DsnReport, RecipientReport } from '../../src/dsn/index.ts'
import { ParsedMessage, parseMessage } from '../../src/mime/index.ts'
import { parseReport } from '../../src/node/index.ts'
import { lines, multipart, read } from './kit.ts'

const statusPart = (...fields: readonly string[]): string =>
  `Content-Type: message/delivery-status\r\n\r\n${lines(...fields)}`

function dsn(raw: Uint8Array | string): DsnReport {
  const report = read(raw)
  assert.ok(report?.kind === 'dsn', JSON.stringify(report))
  return report
}

/** The recipients of a report of these fields. */
const recipients = (...fields: readonly string[]): readonly RecipientReport[] =>
  dsn(multipart('delivery-status', statusPart(...fields))).recipients

const none = {
  ...{ originalRecipient: null, status: null, permanent: false, diagnostic: null, remoteMta: null },
  ...{ lastAttempt: null, finalLogId: null, willRetryUntil: null },
}

describe('the examples of RFC 3464, appendix E', () => {
  it('simple: a failure after repeated attempts', () => {
    const report = dsn(
      multipart(
        'delivery-status',
        statusPart(
          'Reporting-MTA: dns; cs.utk.edu',
          '',
          'Original-Recipient: rfc822;louisl@larry.slip.umd.edu',
          'Final-Recipient: rfc822;louisl@larry.slip.umd.edu',
          'Action: failed',
          'Status: 4.0.0',
          'Diagnostic-Code: smtp; 426 connection timed out',
          'Last-Attempt-Date: Thu, 7 Jul 1994 17:15:49 -0400',
        ),
        'content-type: message/rfc822\r\n\r\nMessage-ID: <a@cs.utk.edu>\r\nSubject: x\r\n\r\nbody\r\n',
      ),
    )
    assert.deepEqual(report.recipients, [
      {
        ...none,
        finalRecipient: 'louisl@larry.slip.umd.edu',
        originalRecipient: 'louisl@larry.slip.umd.edu',
        action: 'failed',
        status: '4.0.0',
        // the message has failed, the address may be good
        permanent: false,
        diagnostic: '426 connection timed out',
        lastAttempt: new Date('1994-07-07T21:15:49Z'),
      },
    ])
    assert.deepEqual([report.standard, report.reportingMta], [true, 'cs.utk.edu'])
    assert.equal(report.originalMessageId, '<a@cs.utk.edu>')
    assert.equal(report.originalHeaders?.get('subject'), 'x')
  })

  it('several recipients, comments behind codes, folded diagnostics', () => {
    const found = recipients(
      'Reporting-MTA: dns; cs.utk.edu',
      '',
      'Original-Recipient: rfc822;arathib@vnet.ibm.com',
      'Final-Recipient: rfc822;arathib@vnet.ibm.com',
      'Action: failed',
      'Status: 5.0.0 (permanent failure)',
      "Diagnostic-Code: smtp;  550 'arathib@vnet.IBM.COM' is not a",
      ' registered gateway user',
      'Remote-MTA: dns; vnet.ibm.com',
      '',
      'Original-Recipient: rfc822;johnh@hpnjld.njd.hp.com',
      'Final-Recipient: rfc822;johnh@hpnjld.njd.hp.com',
      'Action: delayed',
      'Status: 4.0.0 (hpnjld.njd.jp.com: host name lookup failure)',
    )
    assert.deepEqual(
      found.map(one => [
        one.finalRecipient,
        one.action,
        one.status,
        one.permanent,
        one.diagnostic,
        one.remoteMta,
      ]),
      [
        [
          ...['arathib@vnet.ibm.com', 'failed', '5.0.0', true],
          ...["550 'arathib@vnet.IBM.COM' is not a registered gateway user", 'vnet.ibm.com'],
        ],
        ['johnh@hpnjld.njd.hp.com', 'delayed', '4.0.0', false, null, null],
      ],
    )
  })

  it('from a gateway: an address of an unknown type, nothing returned', () => {
    const report = dsn(
      multipart(
        'delivery-status',
        statusPart(
          'Reporting-MTA: mailbus; SYS30',
          '',
          'Final-Recipient: unknown; nair_s',
          'Status: 5.0.0 (unknown permanent failure)',
          'Action: failed',
        ),
      ),
    )
    assert.deepEqual(report.recipients, [
      { ...none, finalRecipient: 'nair_s', action: 'failed', status: '5.0.0', permanent: true },
    ])
    assert.deepEqual([report.reportingMta, report.originalMessageId], ['SYS30', null])
  })
})

describe('what mail systems write', () => {
  it('Postfix 3.7: a failure, with ENVID, ORCPT and the header of the message', () => {
    const report = dsn(
      multipart(
        'delivery-status',
        `Content-Description: Delivery report\r\n${statusPart(
          'Reporting-MTA: dns; mail.example.com',
          'Original-Envelope-Id: QQ+314159',
          'X-Postfix-Queue-ID: 0AC8320C529',
          'X-Postfix-Sender: rfc822; alice@example.com',
          'Arrival-Date: Tue, 24 Nov 2026 19:48:07 +0000 (UTC)',
          '',
          'Final-Recipient: rfc822; bob@unknown.example',
          'Original-Recipient: rfc822;bob+x@unknown.example',
          'Action: failed',
          'Status: 5.1.1',
          'Remote-MTA: dns; 127.0.0.1',
          'Diagnostic-Code: smtp; 550-5.1.1 No such user here. 550 5.1.1 Please check the',
          '    address (really).',
        )}`,
        lines(
          'Content-Description: Undelivered Message Headers',
          'Content-Type: text/rfc822-headers',
          'Content-Transfer-Encoding: 8bit',
          '',
          'Return-Path: <alice@example.com>',
          'Subject: Lunch',
          'Message-ID: <lunch@example.com>',
        ),
      ),
    )
    assert.deepEqual(
      { ...report, originalHeaders: report.originalHeaders?.get('subject') },
      {
        kind: 'dsn',
        standard: true,
        reportingMta: 'mail.example.com',
        dsnGateway: null,
        receivedFromMta: null,
        arrivalDate: new Date('2026-11-24T19:48:07Z'),
        originalEnvelopeId: 'QQ+314159',
        recipients: [
          {
            ...none,
            finalRecipient: 'bob@unknown.example',
            originalRecipient: 'bob+x@unknown.example',
            action: 'failed',
            status: '5.1.1',
            permanent: true,
            diagnostic: '550-5.1.1 No such user here. 550 5.1.1 Please check the address (really).',
            remoteMta: '127.0.0.1',
          },
        ],
        originalMessageId: '<lunch@example.com>',
        originalHeaders: 'Lunch',
      },
    )
  })

  it('Postfix 3.7: a report in UTF-8 (RFC 6533), returned as message/global', () => {
    const report = dsn(
      multipart(
        'delivery-status',
        lines(
          'Content-Type: message/global-delivery-status',
          'Content-Transfer-Encoding: 8bit',
          '',
          'Reporting-MTA: dns; mail.example.com',
          '',
          'Final-Recipient: utf-8; jürgen@unknown.example',
          'Original-Recipient: utf-8;jürgen@unknown.example',
          'Action: failed',
          'Status: 5.1.1',
        ),
        'Content-Type: message/global\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: Grüße\r\nMessage-ID: <lunch@example.com>\r\n\r\nHello\r\n',
      ),
    )
    assert.equal(report.recipients[0]!.finalRecipient, 'jürgen@unknown.example')
    assert.equal(report.recipients[0]!.originalRecipient, 'jürgen@unknown.example')
    assert.equal(report.originalMessageId, '<lunch@example.com>')
    assert.equal(report.originalHeaders?.get('subject'), 'Grüße')
  })

  it('Postfix 3.7: a delay, and success', () => {
    const delay = recipients(
      'Reporting-MTA: dns; mail.example.com',
      '',
      'Final-Recipient: rfc822; full@unknown.example',
      'Original-Recipient: rfc822;full@unknown.example',
      'Action: delayed',
      'Status: 4.2.2',
      'Remote-MTA: dns; 127.0.0.1',
      'Diagnostic-Code: smtp; 452 4.2.2 Mailbox full',
      'Will-Retry-Until: Sun, 29 Nov 2026 19:48:07 +0000 (UTC)',
    )
    assert.deepEqual(delay[0]!.willRetryUntil, new Date('2026-11-29T19:48:07Z'))
    const success = recipients(
      'Reporting-MTA: dns; mail.example.com',
      '',
      'Final-Recipient: rfc822; alice@example.com',
      'Action: delivered',
      'Status: 2.0.0',
      'Diagnostic-Code: X-Postfix; delivery via virtual: delivered to maildir',
    )
    assert.equal(success[0]!.diagnostic, 'delivery via virtual: delivered to maildir')
  })

  it('Exchange: the report answers by In-Reply-To when nothing comes back', () => {
    const raw = multipart(
      'delivery-status',
      statusPart(
        'Reporting-MTA: dns;AM0PR01MB0001.eurprd01.prod.exchangelabs.com',
        'Received-From-MTA: dns;AM0PR01MB0002.eurprd01.prod.exchangelabs.com',
        'Arrival-Date: Mon, 23 Nov 2026 12:00:00 +0000',
        '',
        'Final-Recipient: rfc822;bob@unknown.example',
        'Action: failed',
        'Status: 5.1.10',
        'Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup',
      ),
    ).replace('Subject: A report', 'Subject: Undeliverable: x\r\nIn-Reply-To: <x@example.com>')
    const report = dsn(raw)
    assert.equal(report.originalMessageId, '<x@example.com>')
    assert.equal(report.receivedFromMta?.name, 'AM0PR01MB0002.eurprd01.prod.exchangelabs.com')
    assert.match(
      report.recipients[0]!.diagnostic!,
      /^550 5\.1\.10 RESOLVER\.ADR\.RecipientNotFound; Recipient/,
    )
  })

  const deviations: [what: string, fields: readonly string[], expected: readonly unknown[]][] = [
    [
      'no blank line between recipients',
      [
        'Final-Recipient: rfc822;a@x.example',
        'Action: failed',
        'Status: 5.1.1',
        'Final-Recipient: rfc822;b@x.example',
        'Action: delayed',
        'Status: 4.2.2',
      ],
      [
        ['a@x.example', 'failed', '5.1.1'],
        ['b@x.example', 'delayed', '4.2.2'],
      ],
    ],
    [
      'no blank line behind the fields of the message',
      [
        'Reporting-MTA: dns; mx.example',
        'Final-Recipient: rfc822;a@x.example',
        'Action: failed',
        'Status: 5.1.1',
      ],
      [['a@x.example', 'failed', '5.1.1']],
    ],
    [
      'blank lines in front, and several between',
      [
        '',
        '',
        'Reporting-MTA: dns; mx.example',
        '',
        '',
        'Final-Recipient: rfc822;a@x.example',
        'Action: failed',
      ],
      [['a@x.example', 'failed', null]],
    ],
    [
      'addresses in angle brackets, without a type, with a comment',
      [
        'Final-Recipient: RFC822; <a@x.example>',
        'Action: failed',
        '',
        'Final-Recipient: b@x.example',
        'Action: failed',
        '',
        'Final-Recipient: rfc822;c@x.example (Carol)',
        'Action: failed',
      ],
      [
        ['a@x.example', 'failed', null],
        ['b@x.example', 'failed', null],
        ['c@x.example', 'failed', null],
      ],
    ],
    [
      'a reply of several lines that was not folded',
      [
        'Final-Recipient: rfc822;a@x.example',
        'Diagnostic-Code: smtp; 550-5.7.1 Blocked',
        '550 5.7.1 see our policy',
        'Action: failed',
        'Status: 5.7.1',
      ],
      [['a@x.example', 'failed', '5.7.1']],
    ],
    [
      'no status but in the reply',
      ['Final-Recipient: rfc822;a@x.example', 'Action: failed', 'Diagnostic-Code: smtp; 550 5.2.1 disabled'],
      [['a@x.example', 'failed', '5.2.1']],
    ],
    [
      'other words for the action, or none',
      [
        'Final-Recipient: rfc822;a@x.example',
        'Action: Failure',
        'Status: 5.0.0',
        '',
        'Final-Recipient: rfc822;b@x.example',
        'Action: DELAYED (will be retried)',
        'Status: 4.4.1',
        '',
        'Final-Recipient: rfc822;c@x.example',
        'Status: 2.0.0',
      ],
      [
        ['a@x.example', 'failed', '5.0.0'],
        ['b@x.example', 'delayed', '4.4.1'],
        ['c@x.example', 'delivered', '2.0.0'],
      ],
    ],
    [
      'a recipient of whom nothing is said, beside one',
      ['Final-Recipient: rfc822;a@x.example', '', 'Final-Recipient: rfc822;b@x.example', 'Action: failed'],
      [['b@x.example', 'failed', null]],
    ],
  ]
  for (const [what, fields, expected] of deviations) {
    it(`read in spite of: ${what}`, () => {
      assert.deepEqual(
        recipients(...fields).map(one => [one.finalRecipient, one.action, one.status]),
        expected,
      )
    })
  }

  it('a status that is base64, in a multipart/mixed with a footer of a list', () => {
    const fields = lines('Reporting-MTA: dns; x', '', 'Final-Recipient: rfc822;a@x.example', 'Action: failed')
    const inner = multipart(
      'delivery-status',
      `Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(fields).toString('base64')}\r\n`,
    )
    const start = inner.indexOf('Content-Type: multipart')
    const raw = `From: x@y\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n${inner.slice(start)}\r\n--o\r\nContent-Type: text/plain\r\n\r\nfooter\r\n--o--\r\n`
    assert.equal(dsn(raw).recipients[0]!.finalRecipient, 'a@x.example')
  })

  it('an original that is encoded', () => {
    const report = dsn(
      multipart(
        'delivery-status',
        statusPart('Final-Recipient: rfc822;a@x.example', 'Action: failed'),
        `Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from('Message-ID: <e@x>\r\n\r\nbody').toString('base64')}\r\n`,
      ),
    )
    assert.equal(report.originalMessageId, '<e@x>')
  })
})

describe('what is no delivery report', () => {
  const failed = statusPart('Final-Recipient: rfc822;a@x.example', 'Action: failed', 'Status: 5.1.1')
  const cases: [what: string, raw: string][] = [
    ['nothing', ''],
    [
      'an ordinary message',
      'From: a@b\r\nSubject: Delivery failed\r\n\r\nbob@example.com could not be delivered\r\n',
    ],
    ['a report without recipients', multipart('delivery-status', statusPart('Reporting-MTA: dns; x'))],
    [
      'a report that somebody forwards as a message',
      `From: a@b\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n${multipart('delivery-status', failed)}\r\n--o--\r\n`,
    ],
    ['only the text of one', multipart('delivery-status')],
  ]
  for (const [what, raw] of cases) it(`${what}: null`, () => assert.equal(read(raw), null))
})

it('a message that is parsed already is read as well as its bytes', () => {
  const raw = multipart(
    'delivery-status',
    statusPart('Final-Recipient: rfc822;a@x.example', 'Action: failed'),
  )
  const parsed = parseMessage(raw)
  assert.ok(parsed instanceof ParsedMessage)
  assert.deepEqual(parseReport(parsed), parseReport(raw))
  assert.deepEqual(parseReport(Buffer.from(raw)), parseReport(raw))
})

it('what is no message at all is refused by name', () => {
  for (const bad of [null, 7, {}, undefined]) {
    assert.throws(() => parseReport(bad as unknown as string), { code: 'ECONFIG', message: /option message/ })
  }
  for (const options of [{ maxRecords: 0 }, { maxUnpackedSize: 1.5 }]) {
    assert.throws(() => parseReport('', options), { code: 'ECONFIG', message: /option max/ })
  }
})
