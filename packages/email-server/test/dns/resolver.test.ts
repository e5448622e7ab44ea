import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DnsAnswer, DnsRecordType } from '../../src/base/runtime.ts'
import { CachingResolver, type CachingResolverOptions, queryName } from '../../src/dns/index.ts'
import { VirtualWorld } from '../../src/testing/index.ts'

type Answers = (name: string, type: DnsRecordType) => DnsAnswer | Promise<DnsAnswer>

/** A resolver over a virtual clock whose answers the test gives; `asked` lists what has reached them. */
function setUp(answers: Answers, options: Omit<CachingResolverOptions, 'runtime'> = {}) {
  const world = new VirtualWorld()
  const runtime = world.host()
  const asked: string[] = []
  const resolver = new CachingResolver({
    ...options,
    runtime: {
      now: () => runtime.now(),
      setTimer: (ms, fire) => runtime.setTimer(ms, fire),
      resolve: async (name, type) => {
        asked.push(`${type} ${name}`)
        return answers(name, type)
      },
    },
  })
  return { world, resolver, asked }
}

const found = (value: string, ttl?: number): DnsAnswer => ({
  ok: true,
  records: [{ value }],
  ...(ttl !== undefined && { ttl }),
})
const silence = new Promise<never>(() => {})

describe('the cache', () => {
  test('keeps an answer for its TTL and says how much is left', async () => {
    const { world, resolver, asked } = setUp(() => found('192.0.2.1', 60))
    await resolver.resolve('example.com', 'A')
    await world.advance(59_000)
    assert.deepEqual(await resolver.resolve('Example.COM.', 'A'), { ...found('192.0.2.1'), ttl: 1 })
    assert.equal(asked.length, 1)
    await world.advance(1000)
    await resolver.resolve('example.com', 'A')
    assert.equal(asked.length, 2)
  })

  test('TTLs are held between 5 seconds and a day', async () => {
    for (const [ttl, held] of [
      [0, 5],
      [4_000_000, 86_400],
    ] as const) {
      const { world, resolver, asked } = setUp(() => found('192.0.2.1', ttl))
      await resolver.resolve('example.com', 'A')
      await world.advance(held * 1000 - 1)
      await resolver.resolve('example.com', 'A')
      assert.equal(asked.length, 1)
      await world.advance(1)
      await resolver.resolve('example.com', 'A')
      assert.equal(asked.length, 2)
    }
  })

  test('the lack of an answer is kept too: by its SOA for names, for 5 seconds when servers fail', async () => {
    for (const [failure, ttl, held] of [
      ['nxdomain', 30, 30],
      ['nodata', 30, 30],
      ['nodata', 86_400, 3600],
      ['nxdomain', undefined, 60],
      ['servfail', undefined, 5],
      ['timeout', undefined, 5],
    ] as const) {
      const { world, resolver, asked } = setUp(() => ({
        ok: false,
        failure,
        ...(ttl !== undefined && { ttl }),
      }))
      const first = await resolver.resolve('example.com', 'A')
      assert.equal(first.ok ? null : first.failure, failure)
      await world.advance(held * 1000 - 1)
      const again = await resolver.resolve('example.com', 'A')
      assert.equal(again.ok ? null : again.failure, failure)
      assert.equal(asked.length, 1)
      await world.advance(1)
      await resolver.resolve('example.com', 'A')
      assert.equal(asked.length, 2)
    }
  })

  test('a clock that is set back keeps nothing', async () => {
    let now = 1_000_000
    let asked = 0
    const resolver = new CachingResolver({
      runtime: {
        now: () => now,
        setTimer: () => ({ cancel() {} }),
        resolve: async () => {
          asked++
          return found('192.0.2.1', 3600)
        },
      },
    })
    await resolver.resolve('example.com', 'A')
    now -= 86_400_000
    await resolver.resolve('example.com', 'A')
    assert.equal(asked, 2)
  })

  test('has at most the names and the size it is given; what was used last stays', async () => {
    const { resolver, asked } = setUp(() => found('192.0.2.1', 60), { cacheNames: 2 })
    for (const name of ['a.example', 'b.example', 'a.example', 'c.example', 'a.example', 'b.example']) {
      await resolver.resolve(name, 'A')
    }
    assert.deepEqual(asked, ['A a.example', 'A b.example', 'A c.example', 'A b.example'])
    assert.equal(resolver.stats.names, 2)
    const small = setUp(() => found('x'.repeat(600)), { cacheSize: 1000 })
    await small.resolver.resolve('a.example', 'TXT')
    await small.resolver.resolve('b.example', 'TXT')
    assert.equal(small.resolver.stats.names, 1)
  })

  test('forgets when told: one name, or all', async () => {
    const { resolver, asked } = setUp(() => found('192.0.2.1', 60))
    await resolver.resolve('a.example', 'A')
    await resolver.resolve('b.example', 'A')
    resolver.forget('A.example')
    await resolver.resolve('a.example', 'A')
    await resolver.resolve('b.example', 'A')
    assert.equal(asked.length, 3)
    resolver.forget()
    assert.equal(resolver.stats.names, 0)
  })

  test('two resolvers share nothing', async () => {
    const one = setUp(() => found('192.0.2.1', 60))
    const two = setUp(() => found('192.0.2.2', 60))
    await one.resolver.resolve('a.example', 'A')
    assert.deepEqual(await two.resolver.resolve('a.example', 'A'), found('192.0.2.2', 60))
  })
})

describe('questions under way', () => {
  test('who asks the same thing waits for the same answer', async () => {
    const { resolver, asked } = setUp(() => found('192.0.2.1'))
    const answers = await Promise.all(Array.from({ length: 50 }, () => resolver.resolve('a.example', 'A')))
    assert.equal(asked.length, 1)
    assert.ok(answers.every(answer => answer.ok))
  })

  test('are 100 at most; a flood of others waits its turn, and every one is answered', async () => {
    let open = 0
    let most = 0
    const { world, resolver } = setUp(async () => {
      most = Math.max(most, ++open)
      await new Promise<void>(resolve => world.host().setTimer(10, resolve))
      open--
      return found('192.0.2.1')
    })
    const flood = Promise.all(Array.from({ length: 1000 }, (_, i) => resolver.resolve(`n${i}.example`, 'A')))
    assert.deepEqual({ ...resolver.stats }, { names: 0, inFlight: 100, waiting: 900 })
    const answers = await world.run(flood)
    assert.equal(most, 100)
    assert.ok(answers.every(answer => answer.ok))
    assert.deepEqual({ ...resolver.stats }, { names: 1000, inFlight: 0, waiting: 0 })
  })

  test('beyond 10,000 that wait, the next is SERVFAIL at once', async () => {
    const { world, resolver } = setUp(() => silence)
    const all = Promise.all(Array.from({ length: 10_101 }, (_, i) => resolver.resolve(`n${i}.example`, 'A')))
    const answers = await world.run(all)
    assert.deepEqual(answers[10_100], { ok: false, failure: 'servfail' })
    assert.deepEqual(answers[10_099], { ok: false, failure: 'timeout' })
    assert.equal(resolver.stats.waiting, 0)
  })

  test('silence is a time-out: after the time of the resolver, or at the deadline of the question', async () => {
    const { world, resolver } = setUp(() => silence, { timeoutMs: 3000 })
    const start = world.now
    const hasty = resolver.resolve('a.example', 'A', { deadline: start + 500 })
    const patient = resolver.resolve('a.example', 'A')
    assert.deepEqual(await world.run(hasty), { ok: false, failure: 'timeout' })
    assert.equal(world.now - start, 500)
    assert.deepEqual(await world.run(patient), { ok: false, failure: 'timeout' })
    assert.equal(world.now - start, 3000)
    // the place is free again
    assert.equal(resolver.stats.inFlight, 0)
  })

  test('a deadline that has passed asks nothing', async () => {
    const { world, resolver, asked } = setUp(() => found('192.0.2.1'))
    assert.deepEqual(await resolver.resolve('a.example', 'A', { deadline: world.now }), {
      ok: false,
      failure: 'timeout',
    })
    assert.equal(asked.length, 0)
  })
})

describe('a resolver that misbehaves', () => {
  const given = async (answers: Answers): Promise<DnsAnswer> =>
    setUp(answers).resolver.resolve('a.example', 'TXT')

  test('by throwing, rejecting or answering nonsense is SERVFAIL', async () => {
    const nonsense = [
      undefined,
      null,
      7,
      {},
      { ok: true },
      { ok: true, records: [7] },
      { ok: false, failure: 'x' },
    ]
    for (const value of nonsense) {
      assert.deepEqual(await given(() => value as unknown as DnsAnswer), { ok: false, failure: 'servfail' })
    }
    assert.deepEqual(await given(() => Promise.reject(new Error('no'))), { ok: false, failure: 'servfail' })
  })

  test('by answering with more than 64 KiB or 1,000 records is SERVFAIL', async () => {
    assert.equal((await given(() => found('x'.repeat(65_536)))).ok, true)
    assert.deepEqual(await given(() => found('x'.repeat(65_537))), { ok: false, failure: 'servfail' })
    const many = Array.from({ length: 1001 }, () => ({ value: 'x' }))
    assert.deepEqual(await given(() => ({ ok: true, records: many })), { ok: false, failure: 'servfail' })
  })

  test('by an answer without records has no data', async () => {
    assert.deepEqual(await given(() => ({ ok: true, records: [] })), { ok: false, failure: 'nodata' })
  })
})

test('names are asked as A-labels in lower case; what no name is does not exist and is not asked', async () => {
  const { resolver, asked } = setUp(() => found('192.0.2.1'))
  await resolver.resolve('_dmarc.Bücher.example.', 'TXT')
  assert.deepEqual(asked, ['TXT _dmarc.xn--bcher-kva.example'])
  const label = 'a'.repeat(64)
  for (const name of [
    '',
    '.',
    'a..b',
    '.a',
    `${label}.example`,
    'a\u0000.example',
    'a\\046b',
    'x'.repeat(2000),
  ]) {
    assert.equal(queryName(name), null)
    assert.deepEqual(await resolver.resolve(name, 'A'), { ok: false, failure: 'nxdomain' })
  }
  assert.equal(queryName(`${'a'.repeat(63)}.`.repeat(3) + 'b'.repeat(61))?.length, 253)
  assert.equal(queryName(`${'a'.repeat(63)}.`.repeat(3) + 'b'.repeat(62)), null)
  assert.equal(asked.length, 1)
})

test('limits that are none are told at construction', () => {
  const { runtime } = { runtime: new VirtualWorld().host() }
  for (const options of [{ timeoutMs: 0 }, { maxInFlight: Number.NaN }, { cacheNames: -1 }]) {
    assert.throws(() => new CachingResolver({ runtime, ...options }), { code: 'ECONFIG' })
  }
})

test('a cache of no names keeps nothing; one question at a time is possible', async () => {
  const { resolver, asked } = setUp(() => found('192.0.2.1', 60), {
    cacheNames: 0,
    maxInFlight: 1,
    timeoutMs: 1,
  })
  await Promise.all([resolver.resolve('a.example', 'A'), resolver.resolve('b.example', 'A')])
  await resolver.resolve('a.example', 'A')
  assert.equal(asked.length, 3)
})
