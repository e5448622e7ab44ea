// One message, checked while it comes in: what is begun when, what is within which time, and what those behind us are told.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { DnsAnswer, DnsRecordType } from '../../src/base/runtime.ts'
import type { Resolver } from '../../src/dns/index.ts'
import { splitHeader } from '../../src/mime/index.ts'
import { VirtualWorld } from '../../src/testing/index.ts'
import {
  arcSeal,
  arcVerify,
  dkimSign,
  MessageCheck,
  type MessageCheckOptions,
  type MessageVerdict,
  readAuthenticationResults,
} from '../../src/trust/index.ts'
import { ED25519_RECORD, JOE, message, NOW, RFC8463_ED25519, RSA_RECORD } from './kit.ts'

const ZONES = `
  football.example.com                      TXT  "v=spf1 ip4:192.0.2.1 -all"
  _dmarc.football.example.com               TXT  "v=DMARC1; p=reject"
  brisbane._domainkey.football.example.com  TXT  "${ED25519_RECORD}"
  test._domainkey.football.example.com      TXT  "${RSA_RECORD}"
  192.0.2.1                                 PTR  mx.football.example.com
  mx.football.example.com                   A    192.0.2.1
`
const ORIGIN = { ip: '192.0.2.1', helo: 'mx.football.example.com', sender: 'joe@football.example.com' }
const KEY = { domain: 'football.example.com', selector: 'brisbane', privateKey: RFC8463_ED25519 }
const signed = async (): Promise<Uint8Array> => {
  const fields = await dkimSign(message(JOE), { keys: [KEY], now: NOW })
  return Buffer.concat([Buffer.from(fields), message(JOE)])
}

interface Setting {
  readonly zones?: string
  readonly origin?: { readonly ip: string; readonly helo?: string; readonly sender?: string }
  readonly options?: Partial<MessageCheckOptions>
  readonly piece?: number
}

async function check(bytes: Uint8Array, setting: Setting = {}): Promise<MessageVerdict> {
  const world = new VirtualWorld({ zones: setting.zones ?? ZONES, now: NOW })
  const runtime = world.host()
  const options = { resolver: runtime, runtime, authservId: 'mx.test', ...setting.options }
  const checking = new MessageCheck(setting.origin ?? ORIGIN, options)
  const { piece = bytes.length } = setting
  for (let at = 0; at < bytes.length; at += piece) checking.push(bytes.subarray(at, at + piece))
  return world.run(checking.finish())
}

const summary = ({ spf, rdns, dkim, dmarc, arc }: MessageVerdict): string =>
  `spf=${spf.result} rdns=${rdns.result} dkim=${dkim.result} dmarc=${dmarc.result} arc=${arc.result}`

describe('a check of one message', () => {
  test('finds everything that the single checks find, however the bytes are cut', async () => {
    const bytes = await signed()
    for (const piece of [1, 7, 100, bytes.length]) {
      const verdict = await check(bytes, { piece })
      assert.equal(summary(verdict), 'spf=pass rdns=pass dkim=pass dmarc=pass arc=none')
      assert.equal(verdict.dmarc.policy, 'reject')
      assert.equal(verdict.rdns.heloMatches, true)
      assert.equal(verdict.dkim.best?.alignment, 'same')
    }
  })

  for (const [what, change, expected] of [
    [
      'a body that was changed: SPF alone carries DMARC',
      (text: string) => text.replace('hungry', 'angry'),
      'spf=pass rdns=pass dkim=fail dmarc=pass arc=none',
    ],
    [
      'a second From field: no pass',
      (text: string) => `From: eve@evil.example\r\n${text}`,
      'spf=pass rdns=pass dkim=fail dmarc=fail arc=none',
    ],
  ] as const) {
    test(what, async () => {
      const text = change(Buffer.from(await signed()).toString('latin1'))
      assert.equal(summary(await check(Buffer.from(text, 'latin1'))), expected)
    })
  }

  test('the null reverse-path: HELO is checked', async () => {
    const zones = `${ZONES}\n mx.football.example.com TXT "v=spf1 a -all"`
    const { spf, dmarc, headers } = await check(message(JOE), { zones, origin: { ...ORIGIN, sender: '' } })
    assert.deepEqual([spf.result, spf.identity, dmarc.result], ['pass', 'helo', 'pass'])
    assert.match(headers, /smtp\.helo=mx\.football\.example\.com/)
  })

  test('no message at all: no From field is a failure of DMARC, never a pass', async () => {
    assert.equal(summary(await check(new Uint8Array(0))), 'spf=pass rdns=pass dkim=none dmarc=fail arc=none')
  })

  test('a chain of ARC is validated', async () => {
    const bytes = await signed()
    const world = new VirtualWorld({ zones: ZONES, now: NOW })
    const runtime = world.host()
    const chain = await world.run(arcVerify(bytes, { resolver: runtime }))
    const { results } = await check(bytes)
    const seal = await arcSeal(bytes, { key: KEY, now: NOW, chain, results })
    const verdict = await check(Buffer.concat([Buffer.from(seal), bytes]))
    assert.equal(verdict.arc.result, 'pass')
    assert.match(verdict.headers, /arc=pass header\.oldest-pass=0/)
    assert.match(verdict.arc.chain[0]!.authenticationResults, /^mx\.test; spf=pass/)
  })

  test('a header larger than what is read of one never passes', async () => {
    const bytes = Buffer.concat([Buffer.from('X: y\r\n'.repeat(3000)), await signed()])
    const verdict = await check(bytes)
    assert.equal(verdict.headerCut, true)
    assert.notEqual(verdict.dmarc.result, 'pass')
    const behind = Buffer.concat([
      message('From: joe@football.example.com\n'),
      Buffer.from('X: y\r\n'.repeat(3000)),
      message('From: eve@evil.example\n\nhi\n'),
    ])
    assert.equal((await check(behind)).dmarc.result, 'fail')
  })
})

describe('the fields that are written', () => {
  test('Authentication-Results can be read again and has one result a method; Received-SPF follows', async () => {
    const { headers, results } = await check(await signed())
    const fields = splitHeader(Buffer.from(`${headers}\r\n`, 'latin1')).fields.map(({ name }) => name)
    assert.deepEqual(fields, ['Authentication-Results', 'Received-SPF'])
    const value = headers.slice(headers.indexOf(':') + 1, headers.indexOf('\r\nReceived-SPF'))
    assert.deepEqual(readAuthenticationResults(value), results)
    assert.deepEqual(
      results.results.map(({ method, result }) => `${method}=${result}`),
      ['spf=pass', 'iprev=pass', 'dkim=pass', 'dmarc=pass'],
    )
    for (const line of headers.split('\r\n')) assert.ok(line.length <= 998)
  })

  test('text of others never becomes syntax', async () => {
    const origin = { ...ORIGIN, helo: 'x\r\nBcc: y', sender: 'a"(\r\nX-Evil: 1@football.example.com' }
    const { headers } = await check(message(JOE), { origin })
    const fields = splitHeader(Buffer.from(`${headers}\r\n`, 'latin1')).fields.map(({ name }) => name)
    assert.deepEqual(fields, ['Authentication-Results', 'Received-SPF'])
  })

  test('results that came in our name are told, with where they stand in the message', async () => {
    const forged = 'Authentication-Results: MX.test.; dkim=pass\r\n'
    const foreign = 'Authentication-Results: other.test; dkim=pass\r\n'
    const text = `Received: x\r\n${forged}${foreign}${Buffer.from(message(JOE)).toString('latin1')}`
    const verdict = await check(Buffer.from(text, 'latin1'))
    assert.deepEqual(
      verdict.forged.map(({ start, end }) => text.slice(start, end)),
      [forged],
    )
  })
})

/** Answers as the world does, from a time on; counts. */
function recording(world: VirtualWorld): { asked: string[]; resolver: Resolver } {
  const asked: string[] = []
  const { resolve } = world.host('192.0.2.9')
  return {
    asked,
    resolver: {
      resolve(name: string, type: DnsRecordType): Promise<DnsAnswer> {
        asked.push(`${name} ${type}`)
        return resolve(name, type)
      },
    },
  }
}

describe('when things are asked', () => {
  test('SPF and reverse DNS at once, keys and the policy at the end of the header, nothing later', async () => {
    const world = new VirtualWorld({ zones: ZONES, now: NOW })
    const runtime = world.host()
    const { asked, resolver } = recording(world)
    const checking = new MessageCheck(ORIGIN, { resolver, runtime, authservId: 'mx.test' })
    assert.deepEqual(
      new Set(asked),
      new Set(['football.example.com TXT', '1.2.0.192.in-addr.arpa PTR', 'mx.football.example.com A']),
    )
    asked.length = 0
    const bytes = await signed()
    const body = Buffer.from(bytes).indexOf('\r\n\r\n') + 4
    checking.push(bytes.subarray(0, body - 1))
    assert.deepEqual(
      asked.filter(name => name.startsWith('_dmarc') || name.includes('_domainkey')),
      [],
    )
    checking.push(bytes.subarray(body - 1, body))
    assert.deepEqual(
      asked.filter(name => name.startsWith('_dmarc') || name.includes('_domainkey')),
      ['_dmarc.football.example.com TXT', 'brisbane._domainkey.football.example.com TXT'],
    )
    checking.push(bytes.subarray(body))
    assert.equal(summary(await world.run(checking.finish())).includes('dmarc=pass'), true)
  })

  test('reverse DNS that a session knows already is not asked again', async () => {
    const world = new VirtualWorld({ zones: ZONES, now: NOW })
    const runtime = world.host()
    const { rdns } = await check(message(JOE))
    const { asked, resolver } = recording(world)
    const known = Promise.resolve({ ...rdns, name: 'known.example' })
    const options = { resolver, runtime, authservId: 'mx.test', rdns: known }
    const verdict = await world.run(new MessageCheck(ORIGIN, options).finish())
    assert.equal(verdict.rdns.name, 'known.example')
    assert.equal(
      asked.some(name => name.endsWith('PTR')),
      false,
    )
  })
})

describe('the time for a check', () => {
  const SILENT: Resolver = { resolve: () => new Promise(() => {}) }

  test('a resolver that never answers: temperror everywhere, when the time has passed', async () => {
    const world = new VirtualWorld({ now: NOW })
    const runtime = world.host()
    const options = { resolver: SILENT, runtime, authservId: 'mx.test' }
    const checking = new MessageCheck(ORIGIN, options)
    checking.push(await signed())
    const verdict = await world.run(checking.finish())
    assert.equal(summary(verdict), 'spf=temperror rdns=temperror dkim=temperror dmarc=temperror arc=none')
    assert.equal(runtime.now() - NOW, 10_000)
  })

  test('a message that takes a minute to come in costs no check its time', async () => {
    const world = new VirtualWorld({ zones: ZONES, now: NOW })
    const runtime = world.host()
    const checking = new MessageCheck(ORIGIN, { resolver: runtime, runtime, authservId: 'mx.test' })
    for (const byte of await signed()) {
      checking.push(Uint8Array.of(byte))
      await world.advance(100)
    }
    assert.equal(
      summary(await world.run(checking.finish())),
      'spf=pass rdns=pass dkim=pass dmarc=pass arc=none',
    )
  })

  test('fifty seals with keys at silent servers cost no more than one', async () => {
    const sets = Array.from({ length: 50 }, (_, n) => {
      const i = 50 - n
      const tags = `i=${i}; a=rsa-sha256; d=d${i}.example; s=s`
      return [
        `ARC-Seal: ${tags}; cv=${i === 1 ? 'none' : 'pass'}; b=AAAA`,
        `ARC-Message-Signature: ${tags}; h=from; bh=AAAA; b=AAAA`,
        `ARC-Authentication-Results: i=${i}; x; none`,
        '',
      ].join('\n')
    })
    const world = new VirtualWorld({ now: NOW })
    const runtime = world.host()
    const checking = new MessageCheck(ORIGIN, { resolver: SILENT, runtime, authservId: 'mx.test' })
    checking.push(message(sets.join('') + JOE))
    const verdict = await world.run(checking.finish())
    assert.equal(verdict.arc.result, 'fail')
    assert.equal(runtime.now() - NOW, 10_000)
  })

  test('who abandons a check leaves no timer behind', async () => {
    const world = new VirtualWorld({ now: NOW })
    const runtime = world.host()
    let timers = 0
    const counting: MessageCheckOptions['runtime'] = {
      now: runtime.now,
      setTimer(delayMs, fire) {
        timers++
        let open = true
        const done = (): void => {
          if (open) timers--
          open = false
        }
        const timer = runtime.setTimer(delayMs, () => {
          done()
          fire()
        })
        return {
          cancel() {
            done()
            timer.cancel()
          },
        }
      },
    }
    const checking = new MessageCheck(ORIGIN, { resolver: SILENT, runtime: counting, authservId: 'mx.test' })
    checking.push(await signed())
    assert.ok(timers > 0)
    checking.abandon()
    await world.advance(0)
    assert.equal(timers, 0)
    assert.equal(runtime.now(), NOW)
  })
})

describe('failures', () => {
  test('a resolver that throws, rejects or says nothing of use is a DNS that fails', async () => {
    for (const resolve of [
      () => {
        throw new Error('broken')
      },
      () => Promise.reject(new Error('broken')),
      () => Promise.resolve(undefined as unknown as DnsAnswer),
    ]) {
      const verdict = await check(await signed(), { options: { resolver: { resolve } } })
      assert.equal(summary(verdict), 'spf=temperror rdns=temperror dkim=temperror dmarc=temperror arc=none')
    }
  })

  test('a failure of ours is told, and passes nothing', async () => {
    const failures: unknown[] = []
    const rdns = Promise.reject(new Error('the promise of another'))
    const options = { rdns, onFailure: (error: unknown) => failures.push(error) }
    const verdict = await check(await signed(), { options })
    assert.equal(summary(verdict), 'spf=temperror rdns=temperror dkim=temperror dmarc=temperror arc=fail')
    assert.match(verdict.headers, /^Authentication-Results: mx\.test;/)
    assert.equal(failures.length, 1)
  })

  test('options of the wrong kind are named at construction', () => {
    const runtime = new VirtualWorld().host()
    const right = { resolver: runtime, runtime, authservId: 'mx.test' }
    for (const [origin, options, name] of [
      [{ ip: 1 }, right, 'ip'],
      [{ ip: '::1', helo: 1 }, right, 'helo'],
      [{ ip: '::1', sender: null }, right, 'sender'],
      [{ ip: '::1' }, { ...right, resolver: {} }, 'resolver'],
      [{ ip: '::1' }, { ...right, authservId: '' }, 'authservId'],
      [{ ip: '::1' }, { ...right, authservId: 'a\r\nb' }, 'authservId'],
      [{ ip: '::1' }, { ...right, timeoutMs: 0 }, 'timeoutMs'],
      [{ ip: '::1' }, { ...right, minRsaBits: 512 }, 'minRsaBits'],
      [{ ip: '::1' }, { ...right, maxSignatures: 0 }, 'maxSignatures'],
    ] as const) {
      assert.throws(
        () => new MessageCheck(origin as never, options as never),
        { code: 'ECONFIG', message: new RegExp(`option ${name} must`) },
        name,
      )
    }
    const checking = new MessageCheck(ORIGIN, right)
    assert.throws(() => checking.push('text' as never), { code: 'EUSAGE' })
    checking.abandon()
  })
})

describe('whatever comes', () => {
  const line = fc.oneof(
    fc.constantFrom(
      'From: joe@football.example.com',
      'From: a@b, c@d',
      'DKIM-Signature: v=1; a=rsa-sha256; d=football.example.com; s=test; h=from; bh=AAAA; b=AAAA',
      'DKIM-Signature: v=1; a=ed25519-sha256; d=x; s=',
      'ARC-Seal: i=1; a=rsa-sha256; d=football.example.com; s=test; cv=none; b=AAAA',
      'ARC-Message-Signature: i=1; a=rsa-sha256; d=football.example.com; s=test; h=from; bh=AAAA; b=AAAA',
      'ARC-Authentication-Results: i=1; x; none',
      'Authentication-Results: mx.test; dkim=pass',
      'BIMI-Selector: v=BIMI1; s=x',
      '',
    ),
    fc.string({ maxLength: 80 }),
  )
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 2000 }),
    fc.array(line, { maxLength: 12 }).map(lines => Buffer.from(lines.join('\r\n'), 'latin1')),
  )
  const answer = fc.oneof(
    fc.constantFrom<DnsAnswer>(
      { ok: false, failure: 'nxdomain' },
      { ok: false, failure: 'servfail' },
      { ok: false, failure: 'timeout' },
    ),
    fc
      .array(
        fc.oneof(
          fc.constantFrom(ED25519_RECORD, 'v=spf1 a mx ptr -all', 'v=DMARC1; p=reject', '192.0.2.1'),
          fc.string(),
        ),
        { maxLength: 4 },
      )
      .map((values): DnsAnswer => ({ ok: true, records: values.map(value => ({ value })) })),
  )

  test('a check ends with a verdict, in its time, and no pass of DMARC comes without a reason', async () => {
    await fc.assert(
      fc.asyncProperty(
        bytes,
        fc.array(answer, { minLength: 1, maxLength: 8 }),
        fc.string(),
        fc.string(),
        async (message, answers, helo, sender) => {
          const world = new VirtualWorld({ now: NOW })
          const runtime = world.host()
          let n = 0
          const resolver: Resolver = { resolve: async () => answers[n++ % answers.length]! }
          const failures: unknown[] = []
          const checking = new MessageCheck(
            { ip: '192.0.2.1', helo, sender },
            {
              resolver,
              runtime,
              authservId: 'mx.test',
              bimi: true,
              onFailure: error => failures.push(error),
            },
          )
          checking.push(message)
          const verdict = await world.run(checking.finish())
          assert.deepEqual(failures, [])
          assert.ok(runtime.now() - NOW <= 10_000)
          if (verdict.dmarc.result === 'pass')
            assert.ok(verdict.spf.result === 'pass' || verdict.dkim.result === 'pass')
          const fields = splitHeader(Buffer.from(`${verdict.headers}\r\n`, 'latin1')).fields
          assert.deepEqual(
            fields.map(({ name }) => name),
            ['Authentication-Results', 'Received-SPF'],
          )
        },
      ),
      { numRuns: 300 },
    )
  })
})
