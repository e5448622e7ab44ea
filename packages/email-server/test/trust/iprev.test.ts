import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { VirtualWorld } from '../../src/testing/index.ts'
import { checkRdns, type RdnsResult } from '../../src/trust/iprev/index.ts'

async function check(zones: string, ip = '192.0.2.1', helo?: string): Promise<RdnsResult> {
  const world = new VirtualWorld({ zones })
  const runtime = world.host()
  return world.run(checkRdns({ ip, ...(helo !== undefined && { helo }) }, { resolver: runtime, runtime }))
}

describe('the results of RFC 8601 §2.7.3', () => {
  for (const [what, zones, expected] of [
    ['name and address agree', '192.0.2.1 PTR mx.example\nmx.example A 192.0.2.1', 'pass'],
    [
      'one of several names agrees',
      '192.0.2.1 PTR a.example\n192.0.2.1 PTR b.example\na.example A 192.0.2.9\nb.example A 192.0.2.1',
      'pass',
    ],
    ['the name has another address', '192.0.2.1 PTR mx.example\nmx.example A 192.0.2.2', 'fail'],
    ['the name does not exist', '192.0.2.1 PTR mx.example', 'fail'],
    [
      'the name has no address of the family',
      '192.0.2.1 PTR mx.example\nmx.example AAAA 2001:db8::1',
      'fail',
    ],
    ['the address has no name', '', 'permerror'],
    ['no reverse data', '192.0.2.1 TXT unrelated', 'permerror'],
    ['the reverse zone fails', '192.0.2.1 SERVFAIL', 'temperror'],
    ['the reverse zone is silent', '192.0.2.1 TIMEOUT', 'temperror'],
    ['the zone of the name fails', '192.0.2.1 PTR mx.example\nmx.example SERVFAIL', 'temperror'],
    [
      'one name fails, another agrees',
      '192.0.2.1 PTR a.example\n192.0.2.1 PTR b.example\na.example SERVFAIL\nb.example A 192.0.2.1',
      'pass',
    ],
    ['the name is none', '192.0.2.1 PTR a..b', 'fail'],
  ] as const) {
    test(`${what}: ${expected}`, async () => assert.equal((await check(zones)).result, expected))
  }

  test('IPv6 and IPv4-mapped addresses', async () => {
    const zones = `
      2001:db8::1 PTR six.example
      six.example AAAA 2001:DB8:0:0:0:0:0:1
      192.0.2.1   PTR four.example
      four.example A 192.0.2.1
    `
    assert.equal((await check(zones, '2001:db8::1')).name, 'six.example')
    assert.equal((await check(zones, '::ffff:192.0.2.1')).name, 'four.example')
  })

  test('what is no address has no name', async () => {
    assert.equal((await check('', 'not an address')).result, 'permerror')
  })
})

describe('the name of EHLO', () => {
  const ZONES = `
    192.0.2.1      PTR  mx.example
    mx.example     A    192.0.2.1
    alias.example  A    192.0.2.1
    other.example  A    192.0.2.2
    broken.example SERVFAIL
  `
  for (const [helo, expected] of [
    ['mx.example', true],
    ['MX.Example.', true],
    ['alias.example', true],
    ['other.example', false],
    ['nobody.example', false],
    ['[192.0.2.1]', false],
    ['', false],
    ['evil\r\nname', false],
    ['broken.example', null],
  ] as const) {
    test(`${JSON.stringify(helo)}: ${expected}`, async () => {
      assert.equal((await check(ZONES, '192.0.2.1', helo)).heloMatches, expected)
    })
  }

  test('is not compared when there is none', async () => assert.equal((await check(ZONES)).heloMatches, null))

  test('is no proof when the name only claims the address', async () => {
    const result = await check('192.0.2.1 PTR mx.example\nmx.example A 192.0.2.9', '192.0.2.1', 'mx.example')
    assert.deepEqual([result.result, result.heloMatches], ['fail', false])
  })
})

test('of a thousand names ten are looked at', async () => {
  const names = Array.from({ length: 1000 }, (_, i) => `192.0.2.1 PTR n${i}.example`).join('\n')
  const result = await check(`${names}\nn10.example A 192.0.2.1`)
  assert.deepEqual([result.result, result.names.length], ['fail', 10])
})

test('takes ten seconds at most, then the result is temperror', async () => {
  const world = new VirtualWorld()
  const runtime = world.host()
  const start = world.now
  const resolver = { resolve: () => new Promise<never>(() => {}) }
  const result = await world.run(checkRdns({ ip: '192.0.2.1', helo: 'mx.example' }, { resolver, runtime }))
  assert.deepEqual([result.result, result.heloMatches, world.now - start], ['temperror', null, 10_000])
})

test('the result says why, for people', async () => {
  const zones = '192.0.2.1 PTR mx.example\nmx.example A 192.0.2.1'
  assert.deepEqual(await check(zones, '192.0.2.1', 'mx.example'), {
    result: 'pass',
    ip: '192.0.2.1',
    name: 'mx.example',
    names: ['mx.example'],
    heloMatches: true,
    reason: '192.0.2.1 is mx.example, and mx.example is 192.0.2.1',
  })
})
