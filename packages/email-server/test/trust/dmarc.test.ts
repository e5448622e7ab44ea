// DMARC by the text of RFC 9989; its own examples first.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Resolver } from '../../src/dns/index.ts'
import { VirtualWorld } from '../../src/testing/index.ts'
import {
  checkDmarc,
  type DmarcOptions,
  type DmarcQuery,
  type DmarcResult,
  readDmarcRecord,
} from '../../src/trust/dmarc/index.ts'
import { fastest } from '../support/fastest.ts'

interface Checked extends DmarcResult {
  readonly asked: readonly string[]
}

async function check(
  zones: string,
  query: DmarcQuery,
  options: Partial<DmarcOptions> = {},
): Promise<Checked> {
  const world = new VirtualWorld({ zones })
  const runtime = world.host()
  const asked: string[] = []
  const resolver: Resolver = {
    resolve(name, type) {
      asked.push(type === 'TXT' ? name : `${type} ${name}`)
      return runtime.resolve(name, type)
    },
  }
  return { ...(await world.run(checkDmarc(query, { resolver, runtime, ...options }))), asked }
}

const from = (...domains: string[]): readonly string[] => [domains.map(domain => `a@${domain}`).join(', ')]
const dkim = (domain: string, result = 'pass') => [{ domain, result, selector: 's1' }]
const spf = (domain: string, result = 'pass') => ({ domain, result })

describe('the tree walk (RFC 9989 §4.10)', () => {
  test('asks eight names at most, by the example of the text', async () => {
    const { asked, result } = await check('', { from: from('a.b.c.d.e.f.g.h.i.j.mail.example.com') })
    assert.equal(result, 'none')
    assert.deepEqual(asked, [
      '_dmarc.a.b.c.d.e.f.g.h.i.j.mail.example.com',
      '_dmarc.g.h.i.j.mail.example.com',
      '_dmarc.h.i.j.mail.example.com',
      '_dmarc.i.j.mail.example.com',
      '_dmarc.j.mail.example.com',
      '_dmarc.mail.example.com',
      '_dmarc.example.com',
      '_dmarc.com',
    ])
  })

  test('asks each name once, with eight labels as with two', async () => {
    for (const domain of ['example.com', 'a.b.c.d.e.f.example.com', 'a.b.c.d.e.f.g.example.com']) {
      const { asked } = await check('', { from: from(domain), spf: spf(`x.${domain}`) })
      assert.equal(asked.length, Math.min(8, domain.split('.').length))
      assert.equal(new Set(asked).size, asked.length)
    }
  })

  test('§5.1.8: a record that it skips is not found', async () => {
    const zones = `
      _dmarc.example.com               TXT "v=DMARC1; p=none"
      _dmarc.b.c.d.e.f.g.example.com   TXT "v=DMARC1; p=reject; psd=n"
    `
    const result = await check(zones, { from: from('mail.a.b.c.d.e.f.g.example.com') })
    assert.deepEqual([result.policyDomain, result.policy], ['example.com', 'none'])
  })

  test('B.4.1: aligned with the organization though each has a record', async () => {
    const zones =
      '_dmarc.example.com TXT "v=DMARC1; p=reject"\n_dmarc.signing.example.com TXT "v=DMARC1; p=none"'
    const result = await check(zones, { from: from('example.com'), dkim: dkim('signing.example.com') })
    assert.deepEqual([result.result, result.organizationalDomain], ['pass', 'example.com'])
    assert.equal((await check(zones, { from: from('example.com'), spf: spf('example.com') })).result, 'pass')
  })

  test('B.4.2: a deep author', async () => {
    const zones =
      '_dmarc.example.com TXT "v=DMARC1; p=reject"\n_dmarc.signing.example.com TXT "v=DMARC1; p=none"'
    const author = from('a.b.c.d.e.f.g.h.i.j.k.example.com')
    const passing = await check(zones, { from: author, dkim: dkim('signing.example.com') })
    assert.deepEqual([passing.result, passing.policyDomain], ['pass', 'example.com'])
    assert.equal((await check(zones, { from: author, spf: spf('example.com') })).result, 'pass')
  })

  test('B.4.3: a public suffix with a record parts its children', async () => {
    const zones = `
      _dmarc.bank.example         TXT "v=DMARC1; p=reject; psd=y"
      _dmarc.giant.bank.example   TXT "v=DMARC1; p=quarantine"
    `
    const query = { from: from('giant.bank.example') }
    const spfAligned = await check(zones, { ...query, spf: spf('mail.giant.bank.example') })
    assert.deepEqual([spfAligned.result, spfAligned.organizationalDomain], ['pass', 'giant.bank.example'])
    const other = await check(zones, { ...query, dkim: dkim('mail.mega.bank.example') })
    assert.deepEqual(
      [other.result, other.policy, other.identifiers[0]?.aligned],
      ['fail', 'quarantine', false],
    )
  })

  test('an organization without record falls under its public suffix: sp of that', async () => {
    const zones = `
      _dmarc.bank.example  TXT "v=DMARC1; p=none; sp=quarantine; np=reject; psd=y"
      mega.bank.example    A   192.0.2.1
    `
    const result = await check(zones, { from: from('mega.bank.example') })
    assert.deepEqual(
      [result.result, result.policy, result.policyTag, result.policyDomain],
      ['fail', 'quarantine', 'sp', 'bank.example'],
    )
    const missing = await check(zones, { from: from('nobody.bank.example') })
    assert.deepEqual([missing.policy, missing.policyTag], ['reject', 'np'])
    // the suffix itself as author: its own p
    assert.equal((await check(zones, { from: from('bank.example') })).policyTag, 'p')
  })

  test('psd=n ends the walk: what is above is another organization', async () => {
    const zones = `
      _dmarc.example.com        TXT "v=DMARC1; p=reject"
      _dmarc.dept.example.com   TXT "v=DMARC1; p=none; sp=quarantine; psd=n"
    `
    const result = await check(zones, { from: from('mail.dept.example.com'), spf: spf('example.com') })
    assert.deepEqual(
      [result.result, result.policyDomain, result.policy, result.organizationalDomain],
      ['fail', 'dept.example.com', 'quarantine', 'dept.example.com'],
    )
    assert.ok(!result.asked.includes('_dmarc.com'))
  })

  test('of records in between, the highest is the organization', async () => {
    const zones = `
      _dmarc.example.com        TXT "v=DMARC1; p=none; sp=reject"
      _dmarc.mail.example.com   TXT "v=DMARC1; p=none; sp=none"
    `
    const result = await check(zones, { from: from('a.mail.example.com') })
    assert.deepEqual([result.policyDomain, result.policy], ['example.com', 'reject'])
  })

  test('several records are none; a record among other texts is one', async () => {
    const several = '_dmarc.example.com TXT "v=DMARC1; p=none"\n_dmarc.example.com TXT "v=DMARC1; p=reject"'
    assert.equal((await check(several, { from: from('example.com') })).result, 'none')
    const among = '_dmarc.example.com TXT "v=spf1 -all"\n_dmarc.example.com TXT "v=DMARC1; p=reject"'
    assert.equal((await check(among, { from: from('example.com') })).policy, 'reject')
  })
})

describe('alignment (§4.4, §4.10.2)', () => {
  const aligned = async (record: string, query: Partial<DmarcQuery>, author = 'news.example.com') =>
    (await check(`_dmarc.example.com TXT "${record}"`, { from: from(author), ...query })).result

  test('is relaxed by default: the same organization; strict: the same domain', async () => {
    for (const [identifier, relaxed, strict] of [
      ['news.example.com', 'pass', 'pass'],
      ['foo.example.com', 'pass', 'fail'],
      ['example.com', 'pass', 'fail'],
      ['a.news.example.com', 'pass', 'fail'],
      ['foo.example.net', 'fail', 'fail'],
      ['badexample.com', 'fail', 'fail'],
      ['com', 'fail', 'fail'],
    ] as const) {
      assert.equal(await aligned('v=DMARC1; p=reject', { dkim: dkim(identifier) }), relaxed, identifier)
      assert.equal(
        await aligned('v=DMARC1; p=reject; adkim=s', { dkim: dkim(identifier) }),
        strict,
        identifier,
      )
      assert.equal(await aligned('v=DMARC1; p=reject; aspf=s', { spf: spf(identifier) }), strict, identifier)
      assert.equal(
        await aligned('v=DMARC1; p=reject; adkim=s', { spf: spf(identifier) }),
        relaxed,
        identifier,
      )
    }
  })

  test('needs a pass: nothing else makes an identifier', async () => {
    for (const result of ['fail', 'none', 'neutral', 'softfail', 'permerror', 'policy', 'PASS', '']) {
      const query = { spf: spf('news.example.com', result), dkim: dkim('news.example.com', result) }
      assert.equal(await aligned('v=DMARC1; p=reject', query), 'fail', result)
    }
  })

  test('any one passing signature is enough, whichever it is', async () => {
    const many = [
      ...dkim('a.example'),
      ...dkim('example.com', 'fail'),
      ...dkim('example.com'),
      ...dkim('b.example'),
    ]
    assert.equal(await aligned('v=DMARC1; p=reject', { dkim: many }), 'pass')
  })

  test('compares A-labels without case and final dot', async () => {
    const zones = '_dmarc.xn--bcher-kva.example TXT "v=DMARC1; p=reject"'
    const result = await check(zones, {
      from: ['x <a@Bücher.Example>'],
      dkim: dkim('XN--BCHER-KVA.example.'),
    })
    assert.deepEqual([result.result, result.domain], ['pass', 'xn--bcher-kva.example'])
  })

  test('two domains under a suffix that nobody declares do not align', async () => {
    // without a record above them each is its own organization (§4.10.2, last rule)
    const zones = '_dmarc.victim.example TXT "v=DMARC1; p=reject"'
    const result = await check(zones, { from: from('victim.example'), spf: spf('evil.example') })
    assert.equal(result.result, 'fail')
  })
})

describe('the policy (§4.7, §4.10.1)', () => {
  const policy = async (record: string, author = 'example.com'): Promise<unknown[]> => {
    const zones = `_dmarc.example.com TXT "${record}"\nexists.example.com A 192.0.2.1`
    const result = await check(zones, { from: from(author) })
    return [result.result, result.policy, result.policyTag]
  }

  test('is p for the domain, sp and np below it, p where they are missing', async () => {
    assert.deepEqual(await policy('v=DMARC1; p=reject; sp=none; np=none'), ['fail', 'reject', 'p'])
    assert.deepEqual(await policy('v=DMARC1; p=reject', 'exists.example.com'), ['fail', 'reject', 'p'])
    assert.deepEqual(await policy('v=DMARC1; p=none; sp=quarantine', 'exists.example.com'), [
      'fail',
      'quarantine',
      'sp',
    ])
    assert.deepEqual(await policy('v=DMARC1; p=none; sp=quarantine', 'no.example.com'), [
      'fail',
      'quarantine',
      'sp',
    ])
    const all = 'v=DMARC1; p=none; sp=quarantine; np=reject'
    assert.deepEqual(await policy(all, 'exists.example.com'), ['fail', 'quarantine', 'sp'])
    assert.deepEqual(await policy(all, 'no.example.com'), ['fail', 'reject', 'np'])
  })

  test('t=y counts one step less, and the published one is told', async () => {
    for (const [record, effective, published] of [
      ['v=DMARC1; p=reject; t=y', 'quarantine', 'reject'],
      ['v=DMARC1; p=quarantine; t=y', 'none', 'quarantine'],
      ['v=DMARC1; p=none; t=y', 'none', 'none'],
      ['v=DMARC1; p=reject; t=n', 'reject', 'reject'],
    ] as const) {
      const result = await check(`_dmarc.example.com TXT "${record}"`, { from: from('example.com') })
      assert.deepEqual([result.policy, result.publishedPolicy], [effective, published])
    }
  })

  test('a missing p is none; wrong ones are none with reports, and no record without', async () => {
    assert.deepEqual(await policy('v=DMARC1'), ['fail', 'none', 'p'])
    assert.deepEqual(await policy('v=DMARC1; p=rejct; rua=mailto:a@example.com'), ['fail', 'none', 'p'])
    assert.deepEqual(await policy('v=DMARC1; p=reject; sp=all; rua=mailto:a@example.com'), [
      'fail',
      'none',
      'p',
    ])
    assert.deepEqual(await policy('v=DMARC1; p=rejct'), ['none', null, null])
    assert.deepEqual(await policy('v=DMARC1; p=rejct; rua=nothing'), ['none', null, null])
  })
})

describe('records', () => {
  test('are read tolerantly, as receivers of RFC 7489 did', () => {
    assert.deepEqual(
      readDmarcRecord(
        'v = DMARC1 ;P=Reject;\tsp=quarantine; adkim=s;aspf=R; pct=50; rf=afrf; ri=3600; fo=1:d; x=y; p=none;' +
          ' rua=mailto:a@example.com!10m, https://r.example/d ,nonsense; ruf=mailto:b@example.com;;',
      ),
      {
        policy: 'reject',
        subdomainPolicy: 'quarantine',
        nonexistentPolicy: null,
        dkimAlignment: 'strict',
        spfAlignment: 'relaxed',
        psd: 'u',
        testing: false,
        percentage: 50,
        aggregateReports: ['mailto:a@example.com', 'https://r.example/d'],
        failureReports: ['mailto:b@example.com'],
        failureOptions: '1:d',
        wrongTags: [],
      },
    )
  })

  test('of wrong values the defaults hold', () => {
    const record = readDmarcRecord('v=DMARC1; p=reject; adkim=x; psd=maybe; t=1; fo=0:0')
    assert.deepEqual(
      [record?.policy, record?.dkimAlignment, record?.psd, record?.testing, record?.failureOptions],
      ['reject', 'relaxed', 'u', false, '0'],
    )
    assert.deepEqual(record?.wrongTags, ['adkim', 'psd', 't', 'fo'])
  })

  test('begin with v=DMARC1, exactly', () => {
    for (const text of [
      '',
      'v=dmarc1; p=none',
      'v=DMARC10; p=none',
      'p=none; v=DMARC1',
      'v=DMARC1 p=none',
      ' ; v=DMARC1',
      'DMARC1',
      'v=DMARC2',
    ]) {
      assert.equal(readDmarcRecord(text), null, text)
    }
  })

  test('of any text are read or refused; 64 KiB cost less than a quarter of a second', async () => {
    fc.assert(fc.property(fc.string(), text => void readDmarcRecord(`v=DMARC1;${text}`)))
    for (const piece of [';', 'p=none;', 'rua=mailto:a@b,', '=', ' ', '!1', 'fo=0:', 'a=b ']) {
      for (const head of ['v=DMARC1;', 'v=DMARC1;rua=', 'v=DMARC1;fo=']) {
        const text = head + piece.repeat(Math.floor(65_000 / piece.length))
        assert.ok((await fastest(() => readDmarcRecord(text))) < 250, piece)
      }
    }
  })
})

describe('the author (§5.3.1, §11.5)', () => {
  const ZONES = `
    _dmarc.victim.example TXT "v=DMARC1; p=reject"
    _dmarc.soft.example   TXT "v=DMARC1; p=quarantine"
    _dmarc.evil.test      TXT "v=DMARC1; p=none"
  `
  const judged = async (fields: readonly string[], domain = 'evil.test'): Promise<unknown[]> => {
    const result = await check(ZONES, { from: fields, spf: spf(domain), dkim: dkim(domain) })
    return [result.result, result.policy, result.domain]
  }

  test('is the address, not a name in quotes, a comment or an encoded word', async () => {
    for (const field of [
      'a@evil.test',
      '"victim@victim.example" <a@evil.test>',
      '(victim@victim.example) a@evil.test',
      '=?utf-8?q?victim=40victim.example?= <a@evil.test>',
      '"a@victim.example,"@evil.test',
      'Team: a@evil.test;',
      'Meet @ Noon <a@evil.test>',
    ]) {
      assert.deepEqual(await judged([field]), ['pass', 'none', 'evil.test'], field)
      const turned = field
        .replaceAll('evil.test', '#')
        .replaceAll('victim.example', 'evil.test')
        .replaceAll('#', 'victim.example')
      assert.deepEqual(await judged([turned]), ['fail', 'reject', 'victim.example'], turned)
    }
  })

  test('what careless programs write is no offence', async () => {
    for (const field of [
      'Doe, John <a@evil.test>',
      'a@evil.test <a@evil.test>',
      'a@evil.test (John',
      'John "the <a@evil.test>',
      'J. Doe <a@evil.test',
    ]) {
      assert.deepEqual(await judged([field]), ['pass', 'none', 'evil.test'], field)
    }
  })

  test('every address that some reader could see counts', async () => {
    for (const field of [
      'victim@victim.example <a@evil.test>',
      '<a@evil.test> <b@victim.example>',
      'a@evil.test\r\n\tb@victim.example',
      'a@evil.test@victim.example',
      'a@victim.example@evil.test',
      'x <@victim.example:a@evil.test>',
      'a@evil.test\0@victim.example',
      'a@victim.example\0 <a@evil.test>',
      '"x <b@victim.example> <a@evil.test>',
      'x (b <b@victim.example> <a@evil.test>',
      'Team: a@evil.test, b@victim.example;',
    ]) {
      assert.deepEqual(await judged([field]), ['fail', 'reject', 'victim.example'], field)
    }
  })

  test('is found in linear time', async () => {
    for (const piece of ['"', '"\\\\', '(\\\\', '(', '@', 'a@b.c,', '\\', '(((', '"@', '<', 'x@']) {
      const field = piece.repeat(Math.floor(60_000 / piece.length))
      assert.ok((await fastest(() => check('', { from: [field] }))) < 250, piece)
    }
  })

  test('several addresses of one domain are one author', async () => {
    assert.deepEqual(await judged(['a@evil.test, B <b@EVIL.test>']), ['pass', 'none', 'evil.test'])
  })

  test('of several domains the one that fares worst decides', async () => {
    assert.deepEqual(await judged(['a@evil.test, b@victim.example, c@soft.example']), [
      'fail',
      'reject',
      'victim.example',
    ])
    assert.deepEqual(await judged(['a@soft.example, b@evil.test']), ['fail', 'quarantine', 'soft.example'])
    assert.deepEqual(await judged(['a@evil.test, b@unknown.example']), ['none', null, 'unknown.example'])
  })

  test('several From fields never pass', async () => {
    assert.deepEqual(await judged(['a@evil.test', 'b@victim.example']), ['fail', 'reject', 'victim.example'])
    assert.deepEqual(await judged(['a@evil.test', 'a@evil.test']), ['fail', 'none', 'evil.test'])
    assert.deepEqual(await judged(['a@unknown.example', 'a@unknown.example']), [
      'fail',
      null,
      'unknown.example',
    ])
  })

  test('no author, or one that is no clear address, does not pass', async () => {
    for (const fields of [[], [''], ['nobody'], ['Group:;'], ['<>'], ['a@'], ['a@[192.0.2.1]']]) {
      assert.equal((await judged(fields))[0], 'fail', fields[0])
    }
  })

  test('a flood of authors is not followed', async () => {
    const flood = Array.from({ length: 1000 }, (_, i) => `a@d${i}.example`).join(', ')
    const result = await check('', { from: [flood] })
    assert.equal(result.result, 'fail')
    assert.ok(result.asked.length <= 11, `${result.asked.length}`)
    const fields = await check('', { from: Array.from({ length: 1000 }, (_, i) => `a@d${i}.example`) })
    assert.equal(fields.result, 'fail')
    assert.ok(fields.asked.length <= 11)
  })

  test('a query without a list of fields is the mistake of the caller', async () => {
    const runtime = new VirtualWorld().host()
    await assert.rejects(checkDmarc({ from: 'a@b.example' as never }, { resolver: runtime, runtime }), {
      code: 'ECONFIG',
    })
  })
})

describe('the DNS', () => {
  test('that fails where the policy could be is temperror, never none', async () => {
    for (const name of ['_dmarc.mail.example.com', '_dmarc.example.com', '_dmarc.com']) {
      for (const failure of ['SERVFAIL', 'TIMEOUT']) {
        const result = await check(`${name} ${failure}`, { from: from('mail.example.com') })
        assert.equal(result.result, 'temperror', `${name} ${failure}`)
      }
    }
  })

  test('that fails above a record costs only what depends on it', async () => {
    const zones = '_dmarc.mail.example.com TXT "v=DMARC1; p=reject"\n_dmarc.example.com SERVFAIL'
    const author = from('mail.example.com')
    assert.equal((await check(zones, { from: author, spf: spf('mail.example.com') })).result, 'pass')
    assert.equal((await check(zones, { from: author, spf: spf('other.example.com') })).result, 'temperror')
    assert.equal((await check(zones, { from: author, spf: spf('other.example.net') })).result, 'fail')
    assert.equal((await check(zones, { from: author })).result, 'fail')
  })

  test('§5.3.6: SPF or DKIM that could not be decided leaves it open, unless another identifier passes', async () => {
    const zones = '_dmarc.example.com TXT "v=DMARC1; p=reject"'
    const author = from('example.com')
    const open = { from: author, dkim: dkim('example.com', 'temperror') }
    assert.equal((await check(zones, open)).result, 'temperror')
    assert.equal((await check(zones, { ...open, spf: spf('example.com') })).result, 'pass')
    assert.equal((await check(zones, { from: author, dkim: dkim('evil.test', 'temperror') })).result, 'fail')
  })

  test('when it is silent about whether a subdomain exists, the stricter policy holds', async () => {
    const zones = '_dmarc.example.com TXT "v=DMARC1; p=none; sp=none; np=reject"\nx.example.com TIMEOUT'
    assert.equal((await check(zones, { from: from('x.example.com') })).policy, 'reject')
  })

  test('has ten seconds, then the result is temperror', async () => {
    const world = new VirtualWorld()
    const runtime = world.host()
    const start = world.now
    const resolver = { resolve: () => new Promise<never>(() => {}) }
    const result = await world.run(checkDmarc({ from: from('example.com') }, { resolver, runtime }))
    assert.deepEqual([result.result, world.now - start], ['temperror', 10_000])
  })
})

test('the result says what is wrong with the From field', async () => {
  for (const [fields, reason] of [
    [[], 'the message has no From field'],
    [['a@b.example', 'a@b.example'], 'the message has several From fields'],
    [['nobody'], 'the From field has no address with a domain'],
    [
      [Array.from({ length: 11 }, (_, i) => `a@d${i}.example`).join()],
      'the From field has too many addresses',
    ],
  ] as const) {
    const result = await check('', { from: fields })
    assert.deepEqual([result.result, result.reason], ['fail', reason])
  }
  const ten = await check('', { from: [Array.from({ length: 10 }, (_, i) => `a@d${i}.example`).join()] })
  assert.equal(ten.result, 'none')
})

test('the result says why, for people', async () => {
  const zones = '_dmarc.example.com TXT "v=DMARC1; p=reject"'
  const reason = async (query: Partial<DmarcQuery>, author = 'example.com') =>
    (await check(zones, { from: from(author), ...query })).reason
  assert.equal(
    await reason({ dkim: dkim('a.example.com') }),
    'a DKIM signature of a.example.com (s1) passes and is aligned with example.com',
  )
  assert.equal(
    await reason({ spf: spf('example.com') }),
    'SPF passes for example.com and is aligned with example.com',
  )
  assert.equal(
    await reason({ spf: spf('evil.test') }),
    'what passes (evil.test) is not aligned with example.com',
  )
  assert.equal(await reason({}), 'neither SPF nor DKIM passes for a domain that could speak for example.com')
  assert.equal(await reason({}, 'other.test'), 'neither other.test nor a domain above it has a DMARC record')
})
