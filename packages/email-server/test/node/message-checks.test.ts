// dkimSign, dkimVerify, arcVerify, arcSeal and authenticate as programs use them: callback and promise, text, bytes and streams.
import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import type { DnsAnswer } from '../../src/base/runtime.ts'
import type { Resolver } from '../../src/dns/index.ts'
import {
  arcSeal,
  arcVerify,
  authenticate,
  dkimSign,
  dkimVerify,
  type RawMessage,
} from '../../src/node/index.ts'
import { VirtualWorld } from '../../src/testing/index.ts'
import { ED25519_RECORD, JOE, message, NOW, RFC8463_ED25519 } from '../trust/kit.ts'

const DOMAIN = 'football.example.com'
const KEY = { domain: DOMAIN, selector: 'brisbane', privateKey: RFC8463_ED25519 }
const resolver = new VirtualWorld({
  zones: `
    ${DOMAIN}                       TXT  "v=spf1 ip4:192.0.2.1 -all"
    _dmarc.${DOMAIN}                TXT  "v=DMARC1; p=reject"
    brisbane._domainkey.${DOMAIN}   TXT  "${ED25519_RECORD}"
    192.0.2.1                       PTR  mx.${DOMAIN}
    mx.${DOMAIN}                    A    192.0.2.1
  `,
}).host()
const ORIGIN = { ip: '192.0.2.1', helo: `mx.${DOMAIN}`, sender: `joe@${DOMAIN}`, resolver }
const bytes = message(JOE)
const signed = Buffer.concat([Buffer.from(await dkimSign(bytes, { keys: KEY })), bytes])

/** The forms in which a program may have a message. */
const FORMS: Readonly<Record<string, () => RawMessage>> = {
  bytes: () => signed,
  text: () => signed.toString('utf8'),
  'a stream of bytes': () => Readable.from([signed.subarray(0, 100), signed.subarray(100)]),
  'a stream of text': () => Readable.from([signed.toString('latin1')]),
}

for (const [form, give] of Object.entries(FORMS)) {
  test(`a message as ${form} is verified, authenticated and its chain read`, async () => {
    assert.equal((await dkimVerify(give(), { resolver })).result, 'pass')
    assert.equal((await arcVerify(give(), { resolver })).result, 'none')
    const { spf, rdns, dkim, dmarc, arc, headers } = await authenticate(give(), ORIGIN)
    assert.deepEqual(
      [spf.result, rdns.result, dkim.result, dmarc.result, arc.result],
      ['pass', 'pass', 'pass', 'pass', 'none'],
    )
    assert.ok(headers.startsWith(`Authentication-Results: ${hostname()};`))
  })
}

test('all answer a callback as well', async () => {
  const call = <T>(run: (callback: (error: Error | null, result?: T) => void) => void): Promise<T> =>
    new Promise((resolve, reject) => run((error, result) => (error ? reject(error) : resolve(result as T))))
  const fields = await call<string>(done => dkimSign(bytes, { keys: [KEY], now: NOW }, done))
  assert.match(fields, /^DKIM-Signature: v=1; a=ed25519-sha256;.*t=1767225600;/s)
  assert.equal(
    (await call<{ result: string }>(done => dkimVerify(signed, { resolver }, done))).result,
    'pass',
  )
  assert.equal((await call<{ result: string }>(done => arcVerify(signed, { resolver }, done))).result, 'none')
  const verdict = await call<{ headers: string }>(done =>
    authenticate(signed, { ...ORIGIN, mta: 'mx.test' }, done),
  )
  assert.match(verdict.headers, /^Authentication-Results: mx\.test;/)
  await assert.rejects(
    call(done => dkimSign('no message', { keys: KEY }, done)),
    { code: 'EMESSAGE' },
  )
})

test('a message is authenticated, sealed for its way, and its chain holds at the next stop', async () => {
  const { arc, results } = await authenticate(signed, { ...ORIGIN, authservId: 'list.test' })
  const changed = Buffer.concat([signed, Buffer.from('-- \r\nThe list\r\n')])
  const seal = await arcSeal(changed, { key: KEY, chain: arc, results })
  const sealed = Buffer.concat([Buffer.from(seal), changed])
  const next = await authenticate(sealed, ORIGIN)
  assert.deepEqual([next.dkim.result, next.arc.result], ['fail', 'pass'])
  assert.match(next.arc.chain[0]!.authenticationResults, /^list\.test; spf=pass/)
  // without a chain it is found out
  const again = await arcSeal(sealed, { key: KEY, results, resolver })
  assert.match(again, /^ARC-Seal: i=2; .*cv=pass/s)
  await assert.rejects(arcSeal(Readable.from([sealed]), { key: KEY, results, resolver }), {
    code: 'ECONFIG',
    message: /option chain/,
  })
})

test('without an address or a name of its client a message is checked as far as that goes', async () => {
  const { spf, rdns, dmarc, headers } = await authenticate(signed, { resolver, authservId: 'mx.test' })
  assert.deepEqual([spf.result, rdns.result, dmarc.result], ['none', 'permerror', 'pass'])
  assert.match(headers, /spf=none/)
})

test('several checks ask the same question once', async () => {
  const asked: string[] = []
  const counting: Resolver = {
    resolve(name, type): Promise<DnsAnswer> {
      asked.push(`${name} ${type}`)
      return resolver.resolve(name, type)
    },
  }
  const twice = Buffer.concat([Buffer.from(await dkimSign(signed, { keys: KEY })), signed])
  await authenticate(twice, { ...ORIGIN, resolver: counting })
  assert.deepEqual(asked, [...new Set(asked)])
})

describe('what goes wrong', () => {
  const SILENT: Resolver = { resolve: () => new Promise(() => {}) }

  test('a DNS that is silent costs no more than the time', async () => {
    const options = { resolver: SILENT, timeoutMs: 20 }
    assert.equal((await dkimVerify(signed, options)).result, 'temperror')
    const verdict = await authenticate(signed, { ...ORIGIN, ...options })
    assert.deepEqual([verdict.spf.result, verdict.dmarc.result], ['temperror', 'temperror'])
  })

  test('a stream that breaks off is an error, and no timer is left', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield signed.subarray(0, 200)
      throw new Error('the disk')
    }
    for (const run of [
      () => dkimVerify(broken(), { resolver }),
      () => authenticate(broken(), { ...ORIGIN, resolver: SILENT }),
      () => dkimSign(broken(), { keys: KEY }),
    ]) {
      await assert.rejects(run(), { message: 'the disk' })
    }
  })

  test('arguments of the wrong kind are refused, and so is what is no message', async () => {
    for (const wrong of [null, 7, {}, undefined] as unknown as Uint8Array[]) {
      await assert.rejects(dkimVerify(wrong, { resolver }), { code: 'EMESSAGE' })
      await assert.rejects(authenticate(wrong, ORIGIN), { code: 'EMESSAGE' })
    }
    const numbers = Readable.from([1, 2]) as AsyncIterable<never>
    await assert.rejects(authenticate(numbers, ORIGIN), { code: 'EMESSAGE' })
    for (const [options, name] of [
      [{ resolver: {} }, 'resolver'],
      [{ timeoutMs: 0 }, 'timeoutMs'],
      [{ minRsaBits: 1 }, 'minRsaBits'],
      [{ maxSignatures: 0 }, 'maxSignatures'],
    ] as const) {
      await assert.rejects(dkimVerify(signed, { resolver, ...options } as object), {
        code: 'ECONFIG',
        message: new RegExp(`option ${name} `),
      })
      await assert.rejects(authenticate(signed, { ...ORIGIN, ...options } as object), {
        code: 'ECONFIG',
        message: new RegExp(`option ${name} `),
      })
    }
    await assert.rejects(authenticate(signed, { ...ORIGIN, authservId: '' }), { code: 'ECONFIG' })
    await assert.rejects(dkimSign(bytes, {} as never), { code: 'ECONFIG', message: /keys\[0\]/ })
  })
})
