// DMARC aggregate reports (RFC 9990, RFC 7489), and the reader of XML below them.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { DmarcReport } from '../../src/dsn/index.ts'
import { parseReport as parseWithout } from '../../src/dsn/index.ts'
import { readXml, type XmlLimits } from '../../src/dsn/xml.ts'
import { nodeCompression } from '../../src/node/compression.ts'
import { parseReport } from '../../src/node/index.ts'
import { zip } from './zip.ts'

const record = `<record>
    <row>
      <source_ip>2001:db8::1</source_ip><count>5</count>
      <policy_evaluated>
        <disposition>Quarantine</disposition><dkim>fail</dkim><spf>pass</spf>
        <reason><type>local_policy</type><comment>trusted relay</comment></reason>
        <reason><type>other</type></reason>
      </policy_evaluated>
    </row>
    <identifiers>
      <envelope_to>example.net</envelope_to><envelope_from>b.example.org</envelope_from><header_from>example.org</header_from>
    </identifiers>
    <auth_results>
      <dkim><domain>example.org</domain><selector>s</selector><result>fail</result><human_result>body changed</human_result></dkim>
      <dkim><domain>b.example.org</domain><selector>t</selector><result>pass</result></dkim>
      <spf><domain>b.example.org</domain><scope>mfrom</scope><result>pass</result></spf>
    </auth_results>
  </record>`
const report = (records: string = record): string => `<?xml version="1.0" encoding="UTF-8"?>
<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0" xmlns:v="https://vendor.example/">
  <version>1.0</version>
  <report_metadata>
    <org_name>Example &amp; Sons &lt;R&#38;D&gt;</org_name>
    <email>dmarc@example.net</email>
    <extra_contact_info>https://example.net/dmarc</extra_contact_info>
    <report_id>2026-05-23-example.org</report_id>
    <date_range><begin>1779494400</begin><end>1779580799</end></date_range>
    <error>one</error><error>two</error>
    <generator>ExampleRUA 2.0</generator>
  </report_metadata>
  <policy_published>
    <domain>example.org</domain><discovery_method>treewalk</discovery_method>
    <p>quarantine</p><sp>reject</sp><np>none</np><fo>1</fo><adkim>s</adkim><aspf>r</aspf><testing>y</testing>
  </policy_published>
  <extension><v:receiver>mx1.example.net</v:receiver><record>not one</record></extension>
  <!-- a comment with <record> in it -->
  ${records}
</feedback>`

const message = (type: string, content: string | Uint8Array, name = '', subject = ''): string =>
  [
    `Subject: ${subject}\r\nMIME-Version: 1.0\r\nContent-Type: ${type}\r\n`,
    name === '' ? '' : `Content-Disposition: attachment; filename="${name}"\r\n`,
    `Content-Transfer-Encoding: base64\r\n\r\n${Buffer.from(content).toString('base64')}\r\n`,
  ].join('')

function read(raw: string): DmarcReport | null {
  const found = parseReport(raw)
  if (found === null) return null
  assert.ok(found.kind === 'dmarc')
  return found
}

describe('aggregate reports', () => {
  it('all of RFC 9990, and nothing of its extensions', () => {
    assert.deepEqual(read(message('text/xml', report())), {
      kind: 'dmarc',
      version: '1.0',
      orgName: 'Example & Sons <R&D>',
      email: 'dmarc@example.net',
      extraContactInfo: 'https://example.net/dmarc',
      reportId: '2026-05-23-example.org',
      generator: 'ExampleRUA 2.0',
      begin: new Date('2026-05-23T00:00:00Z'),
      end: new Date('2026-05-23T23:59:59Z'),
      errors: ['one', 'two'],
      policy: {
        ...{ domain: 'example.org', discoveryMethod: 'treewalk', p: 'quarantine', sp: 'reject', np: 'none' },
        ...{ adkim: 's', aspf: 'r', fo: '1', testing: 'y', pct: null },
      },
      records: [
        {
          sourceIp: '2001:db8::1',
          count: 5,
          disposition: 'quarantine',
          dkim: 'fail',
          spf: 'pass',
          reasons: [
            { type: 'local_policy', comment: 'trusted relay' },
            { type: 'other', comment: null },
          ],
          headerFrom: 'example.org',
          envelopeFrom: 'b.example.org',
          envelopeTo: 'example.net',
          dkimResults: [
            {
              domain: 'example.org',
              selector: 's',
              scope: null,
              result: 'fail',
              humanResult: 'body changed',
            },
            { domain: 'b.example.org', selector: 't', scope: null, result: 'pass', humanResult: null },
          ],
          spfResults: [
            { domain: 'b.example.org', selector: null, scope: 'mfrom', result: 'pass', humanResult: null },
          ],
        },
      ],
      truncated: false,
    })
  })

  const name = 'example.net!example.org!1779494400!1779580799'
  const ways: [what: string, raw: string][] = [
    ['gzip', message('application/gzip', gzipSync(report()), `${name}.xml.gz`)],
    [
      'gzip under a name of its own',
      message('application/x-gzip', gzipSync(report()), 'r.gz', 'Report Domain: example.org'),
    ],
    ['gzip as octets', message('application/octet-stream', gzipSync(report()), `${name}.xml.gz`)],
    ['zip', message('application/zip', zip([[`${name}.xml`, report()]]), `${name}.zip`)],
    ['zip, stored', message('application/zip', zip([[`${name}.xml`, report()]], false), `${name}.zip`)],
    [
      'zip with other files first',
      message(
        'application/x-zip-compressed',
        zip([
          ['a.txt', 'x'],
          ['r.XML', report()],
        ]),
        `${name}.zip`,
      ),
    ],
    ['bare XML', message('application/xml', report())],
    ['a file of text', message('application/octet-stream', report(), 'report.xml')],
    ['UTF-8 with a mark', message('text/xml', `\ufeff${report()}`)],
    [
      'UTF-16',
      message(
        'text/xml; charset=utf-16',
        Buffer.from(`\ufeff${report().replace('UTF-8', 'UTF-16')}`, 'utf16le'),
      ),
    ],
  ]
  for (const [what, raw] of ways) {
    it(`as ${what}`, () => assert.deepEqual(read(raw), read(message('text/xml', report()))))
  }

  it('in ISO-8859-1, when it says so', () => {
    const latin = Buffer.from(
      report().replace('UTF-8', 'iso-8859-1').replace('trusted', 'g\xfcnstig'),
      'latin1',
    )
    assert.equal(read(message('text/xml', latin))!.records[0]!.reasons[0]!.comment, 'günstig relay')
  })

  it('of more records than the limit are cut, and say so', () => {
    const raw = message('text/xml', report(record.repeat(4)))
    const cut = parseReport(raw, { maxRecords: 3 })
    assert.ok(cut?.kind === 'dmarc')
    assert.deepEqual([cut.records.length, cut.truncated], [3, true])
    const whole = parseReport(raw, { maxRecords: 4 })
    assert.ok(whole?.kind === 'dmarc')
    assert.deepEqual([whole.records.length, whole.truncated], [4, false])
  })

  const nulls: [what: string, raw: string][] = [
    ['an ordinary ZIP archive', message('application/zip', zip([['r.xml', report()]]), 'holiday.zip')],
    ['an archive without a report', message('application/zip', zip([['a.txt', report()]]), `${name}.zip`)],
    ['other XML', message('text/xml', '<html><body/></html>')],
    [
      'XML without a policy',
      message('text/xml', '<feedback><report_metadata><report_id>1</report_id></report_metadata></feedback>'),
    ],
    ['XML that ends early', message('text/xml', report().slice(0, -20))],
    ['a broken gzip', message('application/gzip', gzipSync(report()).subarray(0, 200), `${name}.xml.gz`)],
  ]
  for (const [what, raw] of nulls) it(`${what}: null`, () => assert.equal(read(raw), null))

  it('in gzip are not read where nothing can unpack', () => {
    const raw = message('application/gzip', gzipSync(report()), `${name}.xml.gz`)
    assert.equal(parseWithout(raw), null)
    assert.ok(parseWithout(raw, { compression: nodeCompression }))
  })

  it('larger than the limit when unpacked are not read; the limit itself is', () => {
    for (const raw of [
      message('application/gzip', gzipSync(report()), `${name}.xml.gz`),
      message('application/zip', zip([['r.xml', report()]]), `${name}.zip`),
      message('application/zip', zip([['r.xml', report()]], false), `${name}.zip`),
      message('text/xml', report()),
    ]) {
      const size = Buffer.byteLength(report())
      assert.ok(parseReport(raw, { maxUnpackedSize: size }))
      assert.equal(parseReport(raw, { maxUnpackedSize: size - 1 }), null)
    }
  })
})

describe('XML', () => {
  const limits: XmlLimits = { maxDepth: 5, maxElements: 20 }
  /** `a(b"text")`, or null when it is refused. */
  const outline = (source: string): string | null => {
    let out = ''
    const events = {
      open: (name: string) => {
        out += `${name}(`
      },
      close: (text: string) => {
        out += `${JSON.stringify(text)})`
      },
    }
    return readXml(source, events, limits) ? out : null
  }
  const cases: [source: string, expected: string | null][] = [
    ['<a/>', 'a("")'],
    ['<a />', 'a("")'],
    ['<a>x</a>', 'a("x")'],
    ['<a> x\n y </a >', 'a("x\\n y")'],
    ['<a><b>1</b><c>2</c></a>', 'a(b("1")c("2")"")'],
    ['<?xml version="1.0"?>\n<!-- c -->\n<a>x</a>\n<!-- d -->', 'a("x")'],
    ['<n:a xmlns:n="u"><n:b>x</n:b></n:a>', 'a(b("x")"")'],
    ['<a href="x>y" b=\'</a>\'>x</a>', 'a("x")'],
    ['<a>x<!-- y -->z</a>', 'a("xz")'],
    ['<a><![CDATA[<b>&amp;]]></a>', 'a("<b>&amp;")'],
    ['<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x1F389;</a>', 'a("<>&\\"\'A🎉")'],
    // bare and unknown references stay
    ['<a>A & B &unknown; &#0; &#xD800; &;</a>', 'a("A & B &unknown; &#0; &#xD800; &;")'],
    ['<a>&amp;lt;</a>', 'a("&lt;")'],
    ['', null],
    ['x', null],
    ['<a>', null],
    ['<a></b>', null],
    ['</a>', null],
    ['<a/><b/>', null],
    ['<a', null],
    ['<a b="', null],
    ['<>', null],
    ['< a/>', null],
    ['<a><!-- x</a>', null],
    ['<a><![CDATA[x</a>', null],
    ['<?xml', null],
    // no document types: no entities, no files, no bombs
    ['<!DOCTYPE a><a/>', null],
    ['<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', null],
    ['<a><!ENTITY b "c"></a>', null],
    ['<a><a><a><a><a/></a></a></a></a>', 'a(a(a(a(a("")"")"")"")"")'],
    ['<a><a><a><a><a><a/></a></a></a></a></a>', null],
    [`<a>${'<b/>'.repeat(19)}</a>`, `a(${'b("")'.repeat(19)}"")`],
    [`<a>${'<b/>'.repeat(20)}</a>`, null],
  ]
  for (const [source, expected] of cases) {
    it(`${JSON.stringify(source.slice(0, 60))}: ${expected === null ? 'refused' : 'read'}`, () => {
      assert.equal(outline(source), expected)
    })
  }
})
