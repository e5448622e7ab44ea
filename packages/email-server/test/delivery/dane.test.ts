// TLSA records read and matched against a real chain. RFC 6698 §2, RFC 7671 §5, RFC 7672 §3.
import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkDane, findTlsa, readTlsa, type TlsaRecord } from '../../src/delivery/dane.ts'
import { subjectPublicKeyInfo } from '../../src/delivery/der.ts'
import { Zones } from '../../src/testing/index.ts'
import { LEAF, LEAF_KEY_SHA256, MID, MID_SHA512, ROOT, ROOT_SHA256 } from './certificates.ts'

const NOW = Date.UTC(2027, 0, 1)
const CHAIN = [LEAF, MID, ROOT]
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

interface Case {
  readonly name: string
  readonly tlsa: readonly string[]
  readonly chain?: readonly Uint8Array[]
  readonly names?: readonly string[]
  readonly now?: number
  readonly fault: string | null
}

const CASES: readonly Case[] = [
  { name: '3 1 1: the key of the server', tlsa: [`3 1 1 ${LEAF_KEY_SHA256}`], fault: null },
  { name: '3 0 0: the whole certificate', tlsa: [`3 0 0 ${hex(LEAF)}`], fault: null },
  {
    name: 'DANE-EE needs no name (RFC 7672 §3.1.1)',
    tlsa: [`3 1 1 ${LEAF_KEY_SHA256}`],
    names: ['other.test'],
    fault: null,
  },
  {
    name: 'DANE-EE needs no date',
    tlsa: [`3 1 1 ${LEAF_KEY_SHA256}`],
    now: Date.UTC(2200, 0, 1),
    fault: null,
  },
  {
    name: 'DANE-EE is about the first certificate only',
    tlsa: [`3 0 1 ${ROOT_SHA256}`],
    fault: 'validation-failure',
  },
  { name: '2 0 1: the root', tlsa: [`2 0 1 ${ROOT_SHA256}`], fault: null },
  { name: '2 0 2: the intermediate', tlsa: [`2 0 2 ${MID_SHA512}`], fault: null },
  {
    name: '2 0 2: the intermediate, without the root',
    tlsa: [`2 0 2 ${MID_SHA512}`],
    chain: [LEAF, MID],
    fault: null,
  },
  {
    name: 'the anchor must be in the chain (RFC 7672 §3.1.2)',
    tlsa: [`2 0 1 ${ROOT_SHA256}`],
    chain: [LEAF, MID],
    fault: 'validation-failure',
  },
  {
    name: '2 0 0: the whole root may be missing in the chain',
    tlsa: [`2 0 0 ${hex(ROOT)}`],
    chain: [LEAF, MID],
    fault: null,
  },
  {
    name: 'a chain with a hole does not reach the anchor',
    tlsa: [`2 0 1 ${ROOT_SHA256}`],
    chain: [LEAF, ROOT],
    fault: 'validation-failure',
  },
  {
    name: 'the order of the chain does not matter',
    tlsa: [`2 0 1 ${ROOT_SHA256}`],
    chain: [LEAF, ROOT, MID],
    fault: null,
  },
  {
    name: 'DANE-TA needs a name',
    tlsa: [`2 0 1 ${ROOT_SHA256}`],
    names: ['mx.other.test'],
    fault: 'certificate-host-mismatch',
  },
  {
    name: 'the next-hop domain will do (RFC 7672 §3.2.2)',
    tlsa: [`2 0 1 ${ROOT_SHA256}`],
    names: ['x.test', 'mx.dane.test'],
    fault: null,
  },
  {
    name: 'a wildcard stands for one label',
    tlsa: [`2 0 1 ${ROOT_SHA256}`],
    names: ['a.wild.dane.test'],
    fault: null,
  },
  {
    name: 'a wildcard does not stand for two',
    tlsa: [`2 0 1 ${ROOT_SHA256}`],
    names: ['a.b.wild.dane.test'],
    fault: 'certificate-host-mismatch',
  },
  {
    name: 'DANE-TA needs dates',
    tlsa: [`2 0 1 ${ROOT_SHA256}`],
    now: Date.UTC(2200, 0, 1),
    fault: 'certificate-expired',
  },
  {
    name: 'one of several is enough',
    tlsa: [`3 1 1 ${'00'.repeat(32)}`, `3 1 1 ${LEAF_KEY_SHA256}`],
    fault: null,
  },
  {
    name: 'none of several is not',
    tlsa: [`3 1 1 ${'00'.repeat(32)}`, `2 1 1 ${'11'.repeat(32)}`],
    fault: 'validation-failure',
  },
  { name: 'no chain at all', tlsa: [`3 1 1 ${LEAF_KEY_SHA256}`], chain: [], fault: 'validation-failure' },
  {
    name: 'a chain of rubbish',
    tlsa: [`2 0 1 ${ROOT_SHA256}`],
    chain: [Uint8Array.of(1, 2, 3)],
    fault: 'validation-failure',
  },
]

for (const { name, tlsa, chain = CHAIN, names = ['mx.dane.test'], now = NOW, fault } of CASES) {
  test(name, () => {
    const records = tlsa.map(text => readTlsa(text)!)
    assert.equal(checkDane({ chain, records, names, now }), fault)
  })
}

test('the key is cut out of a certificate as OpenSSL hashes it', () => {
  for (const der of CHAIN) {
    const key = new X509Certificate(der).publicKey.export({ type: 'spki', format: 'der' })
    assert.deepEqual(Buffer.from(subjectPublicKeyInfo(der)!), key)
  }
  assert.equal(createHash('sha256').update(subjectPublicKeyInfo(LEAF)!).digest('hex'), LEAF_KEY_SHA256)
})

test('whatever the bytes are, cutting out the key neither throws nor reads past the end', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(LEAF.length), (noise, at) => {
      subjectPublicKeyInfo(noise)
      const broken = Uint8Array.from(LEAF)
      broken.set(noise.subarray(0, Math.max(0, LEAF.length - at)), at)
      const key = subjectPublicKeyInfo(broken)
      assert.ok(key === null || key.length <= LEAF.length)
    }),
  )
})

const ZONES = new Zones().add(`
  good.test                SECURE
  _25._tcp.mx.good.test    TLSA 3 1 1 ${LEAF_KEY_SHA256}
  _25._tcp.odd.good.test   TLSA 0 0 1 ${ROOT_SHA256}
  _25._tcp.odd.good.test   TLSA 3 1 1 00
  _25._tcp.bad.good.test   SERVFAIL
  mx.none.good.test        A 192.0.2.1
  _25._tcp.mx.plain.test   TLSA 3 1 1 ${LEAF_KEY_SHA256}
`)
const resolver = {
  resolve: async (name: string, type: Parameters<Zones['answer']>[1]) => ZONES.answer(name, type),
}

for (const [host, kind] of [
  ['mx.good.test', 'usable'],
  ['odd.good.test', 'unusable'],
  ['bad.good.test', 'failure'],
  ['mx.none.good.test', 'none'],
  ['mx.plain.test', 'none'],
] as const) {
  test(`the TLSA records of ${host} are ${kind}`, async () => {
    assert.equal((await findTlsa(host, 25, resolver)).kind, kind)
  })
}

test('a TLSA record is read strictly', () => {
  const read = readTlsa('3 1 1 00ff') as TlsaRecord
  assert.deepEqual([read.usage, read.selector, read.matching, hex(read.data)], [3, 1, 1, '00ff'])
  for (const text of ['', '3 1 1', '3 1 1 0', '3 1 1 zz', '3 1 00ff', '3  1 1 00ff', '3 1 1 00 ff']) {
    assert.equal(readTlsa(text), null, JSON.stringify(text))
  }
})
