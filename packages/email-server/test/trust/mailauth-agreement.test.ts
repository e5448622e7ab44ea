// mailauth's opinion and ours on a set of messages: signed by us and by it, forwarded, sealed, damaged, forged, under policies of all kinds, with
// zone data that both read from one virtual DNS. Where we differ, the case says why.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authenticate as theirAuthenticate } from 'mailauth'
import { dkimSign as theirSign } from 'mailauth/lib/dkim/sign.js'
import type { DnsRecordType } from '../../src/base/runtime.ts'
import { VirtualWorld, Zones } from '../../src/testing/index.ts'
import {
  arcSeal,
  arcVerify,
  type DkimSignOptions,
  dkimSign,
  MessageCheck,
  type MessageOrigin,
  type MessageVerdict,
} from '../../src/trust/index.ts'
import { ED25519_RECORD, RFC8463_ED25519, RFC8463_RSA, RSA_RECORD } from './kit.ts'

const ZONES = `
  sender.example                        TXT  "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 mx:other.example -all"
  other.example                         MX   10 mx.other.example
  mx.other.example                      A    192.0.2.77
  mx.sender.example                     TXT  "v=spf1 a -all"
  mx.sender.example                     A    192.0.2.1
  _dmarc.sender.example                 TXT  "v=DMARC1; p=reject"
  rsa._domainkey.sender.example         TXT  "${RSA_RECORD}"
  ed._domainkey.sender.example          TXT  "${ED25519_RECORD}"
  revoked._domainkey.sender.example     TXT  "v=DKIM1; p="
  broken._domainkey.sender.example      SERVFAIL
  list.example                          TXT  "v=spf1 ip4:198.51.100.1 -all"
  rsa._domainkey.list.example           TXT  "${RSA_RECORD}"
  rsa._domainkey.other.example          TXT  "${RSA_RECORD}"
  rsa._domainkey.mail.sender.example    TXT  "${RSA_RECORD}"

  soft.example          TXT  "v=spf1 ip4:192.0.2.9 ~all"
  _dmarc.soft.example   TXT  "v=DMARC1; p=quarantine; sp=none; pct=50"
  rsa._domainkey.soft.example TXT "${RSA_RECORD}"
  neutral.example       TXT  "v=spf1 ?all"
  _dmarc.neutral.example TXT "v=DMARC1; p=none"
  include.example       TXT  "v=spf1 include:sender.example -all"
  redirect.example      TXT  "v=spf1 redirect=sender.example"
  broken.example        TXT  "v=spf1 foo:bar -all"
  twice.example         TXT  "v=spf1 -all"
  twice.example         TXT  "v=spf1 +all"
  _dmarc.twice.example  TXT  "v=DMARC1; p=reject"
  _dmarc.twice.example  TXT  "v=DMARC1; p=none"
  loop.example          TXT  "v=spf1 include:loop.example -all"
  silent.example        SERVFAIL
  _dmarc.silent.example SERVFAIL
  bare.example          TXT  "no policy here"
  exists.example        TXT  "v=spf1 exists:%{ir}.%{l}.users.exists.example -all"
  1.2.0.192.joe.users.exists.example A 127.0.0.2

  strict.example        TXT  "v=spf1 ip4:192.0.2.1 -all"
  mail.strict.example   TXT  "v=spf1 ip4:192.0.2.1 -all"
  _dmarc.strict.example TXT  "v=DMARC1; p=reject; adkim=s; aspf=s"
  rsa._domainkey.strict.example       TXT "${RSA_RECORD}"
  rsa._domainkey.mail.strict.example  TXT "${RSA_RECORD}"
`

const FROM = 'From: Joe <joe@sender.example>'
const REST =
  'To: Eve <eve@here.example>\nSubject: Dinner\nDate: Thu, 01 Jan 2026 00:00:00 +0000\nMessage-ID: <1@sender.example>\n\nAre you hungry yet?\n'
const NOW = Date.now()
const ORIGIN = { ip: '192.0.2.1', helo: 'mx.sender.example', sender: 'joe@sender.example' }
const ELSEWHERE = { ip: '203.0.113.9', helo: 'mx.elsewhere.example', sender: 'joe@sender.example' }
const LIST = { ip: '198.51.100.1', helo: 'mx.list.example', sender: 'bounces@list.example' }

/** Makes the next form of a message. */
type Step = (bytes: Buffer) => Buffer | Promise<Buffer>
const KEYS = { rsa: RFC8463_RSA, ed: RFC8463_ED25519 }

const sign =
  (
    domain = 'sender.example',
    selectors: readonly string[] = ['rsa'],
    options: Partial<DkimSignOptions> = {},
  ): Step =>
  async bytes => {
    const keys = selectors.map(selector => ({
      domain,
      selector,
      privateKey: selector === 'ed' ? KEYS.ed : KEYS.rsa,
    }))
    return Buffer.concat([Buffer.from(await dkimSign(bytes, { keys, now: NOW, ...options })), bytes])
  }

const signByThem =
  (canonicalization: string, selector: 'rsa' | 'ed'): Step =>
  async bytes => {
    const privateKey =
      selector === 'rsa' ? KEYS.rsa : KEYS.ed.export({ type: 'pkcs8', format: 'pem' }).toString()
    const key = { signingDomain: 'sender.example', selector, privateKey, canonicalization }
    const options = { ...key, signTime: new Date(NOW), signatureData: [key] }
    const { signatures } = await theirSign(bytes, options)
    return Buffer.concat([Buffer.from(signatures), bytes])
  }

const change =
  (from: string | RegExp, to: string): Step =>
  bytes => {
    const text = bytes.toString('latin1')
    const changed = text.replace(from, to)
    assert.notEqual(changed, text, 'nothing to change')
    return Buffer.from(changed, 'latin1')
  }

const prepend =
  (field: string): Step =>
  bytes =>
    Buffer.concat([Buffer.from(`${field}\r\n`), bytes])

const append =
  (text: string): Step =>
  bytes =>
    Buffer.concat([bytes, Buffer.from(text)])

/** A list or a forwarder: it changes nothing, or something, and seals. */
const seal =
  (domain: string, step: Step = bytes => bytes): Step =>
  async bytes => {
    const chain = await arcVerify(bytes, { resolver: new VirtualWorld({ zones: ZONES }).host() })
    const changed = await step(bytes)
    const results = { authservId: domain, results: [{ method: 'spf', result: 'pass' }] }
    const key = { domain, selector: 'rsa', privateKey: KEYS.rsa }
    return Buffer.concat([Buffer.from(await arcSeal(changed, { key, now: NOW, chain, results })), changed])
  }

const NEUTRAL =
  'it calls a body that was changed, a key that there is not and a time that has passed neutral; RFC 6376 §6.1 has them fail'
const STRICT = 'strict alignment that fails is tried again as relaxed alignment by it'

interface Case {
  readonly from?: string
  readonly origin?: MessageOrigin
  readonly steps?: readonly Step[]
  /** Ours, as `spf dkim+dkim dmarc policy arc`: what both say, or what we say where we differ. */
  readonly says: string
  /** What mailauth says, and why it is another thing. */
  readonly differs?: { readonly says: string; readonly because: string }
}

const bySpf = (domain: string): MessageOrigin => ({ ...ORIGIN, sender: `joe@${domain}` })

const CASES: Readonly<Record<string, Case>> = {
  // signatures that hold
  'our RSA signature': { steps: [sign()], says: 'pass pass pass reject none' },
  'our Ed25519 signature': { steps: [sign(undefined, ['ed'])], says: 'pass pass pass reject none' },
  'both of ours': { steps: [sign(undefined, ['ed', 'rsa'])], says: 'pass pass+pass pass reject none' },
  'simple/simple': {
    steps: [sign(undefined, undefined, { canonicalization: 'simple/simple' })],
    says: 'pass pass pass reject none',
  },
  'not oversigned': {
    steps: [sign(undefined, undefined, { oversign: false })],
    says: 'pass pass pass reject none',
  },
  'signed by mailauth, relaxed': {
    steps: [signByThem('relaxed/relaxed', 'rsa')],
    says: 'pass pass pass reject none',
  },
  'signed by mailauth, simple': {
    steps: [signByThem('simple/simple', 'rsa')],
    says: 'pass pass pass reject none',
  },
  'signed by mailauth, Ed25519': {
    steps: [signByThem('relaxed/relaxed', 'ed')],
    says: 'pass pass pass reject none',
  },
  'a body without last line end': {
    steps: [change(/yet\?\r\n$/, 'yet?'), sign()],
    says: 'pass pass pass reject none',
  },
  'an empty body': { steps: [change(/Are.*\r\n$/, ''), sign()], says: 'pass pass pass reject none' },
  'eight bits': { steps: [change('hungry', '\u00fc\u00f6'), sign()], says: 'pass pass pass reject none' },
  'white space changed on the way (relaxed)': {
    steps: [sign(), change('Subject: Dinner', 'Subject:   Dinner')],
    says: 'pass pass pass reject none',
  },
  'a field added that is not signed': {
    steps: [sign(), prepend('X-Spam: no')],
    says: 'pass pass pass reject none',
  },
  // signatures that do not
  'no signature': { says: 'pass none pass reject none' },
  'a changed body': {
    steps: [sign(), change('hungry', 'angry')],
    says: 'pass fail pass reject none',
    differs: { says: 'pass neutral pass reject none', because: NEUTRAL },
  },
  'a changed body, from elsewhere': {
    steps: [sign(), change('hungry', 'angry')],
    origin: ELSEWHERE,
    says: 'fail fail fail reject none',
    differs: { says: 'fail neutral fail reject none', because: NEUTRAL },
  },
  'a changed subject, from elsewhere': {
    steps: [sign(), change('Dinner', 'Money')],
    origin: ELSEWHERE,
    says: 'fail fail fail reject none',
  },
  'white space changed on the way (simple)': {
    steps: [
      sign(undefined, undefined, { canonicalization: 'simple/simple' }),
      change('Subject: Dinner', 'Subject:   Dinner'),
    ],
    origin: ELSEWHERE,
    says: 'fail fail fail reject none',
  },
  'a key that is not there': {
    steps: [sign(undefined, ['nowhere'])],
    says: 'pass permerror pass reject none',
    differs: { says: 'pass neutral pass reject none', because: NEUTRAL },
  },
  'a key that was revoked': {
    steps: [sign(undefined, ['revoked'])],
    says: 'pass permerror pass reject none',
    differs: { says: 'pass neutral pass reject none', because: NEUTRAL },
  },
  'a key behind servers that fail': {
    steps: [sign(undefined, ['broken'])],
    says: 'pass temperror pass reject none',
  },
  'a key of another kind': {
    steps: [sign(), change('s=rsa', 's=ed')],
    says: 'pass permerror pass reject none',
    differs: { says: 'pass neutral pass reject none', because: NEUTRAL },
  },
  'text behind l=': {
    steps: [sign(undefined, undefined, { bodyLength: true }), append('Buy this\r\n')],
    origin: ELSEWHERE,
    says: 'fail policy fail reject none',
    differs: { says: 'fail pass pass reject none', because: 'it passes text that nobody has signed' },
  },
  'a signature that has expired': {
    steps: [sign(undefined, undefined, { now: NOW - 1e9, expiresIn: 60 })],
    origin: ELSEWHERE,
    says: 'fail policy fail reject none',
    differs: { says: 'fail neutral fail reject none', because: NEUTRAL },
  },
  'a signature without From': {
    steps: [sign(), change(/h=[^;]*;/, 'h=to:subject;')],
    origin: ELSEWHERE,
    says: 'fail permerror fail reject none',
    differs: {
      says: 'fail fail fail reject none',
      because: 'RFC 6376 §6.1.1 makes it a permanent error of the signature, whatever its bytes',
    },
  },
  'a signature of nonsense': {
    steps: [prepend('DKIM-Signature: nonsense')],
    origin: ELSEWHERE,
    says: 'fail permerror fail reject none',
    differs: { says: 'fail none fail reject none', because: 'it passes over what is no tag list' },
  },
  'a second From, on top': {
    steps: [sign(), prepend('From: eve@evil.example')],
    origin: ELSEWHERE,
    says: 'fail fail fail reject none',
    differs: {
      says: 'fail fail - - none',
      because:
        'it gives no result for DMARC; RFC 9989 §11.5 leaves it to us, and what has no clear author does not pass',
    },
  },
  // who is aligned
  'signed by a stranger': {
    steps: [sign('other.example')],
    origin: ELSEWHERE,
    says: 'fail pass fail reject none',
  },
  'signed by a stranger and by the author': {
    steps: [sign(), sign('other.example')],
    origin: ELSEWHERE,
    says: 'fail pass+pass pass reject none',
  },
  'signed by a domain below': {
    steps: [sign('mail.sender.example')],
    origin: ELSEWHERE,
    says: 'fail pass pass reject none',
  },
  'signed by a domain below, under adkim=s': {
    from: 'From: joe@strict.example',
    steps: [sign('mail.strict.example')],
    origin: { ...ELSEWHERE, sender: 'joe@strict.example' },
    says: 'fail pass fail reject none',
    differs: { says: 'fail pass pass reject none', because: STRICT },
  },
  'sent by a domain below, under aspf=s': {
    from: 'From: joe@strict.example',
    origin: bySpf('mail.strict.example'),
    says: 'pass none fail reject none',
    differs: { says: 'pass none pass reject none', because: STRICT },
  },
  'sent by the domain itself, under aspf=s': {
    from: 'From: joe@strict.example',
    origin: bySpf('strict.example'),
    says: 'pass none pass reject none',
  },
  'the author is below the policy': {
    from: 'From: joe@mail.sender.example',
    steps: [sign()],
    says: 'pass pass pass reject none',
  },
  'the author is below a policy with sp=': {
    from: 'From: joe@news.soft.example',
    origin: ELSEWHERE,
    says: 'fail none fail none none',
  },
  'a policy of quarantine': {
    from: 'From: joe@soft.example',
    origin: bySpf('soft.example'),
    says: 'softfail none fail quarantine none',
  },
  'a policy of quarantine, signed': {
    from: 'From: joe@soft.example',
    steps: [sign('soft.example')],
    origin: bySpf('soft.example'),
    says: 'softfail pass pass quarantine none',
  },
  'a policy of none': {
    from: 'From: joe@neutral.example',
    origin: bySpf('neutral.example'),
    says: 'neutral none fail none none',
  },
  'no policy at all': {
    from: 'From: joe@bare.example',
    origin: bySpf('bare.example'),
    says: 'none none none - none',
  },
  'two policies': {
    from: 'From: joe@twice.example',
    origin: bySpf('twice.example'),
    says: 'permerror none none - none',
  },
  'a policy behind servers that fail': {
    from: 'From: joe@silent.example',
    origin: bySpf('silent.example'),
    says: 'temperror none temperror - none',
  },
  'a display name that looks like an address': {
    from: 'From: "joe@sender.example" <eve@bare.example>',
    origin: ELSEWHERE,
    says: 'fail none none - none',
  },
  // SPF by itself
  IPv6: { origin: { ...ORIGIN, ip: '2001:db8::1' }, says: 'pass none pass reject none' },
  'by the MX of another': { origin: { ...ORIGIN, ip: '192.0.2.77' }, says: 'pass none pass reject none' },
  'the null reverse-path': { origin: { ...ORIGIN, sender: '' }, says: 'pass none pass reject none' },
  'an include': { origin: bySpf('include.example'), says: 'pass none fail reject none' },
  'a redirect': { origin: bySpf('redirect.example'), says: 'pass none fail reject none' },
  macros: { origin: bySpf('exists.example'), says: 'pass none fail reject none' },
  'a record with a mistake': { origin: bySpf('broken.example'), says: 'permerror none fail reject none' },
  'a record that includes itself': { origin: bySpf('loop.example'), says: 'permerror none fail reject none' },
  'a domain that does not exist': { origin: bySpf('nowhere.example'), says: 'none none fail reject none' },
  // forwarders and lists
  'forwarded as it is': { steps: [sign()], origin: LIST, says: 'pass pass pass reject none' },
  'forwarded and sealed': {
    steps: [sign(), seal('list.example')],
    origin: LIST,
    says: 'pass pass pass reject pass',
  },
  'a list that adds a footer, without a seal': {
    steps: [sign(), append('-- \r\nThe list\r\n')],
    origin: LIST,
    says: 'pass fail fail reject none',
    differs: { says: 'pass neutral fail reject none', because: NEUTRAL },
  },
  'a list that adds a footer and seals': {
    steps: [sign(), seal('list.example', append('-- \r\nThe list\r\n'))],
    origin: LIST,
    says: 'pass fail fail reject pass',
    differs: { says: 'pass neutral fail reject pass', because: NEUTRAL },
  },
  'two seals': {
    steps: [sign(), seal('other.example'), seal('list.example', change('Dinner', '[list] Dinner'))],
    origin: LIST,
    says: 'pass fail fail reject pass',
  },
  'a body changed behind the seal': {
    steps: [sign(), seal('list.example'), append('Buy this\r\n')],
    origin: LIST,
    says: 'pass fail fail reject fail',
    differs: { says: 'pass neutral fail reject fail', because: NEUTRAL },
  },
  'a seal that was cut out': {
    steps: [
      sign(),
      seal('other.example'),
      seal('list.example'),
      change(/ARC-Seal: i=1;(?:.*\r\n[ \t])*.*\r\n/, ''),
    ],
    origin: LIST,
    says: 'pass pass pass reject fail',
  },
  'the results of a seal changed': {
    steps: [sign(), seal('list.example'), change('spf=pass', 'spf=fail')],
    origin: LIST,
    says: 'pass pass pass reject fail',
  },
}

test('the set has 50 messages or more', () => {
  assert.ok(Object.keys(CASES).length >= 50, `${Object.keys(CASES).length}`)
})

for (const [name, { from = FROM, origin = ORIGIN, steps = [], says, differs }] of Object.entries(CASES)) {
  test(`mailauth and we ${differs ? 'differ' : 'agree'}: ${name}`, async () => {
    let bytes: Buffer = Buffer.from(`${from}\n${REST}`.replace(/\n/g, '\r\n'), 'latin1')
    for (const step of steps) bytes = await step(bytes)
    assert.equal(await ours(bytes, origin), says, 'ours')
    assert.equal(await theirs(bytes, origin), differs?.says ?? says, differs?.because ?? 'theirs')
  })
}

async function ours(bytes: Buffer, origin: MessageOrigin): Promise<string> {
  const world = new VirtualWorld({ zones: ZONES, now: NOW })
  const runtime = world.host()
  const check = new MessageCheck(origin, { resolver: runtime, runtime, authservId: 'mx.here.example' })
  check.push(bytes)
  const { spf, dkim, dmarc, arc }: MessageVerdict = await world.run(check.finish())
  const signatures = dkim.signatures.map(({ result }) => result).join('+') || 'none'
  return [spf.result, signatures, dmarc.result, dmarc.publishedPolicy ?? '-', arc.result].join(' ')
}

async function theirs(bytes: Buffer, origin: MessageOrigin): Promise<string> {
  const { spf, dkim, dmarc, arc } = await theirAuthenticate(bytes, {
    ...origin,
    mta: 'mx.here.example',
    resolver: theirResolver,
    disableBimi: true,
  })
  const signatures = dkim.results.map(({ status }) => status.result).join('+')
  return [
    spf ? spf.status.result : 'none',
    signatures,
    dmarc ? dmarc.status.result : '-',
    (dmarc ? dmarc.policy : undefined) ?? '-',
    arc ? arc.status.result : '-',
  ].join(' ')
}

const zones = new Zones().add(ZONES)
const FAILURES = { nxdomain: 'ENOTFOUND', nodata: 'ENODATA', servfail: 'ESERVFAIL', timeout: 'ETIMEOUT' }

/** As node:dns answers. */
async function theirResolver(name: string, type: string): Promise<string[]> {
  const answer = zones.answer(name, type as DnsRecordType)
  if (!answer.ok) throw Object.assign(new Error(answer.failure), { code: FAILURES[answer.failure] })
  // its types know strings only, whatever the record
  return answer.records.map(({ value, priority = 0 }): unknown =>
    type === 'TXT' ? [value] : type === 'MX' ? { exchange: value, priority } : value,
  ) as string[]
}
