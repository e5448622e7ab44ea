// Sealing and validating (RFC 8617 §5): chains of our own links, what breaks them, and mailauth's opinion of them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authenticate } from 'mailauth'
import { type ArcResult, arcSeal, arcVerify } from '../../src/trust/arc/index.ts'
import {
  ED25519_RECORD,
  JOE,
  message,
  NOW,
  pieces,
  RFC8463_ED25519,
  RFC8463_RSA,
  RSA_RECORD,
  type Zone,
  zone,
} from './kit.ts'

const ZONE: Zone = {
  'rsa._domainkey.one.example': RSA_RECORD,
  'ed._domainkey.two.example': ED25519_RECORD,
  'rsa._domainkey.three.example': RSA_RECORD,
}
const KEYS = [
  { domain: 'one.example', selector: 'rsa', privateKey: RFC8463_RSA },
  { domain: 'two.example', selector: 'ed', privateKey: RFC8463_ED25519 },
  { domain: 'three.example', selector: 'rsa', privateKey: RFC8463_RSA },
]
const results = (authservId: string) => ({ authservId, results: [{ method: 'spf', result: 'pass' }] })
const verify = (text: string, records = ZONE) =>
  arcVerify(Buffer.from(text, 'latin1'), { resolver: zone(records) })

async function sealed(
  text: string,
  hops: number,
  change: (text: string, hop: number) => string = same,
  keys = KEYS,
): Promise<string> {
  let now = text
  for (let hop = 0; hop < hops; hop++) {
    const chain = await verify(now)
    now = change(now, hop)
    const key = keys[hop % keys.length]!
    const fields = await arcSeal(Buffer.from(now, 'latin1'), {
      key,
      now: NOW,
      chain,
      results: results(key.domain),
    })
    now = fields + now
  }
  return now
}
const same = (text: string): string => text
const joe = Buffer.from(message(JOE)).toString('latin1')

test('a message without a chain has none, and gets a first link that holds', async () => {
  assert.equal((await verify(joe)).result, 'none')
  const text = await sealed(joe, 1)
  assert.deepEqual(text.match(/^[\w-]+(?=:)/gm)?.slice(0, 3), [
    'ARC-Seal',
    'ARC-Message-Signature',
    'ARC-Authentication-Results',
  ])
  const found = await verify(text)
  assert.equal(found.result, 'pass', found.reason)
  assert.deepEqual(found.chain, [
    {
      instance: 1,
      domain: 'one.example',
      selector: 'rsa',
      messageDomain: 'one.example',
      timestamp: NOW / 1000,
      authenticationResults: 'one.example; spf=pass',
    },
  ])
})

test('a chain of many hops holds, up to fifty; then nobody adds to it', async () => {
  let text = await sealed(joe, 50)
  const found = await verify(text)
  assert.equal(found.result, 'pass', found.reason)
  assert.equal(found.chain.length, 50)
  assert.equal(found.oldestPass, 0)
  assert.equal(
    await arcSeal(Buffer.from(text), { key: KEYS[0]!, now: NOW, chain: found, results: results('x') }),
    '',
  )
  text = text.replace(/^ARC-.*?i=50;/gm, match => match.replace('50', '51'))
  assert.equal((await verify(text)).result, 'fail')
})

test('a list that changes the message breaks older signatures and no chain', async () => {
  const text = await sealed(joe, 3, (each, hop) =>
    hop === 1 ? each.replace('Subject: ', 'Subject: [list] ') : each,
  )
  const found = await verify(text)
  assert.equal(found.result, 'pass', found.reason)
  assert.equal(found.oldestPass, 2)
})

test('a chain that is broken is sealed once more, as broken, and never again', async () => {
  const broken = (await sealed(joe, 2)).replace('ready?', 'paid?')
  const chain = await verify(broken)
  assert.equal(chain.result, 'fail')
  assert.equal(chain.ended, false)
  const options = { key: KEYS[2]!, now: NOW, results: results('three.example') }
  const fields = await arcSeal(Buffer.from(broken, 'latin1'), { ...options, chain })
  assert.match(fields, /^ARC-Seal: i=3;[^:]*cv=fail;/)
  const ended = await verify(fields + broken)
  assert.deepEqual([ended.result, ended.ended, ended.instances], ['fail', true, 3])
  assert.equal(await arcSeal(Buffer.from(fields + broken, 'latin1'), { ...options, chain: ended }), '')
})

test('no changed byte of an ARC field, of a signed field or of the body ever passes', async () => {
  const text = await sealed(joe, 2)
  const body = text.indexOf('\r\n\r\n')
  const unsigned = [...text.matchAll(/ b=[^;:]*\r\n(?=\S)/g)].map(
    match => [match.index, match.index + match[0].length] as const,
  )
  for (let at = 0; at < text.length; at++) {
    if (unsigned.some(([from, to]) => at >= from && at < to && !isSealedSignature(text, at))) continue
    const flipped = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 0x01) + text.slice(at + 1)
    const found = await verify(flipped)
    assert.notEqual(
      found.result,
      'pass',
      `byte ${at} of ${JSON.stringify(text.slice(at - 9, at + 9))} ${body}`,
    )
  }
})

/** All signatures but the last seal are covered by a seal; their base64 must not change. */
function isSealedSignature(text: string, at: number): boolean {
  return at > text.indexOf('ARC-Message-Signature')
}

test('a removed link, a second one, a gap and a foreign status are failures with a reason', async () => {
  const text = await sealed(joe, 2)
  const field = (name: string, instance: number) =>
    new RegExp(`^${name}: i=${instance};(?:.|\\r\\n )*?\\r\\n(?=\\S)`, 'm').exec(text)![0]
  const cases: [string, RegExp][] = [
    [text.replace(field('ARC-Seal', 1), ''), /not complete/],
    [text.replace(field('ARC-Message-Signature', 2), ''), /not complete/],
    [text.replace(field('ARC-Authentication-Results', 1), ''), /not complete/],
    [field('ARC-Seal', 1) + text, /two ARC-Seal/],
    [text.replaceAll(/^(ARC-[\w-]+: i=)2/gm, '$13'), /not complete/],
    [text.replace('cv=pass', 'cv=none'), /cv= is not pass/],
    [text.replace('cv=none', 'cv=pass'), /cv= is not none/],
    [text.replace(/^ARC-Seal: i=2/m, 'ARC-Seal: i=0'), /no instance/],
    [text.replace(/^ARC-Seal: i=2/m, 'ARC-Seal: h=from; i=2'), /h=/],
    [`From: eve@example.net\r\n${text}`, /changed|From/],
  ]
  for (const [changed, reason] of cases) {
    const found = await verify(changed)
    assert.equal(found.result, 'fail', String(reason))
    assert.match(found.reason, reason)
  }
})

test('all failures of the DNS are failures of the chain', async () => {
  const text = await sealed(joe, 2)
  for (const failure of ['nxdomain', 'nodata', 'servfail', 'timeout'] as const) {
    const found = await verify(text, { ...ZONE, 'rsa._domainkey.one.example': { failure } })
    assert.equal(found.result, 'fail')
    assert.match(found.reason, /^ARC-Seal 1: /)
  }
  const resolver = { resolve: () => Promise.reject(new Error('broken')) }
  assert.equal((await arcVerify(Buffer.from(text, 'latin1'), { resolver })).result, 'fail')
})

test('a message in any pieces has the same chain as all at once, and each key is asked for once', async () => {
  const bytes = Buffer.from(await sealed(joe, 3), 'latin1')
  const resolver = zone(ZONE)
  const whole = await arcVerify(bytes, { resolver })
  assert.equal(whole.result, 'pass')
  assert.equal(resolver.asked.length, 3)
  for (const size of [1, 7, 100]) assert.deepEqual(await arcVerify(pieces(bytes, size), { resolver }), whole)
})

test('thousands of ARC fields are refused at once', async () => {
  const resolver = zone(ZONE)
  const many = 'ARC-Seal: i=1; cv=none; d=one.example; s=rsa; a=rsa-sha256; b=AAAA\r\n'.repeat(1900)
  const found = await arcVerify(Buffer.from(many + joe), { resolver })
  assert.deepEqual([found.result, resolver.asked], ['fail', []])
})

test('what cannot be sealed is refused, with the option named', async () => {
  const chain: Pick<ArcResult, 'result' | 'instances' | 'ended'> = {
    result: 'none',
    instances: 0,
    ended: false,
  }
  const good = { key: KEYS[0]!, now: NOW, chain, results: results('one.example') }
  for (const [name, options] of Object.entries({
    'key.domain': { ...good, key: { ...KEYS[0]!, domain: 'a\r\nb' } },
    now: { ...good, now: -1 },
    chain: { ...good, chain: null },
    headers: { ...good, headers: ['from', 'ARC-Seal'] },
    authservId: { ...good, results: results('a\nb') },
  })) {
    await assert.rejects(arcSeal(message(JOE), options as typeof good), {
      code: 'ECONFIG',
      message: new RegExp(`option ${name} `),
    })
  }
  const text = Buffer.from(await sealed(joe, 1), 'latin1')
  await assert.rejects(arcSeal(text, good), { code: 'EMESSAGE', message: /1 ARC sets/ })
})

test('mailauth validates our chains, and we validate what it seals', async () => {
  const resolver = async (name: string): Promise<string[][]> => {
    const record = ZONE[name]
    if (typeof record !== 'string') throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' })
    return [[record]]
  }
  const options = {
    trustReceived: false,
    ip: '192.0.2.1',
    helo: 'mx.example',
    sender: 'joe@football.example.com',
    resolver,
    disableBimi: true,
  }
  // RSA alone: it checks an ARC-Seal of Ed25519 against the text instead of its hash (RFC 8463 §3).
  const text = await sealed(joe, 3, same, [KEYS[0]!, KEYS[2]!])
  const theirs = await authenticate(Buffer.from(text, 'latin1'), {
    ...options,
    seal: { signingDomain: 'one.example', selector: 'rsa', privateKey: RFC8463_RSA },
  })
  assert.ok(theirs.arc)
  assert.equal(theirs.arc.status.result, 'pass', theirs.arc.info)
  // Its fields hold for the message below them; its Authentication-Results field is no part of that.
  const fields = theirs.headers.slice(theirs.headers.indexOf('ARC-Seal'))
  assert.match(fields, /^ARC-Seal: i=4/)
  const found = await verify(fields.slice(0, endOfArc(fields)) + text)
  assert.equal(found.result, 'pass', found.reason)
  assert.equal(found.chain.length, 4)
})

/** Behind the last field of ARC at the front. */
function endOfArc(fields: string): number {
  let end = 0
  for (const match of fields.matchAll(/^ARC-[\w-]+:.*(?:\r\n[ \t].*)*\r\n/gm))
    end = match.index + match[0].length
  return end
}
