import assert from 'node:assert/strict'
import net from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatIp, inNetwork, parseIp, parsePeerIp, reverseName } from '../../src/base/ip.ts'

const again = (text: string): string | null => {
  const bytes = parseIp(text)
  return bytes && formatIp(bytes)
}

test('addresses are written as RFC 5952 §4 asks', () => {
  for (const [text, canonical] of [
    ['192.0.2.1', '192.0.2.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['2001:0DB8::0001', '2001:db8::1'],
    ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['1:2:3:4:5:6:7.8.9.10', '1:2:3:4:5:6:708:90a'],
  ] as const) {
    assert.equal(again(text), canonical)
  }
})

test('what is no address is none', () => {
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '1.2.3.04',
    '1.2.3.0x4',
    '1.2.3.4 ',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '1:2:3:4:5:6:7::8:9',
    '12345::',
    '::g',
    '::1.2.3',
    '1.2.3.4::',
    'fe80::1%eth0',
    '::1:',
    ':1::',
  ]) {
    assert.equal(parseIp(text), null, text)
  }
})

test('Node agrees about what is an address', () => {
  const near = fc.stringMatching(/^[0-9a-f:.]{0,24}$/)
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), near), text => {
      assert.equal(parseIp(text) !== null, net.isIP(text) !== 0)
    }),
    { numRuns: 3000 },
  )
})

test('addresses in networks, by whole bytes and by bits', () => {
  const within = (address: string, network: string, prefix: number): boolean =>
    inNetwork(parseIp(address)!, parseIp(network)!, prefix)
  assert.ok(within('192.0.2.200', '192.0.2.0', 24))
  assert.ok(within('192.0.2.127', '192.0.2.0', 25))
  assert.ok(!within('192.0.2.128', '192.0.2.0', 25))
  assert.ok(within('203.0.113.1', '0.0.0.0', 0))
  assert.ok(!within('192.0.2.1', '192.0.2.2', 32))
  assert.ok(within('2001:db8:8000::', '2001:db8:ffff::', 33))
  assert.ok(!within('2001:db8:8000::', '2001:db8:7fff::', 33))
  assert.ok(!within('::', '0.0.0.0', 0))
})

test('the names of the reverse zones (RFC 1035 §3.5, RFC 3596 §2.5)', () => {
  assert.equal(reverseName(parseIp('10.2.0.52')!), '52.0.2.10.in-addr.arpa')
  assert.equal(
    reverseName(parseIp('4321:0:1:2:3:4:567:89ab')!),
    'b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa',
  )
})

test('a peer at an IPv4-mapped address is at the IPv4 address', () => {
  assert.equal(formatIp(parsePeerIp('::ffff:192.0.2.1')!), '192.0.2.1')
  assert.equal(formatIp(parsePeerIp('2001:db8::1')!), '2001:db8::1')
  assert.equal(parsePeerIp('no address'), null)
})
