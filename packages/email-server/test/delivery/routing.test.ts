// Hosts and addresses in their order. RFC 5321 §5.1, RFC 7505, RFC 6890.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addressScope, orderAddresses } from '../../src/delivery/addresses.ts'
import { findRoute } from '../../src/delivery/routing.ts'
import { type MailError, resolveMX } from '../../src/index.ts'
import { VirtualWorld, Zones } from '../../src/testing/index.ts'
import { seededBytes } from '../../src/testing/seeded.ts'

const zones = new Zones().add(`
  five.test MX 20 c.five.test
  five.test MX 10 a.five.test
  five.test MX 10 b.five.test
  five.test MX 10 A.five.test.
  xn--bcher-kva.test MX 1 mx.xn--bcher-kva.test
  mixed.test MX 10 192.0.2.1
  mixed.test MX 20 mx.mixed.test
  nullplus.test MX 0 .
  nullplus.test MX 10 mx.nullplus.test
  under.test MX 5 my_host.under.test
`)
const resolver = {
  resolve: async (name: string, type: Parameters<Zones['answer']>[1]) => zones.answer(name, type),
}

async function hosts(domain: string, seed = 1, maxHosts = 10): Promise<string[]> {
  const found = await findRoute(domain, { resolver, random: seededBytes(seed), maxHosts })
  assert.ok(found.ok, found.ok ? '' : found.error.message)
  return found.route.hosts.map(({ name }) => name)
}

test('the preferred come first, each once; equals in random order (RFC 5321 §5.1: MUST)', async () => {
  const orders = new Map<string, number>()
  for (let seed = 1; seed <= 200; seed++) {
    const order = (await hosts('five.test', seed)).join()
    orders.set(order, (orders.get(order) ?? 0) + 1)
  }
  const first = orders.get('a.five.test,b.five.test,c.five.test') ?? 0
  const second = orders.get('b.five.test,a.five.test,c.five.test') ?? 0
  assert.equal(first + second, 200)
  assert.ok(first > 60 && second > 60, `${first} and ${second}`)
})

test('U-labels are looked up as A-labels', async () => {
  assert.deepEqual(await hosts('bücher.test'), ['mx.xn--bcher-kva.test'])
  assert.deepEqual(await hosts('BÜCHER.test'), ['mx.xn--bcher-kva.test'])
})

test('MX records that name no host are passed over; a null MX beside others is one of them (RFC 7505 §3)', async () => {
  assert.deepEqual(await hosts('mixed.test'), ['mx.mixed.test'])
  assert.deepEqual(await hosts('nullplus.test'), ['mx.nullplus.test'])
  assert.deepEqual(await hosts('under.test'), ['my_host.under.test'])
})

test('a hundred MX records are cut', async () => {
  for (let i = 0; i < 100; i++) zones.add(`many.test MX ${i} mx${i}.many.test`)
  assert.equal((await hosts('many.test', 1, 10)).length, 10)
})

for (const domain of [
  '',
  '.',
  'a..b',
  '-',
  'x'.repeat(300),
  '[300.1.1.1]',
  '[IPv6:zz]',
  '[tag:x]',
  'exa mple',
  '\u0000',
]) {
  test(`${JSON.stringify(domain.slice(0, 20))} is no domain`, async () => {
    const found = await findRoute(domain, { resolver, random: seededBytes(1), maxHosts: 10 })
    assert.ok(!found.ok && found.error.permanent === true)
  })
}

test('whatever the DNS answers, a route has hosts or there is an error', async () => {
  const name = fc.oneof(
    fc.string({ maxLength: 30 }),
    fc.domain(),
    fc.ipV4(),
    fc.constant(''),
    fc.constant('.'),
  )
  const record = fc.record({
    value: name,
    priority: fc.option(fc.nat(), { nil: undefined as unknown as number }),
  })
  const answer = fc.oneof(
    fc.record({ ok: fc.constant(true as const), records: fc.array(record, { maxLength: 20 }) }),
    fc.record({
      ok: fc.constant(false as const),
      failure: fc.constantFrom('nxdomain', 'nodata', 'servfail', 'timeout'),
    }),
  )
  await fc.assert(
    fc.asyncProperty(answer, fc.string({ maxLength: 40 }), async (given, domain) => {
      const found = await findRoute(domain, {
        resolver: { resolve: async () => given as never },
        random: seededBytes(1),
        maxHosts: 5,
      })
      if (found.ok) assert.ok(found.route.hosts.length >= 1 && found.route.hosts.length <= 5)
      else assert.equal(typeof found.error.permanent, 'boolean')
    }),
  )
})

const SCOPES: readonly (readonly [string, string | null])[] = [
  ['198.51.100.1', 'public'],
  ['2001:db8::1', 'public'],
  ['127.0.0.1', 'never'],
  ['127.255.255.255', 'never'],
  ['0.0.0.0', 'never'],
  ['169.254.169.254', 'never'],
  ['224.0.0.1', 'never'],
  ['255.255.255.255', 'never'],
  ['::1', 'never'],
  ['::', 'never'],
  ['fe80::1', 'never'],
  ['ff02::1', 'never'],
  ['::ffff:127.0.0.1', 'never'],
  ['::ffff:10.0.0.1', 'private'],
  ['10.255.0.1', 'private'],
  ['172.16.0.1', 'private'],
  ['172.32.0.1', 'public'],
  ['192.168.1.1', 'private'],
  ['100.64.0.1', 'private'],
  ['fd00::1', 'private'],
  ['mx.example', null],
  ['0x7f.1', null],
]

for (const [address, scope] of SCOPES) {
  test(`${address} is ${scope ?? 'no address'}`, () => assert.equal(addressScope(address), scope))
}

test('address families take turns, IPv6 first', () => {
  const records = (...values: readonly string[]) => ({
    ok: true as const,
    records: values.map(value => ({ value })),
  })
  const none = { ok: false as const, failure: 'nodata' as const }
  const v6 = records('2001:db8::1', '2001:db8::2', 'fd00::1')
  const v4 = records('192.0.2.1', 'nonsense')
  assert.deepEqual(orderAddresses(v6, v4, 9), ['2001:db8::1', '192.0.2.1', '2001:db8::2', 'fd00::1'])
  assert.deepEqual(orderAddresses(none, v4, 9), ['192.0.2.1'])
  assert.deepEqual(orderAddresses(v6, none, 2), ['2001:db8::1', '2001:db8::2'])
})

test('resolveMX: as a promise and with a callback', async () => {
  const world = new VirtualWorld({
    zones: 'one.test MX 20 b.one.test\none.test MX 10 a.one.test\nnull.test MX 0 .\nplain.test A 192.0.2.1',
  })
  const options = { runtime: world.host(), resolver: world.host() }
  assert.deepEqual(await resolveMX('one.test', options), [
    { exchange: 'a.one.test', priority: 10 },
    { exchange: 'b.one.test', priority: 20 },
  ])
  assert.deepEqual(await resolveMX('plain.test', options), [{ exchange: 'plain.test', priority: 0 }])
  const error = await new Promise<MailError | null>(resolve => resolveMX('null.test', options, resolve))
  assert.equal(error!.enhancedCode, '5.1.10')
})
