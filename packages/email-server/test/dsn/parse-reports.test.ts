// Reports of recipients and of receivers: MDN (RFC 8098), ARF (RFC 5965, RFC 6591). And the published samples of all kinds, from VECTORS_DIR.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { DmarcReport, FeedbackReport, TlsReport } from '../../src/dsn/index.ts'
import { lines, multipart, read } from './kit.ts'

const part = (type: string, ...fields: readonly string[]): string =>
  `Content-Type: ${type}\r\n\r\n${lines(...fields)}`

describe('message disposition notifications', () => {
  it('the example of RFC 8098 §9', () => {
    const report = read(
      multipart(
        'disposition-notification',
        part(
          'message/disposition-notification',
          'Reporting-UA: joes-pc.cs.example.com; Foomail 97.1',
          'Original-Recipient: rfc822;Joe_Recipient@example.com',
          'Final-Recipient: rfc822;Joe_Recipient@example.com',
          'Original-Message-ID: <199509192301.23456@example.org>',
          'Disposition: manual-action/MDN-sent-manually; displayed',
        ),
      ),
    )
    assert.deepEqual(report, {
      kind: 'mdn',
      finalRecipient: 'Joe_Recipient@example.com',
      originalRecipient: 'Joe_Recipient@example.com',
      reportingUa: 'joes-pc.cs.example.com; Foomail 97.1',
      disposition: 'displayed',
      modifiers: [],
      automaticAction: false,
      automaticallySent: false,
      errors: [],
      originalMessageId: '<199509192301.23456@example.org>',
      originalHeaders: null,
    })
  })

  it('modifiers, errors, modes of programs, blanks, UTF-8', () => {
    const report = read(
      multipart(
        'disposition-notification',
        part(
          'message/global-disposition-notification',
          'Final-Recipient: utf-8; jürgen@example.com',
          'Disposition: Automatic-Action / MDN-Sent-Automatically ; Deleted / Error , x-expired',
          'Error: no room',
          'Error: no time',
        ),
        'Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <1@example.org>\r\n',
      ),
    )
    assert.ok(report?.kind === 'mdn')
    const { finalRecipient, disposition, modifiers, automaticAction, automaticallySent, errors } = report
    assert.deepEqual(
      { finalRecipient, disposition, modifiers, automaticAction, automaticallySent, errors },
      {
        finalRecipient: 'jürgen@example.com',
        disposition: 'deleted',
        modifiers: ['error', 'x-expired'],
        automaticAction: true,
        automaticallySent: true,
        errors: ['no room', 'no time'],
      },
    )
    assert.equal(report.originalMessageId, '<1@example.org>')
  })

  it('without a Disposition there is none', () => {
    const fields = part('message/disposition-notification', 'Final-Recipient: rfc822;a@example.com')
    assert.equal(read(multipart('disposition-notification', fields)), null)
  })
})

describe('abuse feedback', () => {
  const feedback = (...fields: readonly string[]): FeedbackReport | null => {
    const report = read(multipart('feedback-report', part('message/feedback-report', ...fields)))
    if (report === null) return null
    assert.ok(report.kind === 'feedback')
    return report
  }
  const minimal = ['Feedback-Type: abuse', 'User-Agent: SomeGenerator/1.0', 'Version: 1']

  it('all fields of RFC 5965 §3', () => {
    const report = feedback(
      ...['Feedback-Type: ABUSE', 'User-Agent: SomeGenerator/1.0', 'Version: 1'],
      ...['Original-Mail-From: <>', 'Original-Rcpt-To: <a@example.com>', 'Original-Rcpt-To: <b@example.com>'],
      ...['Arrival-Date: Thu, 8 Mar 2005 14:00:00 EDT', 'Reporting-MTA: dns; mail.example.com'],
      ...['Source-IP: [IPv6:2001:db8::1]', 'Source-Port: 1234', 'Incidents: 17'],
      ...['Authentication-Results: mail.example.com;', '  spf=fail smtp.mail=a@example.com'],
      ...['Reported-Domain: example.net', 'Reported-URI: http://example.net/x', 'Reported-URI: mailto:a@b'],
    )
    const { kind, originalHeaders, originalMessageId, authFailure, originalEnvelopeId, ...rest } = report!
    assert.deepEqual(rest, {
      standard: true,
      feedbackType: 'abuse',
      userAgent: 'SomeGenerator/1.0',
      version: '1',
      originalMailFrom: '',
      originalRcptTo: ['a@example.com', 'b@example.com'],
      arrivalDate: new Date('2005-03-08T18:00:00Z'),
      reportingMta: 'mail.example.com',
      sourceIp: '2001:db8::1',
      sourcePort: 1234,
      incidents: 17,
      authenticationResults: ['mail.example.com;  spf=fail smtp.mail=a@example.com'],
      reportedDomains: ['example.net'],
      reportedUris: ['http://example.net/x', 'mailto:a@b'],
    })
    assert.deepEqual([authFailure, originalEnvelopeId], [null, null])
  })

  it('a failed authentication (RFC 6591)', () => {
    const report = feedback(
      ...[
        'Feedback-Type: auth-failure',
        'User-Agent: x/1',
        'Version: 1',
        'Received-Date: 8 Oct 2011 20:15:58 GMT',
      ],
      ...['Auth-Failure: BodyHash (changed on the way)', 'Delivery-Result: spam', 'Identity-Alignment: none'],
      ...['DKIM-Domain: example.net', 'DKIM-Identity: @example.net', 'DKIM-Selector: s'],
      ...['SPF-DNS: txt : example.net : "v=spf1 -all"'],
    )
    assert.deepEqual(report!.authFailure, {
      type: 'bodyhash',
      deliveryResult: 'spam',
      identityAlignment: 'none',
      dkimDomain: 'example.net',
      dkimIdentity: '@example.net',
      dkimSelector: 's',
      spfDns: ['txt : example.net : "v=spf1 -all"'],
    })
    // RFC 5965 §3.2: the historic name is taken like the new one
    assert.deepEqual(report!.arrivalDate, new Date('2011-10-08T20:15:58Z'))
    assert.equal(report!.standard, true)
  })

  it('says when it is not what RFC 5965 asks for, and is null without a type', () => {
    assert.equal(feedback('Feedback-Type: abuse')!.standard, false)
    const both = ['Arrival-Date: 8 Oct 2011 20:15:58 GMT', 'Received-Date: 8 Oct 2011 20:15:58 GMT']
    assert.equal(feedback(...minimal, ...both)!.standard, false)
    assert.equal(feedback('User-Agent: x/1', 'Version: 1'), null)
  })

  it('numbers that are none are left out', () => {
    for (const bad of ['-1', '1e3', '4294967296', 'x', '']) {
      assert.equal(feedback(...minimal, `Incidents: ${bad}`)!.incidents, 1)
      assert.equal(feedback(...minimal, `Source-Port: ${bad}`)!.sourcePort, null)
    }
  })
})

const root = join(process.env['VECTORS_DIR'] ?? join(process.cwd(), '../shared/vectors'), 'reports')
const samples = (folder: string, type: RegExp): string[] =>
  existsSync(root) ? readdirSync(join(root, folder)).filter(name => type.test(name)) : []
const expectedOf = (folder: string, name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(root, folder, name.replace(/\.[a-z]+$/, '.json')), 'utf8'))

describe('published samples, with the values that their publisher reads', {
  skip: !existsSync(root) && `no vectors in ${root}`,
}, () => {
  for (const name of samples('arf', /\.eml$/)) {
    it(`arf/${name}`, () => {
      const report = read(readFileSync(join(root, 'arf', name)))
      assert.ok(report?.kind === 'feedback')
      const expected = expectedOf('arf', name)
      const bare = (address: unknown): unknown =>
        typeof address === 'string' ? address.replace(/^<|>$/g, '') : null
      const joined = (text: unknown): string => String(text).replace(/\s+/g, ' ')
      const camel = (word: unknown): string => String(word).replaceAll('-', '').toLowerCase()
      assert.equal(camel(report.feedbackType), camel(expected['feedback_type']))
      assert.equal(report.userAgent, expected['user_agent'])
      assert.equal(Number(report.version), expected['version'])
      assert.equal(report.incidents, expected['incidents'])
      assert.equal(report.originalEnvelopeId, expected['original_envelope_id'])
      assert.equal(report.originalMailFrom, bare(expected['original_mail_from']))
      assert.equal(report.originalRcptTo.at(-1) ?? null, bare(expected['original_rcpt_to']))
      assert.equal(report.reportingMta, expected['reporting_mta'])
      assert.equal(report.sourceIp, expected['source_ip'])
      assert.deepEqual(report.reportedDomains, expected['reported_domain'])
      assert.deepEqual(report.reportedUris, expected['reported_uri'])
      assert.deepEqual(
        report.authenticationResults.map(joined),
        (expected['authentication_results'] as string[]).map(joined),
      )
      const arrival = expected['arrival_date'] as number | null
      assert.equal(report.arrivalDate?.getTime() ?? null, arrival === null ? null : arrival * 1000)
      const failure = expected['auth_failure']
      assert.equal(camel(report.authFailure?.type ?? 'Unspecified'), camel(failure))
      assert.equal(report.authFailure?.dkimDomain ?? null, expected['dkim_domain'])
    })
  }

  for (const name of samples('dmarc', /\.(?:eml|xml)$/)) {
    it(`dmarc/${name}`, () => {
      const raw = readFileSync(join(root, 'dmarc', name))
      const message = name.endsWith('.xml')
        ? Buffer.concat([Buffer.from('Content-Type: text/xml\r\n\r\n'), raw])
        : raw
      const report = read(message)
      assert.ok(report?.kind === 'dmarc')
      compareDmarc(report, expectedOf('dmarc', name))
    })
  }

  for (const name of samples('tlsrpt', /\.eml$|03\.json$/)) {
    it(`tlsrpt/${name}`, () => {
      const raw = readFileSync(join(root, 'tlsrpt', name))
      const message = name.endsWith('.json')
        ? Buffer.concat([Buffer.from('Content-Type: application/tlsrpt+json\r\n\r\n'), raw])
        : raw
      const report = read(message)
      assert.ok(report?.kind === 'tls')
      compareTls(report, expectedOf('tlsrpt', name))
    })
  }
})

// biome-ignore lint/suspicious/noExplicitAny: the shapes of the samples
type Json = Record<string, any>

function compareDmarc(report: DmarcReport, expected: Json): void {
  const word = (value: unknown): unknown =>
    value === null || value === undefined || value === 'Unspecified' ? null : String(value).toLowerCase()
  const alignment = (value: unknown): unknown => ({ relaxed: 'r', strict: 's' })[String(word(value))] ?? null
  const { report_metadata: metadata, policy_published: policy, record } = expected
  assert.equal(Number(report.version ?? 0), expected['version'])
  assert.equal(report.orgName, metadata.org_name)
  assert.equal(report.email, metadata.email)
  assert.equal(report.extraContactInfo, metadata.extra_contact_info)
  assert.equal(report.reportId, metadata.report_id)
  assert.equal(report.generator, metadata.generator ?? null)
  assert.equal(report.begin!.getTime(), metadata.date_range.begin * 1000)
  assert.equal(report.end!.getTime(), metadata.date_range.end * 1000)
  assert.deepEqual(report.errors, metadata.error)
  assert.equal(report.policy.domain, policy.domain)
  assert.equal(report.policy.p, word(policy.p))
  assert.equal(report.policy.sp, word(policy.sp))
  assert.equal(report.policy.np, word(policy.np))
  assert.equal(report.policy.adkim, alignment(policy.adkim))
  assert.equal(report.policy.aspf, alignment(policy.aspf))
  assert.equal(report.policy.fo, policy.fo)
  assert.equal(report.policy.testing === 'y', policy.testing)
  assert.equal(report.records.length, record.length)
  for (const [i, one] of report.records.entries()) {
    const { row, identifiers, auth_results: results } = record[i]
    const evaluated = row.policy_evaluated
    assert.equal(one.sourceIp, row.source_ip)
    assert.equal(one.count, row.count)
    assert.equal(one.disposition, word(evaluated.disposition))
    assert.equal(one.dkim, word(evaluated.dkim))
    assert.equal(one.spf, word(evaluated.spf))
    // types that the publisher does not know are "Unspecified" there, and here what the report says
    assert.deepEqual(
      one.reasons.map(({ comment }) => comment),
      evaluated.reason.map((reason: Json) => reason['comment']),
    )
    for (const [n, { type }] of one.reasons.entries()) {
      const known = word(evaluated.reason[n].type)
      if (known !== null) assert.equal(type?.replaceAll('_', ''), known)
    }
    assert.equal(one.headerFrom, identifiers.header_from)
    assert.equal(one.envelopeFrom ?? '', identifiers.envelope_from)
    assert.equal(one.envelopeTo, identifiers.envelope_to)
    assert.deepEqual(
      one.dkimResults.map(({ domain, selector, result }) => [domain, selector ?? '', result]),
      results.dkim.map((dkim: Json) => [dkim['domain'], dkim['selector'], word(dkim['result'])]),
    )
    const scopes: Json = { mailfrom: 'mfrom', helo: 'helo' }
    assert.deepEqual(
      one.spfResults.map(({ domain, scope, result }) => [domain, scope, result]),
      results.spf.map((spf: Json) => [
        ...[spf['domain'], scopes[String(word(spf['scope']))] ?? null, word(spf['result'])],
      ]),
    )
  }
}

function compareTls(report: TlsReport, expected: Json): void {
  assert.equal(report.organizationName, expected['organization-name'])
  assert.equal(report.contactInfo, expected['contact-info'])
  assert.equal(report.reportId, expected['report-id'])
  const range = expected['date-range']
  assert.equal(report.begin!.getTime(), Date.parse(range['start-datetime']))
  assert.equal(report.end!.getTime(), Date.parse(range['end-datetime']))
  assert.equal(report.policies.length, expected['policies'].length)
  for (const [i, one] of report.policies.entries()) {
    const { policy, summary, 'failure-details': details = [] } = expected['policies'][i]
    assert.equal(one.type, policy['policy-type'])
    assert.equal(one.domain, policy['policy-domain'] ?? null)
    assert.deepEqual(one.policy, policy['policy-string'] ?? [])
    assert.deepEqual(one.mxHosts, policy['mx-host'] ?? [])
    assert.equal(one.successes, summary['total-successful-session-count'])
    assert.equal(one.failures, summary['total-failure-session-count'] ?? 0)
    assert.deepEqual(
      one.details.map(detail => [
        detail.resultType,
        detail.count,
        detail.receivingIp,
        detail.failureReasonCode,
      ]),
      details.map((detail: Json) => [
        ...[detail['result-type'], detail['failed-session-count']],
        ...[detail['receiving-ip'] ?? null, detail['failure-reason-code'] ?? null],
      ]),
    )
  }
}
