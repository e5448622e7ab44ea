// verifyDNS: what is published against what should be, read as receivers read it, and what to do in words.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { MailError } from '../../src/base/errors.ts'
import type { DnsAnswer, FetchAnswer } from '../../src/base/runtime.ts'
import type { Resolver } from '../../src/dns/index.ts'
import {
  buildDomainMailMaterial,
  type DnsCheckName,
  type DnsVerification,
  type VerifyDnsOptions,
} from '../../src/domain/index.ts'
// loaded now, since virtual time does not wait for files
import '../../src/domain/verify-dns.ts'
import { VirtualWorld } from '../../src/testing/index.ts'
import { RFC8463_ED25519, RFC8463_RSA, RSA_RECORD } from '../trust/kit.ts'

const OPTIONS = {
  dkim: { privateKey: RFC8463_RSA, selector: 'test' },
  mtaSts: { mode: 'enforce', mx: ['mx.example.com'] },
  tlsRpt: { ruaEmail: 'tls@example.com' },
} as const
const P = RSA_RECORD.slice(RSA_RECORD.indexOf('p=') + 2)
const mat = buildDomainMailMaterial('example.com', OPTIONS, new VirtualWorld().host())
const RIGHT: Readonly<Record<string, string>> = {
  mx: 'example.com MX 10 mx.example.com',
  host: 'mx.example.com A 192.0.2.1',
  spf: 'example.com TXT "v=spf1 mx ~all"',
  other: 'example.com TXT "some-verification=1"',
  dkim: `test._domainkey.example.com TXT "${mat.dkim.dnsValue}"`,
  dmarc: '_dmarc.example.com TXT "v=DMARC1; p=quarantine"',
  mtaSts: `_mta-sts.example.com TXT "v=STSv1; id=${mat.mtaSts.id};"`,
  tlsRpt: '_smtp._tls.example.com TXT "v=TLSRPTv1; rua=mailto:tls@example.com"',
}

async function verify(
  changes: Readonly<Record<string, string>> = {},
  options: VerifyDnsOptions = {},
): Promise<DnsVerification> {
  const world = new VirtualWorld({ zones: Object.values({ ...RIGHT, ...changes }).join('\n') })
  const { verifyDNS } = buildDomainMailMaterial('example.com', OPTIONS, world.host())
  return world.run(verifyDNS(options))
}

test('everything is right', async () => {
  const { records, ...summary } = await verify()
  assert.deepEqual(summary, {
    dkim: true,
    spf: true,
    dmarc: true,
    mx: true,
    mtaSts: true,
    tlsRpt: true,
    ok: true,
  })
  assert.equal(records.length, 6)
})

test('the callback style gives the same; a mistake in the options goes to it, too', async () => {
  const world = new VirtualWorld({ zones: Object.values(RIGHT).join('\n') })
  const { verifyDNS } = buildDomainMailMaterial('example.com', OPTIONS, world.host())
  const results = await world.run(
    new Promise<DnsVerification | undefined>((resolve, reject) => {
      verifyDNS((error, found) => (error ? reject(error) : resolve(found)))
    }),
  )
  assert.equal(results?.ok, true)
  const error = await new Promise<unknown>(resolve => {
    verifyDNS({ timeoutMs: -1 }, resolve)
  })
  assert.equal((error as MailError).code, 'ECONFIG')
  await assert.rejects(verifyDNS({ resolver: {} as never }), { code: 'ECONFIG', message: /option resolver/ })
  await assert.rejects(verifyDNS({ fetch: 1 as never }), { code: 'ECONFIG', message: /option fetch/ })
  await assert.rejects(verifyDNS({ timeout: 1 } as VerifyDnsOptions), {
    code: 'ECONFIG',
    message: /options\.timeout/,
  })
})

test('what the material does not have is not looked for', async () => {
  const world = new VirtualWorld({ zones: Object.values(RIGHT).join('\n') })
  const { verifyDNS } = buildDomainMailMaterial('example.com', { dkim: OPTIONS.dkim }, world.host())
  const { mtaSts, tlsRpt, ok, records } = await world.run(verifyDNS())
  assert.deepEqual([mtaSts, tlsRpt, ok, records.length], [null, null, true, 4])
})

describe('what means the same is right', () => {
  for (const [what, changes] of [
    [
      'a key in another order, folded',
      { dkim: `test._domainkey.example.com TXT "p=${P.slice(0, 50)} ${P.slice(50)}; k=rsa"` },
    ],
    [
      'a key in two strings',
      { dkim: `test._domainkey.example.com TXT "v=DKIM1;p=${P.slice(0, 50)}" "${P.slice(50)}"` },
    ],
    ['SPF in other letters', { spf: 'example.com TXT "V=SPF1 +MX ~ALL"' }],
    [
      'SPF with more in it',
      { spf: 'example.com TXT "v=spf1 ip4:192.0.2.7 mx include:spf.example.net -all"' },
    ],
    [
      'a stricter DMARC policy, with reports',
      { dmarc: '_dmarc.example.com TXT "v=DMARC1;p=reject;rua=mailto:a@b.example"' },
    ],
    ['another MX host that the policy allows', { mx: 'example.com MX 10 MX.example.com' }],
    [
      'MTA-STS with an extension',
      { mtaSts: `_mta-sts.example.com TXT "v=STSv1 ; x=y; id=${mat.mtaSts.id}"` },
    ],
    [
      'TLS-RPT with two destinations',
      { tlsRpt: '_smtp._tls.example.com TXT "v=TLSRPTv1;rua=https://r.example/,mailto:tls@example.com"' },
    ],
    [
      'records behind an alias',
      {
        mtaSts: `_mta-sts.example.com CNAME sts.example.net\nsts.example.net TXT "v=STSv1; id=${mat.mtaSts.id}"`,
      },
    ],
  ] as const) {
    test(what, async () => {
      const { ok, records } = await verify(changes as Record<string, string>)
      assert.equal(ok, true, JSON.stringify(records.filter(({ status }) => status !== 'right')))
    })
  }
})

describe('what is not right is told', () => {
  for (const [check, changes, status, advice] of [
    [
      'dkim',
      { dkim: '' },
      'missing',
      /there is no name test\._domainkey\.example\.com: create this TXT record/,
    ],
    [
      'dkim',
      { dkim: 'x.test._domainkey.example.com TXT "y"' },
      'missing',
      /test\._domainkey\.example\.com has no TXT record/,
    ],
    ['dkim', { dkim: 'test._domainkey.example.com SERVFAIL' }, 'unknown', /SERVFAIL/],
    ['dkim', { dkim: 'test._domainkey.example.com TIMEOUT' }, 'unknown', /did not answer .* in time/],
    [
      'dkim',
      {
        dkim: `test._domainkey.example.com TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="`,
      },
      'wrong',
      /another key is published/,
    ],
    ['dkim', { dkim: 'test._domainkey.example.com TXT "v=DKIM1; p="' }, 'wrong', /the key was revoked/],
    [
      'dkim',
      {
        dkim: `test._domainkey.example.com TXT "v=DKIM1; p=${P}"\ntest._domainkey.example.com TXT "v=DKIM1; p=${P}"`,
      },
      'wrong',
      /there are 2 keys/,
    ],
    ['dkim', { dkim: `test._domainkey.example.com TXT "v=DKIM1; t=y; p=${P}"` }, 'wrong', /only trying/],
    [
      'dkim',
      { dkim: `test._domainkey.example.com TXT "v=DKIM1; h=sha1; p=${P}"` },
      'wrong',
      /does not allow sha256/,
    ],
    [
      'dkim',
      { dkim: `test._domainkey.example.com TXT "v=DKIM1; p=${P.slice(0, 200)}"` },
      'wrong',
      /p= is no RSA key/,
    ],
    ['spf', { spf: '' }, 'missing', /example\.com has no SPF record: create it/],
    [
      'spf',
      { spf: 'example.com TXT "v=spf1 mx -all"\nexample.com TXT "v=spf1 a -all"' },
      'wrong',
      /there are 2 SPF records.*join them/,
    ],
    ['spf', { spf: 'example.com TXT "v=spf1 a -all"' }, 'wrong', /lacks mx/],
    ['spf', { spf: 'example.com TXT "v=spf1 mx +all"' }, 'wrong', /all the world/],
    ['spf', { spf: 'example.com TXT "v=spf1 mx all"' }, 'wrong', /all the world/],
    ['spf', { spf: 'example.com TXT "v=spf1 mx foo:bar ~all"' }, 'wrong', /the record has/],
    ['spf', { spf: 'example.com TXT SERVFAIL', other: '' }, 'unknown', /SERVFAIL/],
    ['dmarc', { dmarc: '' }, 'missing', /no name _dmarc/],
    ['dmarc', { dmarc: '_dmarc.example.com TXT "DMARC1; p=none"' }, 'wrong', /no DMARC record/],
    ['dmarc', { dmarc: '_dmarc.example.com TXT "v=DMARC1; p=none"' }, 'wrong', /weaker than the quarantine/],
    ['dmarc', { dmarc: '_dmarc.example.com TXT "v=DMARC1; p=block"' }, 'wrong', /value of p=/],
    ['dmarc', { dmarc: '_dmarc.example.com TXT "v=DMARC1; rua=mailto:a@b.example"' }, 'wrong', /no p=/],
    [
      'dmarc',
      { dmarc: '_dmarc.example.com TXT "v=DMARC1; p=reject"\n_dmarc.example.com TXT "v=DMARC1; p=none"' },
      'wrong',
      /2 DMARC records/,
    ],
    ['mx', { mx: '' }, 'missing', /example\.com has no MX record/],
    ['mx', { mx: 'example.com MX 10 old.example.net' }, 'wrong', /not led to mx\.example\.com/],
    [
      'mx',
      { mx: 'example.com MX 10 mx.example.com\nexample.com MX 20 old.example.net' },
      'wrong',
      /old\.example\.net is none that the MTA-STS policy allows/,
    ],
    ['mx', { mx: 'example.com MX 0 .' }, 'wrong', /null MX/],
    ['mx', { host: 'mx.example.com CNAME a.example.net\na.example.net A 192.0.2.1' }, 'wrong', /is an alias/],
    ['mx', { host: '' }, 'wrong', /has no address/],
    ['mx', { host: 'mx.example.com SERVFAIL' }, 'unknown', /which address/],
    ['mtaSts', { mtaSts: '' }, 'missing', /no name _mta-sts/],
    ['mtaSts', { mtaSts: '_mta-sts.example.com TXT "v=STSv1; id=old"' }, 'wrong', /the id is old/],
    ['mtaSts', { mtaSts: '_mta-sts.example.com TXT "v=STSv1; id=a-b"' }, 'wrong', /other characters/],
    ['mtaSts', { mtaSts: '_mta-sts.example.com TXT "STSv1"' }, 'wrong', /no MTA-STS record/],
    [
      'mtaSts',
      { mtaSts: '_mta-sts.example.com TXT "v=STSv1; id=a"\n_mta-sts.example.com TXT "v=STSv1; id=b"' },
      'wrong',
      /2 MTA-STS records/,
    ],
    ['tlsRpt', { tlsRpt: '' }, 'missing', /no name _smtp\._tls/],
    [
      'tlsRpt',
      { tlsRpt: '_smtp._tls.example.com TXT "v=TLSRPTv1; rua=mailto:x@example.com"' },
      'wrong',
      /do not go to mailto:tls@/,
    ],
    ['tlsRpt', { tlsRpt: '_smtp._tls.example.com TXT "x"' }, 'wrong', /no TLS-RPT record/],
  ] as const) {
    test(`${check}: ${status}, ${advice}`, async () => {
      const results = await verify(changes as Record<string, string>)
      const finding = results.records.find(record => record.check === check)
      assert.equal(finding?.status, status)
      assert.match(finding.advice, advice)
      assert.equal(results[check], false)
      assert.equal(results.ok, false)
      // nothing else is called wrong for it
      const others = (['dkim', 'spf', 'dmarc', 'mx', 'mtaSts', 'tlsRpt'] as DnsCheckName[]).filter(
        name => name !== check,
      )
      for (const name of others) assert.equal(results[name], true, name)
    })
  }
})

describe('the policy over HTTPS', () => {
  const served: FetchAnswer = {
    status: 200,
    contentType: 'text/plain; charset=utf-8',
    body: Buffer.from(mat.mtaSts.policy),
  }
  for (const [what, answer, expected] of [
    ['as it is', served, true],
    [
      'with LF, another order and an extension',
      {
        ...served,
        body: Buffer.from('mode: enforce\nx: y\nmx: MX.example.com\nmax_age: 604800\nversion: STSv1'),
      },
      true,
    ],
    [
      'an old one',
      { ...served, body: Buffer.from(mat.mtaSts.policy.replace('enforce', 'testing')) },
      /mode is another one/,
    ],
    ['HTML', { ...served, contentType: 'text/html' }, /Content-Type is text\/html/],
    ['a redirect', { ...served, status: 301 }, /answers 301/],
    [
      'a bad certificate',
      new MailError('ETLS', 'expired'),
      /certificate of mta-sts\.example\.com is not valid/,
    ],
    ['far too much', new MailError('ELIMIT', 'large'), /too large/],
    ['nobody there', new MailError('ECONNECTION', 'refused'), /cannot be fetched/],
  ] as const) {
    test(what, async () => {
      const asked: string[] = []
      const fetch: NonNullable<VerifyDnsOptions['fetch']> = async ({ url }: { readonly url: string }) => {
        asked.push(url)
        if (answer instanceof Error) throw answer
        return answer
      }
      const { mtaSts, records } = await verify({}, { fetch })
      assert.deepEqual(asked, ['https://mta-sts.example.com/.well-known/mta-sts.txt'])
      assert.equal(mtaSts, expected === true)
      const finding = records.find(({ type }) => type === 'HTTPS')!
      if (expected !== true) assert.match(finding.advice, expected)
    })
  }
})

const SILENT: Resolver = { resolve: () => new Promise(() => {}) }

test('a DNS that is silent costs no more than the time', async () => {
  const world = new VirtualWorld()
  const runtime = world.host()
  const { verifyDNS } = buildDomainMailMaterial(
    'example.com',
    { dkim: { privateKey: RFC8463_ED25519 } },
    runtime,
  )
  const begin = runtime.now()
  const { ok, records } = await world.run(verifyDNS({ resolver: SILENT }))
  assert.equal(runtime.now() - begin, 15_000)
  assert.equal(ok, false)
  assert.deepEqual(new Set(records.map(({ status }) => status)), new Set(['unknown']))
})

test('whatever the DNS says, there is a finding for each record', async () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom(...Object.values(RIGHT).map(line => line.slice(line.indexOf('TXT "') + 5, -1))),
    fc.constantFrom('v=spf1', 'v=DMARC1', 'v=STSv1; id=', 'v=TLSRPTv1;', 'v=DKIM1; p=', 'v=DKIM1; p=A'),
  )
  const answer = fc.oneof(
    fc.constantFrom<DnsAnswer>({ ok: false, failure: 'nodata' }, { ok: false, failure: 'servfail' }),
    fc
      .array(text, { maxLength: 3 })
      .map((values): DnsAnswer => ({ ok: true, records: values.map(value => ({ value })) })),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(answer, { minLength: 1, maxLength: 10 }), async answers => {
      const world = new VirtualWorld()
      let n = 0
      const resolver: Resolver = { resolve: async () => answers[n++ % answers.length]! }
      const { verifyDNS } = buildDomainMailMaterial('example.com', OPTIONS, world.host())
      const { records, ok } = await world.run(verifyDNS({ resolver }))
      assert.equal(records.length, 6)
      assert.equal(
        ok,
        records.every(({ status }) => status === 'right'),
      )
      for (const { advice } of records) assert.match(advice, /\w/)
    }),
    { numRuns: 300 },
  )
})
