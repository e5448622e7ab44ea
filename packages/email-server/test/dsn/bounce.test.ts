// Bounces that are no DSN: qmail's, by the description of its format (cr.yp.to/proto/qsbmf.txt), Exim's, the DragonFly Mail Agent's.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DsnReport } from '../../src/dsn/index.ts'
import { lines, read } from './kit.ts'

function bounce(header: readonly string[], ...text: readonly string[]): DsnReport | null {
  const report = read(lines(...header, '', ...text))
  if (report === null) return null
  assert.ok(report.kind === 'dsn')
  return report
}

const short = (report: DsnReport | null): unknown =>
  report?.recipients.map(one => [one.finalRecipient, one.action, one.status, one.permanent, one.diagnostic])

const qmail = [
  'Hi. This is the qmail-send program at silverton.berkeley.edu.',
  "I'm afraid I wasn't able to deliver your message to the following addresses.",
  "This is a permanent error; I've given up. Sorry it didn't work out.",
  '',
  '<god@heaven.af.mil>:',
  "Sorry, I couldn't find any host by that name.",
  '',
  '<bob@example.com>:',
  '192.0.2.1 does not like recipient.',
  'Remote host said: 550 5.1.1 no such user (#5.1.1)',
  'Giving up on 192.0.2.1.',
  '',
  '--- Below this line is a copy of the message.',
  '',
  'Return-Path: <alice@example.com>',
  'Message-ID: <lunch@example.com>',
  'Subject: Lunch',
  '',
  'Hello',
]

describe('qmail', () => {
  const header = ['From: MAILER-DAEMON@silverton.berkeley.edu', 'Subject: failure notice']

  it('failures, reasons, the message', () => {
    const report = bounce(header, ...qmail)
    assert.deepEqual(short(report), [
      ['god@heaven.af.mil', 'failed', null, true, "Sorry, I couldn't find any host by that name."],
      [
        ...['bob@example.com', 'failed', '5.1.1', true],
        '192.0.2.1 does not like recipient. Remote host said: 550 5.1.1 no such user (#5.1.1) Giving up on 192.0.2.1.',
      ],
    ])
    assert.equal(report!.standard, false)
    assert.equal(report!.reportingMta, 'silverton.berkeley.edu')
    assert.equal(report!.originalMessageId, '<lunch@example.com>')
    assert.equal(report!.originalHeaders?.get('subject'), 'Lunch')
  })

  it('a reason that begins with a blank line, or none', () => {
    const text = [
      qmail[0]!,
      '',
      '<l@example.com>:',
      '',
      'ezmlm-reject: no subject (#5.7.0)',
      '',
      '<m@example.com>:',
      '',
      '<n@example.com>:',
    ]
    assert.deepEqual(short(bounce(header, ...text)), [
      ['l@example.com', 'failed', '5.7.0', true, 'ezmlm-reject: no subject (#5.7.0)'],
      ['m@example.com', 'failed', null, true, null],
      ['n@example.com', 'failed', null, true, null],
    ])
  })

  it('with bare line feeds, and by the null sender', () => {
    const raw = `Return-Path: <>\nFrom: x@example.com\n\n${qmail.join('\n')}`
    const report = read(raw)
    assert.ok(report?.kind === 'dsn')
    assert.equal(report.recipients.length, 2)
  })

  it('is not believed of a person, nor without a recipient', () => {
    assert.equal(bounce(['From: alice@example.com'], ...qmail), null)
    assert.equal(bounce(header, qmail[0]!, '', 'no recipient here'), null)
    assert.equal(bounce(header, 'On Monday Bob wrote:', ...qmail), null)
  })
})

describe('Exim', () => {
  const header = [
    'From: Mail Delivery System <Mailer-Daemon@mx.example>',
    'X-Failed-Recipients: bob@example.com, c@example.net',
  ]
  const failure = [
    'This message was created automatically by mail delivery software.',
    '',
    'A message that you sent could not be delivered to one or more of its',
    'recipients. This is a permanent error. The following address(es) failed:',
    '',
    '  bob@example.com',
    '    host mx.example.com [192.0.2.1]',
    '    SMTP error from remote mail server after RCPT TO:<bob@example.com>:',
    '    550 5.1.1 <bob@example.com>: Recipient address rejected',
    '  d@example.net (ultimately generated from c@example.net)',
    '    retry timeout exceeded',
    '  e@example.net',
    '    (generated from alias@example.net)',
    '    mailbox is full',
    '',
    '------ This is a copy of the message, including all the headers. ------',
    '',
    'Message-ID: <lunch@example.com>',
    'Subject: Lunch',
    '',
    '  not@a.recipient',
  ]

  it('failures, and those that only the header names', () => {
    const report = bounce(header, ...failure)
    assert.deepEqual(short(report), [
      [
        ...['bob@example.com', 'failed', '5.1.1', true],
        'host mx.example.com [192.0.2.1] SMTP error from remote mail server after RCPT TO:<bob@example.com>: 550 5.1.1 <bob@example.com>: Recipient address rejected',
      ],
      ['d@example.net', 'failed', null, true, 'retry timeout exceeded'],
      ['e@example.net', 'failed', null, true, 'mailbox is full'],
      ['c@example.net', 'failed', null, true, null],
    ])
    assert.deepEqual(
      report!.recipients.map(one => one.originalRecipient),
      [null, 'c@example.net', 'alias@example.net', null],
    )
    assert.deepEqual([report!.standard, report!.originalMessageId], [false, '<lunch@example.com>'])
    assert.equal(report!.recipients[0]!.remoteMta, 'mx.example.com')
  })

  it('a delay', () => {
    const report = bounce(
      header.slice(0, 1),
      'This message was created automatically by mail delivery software.',
      'A message that you sent has not yet been delivered to one or more of its',
      'recipients after more than 24 hours on the queue on mx.example.',
      '',
      'The address to which the message has not yet been delivered is:',
      '',
      '  bob@example.com',
      '    Delay reason: Connection timed out',
    )
    assert.deepEqual(short(report), [
      ['bob@example.com', 'delayed', null, false, 'Delay reason: Connection timed out'],
    ])
  })

  it('is not taken from other words, nor from a person who quotes them', () => {
    assert.equal(bounce(header, 'Your message to bob@example.com could not be delivered.'), null)
    assert.equal(bounce(['From: alice@example.com'], ...failure), null)
  })
})

describe('the DragonFly Mail Agent', () => {
  const text = [
    'This is the DragonFly Mail Agent v0.13 at df.example.',
    '',
    'There was an error delivering your mail to <bob@example.com>.',
    '',
    'mx.example.com [192.0.2.1] did not like our final DATA:',
    '550-5.7.26 not accepted',
    '',
    '550 5.7.26 see our policy',
    '',
    'Message headers follow.',
    '',
    'Subject: Lunch',
    'Message-Id: <lunch@example.com>',
  ]

  it('a failure, and the header of the message', () => {
    const report = bounce(['From: MAILER-DAEMON <>'], ...text)
    assert.deepEqual(short(report), [
      [
        ...['bob@example.com', 'failed', '5.7.26', true],
        'mx.example.com [192.0.2.1] did not like our final DATA: 550-5.7.26 not accepted 550 5.7.26 see our policy',
      ],
    ])
    assert.deepEqual([report!.reportingMta, report!.originalMessageId], ['df.example', '<lunch@example.com>'])
  })

  it('is not believed of a person', () => assert.equal(bounce(['From: alice@example.com'], ...text), null))
})
