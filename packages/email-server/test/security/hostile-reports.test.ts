// Reports made to hurt whoever reads them: bombs, depth, floods of fields, noise. parseReport never throws, makes no more than it is allowed,
// and its time grows with the length of what it is given and no faster.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { parseMessage } from '../../src/mime/index.ts'
import { buildDsn, parseReport } from '../../src/node/index.ts'
import { seededBytes } from '../../src/testing/seeded.ts'
import { zip } from '../dsn/zip.ts'

const NAME = 'example.net!example.org!1!2'
const file = (type: string, name: string, content: Uint8Array | string): string =>
  `Content-Type: ${type}; name="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(content).toString('base64')}`
const fields = (type: string, content: string): string =>
  `From: mailer-daemon@x\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\n--b\r\nContent-Type: ${type}\r\n\r\n${content}\r\n--b--\r\n`

describe('bombs', () => {
  it('a billion laughs: document types are refused, so that nothing multiplies', () => {
    const entities = Array.from(
      { length: 10 },
      (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`,
    ).join('')
    const xml = `<?xml version="1.0"?><!DOCTYPE l [<!ENTITY l0 "lol">${entities}]><feedback><version>&l10;</version></feedback>`
    assert.equal(parseReport(file('text/xml', 'r.xml', xml)), null)
  })

  it('external entities are never fetched', () => {
    const xml =
      '<!DOCTYPE f [<!ENTITY x SYSTEM "file:///etc/passwd">]><feedback><version>&x;</version></feedback>'
    assert.equal(parseReport(file('text/xml', 'r.xml', xml)), null)
  })

  it('a gzip file and a ZIP archive of 64 MB in 64 KB end at the limit', () => {
    const content = Buffer.alloc(64 * 1024 * 1024, ' ')
    const bombs = [
      file('application/gzip', `${NAME}.xml.gz`, gzipSync(content)),
      file('application/zip', `${NAME}.zip`, zip([['r.xml', content.toString('latin1')]])),
      file('application/tlsrpt+gzip', `${NAME}.json.gz`, gzipSync(content)),
    ]
    for (const bomb of bombs) {
      assert.ok(bomb.length < 100_000)
      const before = process.memoryUsage()
      assert.equal(parseReport(bomb), null)
      const after = process.memoryUsage()
      assert.ok(after.external + after.arrayBuffers - before.external - before.arrayBuffers < 30 << 20)
    }
  })

  it('a ZIP archive that lies of its sizes and offsets', () => {
    const honest = zip([['r.xml', '<feedback/>']])
    const at = honest.indexOf(Buffer.from('PK\x01\x02', 'latin1'))
    const end = honest.indexOf(Buffer.from('PK\x05\x06', 'latin1'))
    for (const offset of [at + 8, at + 10, at + 20, at + 24, at + 28, at + 30, at + 32, at + 42, end + 16]) {
      for (const value of [0xffffffff, 0x7fffffff, 0x0000ffff, honest.length]) {
        const bad = Buffer.from(honest)
        if (offset + 4 <= bad.length) bad.writeUInt32LE(value >>> 0, offset)
        assert.equal(parseReport(file('application/zip', `${NAME}.zip`, bad)), null)
      }
    }
  })

  it('depth without end, in XML and in JSON', () => {
    const levels = 1_000_000
    assert.equal(parseReport(file('text/xml', 'r.xml', '<feedback>'.repeat(levels))), null)
    assert.equal(parseReport(file('application/tlsrpt+json', 'r', `{"policies":${'['.repeat(levels)}`)), null)
    const closed = `{"report-id":"1","policies":${'['.repeat(levels)}${']'.repeat(levels)}}`
    assert.equal(parseReport(file('application/tlsrpt+json', 'r', closed)), null)
  })

  it('records, recipients, policies and files in numbers that nobody has', () => {
    const dmarc = `<feedback><policy_published><domain>x</domain></policy_published><report_metadata><report_id>1</report_id></report_metadata>${'<record/>'.repeat(500_000)}</feedback>`
    const cut = parseReport(file('text/xml', 'r.xml', dmarc))
    assert.ok(cut?.kind === 'dmarc')
    assert.deepEqual([cut.records.length, cut.truncated], [10_000, true])

    const recipient = 'Final-Recipient: rfc822;a@x\r\nAction: failed\r\n\r\n'
    const dsn = parseReport(fields('message/delivery-status', recipient.repeat(100_000)))
    assert.ok(dsn?.kind === 'dsn')
    assert.ok(dsn.recipients.length <= 10_001, String(dsn.recipients.length))

    const policies = `{"report-id":"1","policies":[${Array(30_000).fill('{}').join(',')}]}`
    const tls = parseReport(file('application/tlsrpt+json', 'r', policies))
    assert.ok(tls?.kind === 'tls')
    assert.deepEqual([tls.policies.length, tls.truncated], [10_000, true])
    const flood = `{"report-id":"1","policies":[${Array(1_000_000).fill('[]').join(',')}]}`
    assert.equal(parseReport(file('application/tlsrpt+json', 'r', flood)), null)
  })

  it('a document of elements that mean nothing', () => {
    const xml = `<feedback>${'<x/>'.repeat(2_400_000)}</feedback>`
    assert.equal(parseReport(file('text/xml', 'r.xml', xml)), null)
  })
})

/** Milliseconds of processor time, of the best of three when the first is too long. */
function timeOf(run: () => void, enough: number): number {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < 3 && best > enough; i++) {
    const start = process.cpuUsage()
    run()
    const { user, system } = process.cpuUsage(start)
    best = Math.min(best, (user + system) / 1000)
  }
  return best
}

describe('time grows with the length and no faster', () => {
  const status = (content: string): string => fields('message/delivery-status', content)
  const xml = (content: string): string => file('text/xml', 'r.xml', content)
  const text = (content: string): string =>
    `From: mailer-daemon@x\r\nX-Failed-Recipients: a@b\r\n\r\n${content}`
  const exim = 'This message was created automatically by mail delivery software.\n'
  const bombs: [what: string, make: (times: number) => string][] = [
    ['fields', n => status('A: b\r\n'.repeat(n))],
    ['groups', n => status('A: b\r\n\r\n'.repeat(n))],
    ['lines that are no field', n => status('no field here\r\n'.repeat(n))],
    ['one field that never ends', n => status(`Final-Recipient: ${'x;'.repeat(n)}`)],
    ['folds', n => status(`Diagnostic-Code: smtp;${'\r\n x'.repeat(n)}`)],
    ['comments', n => status(`Status: 5.1.1${' ('.repeat(n)}`)],
    ['recipients without blank lines', n => status('Final-Recipient: a\r\n'.repeat(n))],
    ['digits and dots', n => status(`Final-Recipient: a\r\nDiagnostic-Code: ${'5.1.1.'.repeat(n)}`)],
    [
      'slashes of a disposition',
      n => fields('message/disposition-notification', `Disposition: ;${'/a'.repeat(n)}`),
    ],
    ['open tags', n => xml('<a>'.repeat(n))],
    ['attributes', n => xml(`<feedback ${'a="b" '.repeat(n)}/>`)],
    ['quotes', n => xml(`<feedback a=${'"\''.repeat(n)}`)],
    ['references', n => xml(`<feedback>${'&amp'.repeat(n)}</feedback>`)],
    ['comments in XML', n => xml(`<feedback>${'<!---->'.repeat(n)}</feedback>`)],
    ['comments that are not closed', n => xml(`<feedback>${'<!-- '.repeat(n)}`)],
    ['text between comments', n => xml(`<feedback>${'x<!---->'.repeat(n)}</feedback>`)],
    ['quotes in JSON', n => file('application/tlsrpt+json', 'r', `{${'"\\"'.repeat(n)}`)],
    ['paragraphs of qmail', n => text(`Hi. This is the x at y.\n\n${'<a@b>:\n\n'.repeat(n)}`)],
    ['openings of qmail', n => text(`Hi. This is the ${' at x'.repeat(n)}`)],
    [
      'addresses of Exim',
      n => text(`${exim}could not be delivered to all of its recipients\n${'  a@b\n'.repeat(n)}`),
    ],
    [
      'lines of Exim',
      n => text(`${exim}could not be delivered to all of its recipients\n  a@b${' ('.repeat(n)}`),
    ],
    ['dashes', n => text(`${exim}${'\n----- '.repeat(n)}`)],
    ['failed recipients', n => `From: x@y\r\nX-Failed-Recipients: ${'a@b,'.repeat(n)}\r\n\r\n${exim}`],
    [
      'parts',
      n =>
        `Content-Type: multipart/report; boundary=b\r\n\r\n${'--b\r\nContent-Type: message/delivery-status\r\n\r\n'.repeat(n)}`,
    ],
  ]
  for (const [what, make] of bombs) {
    it(what, () => {
      const [few, many] = [make(10_000), make(80_000)]
      const run = (raw: string) => (): void => {
        parseReport(raw)
      }
      const short = timeOf(run(few), 0)
      // eight times as much: a quadratic reader needs 64 times as long
      const long = timeOf(run(many), 20 * Math.max(short, 5))
      assert.ok(long < 24 * Math.max(short, 5), `${short} ms, then ${long} ms`)
    })
  }
})

describe('noise', () => {
  const root = join(process.env['VECTORS_DIR'] ?? join(process.cwd(), '../shared/vectors'), 'reports')
  const published = existsSync(root)
    ? readdirSync(root, { recursive: true, encoding: 'utf8' })
        .filter(name => name.endsWith('.eml'))
        .map(name => readFileSync(join(root, name)))
    : []
  const ours = Buffer.from(
    buildDsn({
      reportingMta: 'mx.example.com',
      to: 'alice@example.com',
      recipients: [
        { finalRecipient: 'bob@example.net', action: 'failed', status: '5.1.1', diagnostic: '550 5.1.1 no' },
        { finalRecipient: 'jürgen@example.net', action: 'delayed', diagnostic: '452 full' },
      ],
      originalMessage: 'Message-ID: <x@example.com>\r\n\r\nHello',
    }),
  )
  const samples = [
    ours,
    Buffer.from(
      fields('message/disposition-notification', 'Disposition: a/b;displayed\r\nFinal-Recipient: rfc822;a@x'),
    ),
    Buffer.from(fields('message/feedback-report', 'Feedback-Type: auth-failure\r\nSource-IP: 192.0.2.1')),
    Buffer.from(
      file('application/zip', `${NAME}.zip`, zip([['r.xml', '<feedback><version>1</version></feedback>']])),
    ),
    Buffer.from(
      'From: mailer-daemon@x\r\n\r\nHi. This is the qmail-send program at x.\n\n<a@b>:\nno\n\n--- Below\n\nA: b\n',
    ),
    ...published,
  ]
  const random = seededBytes(8098)
  const pick = (limit: number): number => random(4).reduce((sum, byte) => sum * 256 + byte, 0) % limit

  it('20,000 mutations of reports: an answer to each', () => {
    for (let i = 0; i < 20_000; i++) {
      const sample = samples[i % samples.length]!
      const bytes = Buffer.from(sample.length > 20_000 ? sample.subarray(0, 20_000) : sample)
      for (let n = pick(6); n >= 0; n--) {
        const at = pick(bytes.length)
        const kind = pick(4)
        if (kind === 0) bytes[at] = pick(256)
        else if (kind === 1) bytes.copy(bytes, at, pick(bytes.length), pick(bytes.length))
        else if (kind === 2) bytes.write('\r\n', at, 'latin1')
        else bytes.fill(0x3c, at, Math.min(bytes.length, at + pick(20)))
      }
      const cut = pick(10) === 0 ? bytes.subarray(0, pick(bytes.length)) : bytes
      const report = parseReport(i % 2 === 0 ? cut : parseMessage(cut))
      assert.ok(report === null || JSON.stringify(report).length > 0)
    }
  })

  it('5,000 runs of bytes without sense, alone and as each part of a report', () => {
    const types = ['delivery-status', 'disposition-notification', 'feedback-report', 'global-delivery-status']
    for (let i = 0; i < 5000; i++) {
      const noise = Buffer.from(random(pick(300)))
      parseReport(noise)
      parseReport(fields(`message/${types[i % types.length]}`, noise.toString('latin1')))
      parseReport(
        file('application/gzip', `${NAME}.xml.gz`, Buffer.concat([Buffer.from([0x1f, 0x8b, 8]), noise])),
      )
      parseReport(file('text/xml', 'r.xml', `<feedback>${noise.toString('latin1')}`))
      parseReport(file('application/tlsrpt+json', 'r', `{${noise.toString('latin1')}`))
    }
  })
})
