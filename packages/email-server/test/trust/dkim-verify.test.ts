// What a verifier must and must not accept: RFC 6376 §3.5, §3.6, §6, §8; RFC 8301; and the attacks on each.
import assert from 'node:assert/strict'
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto'
import { test } from 'node:test'
import {
  DkimKeyCache,
  type DkimSignOptions,
  DkimVerifier,
  dkimSign,
  dkimVerify,
} from '../../src/trust/dkim/index.ts'
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

const DOMAIN = 'football.example.com'
const NAME = `ed._domainkey.${DOMAIN}`
const rsa = createPrivateKey(RFC8463_RSA)
const KEY = { domain: DOMAIN, selector: 'ed', privateKey: RFC8463_ED25519 }
const RSA_KEY = { domain: DOMAIN, selector: 'rsa', privateKey: rsa }
const ZONE: Zone = { [NAME]: ED25519_RECORD, [`rsa._domainkey.${DOMAIN}`]: RSA_RECORD }

async function signed(text: string = JOE, options: Partial<DkimSignOptions> = {}): Promise<string> {
  const bytes = message(text)
  const fields = await dkimSign(bytes, { keys: [KEY], now: NOW, ...options })
  return fields + Buffer.from(bytes).toString('latin1')
}

async function verify(text: string, records: Zone = ZONE, now = NOW) {
  return dkimVerify(Buffer.from(text, 'latin1'), { resolver: zone(records), now })
}

/** A signature over the message that says whatever `tags` says; with the right hashes, unless it brings its own. */
function forge(
  tags: string,
  { text = JOE, key = RFC8463_ED25519 }: { text?: string; key?: KeyObject } = {},
): string {
  const [header = '', ...rest] = text.split('\n\n')
  const body = `${rest.join('\n\n').replace(/\n/g, '\r\n').replace(/\s+$/, '').replace(/ +/g, ' ')}\r\n`
  const bh = createHash('sha256').update(body).digest('base64')
  const from = /^From: (.*)$/m.exec(header)?.[1]
  const all = `${tags}${/\bbh=/.test(tags) ? '' : `; bh=${bh}`}; b=`
  const names = /\bh=([^;]*)/.exec(tags)?.[1] ?? ''
  const input = `${/from/i.test(names) ? `from:${from}\r\n` : ''}dkim-signature:${all}`
  const b =
    key.asymmetricKeyType === 'rsa'
      ? sign(/sha1/.test(tags) ? 'sha1' : 'sha256', Buffer.from(input), key)
      : sign(null, createHash('sha256').update(input).digest(), key)
  return `DKIM-Signature: ${all}${b.toString('base64')}\r\n${text.replace(/\n/g, '\r\n')}`
}

const GOOD = `v=1; a=ed25519-sha256; c=relaxed/relaxed; d=${DOMAIN}; s=ed; h=from`

test('a signature made by hand passes, so that those below fail for their own reason', async () => {
  assert.equal((await verify(forge(GOOD))).result, 'pass')
  const overRsa = forge(GOOD.replace('ed25519', 'rsa').replace('s=ed', 's=rsa'), { key: rsa })
  assert.equal((await verify(overRsa)).result, 'pass')
})

const CASES: readonly [why: string, tags: string, result: string, reason: RegExp][] = [
  ['no version', GOOD.replace('v=1; ', ''), 'permerror', /v=/],
  ['version 2', GOOD.replace('v=1', 'v=2'), 'permerror', /v=/],
  ['an unknown algorithm', GOOD.replace('ed25519-sha256', 'dsa-sha256'), 'permerror', /a=/],
  ['a type of key that is not the algorithm', GOOD.replace('s=ed', 's=rsa'), 'permerror', /type rsa/],
  ['SHA-1', GOOD.replace('ed25519-sha256', 'rsa-sha1').replace('s=ed', 's=rsa'), 'policy', /SHA-1/],
  ['From not signed', GOOD.replace('h=from', 'h=to'), 'permerror', /From/],
  ['an empty h=', GOOD.replace('h=from', 'h='), 'permerror', /From/],
  ['a domain twice', `${GOOD}; d=example.org`, 'permerror', /d= is there twice/],
  ['a domain that is none', GOOD.replace(`d=${DOMAIN}`, 'd=a b'), 'permerror', /d=/],
  ['a domain of one label', GOOD.replace(`d=${DOMAIN}`, 'd=com'), 'permerror', /d=/],
  ['a selector with an empty label', GOOD.replace('s=ed', 's=ed..x'), 'permerror', /s=/],
  ['an identity elsewhere', `${GOOD}; i=joe@example.com`, 'permerror', /i=/],
  ['an identity that only looks as if below', `${GOOD}; i=@notfootball.example.com`, 'permerror', /i=/],
  ['an identity without @', `${GOOD}; i=${DOMAIN}`, 'permerror', /i=/],
  ['an unknown canonicalisation', GOOD.replace('relaxed/relaxed', 'nowsp'), 'permerror', /c=/],
  ['three canonicalisations', GOOD.replace('relaxed/relaxed', 'relaxed/relaxed/simple'), 'permerror', /c=/],
  ['another way to the key', `${GOOD}; q=http/get`, 'permerror', /q=/],
  ['a time that is none', `${GOOD}; t=soon`, 'permerror', /t=/],
  ['an end that is none', `${GOOD}; x=-1`, 'permerror', /x=/],
  ['an end before its beginning', `${GOOD}; t=1000; x=999`, 'permerror', /expires before/],
  ['a signature that has expired', `${GOOD}; x=1000`, 'policy', /expired at 1970-01-01T00:16:40/],
  ['a signature of tomorrow', `${GOOD}; t=${NOW / 1000 + 86_400}`, 'policy', /future/],
  ['a length that is none', `${GOOD}; l=ten`, 'permerror', /l=/],
  ['a length beyond the body', `${GOOD}; l=999`, 'permerror', /l= covers more/],
  ['a body hash that is no base64', `${GOOD}; bh=*`, 'permerror', /bh=/],
  ['another body hash', `${GOOD}; bh=${'A'.repeat(43)}=`, 'fail', /body/],
  ['no tag list at all', 'nonsense', 'permerror', /malformed/],
  ['an empty tag', `${GOOD};; x=`, 'permerror', /empty/],
  ['a tag name with a bad character', `${GOOD}; x-y=1`, 'permerror', /name of a tag/],
]

for (const [why, tags, result, reason] of CASES) {
  test(`a signature with ${why} is ${result}`, async () => {
    const found = await verify(forge(tags, { key: /sha1/.test(tags) ? rsa : RFC8463_ED25519 }))
    assert.equal(found.result, result, found.reason)
    assert.match(found.reason, reason)
    assert.equal(found.signatures.length, 1)
  })
}

test('tags that nobody knows, other ways to the key beside the DNS, and folding anywhere do no harm', async () => {
  for (const more of [
    '; zz=1',
    '; q=http : dns/txt',
    '; l=54',
    '; t=1; x=4102444800',
    `; i=a=3Bb@sub.${DOMAIN}`,
  ]) {
    const found = await verify(forge(GOOD + more))
    assert.equal(found.result, 'pass', `${more}: ${found.reason}`)
  }
  const found = await verify(forge(`${GOOD}; i=a=3Bb@sub.${DOMAIN}`))
  assert.equal(found.best?.identity, `a;b@sub.${DOMAIN}`)
})

const RECORDS: readonly [why: string, record: Zone[string], result: string, reason: RegExp][] = [
  ['that is not there', { failure: 'nxdomain' }, 'permerror', /no key/],
  ['at a name with other records only', { failure: 'nodata' }, 'permerror', /no key/],
  ['behind servers that fail', { failure: 'servfail' }, 'temperror', /could not answer/],
  ['behind servers that are silent', { failure: 'timeout' }, 'temperror', /in time/],
  ['that was revoked', 'v=DKIM1; k=ed25519; p=', 'permerror', /revoked/],
  ['without p=', 'v=DKIM1; k=ed25519', 'permerror', /no p=/],
  ['of another version', ED25519_RECORD.replace('DKIM1', 'DKIM1.0'), 'permerror', /version/],
  ['whose version comes late', `k=ed25519; v=DKIM1; ${ED25519_RECORD.slice(20)}`, 'permerror', /version/],
  ['of an unknown type', 'v=DKIM1; k=dsa; p=AAAA', 'permerror', /type/],
  ['that is rubbish', 'v=DKIM1; k=ed25519; p=AAAA', 'permerror', /no Ed25519 key/],
  ['that is no base64', 'v=DKIM1; k=ed25519; p=***', 'permerror', /no Ed25519 key/],
  ['that is rubbish as RSA', 'v=DKIM1; p=AAAA', 'permerror', /no RSA key/],
  ['for other services', `${ED25519_RECORD}; s=tlsrpt`, 'permerror', /not for email/],
  ['for another hash', `${ED25519_RECORD}; h=sha1`, 'permerror', /SHA-256/],
  ['beside another one', [ED25519_RECORD, RSA_RECORD], 'permerror', /2 keys/],
  ['of another owner', RSA_RECORD, 'permerror', /type rsa/],
  ['with a tag twice', `${ED25519_RECORD}; p=`, 'permerror', /twice/],
  ['that is on trial', `${ED25519_RECORD}; t=y`, 'neutral', /testing/],
]

for (const [why, record, result, reason] of RECORDS) {
  test(`a key ${why} makes the result ${result}`, async () => {
    const found = await verify(forge(GOOD), { [NAME]: record })
    assert.equal(found.result, result, found.reason)
    assert.match(found.reason, reason)
  })
}

test('a key beside texts that are no keys is found; flags, services and folds are read', async () => {
  for (const record of [
    ['v=spf1 -all', ED25519_RECORD],
    [`${ED25519_RECORD}; s=tlsrpt : email; h=sha1:sha256; t=s; n=a=20note`],
    [` v = DKIM1 ;\tk=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hc\r\n vPapiMlrwIaaPcHURo= ;`],
  ]) {
    const found = await verify(forge(GOOD), { [NAME]: record })
    assert.equal(found.result, 'pass', found.reason)
  }
})

test('a key with t=s does not speak for domains below its own', async () => {
  const strict = { [NAME]: `${ED25519_RECORD}; t=s` }
  assert.equal((await verify(forge(`${GOOD}; i=@${DOMAIN}`), strict)).result, 'pass')
  assert.equal((await verify(forge(`${GOOD}; i=@sub.${DOMAIN}`), strict)).result, 'permerror')
})

test('RSA keys below 1024 bits are refused, and so are those of absurd size', async () => {
  const small = generateKeyPairSync('rsa', { modulusLength: 768 })
  const p = small.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  const tags = GOOD.replace('ed25519', 'rsa')
  const found = await verify(forge(tags, { key: small.privateKey }), { [NAME]: `v=DKIM1; p=${p}` })
  assert.equal(found.result, 'policy')
  assert.match(found.reason, /768 bits/)
  assert.equal(found.best?.keyBits, 768)
})

test('an RSA key may be a bare RSAPublicKey, as the text of RFC 6376 says', async () => {
  const bare = createPublicKey(rsa).export({ type: 'pkcs1', format: 'der' }).toString('base64')
  const tags = GOOD.replace('ed25519', 'rsa')
  assert.equal((await verify(forge(tags, { key: rsa }), { [NAME]: `p=${bare}` })).result, 'pass')
})

test('a resolver that throws is one that does not answer', async () => {
  const resolver = { resolve: () => Promise.reject(new Error('broken')) }
  const found = await dkimVerify(Buffer.from(await signed()), { resolver, now: NOW })
  assert.equal(found.result, 'temperror')
})

test('text behind l= is never passed', async () => {
  const text = await signed(JOE, { bodyLength: true })
  assert.equal((await verify(text)).result, 'pass')
  const found = await verify(`${text}Send money.\r\n`)
  assert.equal(found.result, 'policy')
  assert.equal(found.best?.unsignedBytes, 13)
})

test('a second From, Subject or To that is not signed is never passed, wherever it is put', async () => {
  for (const oversign of [undefined, false] as const) {
    const text = await signed(JOE, oversign === false ? { oversign } : {})
    for (const field of ['From: Eve <eve@example.net>\r\n', 'Subject: Win\r\n', 'To: you@example.com\r\n']) {
      for (const forged of [field + text, text.replace('\r\n\r\n', `\r\n${field}\r\n`)]) {
        const found = await verify(forged)
        assert.notEqual(found.result, 'pass', `${field} ${oversign}`)
      }
    }
  }
})

test('a field that was not there cannot be added where it was oversigned', async () => {
  const text = await signed(JOE)
  const found = await verify(`Reply-To: eve@example.net\r\n${text}`)
  assert.equal(found.result, 'fail')
  assert.match(found.reason, /header was changed/)
  assert.equal((await verify(`X-Spam: no\r\n${text}`)).result, 'pass')
})

test('no changed byte of a signed field or of the body ever passes', async () => {
  for (const canonicalization of [
    'relaxed/relaxed',
    'simple/simple',
    'relaxed/simple',
    'simple/relaxed',
  ] as const) {
    const text = await signed(JOE, { canonicalization })
    const signature = text.indexOf('b=', text.indexOf('bh=') + 3)
    const fields = text.indexOf('\r\nFrom:') + 2
    for (let at = 'DKIM-Signature:'.length; at < text.length; at++) {
      // The value of b= is not signed: it is the signature. Its base64 may be written in more than one way.
      if (at >= signature && at < fields) continue
      for (const flip of [0x01, 0x20]) {
        const was = text.charCodeAt(at)
        const changed = text.slice(0, at) + String.fromCharCode(was ^ flip) + text.slice(at + 1)
        const found = await verify(changed)
        // Relaxed: the case of a field's name says nothing (§3.4.2), nor does that of d=, s= and h=, which are hashed as they stand.
        if (found.result === 'pass') {
          const name = canonicalization.startsWith('relaxed') && flip === 0x20 && inFieldName(text, at)
          assert.ok(name, `${canonicalization}: byte ${at} of ${JSON.stringify(text.slice(at - 9, at + 9))}`)
        }
      }
    }
  }
})

function inFieldName(text: string, at: number): boolean {
  const start = text.lastIndexOf('\n', at) + 1
  return at < text.indexOf('\r\n\r\n') && at < text.indexOf(':', start) && /[A-Za-z-]/.test(text[at] ?? '')
}

test('removed and doubled bytes of the body never pass under simple', async () => {
  const text = await signed(JOE, { canonicalization: 'simple/simple' })
  const body = text.indexOf('\r\n\r\n') + 4
  // The last line ending may be missing: it is put back (§3.4.3).
  for (let at = body; at < text.length - 2; at++) {
    assert.notEqual((await verify(text.slice(0, at) + text.slice(at + 1))).result, 'pass', `without ${at}`)
    assert.notEqual(
      (await verify(text.slice(0, at) + text[at] + text.slice(at))).result,
      'pass',
      `doubled ${at}`,
    )
  }
})

test('a message in any pieces has the same result as all at once', async () => {
  const bytes = Buffer.from(await signed(JOE, { keys: [KEY, RSA_KEY] }))
  const whole = await dkimVerify(bytes, { resolver: zone(ZONE), now: NOW })
  assert.deepEqual(
    whole.signatures.map(each => each.result),
    ['pass', 'pass'],
  )
  for (const sizes of [[1], [2, 3], [7], [1, 100], [400], [bytes.length - 1]]) {
    const found = await dkimVerify(pieces(bytes, ...sizes), { resolver: zone(ZONE), now: NOW })
    assert.deepEqual(found, whole)
  }
  for (let cut = 0; cut <= bytes.length; cut++) {
    const verifier = new DkimVerifier({ resolver: zone(ZONE), now: NOW })
    verifier.write(bytes.subarray(0, cut))
    verifier.write(bytes.subarray(cut))
    assert.deepEqual(await verifier.end(), whole)
  }
})

test('keys are asked for as soon as the header is whole, and each name once', async () => {
  const text = await signed(JOE, { keys: [KEY, RSA_KEY, KEY] })
  const resolver = zone(ZONE)
  const verifier = new DkimVerifier({ resolver, now: NOW })
  const body = text.indexOf('\r\n\r\n') + 4
  verifier.write(Buffer.from(text.slice(0, body - 1)))
  assert.deepEqual(resolver.asked, [])
  verifier.write(Buffer.from(text.slice(body - 1, body)))
  assert.deepEqual(resolver.asked, [NAME, `rsa._domainkey.${DOMAIN}`])
  verifier.write(Buffer.from(text.slice(body)))
  assert.equal((await verifier.end()).result, 'pass')
})

test('of a thousand signatures eight are looked at', async () => {
  const text = await signed()
  const field = text.slice(0, text.indexOf('\r\nFrom:') + 2)
  const resolver = zone(ZONE)
  const found = await dkimVerify(Buffer.from(field.repeat(999) + text), { resolver, now: NOW })
  assert.equal(found.signatures.length, 8)
  assert.equal(found.ignored, 992)
  assert.equal(resolver.asked.length, 1)
  const three = await dkimVerify(Buffer.from(field.repeat(999) + text), {
    resolver,
    now: NOW,
    maxSignatures: 3,
  })
  assert.equal(three.signatures.length, 3)
})

test('names and tags without end take linear time and never pass', async () => {
  for (const tags of [
    GOOD.replace('h=from', `h=from${':a'.repeat(200_000)}`),
    `${GOOD}; ${Array.from({ length: 50_000 }, (_, i) => `t${i}=x`).join('; ')}; d=x`,
    `${GOOD}; z=${' '.repeat(400_000)}x; d=x`,
    `v${' '.repeat(400_000)}`,
  ]) {
    const found = await verify(`DKIM-Signature: ${tags}\r\n${JOE.replace(/\n/g, '\r\n')}`)
    assert.equal(found.result, 'permerror')
  }
})

test('a header beyond the limit is never passed, whatever is signed in it', async () => {
  const text = await signed()
  const many = 'X-Filler: x\r\n'.repeat(3000)
  const found = await verify(text.replace('\r\n\r\n', `\r\n${many}\r\n`))
  assert.equal(found.result, 'permerror')
})

test('the result is that of the aligned pass, wherever it stands', async () => {
  const other = { domain: 'lists.example.org', selector: 'ed', privateKey: RFC8463_ED25519 }
  const above = { domain: 'example.com', selector: 'ed', privateKey: RFC8463_ED25519 }
  const records = {
    ...ZONE,
    'ed._domainkey.lists.example.org': ED25519_RECORD,
    'ed._domainkey.example.com': ED25519_RECORD,
  }
  const text = await signed(JOE, { keys: [{ ...KEY, selector: 'gone' }, other, above, KEY] })
  const found = await verify(text, records)
  assert.deepEqual(
    found.signatures.map(each => [each.result, each.alignment]),
    [
      ['permerror', 'same'],
      ['pass', 'none'],
      ['pass', 'related'],
      ['pass', 'same'],
    ],
  )
  assert.equal(found.best, found.signatures[3])
})

test('several authors, or none that can be read, are aligned with nobody', async () => {
  for (const from of [
    `a@${DOMAIN}, b@example.net`,
    'undisclosed:;',
    '"joe@football.example.com"',
    `<a@${DOMAIN}> <b@${DOMAIN}> x`,
  ]) {
    const text = await signed(JOE.replace(/^From: .*$/m, `From: ${from}`))
    const found = await verify(text)
    assert.equal(found.result, 'pass', found.reason)
    assert.equal(found.best?.alignment, 'none', from)
  }
})

test('a message without signature, without body, without anything has the result none', async () => {
  for (const text of ['', '\r\n', JOE, 'From: a@example.com']) {
    const found = await verify(text)
    assert.deepEqual([found.result, found.best, found.signatures], ['none', null, []])
  }
})

test('lines that end with LF alone are read as they are sent, with CRLF', async () => {
  for (const canonicalization of ['relaxed/relaxed', 'simple/simple'] as const) {
    const text = await signed(JOE, { canonicalization })
    assert.equal((await verify(text.replace(/\r\n/g, '\n'))).result, 'pass')
    const fields = await dkimSign(pieces(Buffer.from(JOE), 3), { keys: [KEY], now: NOW, canonicalization })
    assert.equal((await verify(fields + JOE.replace(/\n/g, '\r\n'))).result, 'pass')
  }
})

test('a key cache makes each key once and forgets those that were not used', async () => {
  const keys = new DkimKeyCache(2)
  const first = keys.read(ED25519_RECORD)
  assert.equal(keys.read(ED25519_RECORD), first)
  keys.read(RSA_RECORD)
  keys.read(ED25519_RECORD)
  keys.read('v=DKIM1; p=')
  assert.equal(keys.read(ED25519_RECORD), first)
  const text = Buffer.from(await signed())
  assert.equal((await dkimVerify(text, { resolver: zone(ZONE), now: NOW, keys })).result, 'pass')
})

test('domains and selectors in UTF-8 are asked for as A-labels', async () => {
  const name = 'xn--bcher-kva._domainkey.xn--bcher-kva.example'
  const text = JOE.replace(DOMAIN, 'bücher.example')
  const [header = ''] = text.split('\n\n')
  const from = /^From: (.*)$/m.exec(header)?.[1]
  assert.ok(from?.includes('bücher'))
  const found = await verify(
    Buffer.from(forge(GOOD.replace(`d=${DOMAIN}; s=ed`, 'd=bücher.example; s=bücher'), { text })).toString(
      'latin1',
    ),
    { [name]: ED25519_RECORD },
  )
  assert.equal(found.result, 'pass', found.reason)
  assert.equal(found.best?.domain, 'xn--bcher-kva.example')
  assert.equal(found.best?.alignment, 'same')
})

test('options that are none are refused at once', async () => {
  const good = { resolver: zone({}), now: NOW }
  for (const [name, options] of Object.entries({
    resolver: { ...good, resolver: {} },
    now: { ...good, now: Number.NaN },
    maxSignatures: { ...good, maxSignatures: 0 },
    minRsaBits: { ...good, minRsaBits: 512 },
  })) {
    await assert.rejects(dkimVerify(new Uint8Array(), options as typeof good), {
      code: 'ECONFIG',
      message: new RegExp(name),
    })
  }
  await assert.rejects(dkimVerify('text' as unknown as Uint8Array, good), { code: 'EMESSAGE' })
  await assert.rejects(dkimVerify(['a'] as unknown as Uint8Array, good), { code: 'EMESSAGE' })
})
