// The PROXY protocol's header, read: versions 1 and 2, at every cut, and whatever is no header.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readProxyHeader } from '../../src/server/proxy-header.ts'
import { SIGNATURE, v2 } from './proxy-headers.ts'

const V4 = Buffer.from('c0000207c6336419d9030019', 'hex')
const V6 = Buffer.from(
  `${'20010db8000000000000000000000007'}${'20010db8000000000000000000000025'}d9030019`,
  'hex',
)
const TLV = Buffer.from('030004aabbccdd', 'hex')

const FOUR = { remoteAddress: '192.0.2.7', remotePort: 55555, localAddress: '198.51.100.25', localPort: 25 }
const SIX = { remoteAddress: '2001:db8::7', remotePort: 55555, localAddress: '2001:db8::25', localPort: 25 }

const GOOD: readonly (readonly [name: string, bytes: Uint8Array, ends: typeof FOUR | null])[] = [
  ['v1 TCP4', Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.25 55555 25\r\n'), FOUR],
  ['v1 TCP6', Buffer.from('PROXY TCP6 2001:db8::7 2001:db8::25 55555 25\r\n'), SIX],
  ['v1 UNKNOWN', Buffer.from('PROXY UNKNOWN\r\n'), null],
  ['v1 UNKNOWN with words', Buffer.from('PROXY UNKNOWN ffff::1 whatever\r\n'), null],
  ['v2 TCP4', v2(0x21, 0x11, V4), FOUR],
  ['v2 TCP6', v2(0x21, 0x21, V6), SIX],
  ['v2 TCP4 with TLVs', v2(0x21, 0x11, Buffer.concat([V4, TLV])), FOUR],
  [
    'v2 TCP6 of a mapped address',
    v2(0x21, 0x21, Buffer.from(`${'0'.repeat(20)}ffffc0000207${'0'.repeat(20)}ffffc6336419d9030019`, 'hex')),
    FOUR,
  ],
  ['v2 LOCAL', v2(0x20, 0, Buffer.alloc(0)), null],
  ['v2 LOCAL with addresses', v2(0x20, 0x11, V4), null],
  ['v2 unspecified', v2(0x21, 0, TLV), null],
  ['v2 of a socket in the file system', v2(0x21, 0x31, Buffer.alloc(216)), null],
  ['v2 as long as may be', v2(0x21, 0x11, Buffer.concat([V4, Buffer.alloc(65_523)])), FOUR],
]

for (const [name, bytes, ends] of GOOD) {
  test(`${name} is read, with whatever follows it, and no part of it is taken for the whole`, () => {
    const expected = { size: bytes.length, ends }
    assert.deepEqual(readProxyHeader(bytes), expected)
    assert.deepEqual(readProxyHeader(Buffer.concat([bytes, Buffer.from('EHLO x\r\n')])), expected)
    for (let cut = 0; cut < Math.min(bytes.length, 600); cut++) {
      assert.equal(readProxyHeader(bytes.subarray(0, cut)), 'incomplete', `cut at ${cut}`)
    }
  })
}

const BAD: readonly (readonly [name: string, bytes: Uint8Array | string])[] = [
  ['SMTP', 'EHLO client.example\r\n'],
  ['a TLS handshake', Uint8Array.of(0x16, 3, 1, 0, 5)],
  ['lower case', 'proxy TCP4 192.0.2.7 198.51.100.25 1 25\r\n'],
  ['another family', 'PROXY UDP4 192.0.2.7 198.51.100.25 1 25\r\n'],
  ['a name for an address', 'PROXY TCP4 client.example 198.51.100.25 1 25\r\n'],
  ['an address of the other family', 'PROXY TCP4 2001:db8::7 198.51.100.25 1 25\r\n'],
  ['families mixed', 'PROXY TCP6 2001:db8::7 198.51.100.25 1 25\r\n'],
  ['leading zeros', 'PROXY TCP4 192.0.2.07 198.51.100.25 1 25\r\n'],
  ['a port too large', 'PROXY TCP4 192.0.2.7 198.51.100.25 65536 25\r\n'],
  ['a port with zeros', 'PROXY TCP4 192.0.2.7 198.51.100.25 025 25\r\n'],
  ['no ports', 'PROXY TCP4 192.0.2.7 198.51.100.25\r\n'],
  ['a word too much', 'PROXY TCP4 192.0.2.7 198.51.100.25 1 25 x\r\n'],
  ['two spaces', 'PROXY TCP4  192.0.2.7 198.51.100.25 1 25\r\n'],
  ['LF alone', `PROXY TCP4 192.0.2.7 198.51.100.25 1 25\n${'x'.repeat(107)}`],
  ['a line without end', `PROXY UNKNOWN ${'x'.repeat(200)}`],
  ['version 3', v2(0x31, 0x11, V4)],
  ['another command', v2(0x22, 0x11, V4)],
  ['a family that is none', v2(0x21, 0x41, V4)],
  ['a transport that is none', v2(0x21, 0x13, V4)],
  ['fewer octets than the addresses', v2(0x21, 0x11, V4.subarray(0, 11))],
  ['IPv6 in the room of IPv4', v2(0x21, 0x21, V4)],
]

for (const [name, bytes] of BAD) {
  test(`${name} is no header`, () => assert.equal(readProxyHeader(Buffer.from(bytes as string)), 'malformed'))
}

test('any bytes are a header, a part of one, or none; nothing is thrown', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom('', 'PROXY ', 'PROXY TCP4 '),
      fc.boolean(),
      (noise, text, two) => {
        const front = two ? SIGNATURE : Buffer.from(text)
        const found = readProxyHeader(Buffer.concat([front, noise]))
        return typeof found === 'string' || found.size <= front.length + noise.length
      },
    ),
    { numRuns: 2000 },
  )
})
