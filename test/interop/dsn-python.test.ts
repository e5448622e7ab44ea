// Python's `email` package reads the reports that we write: the same structure, the same fields, and not one defect.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { buildDsn, buildTlsReport, type DsnOptions, TlsReportCollector } from 'email-server'

interface Facts {
  type: string
  reportType: string
  auto: string
  subject: string
  text: string
  types: string[]
  groups: [string, string][][]
  report: Record<string, unknown> | null
  filename: string | null
  inner: string | null
  longest: number
  defects: string[]
}

function read(messages: readonly Uint8Array[]): Facts[] {
  const script = readFileSync(new URL('../../../test/interop/dsn_facts.py', import.meta.url), 'utf8')
  const input = JSON.stringify(messages.map(raw => Buffer.from(raw).toString('base64')))
  const { stdout, stderr, status } = spawnSync('python3', ['-c', script], {
    input,
    encoding: 'utf8',
    timeout: 60_000,
  })
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout) as Facts[]
}

const date = new Date(Date.UTC(2026, 10, 23, 12))
const basics: DsnOptions = {
  reportingMta: 'mail.example.com',
  to: 'alice@example.com',
  originalEnvelopeId: 'QQ314159',
  arrivalDate: date,
  originalMessage: 'Message-ID: <lunch@example.com>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nHello\r\n',
  returnContent: 'full',
  recipients: [
    {
      finalRecipient: 'bob@unknown.example',
      originalRecipient: 'rfc822;bob@example.org',
      action: 'failed',
      status: '5.1.1',
      diagnostic: ['550-5.1.1 No such user', '550 5.1.1 really'],
      remoteMta: 'mx.unknown.example',
      lastAttempt: date,
    },
    { finalRecipient: 'carol@example.net', action: 'delayed', status: '4.2.2', willRetryUntil: date },
  ],
}

test('a delivery report: its parts, its groups of fields, the message in it', () => {
  const [full, header] = read([buildDsn(basics), buildDsn({ ...basics, returnContent: 'headers' })])
  assert.deepEqual(
    [full!.type, full!.reportType, full!.auto],
    ['multipart/report', 'delivery-status', 'auto-replied'],
  )
  assert.equal(full!.subject, 'Not delivered: Grüße')
  assert.match(full!.text, /^This is the mail system at mail\.example\.com\./)
  assert.match(full!.text, /Subject: {4}Grüße/)
  assert.deepEqual(full!.types, ['text/plain', 'message/delivery-status', 'message/rfc822'])
  assert.deepEqual(header!.types, ['text/plain', 'message/delivery-status', 'text/rfc822-headers'])
  assert.equal(full!.inner, '<lunch@example.com>')
  assert.deepEqual(full!.groups, [
    [
      ['Original-Envelope-Id', 'QQ314159'],
      ['Reporting-MTA', 'dns; mail.example.com'],
      ['Arrival-Date', 'Mon, 23 Nov 2026 12:00:00 +0000'],
    ],
    [
      ['Original-Recipient', 'rfc822; bob@example.org'],
      ['Final-Recipient', 'rfc822; bob@unknown.example'],
      ['Action', 'failed'],
      ['Status', '5.1.1'],
      ['Remote-MTA', 'dns; mx.unknown.example'],
      ['Diagnostic-Code', 'smtp; 550-5.1.1 No such user 550 5.1.1 really'],
      ['Last-Attempt-Date', 'Mon, 23 Nov 2026 12:00:00 +0000'],
    ],
    [
      ['Final-Recipient', 'rfc822; carol@example.net'],
      ['Action', 'delayed'],
      ['Status', '4.2.2'],
      ['Will-Retry-Until', 'Mon, 23 Nov 2026 12:00:00 +0000'],
    ],
  ])
  for (const facts of [full, header]) {
    assert.deepEqual(facts!.defects, [])
    assert.ok(facts!.longest <= 80, String(facts!.longest))
  }
})

test('a delivery report in UTF-8, and in 7-bit of a message in UTF-8', () => {
  const recipients = [{ ...basics.recipients[0]!, finalRecipient: 'jürgen@bücher.example' }]
  const originalMessage = 'Subject: Grüße\r\nMessage-ID: <u@example.com>\r\n\r\nGrüße\r\n'
  const [utf8, ascii] = read([
    buildDsn({ ...basics, recipients, originalMessage, smtpProfile: { smtputf8: true } }),
    buildDsn({ ...basics, recipients, originalMessage, smtpProfile: { smtputf8: false } }),
  ])
  assert.deepEqual(utf8!.types, ['text/plain', 'message/global-delivery-status', 'message/global'])
  assert.deepEqual(ascii!.types, ['text/plain', 'message/delivery-status', 'message/global'])
  assert.deepEqual(ascii!.groups[1]![1], ['Final-Recipient', 'utf-8; j\\x{FC}rgen@b\\x{FC}cher.example'])
  assert.deepEqual([utf8!.defects, ascii!.defects], [[], []])
})

test('a report of TLS sessions: the file in it is gzip and JSON', () => {
  const collector = new TlsReportCollector()
  const policy = {
    type: 'sts',
    domain: 'example.net',
    policy: ['version: STSv1'],
    mxHosts: ['mx.example.net'],
  } as const
  collector.add(date.getTime(), policy)
  collector.add(date.getTime(), policy, {
    resultType: 'certificate-expired',
    receivingMxHostname: 'mx.example.net',
  })
  const [data] = collector.take(date.getTime() + 86_400_000)
  const { message, json, fileName } = buildTlsReport({
    ...data!,
    organizationName: 'Example Inc.',
    contactInfo: 'tls@example.com',
    to: 'reports@example.net',
  })
  const [facts] = read([message.bytesSync()])
  assert.deepEqual([facts!.type, facts!.reportType], ['multipart/report', 'tlsrpt'])
  assert.deepEqual(facts!.report, JSON.parse(json))
  assert.equal(facts!.filename, fileName)
  assert.deepEqual(facts!.defects, [])
})
