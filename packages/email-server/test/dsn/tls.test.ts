// Reports of TLS sessions (RFC 8460): collected, built, read again.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import type { MailError } from '../../src/base/errors.ts'
import {
  buildTlsReport,
  type TlsFailure,
  type TlsPolicy,
  type TlsPolicyReport,
  TlsReportCollector,
  type TlsReportOptions,
  type TlsResultType,
} from '../../src/dsn/index.ts'
import { parseMessage } from '../../src/mime/index.ts'
import { fixed, NOW, nodeCompression, read } from './kit.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const sts: TlsPolicy = {
  type: 'sts',
  domain: 'company-y.example',
  policy: ['version: STSv1', 'mode: testing', 'mx: *.mail.company-y.example', 'max_age: 86400'],
  mxHosts: ['*.mail.company-y.example'],
}
const expired: TlsFailure = {
  resultType: 'certificate-expired',
  sendingMtaIp: '2001:db8:abcd:12::1',
  receivingMxHostname: 'mx1.mail.company-y.example',
}

describe('the collector', () => {
  it('counts sessions by policy, and failures by what they have in common', () => {
    const collector = new TlsReportCollector()
    for (let i = 0; i < 5; i++) collector.add(NOW + i, sts)
    for (let i = 0; i < 3; i++) collector.add(NOW + i, sts, expired)
    collector.add(NOW, sts, { ...expired, receivingIp: '203.0.113.56' })
    collector.add(NOW, { type: 'no-policy-found', domain: 'COMPANY-Y.example' })
    collector.add(NOW, { type: 'no-policy-found', domain: 'bücher.example' })
    assert.deepEqual(collector.take(NOW), [])
    const [first, second, ...rest] = collector.take(NOW + DAY)
    assert.deepEqual(rest, [])
    assert.deepEqual(
      [first!.domain, first!.begin.toISOString(), first!.end.toISOString()],
      // a full day, as the example of RFC 8460 appendix B writes it
      ['company-y.example', '2026-11-23T00:00:00.000Z', '2026-11-23T23:59:59.000Z'],
    )
    const none = {
      receivingMxHelo: null,
      receivingIp: null,
      additionalInformation: null,
      failureReasonCode: null,
    }
    const detail = { ...none, ...expired, count: 3 }
    assert.deepEqual(first!.policies, [
      {
        type: 'sts',
        domain: 'company-y.example',
        policy: sts.policy,
        mxHosts: sts.mxHosts,
        successes: 5,
        failures: 4,
        details: [detail, { ...detail, receivingIp: '203.0.113.56', count: 1 }],
      },
      {
        ...{ type: 'no-policy-found', domain: 'company-y.example', policy: [], mxHosts: [] },
        ...{ successes: 1, failures: 0, details: [] },
      },
    ])
    assert.equal(second!.domain, 'xn--bcher-kva.example')
    assert.deepEqual([collector.take(NOW + DAY), collector.overflow], [[], 0])
  })

  it('keeps days apart, gives them oldest first, and never today', () => {
    const collector = new TlsReportCollector()
    const midnight = Date.UTC(2026, 10, 24)
    for (const at of [midnight, midnight - 1, midnight + DAY - 1, midnight + DAY]) collector.add(at, sts)
    assert.deepEqual(
      collector.take(midnight + DAY).map(({ begin, policies }) => [begin.getTime(), policies[0]!.successes]),
      [
        [midnight - DAY, 1],
        [midnight, 2],
      ],
    )
    assert.equal(collector.take(midnight + 2 * DAY).length, 1)
  })

  it('folds failures beyond the limit of one policy into one for each type; none is lost', () => {
    const collector = new TlsReportCollector()
    for (let i = 0; i < 2000; i++) {
      const resultType: TlsResultType = i % 2 === 0 ? 'certificate-expired' : 'validation-failure'
      collector.add(NOW, sts, { resultType, receivingIp: `203.0.113.${i}` })
    }
    const [{ failures, details }] = collector.take(NOW + DAY)[0]!.policies as [TlsPolicyReport]
    assert.equal(failures, 2000)
    assert.ok(details.length <= 502, String(details.length))
    assert.equal(
      details.reduce((sum, { count }) => sum + count, 0),
      2000,
    )
  })

  it('stays within its octets whatever servers say of themselves, and counts what it had to leave out', () => {
    const collector = new TlsReportCollector({ maxBytes: 1_000_000 })
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 50_000; i++) {
      const domain = `d${i}.example`
      collector.add(NOW, { ...sts, domain }, { ...expired, receivingMxHelo: `${i}${'x'.repeat(5000)}` })
    }
    const kept = collector.take(NOW + DAY)
    assert.ok(kept.length > 100 && kept.length < 5000, String(kept.length))
    assert.equal(kept.length + collector.overflow, 50_000)
    assert.ok(process.memoryUsage().heapUsed - before < 100_000_000)
  })

  it('drops the oldest day when nobody takes them, and counts its sessions', () => {
    const collector = new TlsReportCollector({ maxDays: 2 })
    for (let day = 0; day < 5; day++) {
      collector.add(NOW + day * DAY, sts)
      collector.add(NOW + day * DAY, sts, expired)
    }
    assert.equal(collector.overflow, 6)
    assert.equal(collector.take(NOW + 10 * DAY).length, 2)
  })

  it('calls a type of failure that is none a validation-failure (RFC 8460 §4.3.3)', () => {
    const collector = new TlsReportCollector()
    collector.add(NOW, sts, { resultType: 'bad' as TlsResultType, failureReasonCode: 'X' })
    assert.equal(collector.take(NOW + DAY)[0]!.policies[0]!.details[0]!.resultType, 'validation-failure')
  })

  it('refuses limits that are none', () => {
    for (const options of [{ maxBytes: 0 }, { maxDays: 1.5 }]) {
      assert.throws(() => new TlsReportCollector(options), { code: 'ECONFIG' })
    }
  })
})

const policy: TlsPolicyReport = {
  ...{ type: 'sts', domain: 'company-y.example', policy: sts.policy!, mxHosts: sts.mxHosts! },
  ...{ successes: 5326, failures: 303, details: [] },
}
const options: TlsReportOptions = {
  domain: 'company-y.example',
  begin: new Date('2016-04-01T00:00:00Z'),
  end: new Date('2016-04-01T23:59:59Z'),
  policies: [policy],
  organizationName: 'Company-X',
  contactInfo: 'sts-reporting@company-x.example',
  to: 'reports@company-y.example',
  reportId: '5065427c-23d3-47ca-b6e0-946ea0e8c4be',
}

describe('the report', () => {
  it('is the JSON of RFC 8460 §4.4', () => {
    const detail = {
      resultType: 'validation-failure',
      sendingMtaIp: '198.51.100.62',
      receivingMxHostname: 'mx-backup.mail.company-y.example',
      receivingMxHelo: null,
      receivingIp: '203.0.113.58',
      count: 3,
      additionalInformation: null,
      failureReasonCode: 'X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED',
    }
    const found: TlsPolicyReport = {
      ...{ type: 'no-policy-found', domain: 'company-y.example', policy: [], mxHosts: [] },
      ...{ successes: 1, failures: 0, details: [] },
    }
    const { json } = buildTlsReport(
      { ...options, policies: [{ ...policy, details: [detail] }, found] },
      fixed(),
      nodeCompression,
    )
    assert.deepEqual(JSON.parse(json), {
      'organization-name': 'Company-X',
      'date-range': { 'start-datetime': '2016-04-01T00:00:00Z', 'end-datetime': '2016-04-01T23:59:59Z' },
      'contact-info': 'sts-reporting@company-x.example',
      'report-id': '5065427c-23d3-47ca-b6e0-946ea0e8c4be',
      policies: [
        {
          policy: {
            'policy-type': 'sts',
            'policy-string': sts.policy,
            'policy-domain': 'company-y.example',
            'mx-host': sts.mxHosts,
          },
          summary: { 'total-successful-session-count': 5326, 'total-failure-session-count': 303 },
          'failure-details': [
            {
              'result-type': 'validation-failure',
              'sending-mta-ip': '198.51.100.62',
              'receiving-ip': '203.0.113.58',
              'receiving-mx-hostname': 'mx-backup.mail.company-y.example',
              'failed-session-count': 3,
              'failure-reason-code': 'X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED',
            },
          ],
        },
        {
          policy: { 'policy-type': 'no-policy-found', 'policy-domain': 'company-y.example' },
          summary: { 'total-successful-session-count': 1, 'total-failure-session-count': 0 },
        },
      ],
    })
  })

  it('travels as RFC 8460 §5 says: file name, subject, fields, parts', () => {
    const built = buildTlsReport(options, fixed(), nodeCompression)
    // RFC 8460 §5.1, and the seconds of GNU date
    const fileName = 'company-x.example!company-y.example!1459468800!1459555199.json.gz'
    assert.equal(built.fileName, fileName)
    assert.equal(built.contentType, 'application/tlsrpt+gzip')
    assert.equal(gunzipSync(built.content).toString(), built.json)
    assert.deepEqual(built.message.envelope, {
      from: 'sts-reporting@company-x.example',
      to: ['reports@company-y.example'],
    })
    const raw = Buffer.from(built.message.bytesSync())
    const parsed = parseMessage(raw)
    assert.equal(
      parsed.subject,
      'Report Domain: company-y.example Submitter: company-x.example Report-ID: <5065427c-23d3-47ca-b6e0-946ea0e8c4be@company-x.example>',
    )
    const field = (name: string): unknown => parsed.headers.get(name)
    assert.equal(field('tls-report-domain'), 'company-y.example')
    assert.equal(field('tls-report-submitter'), 'company-x.example')
    assert.equal(field('auto-submitted'), 'auto-generated')
    assert.equal(field('tls-required'), 'No')
    assert.match(raw.toString(), /^Content-Type: multipart\/report; report-type=tlsrpt;\r\n boundary=/m)
    assert.deepEqual(
      parsed.tree.parts.map(({ type, subtype, encoding }) => [type, subtype, encoding]),
      [
        ['text', 'plain', '7bit'],
        ['application', 'tlsrpt+gzip', 'base64'],
      ],
    )
    assert.equal(parsed.attachments[0]!.filename, fileName)
  })

  it('is a plain file where nothing can compress', () => {
    const built = buildTlsReport(options, fixed(), null)
    assert.equal(built.contentType, 'application/tlsrpt+json')
    assert.match(built.fileName, /\.json$/)
    assert.equal(Buffer.from(built.content).toString(), built.json)
    assert.ok(read(built.message.bytesSync())?.kind === 'tls')
  })

  it('has an id of its own at the domain of its submitter when none is given', () => {
    const { reportId, json } = buildTlsReport({ ...options, reportId: undefined }, fixed(), nodeCompression)
    assert.match(reportId, /^[0-9a-f]{32}@company-x\.example$/)
    assert.equal(JSON.parse(json)['report-id'], reportId)
  })

  it('what is collected is what is read', () => {
    const short = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    const failure: fc.Arbitrary<TlsFailure> = fc.record({
      resultType: fc.constantFrom<TlsResultType>(
        'starttls-not-supported',
        'tlsa-invalid',
        'sts-webpki-invalid',
      ),
      sendingMtaIp: fc.option(fc.constantFrom('192.0.2.1', '2001:db8::1'), { nil: undefined }),
      receivingMxHostname: fc.option(short, { nil: undefined }),
      receivingMxHelo: fc.option(short, { nil: undefined }),
      receivingIp: fc.option(short, { nil: undefined }),
      additionalInformation: fc.option(short, { nil: undefined }),
      failureReasonCode: fc.option(short, { nil: undefined }),
    })
    const session = fc.tuple(
      fc.record({
        type: fc.constantFrom<TlsPolicy['type']>('sts', 'tlsa', 'no-policy-found'),
        domain: fc.constant('company-y.example'),
        policy: fc.array(short, { maxLength: 3 }),
      }),
      fc.option(failure),
    )
    fc.assert(
      fc.property(fc.array(session, { minLength: 1, maxLength: 30 }), fc.boolean(), (sessions, packed) => {
        const collector = new TlsReportCollector()
        for (const [one, failed] of sessions) collector.add(NOW, one, failed)
        const [data] = collector.take(NOW + DAY)
        const built = buildTlsReport({ ...options, ...data! }, fixed(), packed ? nodeCompression : null)
        const report = read(built.message.bytesSync())
        assert.ok(report?.kind === 'tls')
        assert.deepEqual(report.policies, data!.policies)
        assert.deepEqual([report.begin, report.end], [data!.begin, data!.end])
        assert.equal(
          report.policies.reduce((sum, { successes, failures }) => sum + successes + failures, 0),
          sessions.length,
        )
      }),
      { numRuns: 200 },
    )
  })

  const misuse: [what: string, change: Record<string, unknown>, code: string, option: RegExp][] = [
    ['a domain that is none', { domain: 'a b' }, 'ECONFIG', /domain/],
    ['no address to ask', { contactInfo: 'nobody' }, 'EADDRESS', /contactInfo/],
    ['two of them', { contactInfo: 'a@x.example, b@x.example' }, 'ECONFIG', /contactInfo/],
    ['an id with blanks', { reportId: 'a b' }, 'ECONFIG', /reportId/],
    ['an id that ends the subject', { reportId: 'a\r\nBcc: x' }, 'EMESSAGE', /reportId/],
    ['a name that breaks its line', { organizationName: 'a\r\nb' }, 'EMESSAGE', /organizationName/],
    ['no end', { end: undefined }, 'ECONFIG', /end/],
    ['no policies', { policies: undefined }, 'ECONFIG', /policies/],
  ]
  for (const [what, change, code, option] of misuse) {
    it(`${what}: ${code}`, () => {
      assert.throws(
        () => buildTlsReport({ ...options, ...change } as TlsReportOptions, fixed(), null),
        (error: MailError) => error.code === code && option.test(error.message),
      )
    })
  }
})

describe('reading', () => {
  const json = (content: unknown): string =>
    `Content-Type: application/tlsrpt+json\r\n\r\n${typeof content === 'string' ? content : JSON.stringify(content)}`
  const minimal = { 'report-id': '1', policies: [] }

  it('takes what has the wrong type as absent', () => {
    const odd = {
      ...minimal,
      'organization-name': 7,
      'date-range': 'today',
      policies: [
        null,
        7,
        { policy: [], summary: { 'total-successful-session-count': -1 }, 'failure-details': {} },
      ],
    }
    const report = read(json(odd))
    assert.ok(report?.kind === 'tls')
    const nothing = {
      ...{ type: null, domain: null, policy: [], mxHosts: [], successes: 0, failures: 0, details: [] },
    }
    assert.deepEqual([report.organizationName, report.begin, report.end], [null, null, null])
    assert.deepEqual(report.policies, [nothing, nothing, nothing])
  })

  it('takes the older names of members, and one text for a list', () => {
    const old = {
      ...minimal,
      policies: [
        {
          policy: { 'policy-string': 'version: STSv1', 'mx-host': 'mx.example' },
          'failure-details': [{ 'failure-error-code': 'X', 'additional-info-uri': 'https://x.example/' }],
        },
      ],
    }
    const report = read(json(old))
    assert.ok(report?.kind === 'tls')
    assert.deepEqual(
      [report.policies[0]!.policy, report.policies[0]!.mxHosts],
      [['version: STSv1'], ['mx.example']],
    )
    assert.equal(report.policies[0]!.details[0]!.failureReasonCode, 'X')
    assert.equal(report.policies[0]!.details[0]!.additionalInformation, 'https://x.example/')
  })

  for (const bad of [
    '',
    '{',
    '[]',
    '7',
    '{"policies":[]}',
    '{"report-id":"1"}',
    '{"report-id":"1","policies":{}}',
  ]) {
    it(`${JSON.stringify(bad)}: null`, () => assert.equal(read(json(bad)), null))
  }
})
