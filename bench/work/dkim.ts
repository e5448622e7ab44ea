// DKIM: signing and verifying, keys at hand. The limit is the bare signature (or its check) and one hash pass over the body.
// Each call does a round's work and returns how many messages.
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { DkimKeyCache, dkimSign, dkimVerify, MessageCheck } from 'email-server/trust'
import { dkimSign as mailauthSign } from 'mailauth/lib/dkim/sign.js'
import { dkimVerify as mailauthVerify } from 'mailauth/lib/dkim/verify.js'

const DOMAIN = 'a.example'
const NOW = Date.UTC(2026, 10, 20)
const HEADER = `Received: from mx.a.example (mx.a.example [192.0.2.1]) by mx.b.example with ESMTPS id 4F2A;\r
\tThu, 19 Nov 2026 10:00:02 +0000\r
From: Alice <alice@a.example>\r
To: Bob <bob@b.example>, "Carol, of C" <carol@c.example>\r
Subject: Minutes of the meeting\r
Date: Thu, 19 Nov 2026 10:00:00 +0000\r
Message-ID: <letter.1@a.example>\r
MIME-Version: 1.0\r
Content-Type: text/plain; charset=utf-8\r
\r
`
const PROSE = 'At noon the cafe opens, said the letter, and then it went on for a while.\r\n'
const BASE64 = `${'QUJDREVGR0hJSktM'.repeat(5).slice(0, 76)}\r\n`

const LETTER = Buffer.from(HEADER + PROSE.repeat(Math.ceil((5000 - HEADER.length) / PROSE.length)))
/** 1 MB: a few lines of text and an attachment. */
const LARGE = Buffer.from(HEADER + PROSE.repeat(20) + BASE64.repeat(Math.ceil((1 << 20) / BASE64.length)))
/** 1 MB of prose, with a space every five characters. */
const BOOK = Buffer.from(HEADER + PROSE.repeat(Math.ceil((1 << 20) / PROSE.length)))

interface Key {
  readonly selector: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly record: string
  readonly pem: string
}

function key(selector: string, privateKey: KeyObject): Key {
  const publicKey = createPublicKey(privateKey)
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const p = (selector === 'rsa' ? spki : spki.subarray(-32)).toString('base64')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { selector, privateKey, publicKey, record: `v=DKIM1; k=${selector}; p=${p}`, pem }
}

const RSA = key('rsa', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)
const ED25519 = key('ed25519', generateKeyPairSync('ed25519').privateKey)
const KEYS = new DkimKeyCache()
const resolver = {
  resolve: async (name: string) =>
    ({ ok: true, records: [{ value: name.startsWith('rsa') ? RSA.record : ED25519.record }] }) as const,
}
const theirResolver = async (name: string): Promise<string[][]> => [
  [name.startsWith('rsa') ? RSA.record : ED25519.record],
]

const signed = new Map<Buffer, Map<Key, Buffer>>()
for (const message of [LETTER, LARGE, BOOK]) {
  const byKey = new Map<Key, Buffer>()
  for (const each of [RSA, ED25519]) {
    const { selector, privateKey } = each
    const fields = await dkimSign(message, { keys: [{ domain: DOMAIN, selector, privateKey }], now: NOW })
    byKey.set(each, Buffer.concat([Buffer.from(fields), message]))
  }
  signed.set(message, byKey)
}

async function oursSign(message: Buffer, { selector, privateKey }: Key, times: number): Promise<number> {
  for (let i = 0; i < times; i++)
    await dkimSign(message, { keys: [{ domain: DOMAIN, selector, privateKey }], now: NOW })
  return times
}

async function oursVerify(message: Buffer, key: Key, times: number): Promise<number> {
  const raw = signed.get(message)!.get(key)!
  for (let i = 0; i < times; i++) {
    const { result, reason } = await dkimVerify(raw, { resolver, now: NOW, keys: KEYS })
    if (result !== 'pass') throw new Error(reason)
  }
  return times
}

async function theirsSign(message: Buffer, { selector, pem }: Key, times: number): Promise<number> {
  const options = {
    canonicalization: 'relaxed/relaxed',
    signatureData: [{ signingDomain: DOMAIN, selector, privateKey: pem }],
  }
  for (let i = 0; i < times; i++) {
    // Their types ask for a key outside the list; their program signs only with those in it.
    const { signatures } = await mailauthSign(
      message,
      options as unknown as Parameters<typeof mailauthSign>[1],
    )
    if (signatures === '') throw new Error('mailauth did not sign')
  }
  return times
}

async function theirsVerify(message: Buffer, key: Key, times: number): Promise<number> {
  const raw = signed.get(message)!.get(key)!
  for (let i = 0; i < times; i++) {
    const { results } = await mailauthVerify(raw, { resolver: theirResolver })
    if (results[0]?.status.result !== 'pass') throw new Error('mailauth does not agree')
  }
  return times
}

/** What is signed of the header, more or less: as many octets. */
const SIGNED_HEADER = Buffer.from(HEADER.slice(HEADER.indexOf('From')) + 'x'.repeat(300))
const bodyOf = (message: Buffer): Buffer => message.subarray(HEADER.length)
const algorithm = ({ selector }: Key): string | null => (selector === 'rsa' ? 'sha256' : null)

function limitSign(message: Buffer, key: Key, times: number): number {
  for (let i = 0; i < times; i++) {
    createHash('sha256').update(bodyOf(message)).digest()
    const text = key === RSA ? SIGNED_HEADER : createHash('sha256').update(SIGNED_HEADER).digest()
    sign(algorithm(key), text, key.privateKey)
  }
  return times
}

function limitVerify(message: Buffer, key: Key, times: number): number {
  const text = key === RSA ? SIGNED_HEADER : createHash('sha256').update(SIGNED_HEADER).digest()
  const signature = sign(algorithm(key), text, key.privateKey)
  for (let i = 0; i < times; i++) {
    createHash('sha256').update(bodyOf(message)).digest()
    const again = key === RSA ? SIGNED_HEADER : createHash('sha256').update(SIGNED_HEADER).digest()
    if (!verify(algorithm(key), again, key.publicKey, signature)) throw new Error('not verified')
  }
  return times
}

const DNS: Readonly<Record<string, string>> = {
  [`TXT ${DOMAIN}`]: 'v=spf1 ip4:192.0.2.1 -all',
  [`TXT _dmarc.${DOMAIN}`]: 'v=DMARC1; p=reject',
  'PTR 1.2.0.192.in-addr.arpa': `mx.${DOMAIN}`,
  [`A mx.${DOMAIN}`]: '192.0.2.1',
  [`TXT rsa._domainkey.${DOMAIN}`]: RSA.record,
}
const cached = {
  async resolve(name: string, type: string) {
    const value = DNS[`${type} ${name}`]
    if (value === undefined) return { ok: false, failure: 'nxdomain' } as const
    return { ok: true, records: [{ value }] } as const
  },
}
const runtime = {
  now: () => NOW,
  setTimer(delayMs: number, fire: () => void) {
    const timer = setTimeout(fire, delayMs)
    return { cancel: () => clearTimeout(timer) }
  },
}
const ORIGIN = { ip: '192.0.2.1', helo: `mx.${DOMAIN}`, sender: `alice@${DOMAIN}` }

/** SPF, DKIM, DMARC, ARC and reverse DNS, and the fields that tell of them. */
async function oursCheck(message: Buffer, key: Key, times: number): Promise<number> {
  const raw = signed.get(message)!.get(key)!
  for (let i = 0; i < times; i++) {
    const options = { resolver: cached, runtime, authservId: 'mx.b.example', keys: KEYS }
    const check = new MessageCheck(ORIGIN, options)
    check.push(raw)
    const { spf, dkim, dmarc, rdns } = await check.finish()
    for (const { result, reason } of [spf, dkim, dmarc, rdns]) if (result !== 'pass') throw new Error(reason)
  }
  return times
}

type Work = () => number | Promise<number>

export const oursSignRsaLetter: Work = () => oursSign(LETTER, RSA, 400)
export const oursSignRsaLarge: Work = () => oursSign(LARGE, RSA, 100)
export const oursSignRsaBook: Work = () => oursSign(BOOK, RSA, 60)
export const oursSignEd25519Letter: Work = () => oursSign(LETTER, ED25519, 2000)
export const oursSignEd25519Large: Work = () => oursSign(LARGE, ED25519, 100)
export const oursVerifyRsaLetter: Work = () => oursVerify(LETTER, RSA, 3000)
export const oursCheckRsaLetter: Work = () => oursCheck(LETTER, RSA, 1500)
export const oursVerifyRsaLarge: Work = () => oursVerify(LARGE, RSA, 100)
export const oursVerifyRsaBook: Work = () => oursVerify(BOOK, RSA, 60)
export const oursVerifyEd25519Letter: Work = () => oursVerify(LETTER, ED25519, 1000)
export const oursVerifyEd25519Large: Work = () => oursVerify(LARGE, ED25519, 100)
export const mailauthSignRsaLetter: Work = () => theirsSign(LETTER, RSA, 50)
export const mailauthSignRsaLarge: Work = () => theirsSign(LARGE, RSA, 12)
export const mailauthSignRsaBook: Work = () => theirsSign(BOOK, RSA, 8)
export const mailauthSignEd25519Letter: Work = () => theirsSign(LETTER, ED25519, 250)
export const mailauthSignEd25519Large: Work = () => theirsSign(LARGE, ED25519, 12)
export const mailauthVerifyRsaLetter: Work = () => theirsVerify(LETTER, RSA, 375)
export const mailauthVerifyRsaLarge: Work = () => theirsVerify(LARGE, RSA, 12)
export const mailauthVerifyRsaBook: Work = () => theirsVerify(BOOK, RSA, 8)
export const mailauthVerifyEd25519Letter: Work = () => theirsVerify(LETTER, ED25519, 125)
export const mailauthVerifyEd25519Large: Work = () => theirsVerify(LARGE, ED25519, 12)
export const limitSignRsaLetter: Work = () => limitSign(LETTER, RSA, 400)
export const limitSignRsaLarge: Work = () => limitSign(LARGE, RSA, 100)
export const limitSignRsaBook: Work = () => limitSign(BOOK, RSA, 60)
export const limitSignEd25519Letter: Work = () => limitSign(LETTER, ED25519, 2000)
export const limitSignEd25519Large: Work = () => limitSign(LARGE, ED25519, 100)
export const limitVerifyRsaLetter: Work = () => limitVerify(LETTER, RSA, 3000)
export const limitVerifyRsaLarge: Work = () => limitVerify(LARGE, RSA, 100)
export const limitVerifyRsaBook: Work = () => limitVerify(BOOK, RSA, 60)
export const limitVerifyEd25519Letter: Work = () => limitVerify(LETTER, ED25519, 1000)
export const limitVerifyEd25519Large: Work = () => limitVerify(LARGE, ED25519, 100)
