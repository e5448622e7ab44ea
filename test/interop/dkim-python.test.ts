// dkimpy verifies what we sign and seal, we verify what it signs and seals.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { arcSeal, arcVerify, dkimSign, dkimVerify } from 'email-server/trust'

const DOMAIN = 'football.example.com'
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ed = generateKeyPairSync('ed25519')
const spki = (key: KeyObject) => key.export({ type: 'spki', format: 'der' })
const RSA_PEM = rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
/** dkimpy reads the 32 octets of the key in base64. */
const ED25519_SEED = ed.privateKey.export({ type: 'pkcs8', format: 'der' }).subarray(-32).toString('base64')
const ZONE: Readonly<Record<string, string>> = {
  [`rsa._domainkey.${DOMAIN}`]: `v=DKIM1; k=rsa; p=${spki(rsa.publicKey).toString('base64')}`,
  [`ed._domainkey.${DOMAIN}`]: `v=DKIM1; k=ed25519; p=${spki(ed.publicKey).subarray(-32).toString('base64')}`,
}
const KEYS = [
  { domain: DOMAIN, selector: 'rsa', privateKey: rsa.privateKey },
  { domain: DOMAIN, selector: 'ed', privateKey: ed.privateKey },
]
const resolver = {
  async resolve(name: string) {
    const value = ZONE[name]
    return value === undefined
      ? ({ ok: false, failure: 'nxdomain' } as const)
      : ({ ok: true, records: [{ value }] } as const)
  },
}

const FROM = `From: Joe SixPack <joe@${DOMAIN}>\r\nDate: Fri, 11 Jul 2003 21:00:37 -0700\r\n`
const MESSAGES = [
  `${FROM}To: Suzie Q <suzie@shopping.example.net>\r\nSubject: Is dinner ready?\r\n\r\nHi.\r\n\r\nWe lost.  Hungry?\r\n`,
  `${FROM}Subject:   a  \t b\r\n\t  c   \r\nTo:x@example.com\r\n\r\n  a \t b  \r\n\t\r\n \r\n\r\nend \r\n \r\n`,
  `${FROM}Subject: nothing\r\n\r\n`,
  `${FROM}Subject: lines at the end\r\n\r\ntext\r\n\r\n\r\n\r\n`,
  `${FROM}To: a@example.com,\r\n b@example.com\r\nSubject: grüße\r\n\r\nÄ Ö Ü  \r\nno end`,
  `${FROM}Content-Type: text/plain\r\nMIME-Version: 1.0\r\n\r\n${`${'QUJD'.repeat(18)}\r\n`.repeat(500)}`,
].map(text => Buffer.from(text))
const WAYS = ['relaxed/relaxed', 'simple/simple', 'relaxed/simple', 'simple/relaxed'] as const

/** dkimpy comes with Debian's Python, which need not be the first in the path. */
function python(tasks: readonly object[]): unknown[] {
  const script = readFileSync(new URL('../../../test/interop/dkim_facts.py', import.meta.url), 'utf8')
  const { stdout, stderr, status } = spawnSync('/usr/bin/python3', ['-c', script], {
    input: JSON.stringify({ zone: ZONE, tasks }),
    encoding: 'utf8',
    timeout: 60_000,
  })
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout) as unknown[]
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
const below = (fields: string, message: Uint8Array) => Buffer.concat([Buffer.from(fields), message])

test('dkimpy verifies what we sign, and nothing that was changed', async () => {
  const tasks: object[] = []
  for (const message of MESSAGES) {
    for (const canonicalization of WAYS) {
      const signed = below(
        await dkimSign(message, { keys: KEYS, now: Date.now(), canonicalization }),
        message,
      )
      tasks.push({ do: 'verify', message: base64(signed) })
    }
  }
  const changed = below(
    await dkimSign(MESSAGES[0]!, { keys: KEYS, now: Date.now() }),
    below('Subject: no\r\n', MESSAGES[0]!),
  )
  const answers = python([...tasks, { do: 'verify', message: base64(changed) }])
  assert.deepEqual(answers, [...tasks.map(() => [true, true]), [false, false]])
})

test('we verify what dkimpy signs', async () => {
  const tasks = MESSAGES.flatMap(message =>
    WAYS.flatMap(canonicalization => [
      {
        do: 'sign',
        message: base64(message),
        canonicalization,
        domain: DOMAIN,
        selector: 'rsa',
        key: RSA_PEM,
        algorithm: 'rsa-sha256',
      },
      {
        do: 'sign',
        message: base64(message),
        canonicalization,
        domain: DOMAIN,
        selector: 'ed',
        key: ED25519_SEED,
        algorithm: 'ed25519-sha256',
      },
    ]),
  )
  for (const [i, field] of python(tasks).entries()) {
    const signed = below(field as string, Buffer.from(tasks[i]!.message, 'base64'))
    const { result, reason } = await dkimVerify(signed, { resolver, now: Date.now() })
    assert.equal(result, 'pass', `${reason}: ${JSON.stringify(signed.toString('latin1').slice(0, 1000))}`)
  }
})

test('dkimpy validates our chain, adds to it, and we validate that', async () => {
  let text = below(`Authentication-Results: ${DOMAIN}; spf=pass smtp.mailfrom=${DOMAIN}\r\n`, MESSAGES[0]!)
  for (let hop = 0; hop < 2; hop++) {
    const chain = await arcVerify(text, { resolver })
    const results = { authservId: DOMAIN, results: [{ method: 'spf', result: 'pass' }] }
    text = below(await arcSeal(text, { key: KEYS[0]!, now: Date.now(), chain, results }), text)
  }
  const task = { message: base64(text), domain: DOMAIN, selector: 'rsa', key: RSA_PEM, id: DOMAIN }
  // It goes on with a chain when an Authentication-Results field of its own says how it found it.
  const reported = below(`Authentication-Results: ${DOMAIN}; arc=pass\r\n`, text)
  const [validated, added] = python([
    { do: 'arc-verify', ...task },
    { do: 'arc-sign', ...task, message: base64(reported) },
  ])
  assert.equal(validated, 'pass')
  const found = await arcVerify(below(added as string, reported), { resolver })
  assert.equal(found.result, 'pass', found.reason)
  assert.equal(found.chain.length, 3)
})
