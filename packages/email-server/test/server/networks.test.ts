// Addresses and networks as people write them, and what is counted of them.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { formatIp } from '../../src/base/ip.ts'
import { formatNetwork, networkMatcher, parseNetwork } from '../../src/base/networks.ts'
import { BanList, bannedNetwork } from '../../src/server/ban-list.ts'
import { addressKey } from '../../src/server/doorkeeper.ts'
import { Rates } from '../../src/server/rates.ts'

describe('networks', () => {
  const READ: readonly (readonly [text: string, network: string | null])[] = [
    ['192.0.2.7', '192.0.2.7'],
    ['192.0.2.7/24', '192.0.2.0/24'],
    ['192.0.2.7/32', '192.0.2.7'],
    ['10.255.255.255/7', '10.0.0.0/7'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['2001:db8:1:2:3::/64', '2001:db8:1:2::/64'],
    ['2001:db8::ffff/33', '2001:db8::/33'],
    ['::/0', '::/0'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7/120', '192.0.2.0/24'],
    ['::ffff:192.0.2.7/24', null],
    ['192.0.2.7/33', null],
    ['2001:db8::/129', null],
    ['192.0.2.7/', null],
    ['192.0.2.7/-1', null],
    ['192.0.2.7/1e1', null],
    ['192.0.2.7/24/24', null],
    ['192.0.2', null],
    ['fe80::1%eth0', null],
    ['localhost', null],
    ['', null],
  ]
  for (const [text, network] of READ) {
    test(`${JSON.stringify(text)} is ${network ?? 'no network'}`, () => {
      const parsed = parseNetwork(text)
      assert.equal(parsed && formatNetwork(parsed), network)
    })
  }

  test('a matcher knows both families, mapped addresses too, and matches nothing that is no address', () => {
    const matches = networkMatcher('x', ['10.0.0.0/8', '2001:db8::/32', '192.0.2.1'])
    for (const address of ['10.1.2.3', '::ffff:10.0.0.1', '2001:db8:ffff::1', '192.0.2.1'])
      assert.equal(matches(address), true, address)
    for (const address of ['11.0.0.1', '2001:db9::1', '192.0.2.2', '', 'x', '10.0.0.256'])
      assert.equal(matches(address), false, address)
  })

  test('an address is in the network that is written from it, and a network written twice is the same', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    )
    fc.assert(
      fc.property(bytes, fc.nat(128), (address, prefix) => {
        const text = formatIp(address)
        const network = parseNetwork(`${text}/${Math.min(prefix, address.length * 8)}`)
        // what is spelled as a mapped address has only prefixes from 96 on
        if (network === null) return text.startsWith('::ffff:')
        const again = formatNetwork(network)
        return networkMatcher('x', [again])(text) && formatNetwork(parseNetwork(again)!) === again
      }),
    )
  })
})

describe('bans', () => {
  test('keep out an address, the /64 of an IPv6 address, or a network, until their time has come', () => {
    const list = new BanList()
    for (const [text, until] of [
      ['192.0.2.7', 1000],
      ['2001:db8:0:1::9', 2000],
      ['198.51.100.0/24', 3000],
      ['198.51.100.7', 500],
    ] as const) {
      list.add(bannedNetwork(text)!, until)
    }
    const found: readonly (readonly [address: string, now: number, until: number | null])[] = [
      ['192.0.2.7', 999, 1000],
      ['::ffff:192.0.2.7', 999, 1000],
      ['192.0.2.7', 1000, null],
      ['192.0.2.8', 0, null],
      ['2001:db8:0:1:ffff::1', 0, 2000],
      ['2001:db8:0:2::9', 0, null],
      ['198.51.100.7', 0, 3000],
      ['198.51.100.255', 2999, 3000],
      ['198.51.101.0', 0, null],
      ['nobody', 0, null],
    ]
    for (const [address, now, until] of found)
      assert.equal(list.find(address, now), until, `${address} ${now}`)
    assert.equal(list.remove(bannedNetwork('198.51.100.0/24')!), true)
    assert.equal(list.remove(bannedNetwork('198.51.100.0/24')!), false)
    assert.equal(list.find('198.51.100.255', 0), null)
  })

  test('ban flood: more than the limit are never kept, the oldest go, and a look-up stays a look-up', () => {
    const list = new BanList(100)
    for (let i = 0; i < 5000; i++) list.add(bannedNetwork(`10.0.${i >> 8}.${i & 255}`)!, 1e9)
    assert.equal(list.size, 100)
    assert.equal(list.find('10.0.0.0', 0), null)
    assert.equal(list.find('10.0.19.135', 0), 1e9)
  })

  test('ban flood by IPv4: who comes by IPv6 is banned all the same', () => {
    const list = new BanList(100)
    for (let i = 0; i < 100; i++) list.add(bannedNetwork(`10.0.0.${i}`)!, 1e9)
    list.add(bannedNetwork('2001:db8::1')!, 1e9)
    assert.equal(list.size, 100)
    assert.equal(list.find('2001:db8::2', 0), 1e9)
    assert.equal(list.find('10.0.0.0', 0), null)
  })
})

test('the unit that limits apply to is an IPv4 address, or the /64 of an IPv6 address, however it is spelled', () => {
  const keys: readonly (readonly [address: string, key: string])[] = [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8::1', '2001:db8::/64'],
    ['2001:0DB8:0:0:ffff::1', '2001:db8::/64'],
    ['2001:db8:0:1::', '2001:db8:0:1::/64'],
  ]
  for (const [address, key] of keys) assert.equal(addressKey(address), key)
})

describe('rates', () => {
  test('count what has happened within the window; what is older fades, and after two windows nothing is left', () => {
    const rates = new Rates(1000, 10)
    for (let i = 1; i <= 10; i++) assert.equal(rates.hit('a', 0), i)
    assert.equal(rates.count('a', 999), 10)
    assert.equal(rates.count('a', 1500), 5)
    assert.equal(rates.hit('a', 1900), 2)
    assert.equal(rates.count('a', 4000), 0)
    assert.equal(rates.hit('a', 4000), 1)
  })

  test('a clock that goes back starts anew', () => {
    const rates = new Rates(1000, 10)
    for (let i = 0; i < 5; i++) rates.hit('a', 1_000_000)
    assert.equal(rates.hit('a', 5), 1)
  })

  test('rate limit memory bounded: 200,000 names leave as many as may be remembered, the busy one among them', () => {
    const rates = new Rates(60_000, 1000)
    for (let i = 0; i < 200_000; i++) {
      rates.hit(`n${i}`, i / 100)
      if (i % 500 === 0) rates.hit('busy', i / 100)
    }
    assert.equal(rates.size, 1000)
    assert.ok(rates.count('busy', 2_000) > 300)
  })
})
