// SPF by the text of RFC 7208; the published suite is in spf-suite.test.ts.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { CachingResolver, type Resolver } from '../../src/dns/index.ts'
import { VirtualWorld } from '../../src/testing/index.ts'
import {
  checkSpf,
  readSpfRecord,
  type SpfOptions,
  type SpfQuery,
  type SpfResult,
  writeReceivedSpf,
} from '../../src/trust/spf/index.ts'
import { fastest } from '../support/fastest.ts'

function check(
  zones: string,
  query: SpfQuery,
  options: Partial<SpfOptions> = {},
): Promise<SpfResult> & { asked: string[] } {
  const world = new VirtualWorld({ zones })
  const runtime = world.host()
  const resolver = new CachingResolver({ runtime })
  const asked: string[] = []
  const counting: Resolver = {
    resolve(name, type, more) {
      asked.push(`${type} ${name}`)
      return resolver.resolve(name, type, more)
    },
  }
  const result = world.run(checkSpf(query, { resolver: counting, runtime, ...options }))
  return Object.assign(result, { asked })
}

const verdict = async (zones: string, query: Partial<SpfQuery> = {}): Promise<string> =>
  (await check(zones, { ip: '192.0.2.1', sender: 'a@example.com', helo: 'mx.example.com', ...query })).result

describe('the results of RFC 7208 appendix A.1', () => {
  const ZONES = `
    example.com          A    192.0.2.10
    example.com          A    192.0.2.11
    example.com          MX   10 mail-a.example.com
    example.com          MX   20 mail-b.example.com
    amy.example.com      A    192.0.2.65
    bob.example.com      A    192.0.2.66
    mail-a.example.com   A    192.0.2.129
    mail-b.example.com   A    192.0.2.130
    example.org          MX   10 mail-c.example.org
    mail-c.example.org   A    192.0.2.140
    192.0.2.10           PTR  example.com
    192.0.2.65           PTR  amy.example.com
    192.0.2.66           PTR  bob.example.com
    192.0.2.140          PTR  mail-c.example.org
    10.0.0.4             PTR  bob.example.com
  `
  for (const [record, passing, failing] of [
    ['v=spf1 +all', ['192.0.2.1', '2001:db8::1'], []],
    ['v=spf1 a -all', ['192.0.2.10', '192.0.2.11'], ['192.0.2.12', '2001:db8::1']],
    ['v=spf1 a:example.org -all', [], ['192.0.2.140']],
    ['v=spf1 mx -all', ['192.0.2.129', '192.0.2.130'], ['192.0.2.140']],
    ['v=spf1 mx:example.org -all', ['192.0.2.140'], ['192.0.2.129']],
    ['v=spf1 mx mx:example.org -all', ['192.0.2.129', '192.0.2.140'], ['192.0.2.131']],
    ['v=spf1 mx/30 mx:example.org/30 -all', ['192.0.2.131', '192.0.2.143'], ['192.0.2.132']],
    ['v=spf1 ptr -all', ['192.0.2.65'], ['192.0.2.140', '10.0.0.4']],
    ['v=spf1 ip4:192.0.2.128/28 -all', ['192.0.2.129', '192.0.2.143'], ['192.0.2.65', '192.0.2.144']],
  ] as const) {
    test(record, async () => {
      const zones = `${ZONES}\nexample.com TXT "${record}"`
      for (const ip of passing) assert.equal(await verdict(zones, { ip }), 'pass', ip)
      for (const ip of failing) assert.equal(await verdict(zones, { ip }), 'fail', ip)
    })
  }
})

describe('macros', () => {
  const said = async (macro: string, query: Partial<SpfQuery> = {}): Promise<string | null> => {
    const zones = `
      email.example.com     TXT "v=spf1 -all exp=why.example.com"
      why.example.com       TXT "${macro}"
      192.0.2.3             PTR mx.example.org
      mx.example.org        A   192.0.2.3
    `
    const base = { ip: '192.0.2.3', sender: 'strong-bad@email.example.com', helo: 'mx.example.org' }
    return (await check(zones, { ...base, ...query }, { receiver: 'mx.here.example' })).explanation
  }

  test('expand as in RFC 7208 §7.4', async () => {
    for (const [macro, expansion] of [
      ['%{s}', 'strong-bad@email.example.com'],
      ['%{o}', 'email.example.com'],
      ['%{d}', 'email.example.com'],
      ['%{d4}', 'email.example.com'],
      ['%{d3}', 'email.example.com'],
      ['%{d2}', 'example.com'],
      ['%{d1}', 'com'],
      ['%{dr}', 'com.example.email'],
      ['%{d2r}', 'example.email'],
      ['%{l}', 'strong-bad'],
      ['%{l-}', 'strong.bad'],
      ['%{lr}', 'strong-bad'],
      ['%{lr-}', 'bad.strong'],
      ['%{l1r-}', 'strong'],
      ['%{ir}.%{v}._spf.%{d2}', '3.2.0.192.in-addr._spf.example.com'],
      ['%{lr-}.lp._spf.%{d2}', 'bad.strong.lp._spf.example.com'],
      ['%{lr-}.lp.%{ir}.%{v}._spf.%{d2}', 'bad.strong.lp.3.2.0.192.in-addr._spf.example.com'],
      ['%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}', '3.2.0.192.in-addr.strong.lp._spf.example.com'],
      ['%{d2}.trusted-domains.example.net', 'example.com.trusted-domains.example.net'],
    ] as const) {
      assert.equal(await said(macro), expansion, macro)
    }
    assert.equal(
      (await said('%{ir}.%{v}._spf.%{d2}', { ip: '2001:db8::cb01' }))?.toLowerCase(),
      '1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com',
    )
  })

  test('the letters for explanations: client, receiver, time, HELO, proven name', async () => {
    assert.equal(
      await said('%{c} %{r} %{t} %{h} %{p}'),
      '192.0.2.3 mx.here.example 1767225600 mx.example.org mx.example.org',
    )
    assert.equal(await said('%{c} %{p}', { ip: '2001:DB8:0:0::1' }), '2001:db8::1 unknown')
    assert.equal(await said('%{c}', { ip: '::ffff:192.0.2.3' }), '192.0.2.3')
  })

  test('percent, space and its URL form; an upper-case letter escapes (RFC 3986 §2.3)', async () => {
    assert.equal(await said('%%%_%-'), '% %20')
    assert.equal(
      await said('%{S}', { sender: "o'(x)~+@email.example.com" }),
      'o%27%28x%29~%2B%40email.example.com',
    )
  })

  test('an explanation of several records is none', async () => {
    const zones = 'example.com TXT "v=spf1 -all exp=why.example"\nwhy.example TXT "one"'
    const query = { ip: '192.0.2.1', sender: 'a@example.com' }
    assert.equal((await check(zones, query)).explanation, 'one')
    assert.equal((await check(`${zones}\nwhy.example TXT "two"`, query)).explanation, null)
  })

  test('what cannot be said is not said: other alphabets, line ends, wrong macros, more than one record', async () => {
    for (const macro of ['Grüße', '%{x}', '%', '%{l', '%{d0}', '%{d2!}'])
      assert.equal(await said(macro), null)
    assert.equal(await said('%{l}', { sender: 'jörg@email.example.com' }), null)
    assert.equal(await said('%{s}', { sender: 'a\r\nb@email.example.com' }), null)
  })

  test('an explanation has 500 characters at most, whatever its macros', async () => {
    assert.equal((await said('%{s}'.repeat(2000)))?.length, 500)
  })

  test('a name loses labels on its left until it has 253 octets', async () => {
    const label = 'x'.repeat(60)
    const name = `${label}.${label}.${label}.deep.example.com`
    const zones = `
      example.com TXT "v=spf1 exists:${label}.%{d}.${name} -all"
      example.com.${name} A 127.0.0.2
    `
    // 60 + 1 + 11 + 1 + 199 is too long by one label
    assert.equal(await verdict(zones), 'pass')
  })

  test('a name of 253 octets stays whole', async () => {
    const label = 'x'.repeat(60)
    const name = `${label}.${label}.${label}.${'y'.repeat(57)}.example.com`
    assert.equal(name.length, 252)
    const zones = (prefix: string): string =>
      `example.com TXT "v=spf1 exists:${prefix}${name} -all"\nz${name} A 127.0.0.2\n${name} A 127.0.0.2`
    assert.equal(await verdict(zones('z')), 'pass')
    // one octet more and the first label goes, which leaves a name that does not exist
    assert.equal(await verdict(zones('zz')), 'fail')
  })

  test('a local part that is not ASCII matches nothing (RFC 8616 §4)', async () => {
    const zones = `
      example.com TXT "v=spf1 exists:%{l}.example.com -exists:%{d}.any.example -all"
      xn--jrg-sna.example.com A 127.0.0.2
    `
    assert.equal(await verdict(zones, { sender: 'jörg@example.com' }), 'fail')
  })

  test('a domain of U-labels is asked for as A-labels (RFC 8616 §4)', async () => {
    const zones =
      'xn--bcher-kva.example TXT "v=spf1 exists:%{o}.ok.example -all"\nxn--bcher-kva.example.ok.example A 127.0.0.2'
    const result = await check(zones, { ip: '192.0.2.1', sender: 'a@Bücher.example' })
    assert.deepEqual([result.result, result.domain], ['pass', 'xn--bcher-kva.example'])
  })
})

describe('the identity (RFC 7208 §2.4, §4.3)', () => {
  test('is MAIL FROM, and postmaster@HELO for the null reverse-path', async () => {
    const zones = 'example.com TXT "v=spf1 -all"\nmx.example.net TXT "v=spf1 +all"'
    const query = { ip: '192.0.2.1', helo: 'mx.example.net' }
    const mailFrom = await check(zones, { ...query, sender: 'a@example.com' })
    assert.deepEqual(
      [mailFrom.identity, mailFrom.domain, mailFrom.result],
      ['mailfrom', 'example.com', 'fail'],
    )
    const bounce = await check(zones, { ...query, sender: '' })
    assert.deepEqual(
      [bounce.identity, bounce.domain, bounce.sender, bounce.result],
      ['helo', 'mx.example.net', 'postmaster@mx.example.net', 'pass'],
    )
  })

  test('without a domain of several labels there is no policy, and nothing is asked', async () => {
    for (const query of [
      { helo: 'localhost' },
      { helo: '[192.0.2.1]' },
      { helo: '' },
      { sender: 'a@b' },
      { sender: 'a@b..c' },
      { sender: `a@${'x'.repeat(64)}.example` },
      { sender: 'a@com.' },
      { sender: 'a@example.com', ip: 'not an address' },
    ]) {
      const pending = check('example.com TXT "v=spf1 +all"', { ip: '192.0.2.1', ...query })
      assert.equal((await pending).result, 'none')
      assert.deepEqual(pending.asked, [])
    }
  })
})

describe('records', () => {
  test('several, wrong anywhere, or not ASCII are permerror; another version is none', async () => {
    for (const [text, expected] of [
      ['"v=spf1 -all"\nexample.com TXT "v=spf1 -all"', 'permerror'],
      ['"v=spf10 -all"', 'none'],
      ['"v=spf2.0/pra -all"', 'none'],
      ['"v=spf1 ip4:192.0.2.1 -all bad"', 'permerror'],
      ['"v=spf1 ip4:192.0.2.1 ä -all"', 'permerror'],
      ['"v=spf1"', 'neutral'],
      ['"V=SPF1 ~ALL"', 'softfail'],
      ['"v=spf1  ip4:192.0.2.1  "', 'pass'],
      ['"unrelated"', 'none'],
    ] as const) {
      assert.equal(await verdict(`example.com TXT ${text}`), expected, text)
    }
  })

  test('the term that is wrong is named', () => {
    for (const [text, error] of [
      ['v=spf1 ip4:1.2.3 -all', 'ip4 has no right network: ip4:1.2.3'],
      ['v=spf1 -all:x', 'all takes no argument: -all:x'],
      ['v=spf1 include: -all', 'include has no right domain: include:'],
      ['v=spf1 a/33', 'a has no right prefix length: a/33'],
      ['v=spf1 a/24/64', 'a has no right prefix length: a/24/64'],
      ['v=spf1 mx//0128', 'mx has no right prefix length: mx//0128'],
      ['v=spf1 ptr/24', 'ptr has no right domain: ptr/24'],
      ['v=spf1 exp=a.b exp=a.b', 'exp= stands twice: exp=a.b'],
      ['v=spf1 redirect=%{c}.b', 'redirect= has no right domain: redirect=%{c}.b'],
      ['v=spf1 x%y', 'a mechanism that does not exist: x%y'],
      ['v=spf1 9=y', 'a modifier without a right name: 9=y'],
      ['v=spf1 x=%{', 'a modifier with a wrong macro: x=%{'],
      ['v=spf1 all\ttab', 'a mechanism that does not exist: all?tab'],
    ] as const) {
      assert.equal(readSpfRecord(text).error, error)
    }
  })
})

describe('the DNS', () => {
  test('that fails or is silent is temperror: for the record and for every mechanism', async () => {
    for (const failure of ['SERVFAIL', 'TIMEOUT']) {
      assert.equal(await verdict(`example.com ${failure}`), 'temperror')
      for (const term of [
        'a:b.example',
        'mx:b.example',
        'exists:b.example',
        'include:b.example',
        'redirect=b.example',
      ]) {
        assert.equal(
          await verdict(`example.com TXT "v=spf1 ${term}"\nb.example ${failure}`),
          'temperror',
          term,
        )
      }
      assert.equal(
        await verdict(
          `example.com TXT "v=spf1 mx -all"\nexample.com MX 10 mx.b.example\nmx.b.example ${failure}`,
        ),
        'temperror',
      )
    }
  })

  test('that fails for PTR or a name it claims only does not match (RFC 7208 §5.5)', async () => {
    assert.equal(await verdict('example.com TXT "v=spf1 ptr -all"\n192.0.2.1 SERVFAIL'), 'fail')
    const zones = `
      example.com TXT "v=spf1 ptr -all"
      192.0.2.1   PTR a.example.com
      192.0.2.1   PTR b.example.com
      a.example.com SERVFAIL
      b.example.com A 192.0.2.1
    `
    assert.equal(await verdict(zones), 'pass')
  })

  test('an MX found before one that fails still passes', async () => {
    const zones = `
      example.com TXT "v=spf1 mx -all"
      example.com MX 10 a.example
      example.com MX 20 b.example
      a.example A 192.0.2.1
      b.example SERVFAIL
    `
    assert.equal(await verdict(zones), 'pass')
  })

  test('takes 20 seconds at most, then the result is temperror', async () => {
    const world = new VirtualWorld()
    const runtime = world.host()
    const resolver = { resolve: () => new Promise<never>(() => {}) }
    const start = world.now
    const query = { ip: '192.0.2.1', sender: 'a@example.com' }
    assert.equal((await world.run(checkSpf(query, { resolver, runtime }))).result, 'temperror')
    assert.equal(world.now - start, 20_000)
    assert.equal(
      (await world.run(checkSpf(query, { resolver, runtime, timeoutMs: 700 }))).result,
      'temperror',
    )
    assert.equal(world.now - start, 20_700)
  })

  test('a resolver that throws, rejects or answers nothing is a failing DNS', async () => {
    const runtime = new VirtualWorld().host()
    for (const resolve of [
      () => {
        throw new Error('no')
      },
      () => Promise.reject(new Error('no')),
      () => Promise.resolve(undefined as never),
    ]) {
      const result = await checkSpf(
        { ip: '192.0.2.1', sender: 'a@example.com' },
        { resolver: { resolve }, runtime },
      )
      assert.equal(result.result, 'temperror')
    }
  })
})

describe('limits (RFC 7208 §4.6.4)', () => {
  test('ten terms may ask the DNS, over all records; the eleventh is permerror', async () => {
    const terms = (count: number): string => Array.from({ length: count }, () => 'a').join(' ')
    const zones = (count: number): string =>
      `example.com TXT "v=spf1 include:i.example.com ${terms(count)} ip4:192.0.2.1 -all"
       example.com A 192.0.2.99
       i.example.com A 192.0.2.99
       i.example.com TXT "v=spf1 ${terms(4)}"`
    assert.equal(await verdict(zones(5)), 'pass')
    assert.equal(await verdict(zones(6)), 'permerror')
  })

  test('what follows all is not counted', async () => {
    const many = Array.from({ length: 20 }, (_, i) => `a:n${i}.example`).join(' ')
    assert.equal(await verdict(`example.com TXT "v=spf1 -all ${many}"`), 'fail')
  })

  test('two terms may find nothing, the third is permerror; the count is an option', async () => {
    const zones = (count: number): string =>
      `example.com TXT "v=spf1 ${Array.from({ length: count }, (_, i) => `a:n${i}.example`).join(' ')} ip4:192.0.2.1"`
    assert.equal(await verdict(zones(2)), 'pass')
    assert.equal(await verdict(zones(3)), 'permerror')
    const query = { ip: '192.0.2.1', sender: 'a@example.com' }
    assert.equal((await check(zones(3), query, { maxVoidLookups: 3 })).result, 'pass')
  })

  test('MX hosts without an address of the family of the client are no terms that find nothing', async () => {
    const zones = `
      example.com TXT "v=spf1 mx ip6:2001:db8::/32 -all"
      ${[1, 2, 3, 4].map(i => `example.com MX ${i} mx${i}.example.com\nmx${i}.example.com A 192.0.2.${i}`).join('\n')}
    `
    assert.equal(await verdict(zones, { ip: '2001:db8::1' }), 'pass')
  })

  test('ten MX names are looked up, eleven are permerror and cost nothing', async () => {
    const zones = (count: number): string =>
      `example.com TXT "v=spf1 mx -all"
       ${Array.from({ length: count }, (_, i) => `example.com MX ${i} m${i}.example\nm${i}.example A 192.0.2.99`).join('\n')}`
    assert.equal(await verdict(zones(10)), 'fail')
    const pending = check(zones(100), { ip: '192.0.2.1', sender: 'a@example.com' })
    assert.equal((await pending).result, 'permerror')
    assert.equal(pending.asked.length, 2)
  })

  test('ten PTR names are looked at, those beyond are ignored', async () => {
    const zones = (count: number): string =>
      `example.com TXT "v=spf1 ptr -all"
       ${Array.from({ length: count }, (_, i) => `192.0.2.1 PTR x${i}.example.com`).join('\n')}
       x${count - 1}.example.com A 192.0.2.1`
    assert.equal(await verdict(zones(10)), 'pass')
    assert.equal(await verdict(zones(11)), 'fail')
  })

  test('loops of include and of redirect are permerror after ten', async () => {
    for (const term of ['include:example.com', 'redirect=example.com', 'include:%{d}']) {
      const pending = check(`example.com TXT "v=spf1 ${term}"`, { ip: '192.0.2.1', sender: 'a@example.com' })
      assert.equal((await pending).result, 'permerror')
      assert.ok(pending.asked.length <= 11)
    }
  })

  test('no record makes us ask more than the limits allow in sum', async () => {
    // ten mx terms of ten names each, and %{p} of ten PTR names
    const zones = `
      example.com TXT "v=spf1 ${Array.from({ length: 9 }, () => 'mx').join(' ')} exists:%{p}.example.com -all"
      ${Array.from({ length: 10 }, (_, i) => `example.com MX ${i} m${i}.example\nm${i}.example A 192.0.2.99\n192.0.2.1 PTR p${i}.example`).join('\n')}
    `
    const pending = check(zones, { ip: '192.0.2.1', sender: 'a@example.com' })
    assert.equal((await pending).result, 'permerror')
    assert.ok(pending.asked.length <= 1 + 9 * 11 + 11, `${pending.asked.length}`)
  })
})

describe('exists (RFC 7208 §5.7)', () => {
  test('matches any address, also for IPv6 clients, and nothing else', async () => {
    const zones = 'example.com TXT "v=spf1 exists:%{d1r}.example.xyz -all"\nexample.example.xyz A 127.0.0.2'
    assert.equal(await verdict(zones), 'pass')
    assert.equal(await verdict(zones, { ip: '2001:db8::1' }), 'pass')
    assert.equal(await verdict('example.com TXT "v=spf1 exists:nobody.example -all"'), 'fail')
    assert.equal(
      await verdict('example.com TXT "v=spf1 exists:x.example -all"\nx.example AAAA 2001:db8::1'),
      'fail',
    )
  })
})

describe('include and redirect', () => {
  test('include matches only on pass; errors and a missing record go up (RFC 7208 §5.2)', async () => {
    for (const [record, expected] of [
      ['"v=spf1 +all"', 'softfail'],
      ['"v=spf1 -all"', 'pass'],
      ['"v=spf1 ~all"', 'pass'],
      ['"v=spf1 ?all"', 'pass'],
      ['"v=spf1 bad"', 'permerror'],
      ['"nothing"', 'permerror'],
      ['SERVFAIL', 'temperror'],
    ] as const) {
      assert.equal(
        await verdict(`example.com TXT "v=spf1 ~include:i.example +all"\ni.example TXT ${record}`),
        expected,
      )
    }
  })

  test('redirect takes over, with its own explanation; all makes it nothing (§6.1)', async () => {
    const zones = `
      example.com     TXT "v=spf1 exp=mine.example redirect=other.example"
      other.example   TXT "v=spf1 -all exp=theirs.example"
      mine.example    TXT "mine"
      theirs.example  TXT "theirs of %{d} for %{o}"
    `
    const result = await check(zones, { ip: '192.0.2.1', sender: 'a@example.com' })
    assert.deepEqual([result.result, result.explanation], ['fail', 'theirs of other.example for example.com'])
    assert.equal(await verdict('example.com TXT "v=spf1 redirect=none.example ?all"'), 'neutral')
    assert.equal(await verdict('example.com TXT "v=spf1 redirect=none.example"'), 'permerror')
  })
})

describe('the result', () => {
  test('says which directive decided, and why, for people', async () => {
    const result = await check('example.com TXT "v=spf1 a -all"\nexample.com A 192.0.2.9', {
      ip: '192.0.2.1',
      sender: 'a@example.com',
      helo: 'mx.example.com',
    })
    assert.deepEqual(result, {
      result: 'fail',
      domain: 'example.com',
      identity: 'mailfrom',
      sender: 'a@example.com',
      ip: '192.0.2.1',
      helo: 'mx.example.com',
      mechanism: '-all',
      reason: 'example.com says -all of 192.0.2.1',
      explanation: null,
      lookups: 1,
      voidLookups: 0,
    })
    const failing = await check('example.com SERVFAIL', { ip: '192.0.2.1', sender: 'a@example.com' })
    assert.equal(failing.reason, 'the DNS failed when asked for TXT of example.com')
  })

  test('becomes a Received-SPF field of short lines (§9.1); no value breaks out of it', async () => {
    const zones = 'example.com TXT "v=spf1 -all"'
    const result = await check(zones, { ip: '192.0.2.1', sender: 'a@example.com', helo: 'mx.example.com' })
    assert.equal(
      writeReceivedSpf(result, 'here.example'),
      'Received-SPF: fail (here.example: example.com says -all of 192.0.2.1)\r\n' +
        '\tclient-ip=192.0.2.1;\r\n\tenvelope-from="a@example.com";\r\n\thelo=mx.example.com;\r\n' +
        '\treceiver=here.example;\r\n\tidentity=mailfrom;\r\n\tmechanism=-all\r\n',
    )
    const hostile = await check(zones, {
      ip: '192.0.2.1',
      sender: '"x\\"y;) z"@example.com',
      helo: 'evil\r\nInjected: yes (',
    })
    const field = writeReceivedSpf(hostile, 'here.example')
    assert.equal(field.split('\r\n').length, 7)
    assert.ok(!field.includes('Injected'))
    assert.ok(field.includes('envelope-from="\\"x\\\\\\"y;) z\\"@example.com"'))
  })
})

describe('hostile records', () => {
  const timed = (record: string): Promise<number> =>
    fastest(() =>
      check(`example.com TXT ${record}`, { ip: '192.0.2.1', sender: `${'l-'.repeat(30)}@example.com` }),
    )

  test('of 64 KiB cost less than a quarter of a second, whatever they are made of', async () => {
    for (const piece of [
      '%{s}',
      '%{S}',
      '%{lr-}',
      'a.',
      '/',
      '//1',
      '%{d999999999999r.-+,/_=}',
      '%%',
      '=',
      ':',
      'ip4:192.0.2.9 ',
      'x=%{s} ',
    ]) {
      const filler = piece.repeat(Math.floor(65_000 / piece.length))
      for (const record of [
        `v=spf1 exists:${filler}.example -all`,
        `v=spf1 ${filler}`,
        `v=spf1 a${filler} -all`,
      ]) {
        const ms = await timed(record)
        assert.ok(ms < 250, `${piece}: ${ms} ms`)
      }
    }
  })

  test('of any text give a result', async () => {
    const term = fc.oneof(
      fc.constantFrom(
        'a',
        'mx',
        'ptr',
        'all',
        '-all',
        'include:%{d}',
        'exists:%{ir}.x',
        'redirect=%{d2}.y',
        'exp=%{l}',
        'ip4:',
        '%{p}',
        'a:%{p}',
      ),
      fc.stringMatching(/^[!-~]{0,12}$/),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(term, { maxLength: 12 }),
        fc.string({ maxLength: 40 }),
        async (terms, sender) => {
          const resolver: Resolver = {
            resolve: async (_, type) => ({
              ok: true,
              records: [{ value: type === 'TXT' ? `v=spf1 ${terms.join(' ')}` : 'x.example', priority: 1 }],
            }),
          }
          const result = await checkSpf(
            { ip: '192.0.2.1', sender: `${sender}@example.com`, helo: sender },
            { resolver, runtime: new VirtualWorld().host() },
          )
          assert.match(result.reason, /^[\x20-\x7e]*$/)
        },
      ),
      { numRuns: 1000 },
    )
  })
})
