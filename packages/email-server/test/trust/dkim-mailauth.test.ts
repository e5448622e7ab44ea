// mailauth verifies what we sign, we verify what it signs, on messages of many shapes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dkimSign as theirSign } from 'mailauth/lib/dkim/sign.js'
import { dkimVerify as theirVerify } from 'mailauth/lib/dkim/verify.js'
import { dkimSign, dkimVerify } from '../../src/trust/dkim/index.ts'
import { ED25519_RECORD, JOE, NOW, RFC8463_ED25519, RFC8463_RSA, RSA_RECORD, zone } from './kit.ts'

const DOMAIN = 'football.example.com'
const RESOLVER = zone({
  [`ed._domainkey.${DOMAIN}`]: ED25519_RECORD,
  [`rsa._domainkey.${DOMAIN}`]: RSA_RECORD,
})
const FROM = `From: Joe <joe@${DOMAIN}>\n`

const MESSAGES: Readonly<Record<string, string>> = {
  joe: JOE,
  'no body': `${FROM}Subject: none\n\n`,
  'no last line ending': `${FROM}\nend`,
  'empty lines at the end': `${FROM}\nend\n\n\n\n`,
  'white space everywhere': `${FROM}Subject:   a  \t b\n\t  c   \nTo:x@example.com\n\n  a \t b  \n\t\n \n\nend \n \n`,
  'only white space': `${FROM}\n  \n\t\n`,
  'folded addresses': `${FROM}To: a@example.com,\n b@example.com,\n\tc@example.com\n\nHi\n`,
  'two of a field': `Received: one\nReceived: two\n${FROM}List-Id: <a.example.com>\nList-Id: <b.example.com>\n\nHi\n`,
  'empty fields': `${FROM}Subject:\nTo: \nCc:\t\n\nHi\n`,
  'eight bits': `${FROM}Subject: grüße\n\nÄ Ö Ü €  \n`,
  'an attachment': `${FROM}Content-Type: multipart/mixed; boundary="x"\nMIME-Version: 1.0\n\n--x\n\ntext  here\n--x\nContent-Transfer-Encoding: base64\n\n${'QUJD'.repeat(18)}\n--x--\n`,
  'dots and dashes': `${FROM}\n.\n..\n-- \n`,
  'long lines': `${FROM}\n${'word '.repeat(20_000)}\n`,
}

const ED25519_PEM = RFC8463_ED25519.export({ type: 'pkcs8', format: 'pem' }).toString()
const ways = ['relaxed/relaxed', 'simple/simple', 'relaxed/simple', 'simple/relaxed'] as const
const theirResolver = async (name: string): Promise<string[][]> => {
  const answer = await RESOLVER.resolve(name)
  assert.ok(answer.ok)
  return answer.records.map(record => [record.value])
}

for (const [name, text] of Object.entries(MESSAGES)) {
  test(`mailauth and we agree on a message: ${name}`, async () => {
    const bytes = Buffer.from(text.replace(/\n/g, '\r\n'))
    for (const way of ways) {
      const fields = await dkimSign(bytes, {
        keys: [
          { domain: DOMAIN, selector: 'ed', privateKey: RFC8463_ED25519 },
          { domain: DOMAIN, selector: 'rsa', privateKey: RFC8463_RSA },
        ],
        now: NOW,
        canonicalization: way,
      })
      const signed = Buffer.concat([Buffer.from(fields), bytes])
      const theirs = await theirVerify(signed, { resolver: theirResolver, minBitLength: 1024 })
      assert.deepEqual(
        theirs.results.map(each => each.status.result),
        ['pass', 'pass'],
        way,
      )

      const data = Object.entries({ ed: ED25519_PEM, rsa: RFC8463_RSA }).map(([selector, privateKey]) => ({
        signingDomain: DOMAIN,
        selector,
        privateKey,
        canonicalization: way,
      }))
      const options = { canonicalization: way, signTime: new Date(NOW), signatureData: data }
      // Their types ask for a key outside the list; their program does not.
      const { signatures, errors } = await theirSign(
        bytes,
        options as unknown as Parameters<typeof theirSign>[1],
      )
      assert.deepEqual(errors, [])
      const ours = await dkimVerify(Buffer.concat([Buffer.from(signatures), bytes]), {
        resolver: RESOLVER,
        now: NOW,
      })
      assert.deepEqual(
        ours.signatures.map(each => `${each.result} ${each.reason}`),
        [`pass signed by ${DOMAIN}`, `pass signed by ${DOMAIN}`],
      )
      const changed = Buffer.concat([Buffer.from(signatures), bytes, Buffer.from('x')])
      const both = [
        (await dkimVerify(changed, { resolver: RESOLVER, now: NOW })).signatures.map(each => each.result),
        (await theirVerify(changed, { resolver: theirResolver })).results.map(each => each.status.result),
      ]
      assert.ok(both.flat().every(result => result !== 'pass'))
    }
  })
}
