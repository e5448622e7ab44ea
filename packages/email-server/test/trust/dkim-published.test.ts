// The examples of the standards: RFC 6376 §3.4.5, §3.4.3, §3.4.4, §A; RFC 8463 §A.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { splitHeader } from '../../src/mime/index.ts'
import { BodyHashes, canonicalField, dkimSign, dkimVerify } from '../../src/trust/dkim/index.ts'
import { JOE, message, NOW, RFC8463_ED25519, RFC8463_RSA, RFC8463_ZONE, zone } from './kit.ts'

const RFC8463_SIGNATURES = `DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
`

test('the message of RFC 8463 §A.3 passes twice, by Ed25519 and by RSA', async () => {
  const result = await dkimVerify(message(RFC8463_SIGNATURES + JOE), {
    resolver: zone(RFC8463_ZONE),
    now: NOW,
  })
  assert.deepEqual(
    result.signatures.map(each => [each.result, each.algorithm, each.keyBits, each.alignment, each.identity]),
    [
      ['pass', 'ed25519-sha256', 256, 'same', '@football.example.com'],
      ['pass', 'rsa-sha256', 1024, 'same', '@football.example.com'],
    ],
  )
  assert.equal(result.result, 'pass')
  assert.equal(result.best, result.signatures[0])
})

test('the message of RFC 6376 §A.2 passes with the key of its Appendix C', async () => {
  // Six spaces where the RFC's lines are folded, and one behind "game.": the signature says that it was so before the RFC was typeset.
  const signed = `DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;
      c=simple/simple; q=dns/txt; i=joe@football.example.com;
      h=Received : From : To : Subject : Date : Message-ID;
      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB
      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut
      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV
      4bmp/YzhwvcubU4=;
Received: from client1.football.example.com  [192.0.2.1]
      by submitserver.example.com with SUBMISSION;
      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)
${JOE.replace('game.  Are', 'game. Are')}`
  const key =
    'v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5i' +
    'jSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB'
  const resolver = zone({ 'brisbane._domainkey.example.com': key })
  const result = await dkimVerify(message(signed), { resolver, now: NOW })
  assert.equal(result.result, 'pass', result.reason)
  assert.equal(result.best?.identity, 'joe@football.example.com')
  assert.equal(result.best?.alignment, 'related')
})

test('signing the message of RFC 8463 again gives signatures with the same body hash that pass', async () => {
  const fields = await dkimSign(message(JOE), {
    keys: [
      { domain: 'football.example.com', selector: 'brisbane', privateKey: RFC8463_ED25519 },
      { domain: 'football.example.com', selector: 'test', privateKey: RFC8463_RSA },
    ],
    now: 1528637909_000,
  })
  assert.equal(fields.match(/bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;/g)?.length, 2)
  const signed = Buffer.concat([Buffer.from(fields), message(JOE)])
  const result = await dkimVerify(signed, { resolver: zone(RFC8463_ZONE), now: NOW })
  assert.deepEqual(
    result.signatures.map(each => each.result),
    ['pass', 'pass'],
  )
})

// RFC 6376 §3.4.5, the message of example 1: <SP>, <HTAB> and <CRLF> written out.
const EXAMPLE = 'A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n'

test('the header of RFC 6376 §3.4.5 is canonicalised as shown there', () => {
  const block = splitHeader(Buffer.from(EXAMPLE))
  const all = (how: 'simple' | 'relaxed') =>
    block.fields.map(field => canonicalField(block, field, how)).join('')
  assert.equal(all('relaxed'), 'a:X\r\nb:Y Z\r\n')
  assert.equal(all('simple'), 'A: X\r\nB : Y\t\r\n\tZ  \r\n')
})

function bodyHash(how: 'simple' | 'relaxed', body: string, limit: number | null = null): string {
  const hashes = new BodyHashes()
  const digest = hashes.want(how, 'sha256', limit)
  hashes.write(Buffer.from(body, 'latin1'))
  hashes.end()
  return Buffer.from(digest.digest()).toString('base64')
}

const sha256 = (text: string) => createHash('sha256').update(text, 'latin1').digest('base64')

test('the body of RFC 6376 §3.4.5 is canonicalised as shown there', () => {
  const body = EXAMPLE.slice(EXAMPLE.indexOf('\r\n\r\n') + 4)
  assert.equal(bodyHash('relaxed', body), sha256(' C\r\nD E\r\n'))
  assert.equal(bodyHash('simple', body), sha256(' C \r\nD \t E\r\n'))
  assert.equal(bodyHash('simple', body, 3), sha256(' C '))
})

test('an empty body has the hashes of RFC 6376 §3.4.3 and §3.4.4', () => {
  assert.equal(bodyHash('simple', ''), 'frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=')
  assert.equal(bodyHash('relaxed', ''), '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=')
  assert.equal(bodyHash('simple', '\r\n\r\n'), 'frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=')
  assert.equal(bodyHash('relaxed', ' \t\r\n \r\n '), '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=')
})
