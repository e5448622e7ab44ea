// What a signer writes (RFC 6376 §3.5, §5.4, RFC 8301 §3.2), and what it refuses to write.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { DkimSigner, type DkimSignOptions, dkimSign, dkimVerify } from '../../src/trust/dkim/index.ts'
import {
  ED25519_RECORD,
  JOE,
  message,
  NOW,
  pieces,
  RFC8463_ED25519,
  RFC8463_RSA,
  RSA_RECORD,
  zone,
} from './kit.ts'

const KEY = { domain: 'football.example.com', selector: 'ed', privateKey: RFC8463_ED25519 }
const RSA_KEY = { domain: 'football.example.com', selector: 'rsa', privateKey: RFC8463_RSA }
const RESOLVER = zone({
  'ed._domainkey.football.example.com': ED25519_RECORD,
  'rsa._domainkey.football.example.com': RSA_RECORD,
  'ed._domainkey.xn--bcher-kva.example': ED25519_RECORD,
})

const joined = (fields: string, bytes: Uint8Array) => Buffer.concat([Buffer.from(fields, 'latin1'), bytes])

test('the tags are those of the options, lines are short, each field ends with CRLF', async () => {
  const fields = await dkimSign(message(JOE), {
    keys: [{ ...KEY, identity: 'joe; =x@news.football.example.com' }, RSA_KEY],
    now: 1_700_000_000_999,
    canonicalization: 'relaxed/simple',
    expiresIn: 3600,
    bodyLength: 10,
  })
  const [first = '', second = '', rest] = fields.split(/(?<=\r\n)(?=DKIM)/)
  assert.equal(rest, undefined)
  assert.match(
    first,
    /^DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed\/simple;\r\n d=football.example.com; s=ed;\r\n i=joe=3B=20=3Dx@news.football.example.com;\r\n t=1700000000; x=1700003600; l=10;\r\n h=from:to:subject:/,
  )
  assert.match(second, /a=rsa-sha256;.*\r\n d=football.example.com; s=rsa;\r\n t=1700000000;/)
  for (const line of fields.split('\r\n')) assert.ok(line.length <= 78, line)
  assert.ok(fields.endsWith('\r\n') && !/[^\r]\n|\r(?!\n)/.test(fields))
})

test('h= names each field as often as it is there, and the oversigned ones once more', async () => {
  const names = async (options: Partial<DkimSignOptions>, text = JOE) =>
    /h=([^;]*);/
      .exec(await dkimSign(message(text), { keys: [KEY], now: NOW, ...options }))?.[1]
      ?.replace(/\s/g, '')
  assert.equal(
    await names({}),
    'from:to:subject:date:message-id:from:reply-to:to:cc:subject:date:content-type',
  )
  assert.equal(await names({ oversign: false }), 'from:to:subject:date:message-id')
  assert.equal(await names({ headers: ['Subject', 'X-Mine', 'subject'], oversign: [] }), 'from:subject')
  const twice = `X-Mine: 1\nX-Mine: 2\n${JOE}`
  assert.equal(
    await names({ headers: ['From', 'X-Mine'], oversign: ['x-mine'] }, twice),
    'from:x-mine:x-mine:x-mine',
  )
  // What must not be added is signed where it is, even when nobody asked for it.
  assert.equal(await names({ headers: ['from'], oversign: ['X-Mine'] }, twice), 'from:x-mine:x-mine:x-mine')
})

test('every way of signing gives what verifies, in any pieces', async () => {
  const ways = ['simple', 'relaxed'] as const
  const text = fc
    .array(fc.constantFrom('\r\n', ' ', '\t', 'word', '  ', '.', 'é', '\r\n\r\n', ' \r\n'), { maxLength: 30 })
    .map(parts => `From: joe@football.example.com\r\nSubject:  a \r\n\t b  \r\nX: \r\n\r\n${parts.join('')}`)
  await fc.assert(
    fc.asyncProperty(
      text,
      fc.constantFrom(...ways),
      fc.constantFrom(...ways),
      fc.integer({ min: 1, max: 40 }),
      fc.constantFrom(undefined, true as const, 0),
      async (raw, header, body, size, bodyLength) => {
        const bytes = Buffer.from(raw)
        const fields = await dkimSign(pieces(bytes, size), {
          keys: [KEY],
          now: NOW,
          canonicalization: `${header}/${body}`,
          ...(bodyLength === undefined ? {} : { bodyLength }),
        })
        const found = await dkimVerify(joined(fields, bytes), { resolver: RESOLVER, now: NOW })
        const unsigned = found.best?.unsignedBytes ?? 0
        assert.equal(found.result, unsigned === 0 ? 'pass' : 'policy', found.reason)
        assert.ok(unsigned === 0 || bodyLength === 0)
      },
    ),
    { numRuns: 300 },
  )
})

test('the streaming signer gives the same field as the function', async () => {
  const options = { keys: [RSA_KEY, KEY], now: NOW }
  const bytes = message(JOE)
  const expected = await dkimSign(bytes, options)
  for (const size of [1, 5, 64, 1000]) {
    const signer = new DkimSigner(options)
    for await (const piece of pieces(bytes, size)) signer.write(piece)
    assert.equal(signer.end(), expected)
  }
})

test('names of other scripts are written as A-labels', async () => {
  const text = message('From: joe@bücher.example\n\nHi\n')
  const fields = await dkimSign(text, {
    keys: [{ ...KEY, domain: 'bücher.example', identity: '@bücher.example' }],
    now: NOW,
  })
  assert.match(fields, / d=xn--bcher-kva\.example;.*\r\n i=@xn--bcher-kva\.example;/)
  assert.equal((await dkimVerify(joined(fields, text), { resolver: RESOLVER, now: NOW })).result, 'pass')
})

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const small = generateKeyPairSync('rsa', { modulusLength: 512 })

const REFUSED: readonly [why: string, options: object, option: string][] = [
  ['no keys', { keys: [] }, 'keys'],
  ['nine keys', { keys: Array.from({ length: 9 }, () => KEY) }, 'keys'],
  ['a key that is none', { keys: [null] }, 'keys[0]'],
  ['a line break in the domain', { keys: [{ ...KEY, domain: 'example.com\r\nBcc: x' }] }, 'keys[0].domain'],
  ['a semicolon in the domain', { keys: [{ ...KEY, domain: 'example.com; l=0' }] }, 'keys[0].domain'],
  ['a domain of one label', { keys: [{ ...KEY, domain: 'localhost' }] }, 'keys[0].domain'],
  ['no domain', { keys: [{ ...KEY, domain: undefined }] }, 'keys[0].domain'],
  ['a line break in the selector', { keys: [KEY, { ...KEY, selector: 'a\nb' }] }, 'keys[1].selector'],
  ['a NUL in the selector', { keys: [{ ...KEY, selector: 'a\0' }] }, 'keys[0].selector'],
  ['a label of 64 characters', { keys: [{ ...KEY, selector: 'a'.repeat(64) }] }, 'keys[0].selector'],
  [
    'a line break in the identity',
    { keys: [{ ...KEY, identity: 'a\r\n@football.example.com' }] },
    'keys[0].identity',
  ],
  ['an identity elsewhere', { keys: [{ ...KEY, identity: '@example.net' }] }, 'keys[0].identity'],
  ['a public key', { keys: [{ ...KEY, privateKey: ec.publicKey }] }, 'keys[0].privateKey'],
  [
    'an elliptic curve of another kind',
    { keys: [{ ...KEY, privateKey: ec.privateKey }] },
    'keys[0].privateKey',
  ],
  ['an RSA key of 512 bits', { keys: [{ ...KEY, privateKey: small.privateKey }] }, 'keys[0].privateKey'],
  ['text that is no key', { keys: [{ ...KEY, privateKey: 'secret' }] }, 'keys[0].privateKey'],
  ['a number for a key', { keys: [{ ...KEY, privateKey: 7 }] }, 'keys[0].privateKey'],
  ['a key for the other algorithm', { keys: [{ ...KEY, algorithm: 'rsa-sha256' }] }, 'keys[0].privateKey'],
  ['SHA-1', { keys: [{ ...RSA_KEY, algorithm: 'rsa-sha1' }] }, 'keys[0].algorithm'],
  ['an unknown canonicalisation', { canonicalization: 'relaxed' }, 'canonicalization'],
  ['no time', { now: undefined }, 'now'],
  ['a signature that ends at once', { expiresIn: 0 }, 'expiresIn'],
  ['a negative length', { bodyLength: -1 }, 'bodyLength'],
  ['a length beyond the body', { bodyLength: 1000 }, 'bodyLength'],
  ['a line break in a field name', { headers: ['X\r\nY'] }, 'headers'],
  ['a semicolon in a field name', { headers: ['X;Y'] }, 'headers'],
  ['a colon in an oversigned name', { oversign: ['X:Y'] }, 'oversign'],
  ['text for a list', { headers: 'from' }, 'headers'],
]

for (const [why, options, option] of REFUSED) {
  test(`${why}: ECONFIG names ${option}`, async () => {
    const all = { keys: [KEY], now: NOW, ...options } as DkimSignOptions
    await assert.rejects(dkimSign(message(JOE), all), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'ECONFIG')
      assert.ok(error.message.startsWith(`option ${option} must`), error.message)
      assert.ok(!error.message.includes('secret'))
      return true
    })
  })
}

test('a message without From, or with two, or with a header without end cannot be signed', async () => {
  const options = { keys: [KEY], now: NOW }
  for (const text of ['', 'To: x@example.com\n\nHi', 'From: a@example.com\nFrom: b@example.com\n\nHi']) {
    await assert.rejects(dkimSign(message(text), options), { code: 'EMESSAGE', message: /From/ })
  }
  const endless = message(`From: a@example.com\n${'X: x\n'.repeat(300_000)}`)
  await assert.rejects(dkimSign(endless, options), { code: 'EMESSAGE', message: /too large/ })
})
