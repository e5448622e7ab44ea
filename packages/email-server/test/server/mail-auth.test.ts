// Inbound mail and who sent it: what `mail.auth` says when `mail` fires, in front of the message and behind the scenes, whatever the DNS does.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DnsAnswer } from '../../src/base/runtime.ts'
import type { IncomingMail, MailAuth, MailError, Server, ServerOptions } from '../../src/index.ts'
import { VirtualWorld } from '../../src/testing/index.ts'
import { dkimSign } from '../../src/trust/index.ts'
import { ED25519_RECORD, JOE, message, NOW, RFC8463_ED25519 } from '../trust/kit.ts'
import { Client, listening } from './virtual.ts'

const JOES_PLACE = '198.51.100.7'
const ZONES = `
  football.example.com                      TXT  "v=spf1 ip4:198.51.100.7 -all"
  _dmarc.football.example.com               TXT  "v=DMARC1; p=reject"
  brisbane._domainkey.football.example.com  TXT  "${ED25519_RECORD}"
  198.51.100.7                              PTR  mx.football.example.com
  mx.football.example.com                   A    198.51.100.7
`
const KEY = { domain: 'football.example.com', selector: 'brisbane', privateKey: RFC8463_ED25519 }
const signed = async (text = JOE): Promise<string> => {
  const fields = await dkimSign(message(text), { keys: [KEY], now: NOW })
  return fields + message(text).toString()
}

interface Taken {
  readonly raw: string
  readonly auth: MailAuth
  readonly told: string
  readonly mail: IncomingMail
}

interface Place {
  readonly world: VirtualWorld
  readonly server: Server
  readonly taken: Taken[]
  readonly errors: MailError[]
}

async function place(options: ServerOptions = {}, zones = ZONES): Promise<Place> {
  const world = new VirtualWorld({ zones, now: NOW })
  const server = await listening(world, { mailAuth: true, ...options })
  const taken: Taken[] = []
  const errors: MailError[] = []
  server.on('error', error => errors.push(error))
  server.addDomain('example.test')
  server.on('smtpSession', session => {
    session.on('mail', mail => {
      const raw = Buffer.from(mail.rawBytes).toString('latin1')
      assert.equal(mail.size, raw.length)
      taken.push({ raw, auth: mail.auth, told: mail.authenticationResults, mail })
      mail.accept()
    })
  })
  return { world, server, taken, errors }
}

const ENVELOPE =
  'EHLO mx.football.example.com\r\nMAIL FROM:<joe@football.example.com>\r\nRCPT TO:<suzie@example.test>\r\nDATA\r\n'
const dotted = (text: string): string => `${text.replace(/^\./gm, '..')}.\r\n`

async function deliver(
  { world }: Place,
  text: string,
  from = JOES_PLACE,
  envelope = ENVELOPE,
): Promise<Client> {
  const client = await Client.connect(world, 25, from)
  client.send(envelope)
  await world.settle()
  client.send(dotted(text))
  await world.settle()
  return client
}

const words = ({ dkim, spf, dmarc, rdns, dmarcPolicy, arc }: MailAuth): string =>
  `dkim=${dkim} spf=${spf} dmarc=${dmarc} (${dmarcPolicy}) rdns=${rdns} arc=${arc}`

describe('mail.auth', () => {
  test('is there when mail fires, with what is behind it', async () => {
    const here = await place()
    const client = await deliver(here, await signed())
    assert.match(client.heard, /^250 2\.0\.0 /m)
    const { auth } = here.taken[0]!
    assert.equal(words(auth), 'dkim=pass spf=pass dmarc=pass (reject) rdns=pass arc=none')
    const { details } = auth
    assert.equal(details?.dkim.signatures[0]?.domain, 'football.example.com')
    assert.equal(details?.spf.mechanism, 'ip4:198.51.100.7')
    assert.equal(details?.dmarc.policyDomain, 'football.example.com')
    assert.deepEqual(details?.rdns.names, ['mx.football.example.com'])
    assert.equal(details?.rdns.heloMatches, true)
    assert.equal(details?.results.authservId, 'mx.example.test')
  })

  const CASES: readonly (readonly [
    what: string,
    from: string,
    change: (text: string) => string,
    auth: string,
  ])[] = [
    [
      'a stranger with a message of his own',
      '203.0.113.66',
      () => message(JOE).toString(),
      'dkim=none spf=fail dmarc=fail (reject) rdns=permerror arc=none',
    ],
    [
      'a forwarder: the signature alone carries DMARC',
      '203.0.113.66',
      text => text,
      'dkim=pass spf=fail dmarc=pass (reject) rdns=permerror arc=none',
    ],
    [
      'a changed body from the right place: SPF alone carries DMARC',
      JOES_PLACE,
      text => text.replace('hungry', 'angry'),
      'dkim=fail spf=pass dmarc=pass (reject) rdns=pass arc=none',
    ],
    [
      'a second From field',
      JOES_PLACE,
      text => `From: eve@evil.example\r\n${text}`,
      'dkim=fail spf=pass dmarc=fail (null) rdns=pass arc=none',
    ],
  ]
  for (const [what, from, change, auth] of CASES) {
    test(`${what}: ${auth}; the message is taken all the same`, async () => {
      const here = await place()
      const client = await deliver(here, change(await signed()), from)
      assert.match(client.heard, /^250 2\.0\.0 /m)
      assert.equal(words(here.taken[0]!.auth), auth)
    })
  }

  test('the null sender: HELO is checked', async () => {
    const here = await place({}, `${ZONES}\n mx.football.example.com TXT "v=spf1 a -all"`)
    await deliver(here, await signed(), JOES_PLACE, ENVELOPE.replace('joe@football.example.com', ''))
    assert.equal(here.taken[0]!.auth.spf, 'pass')
    assert.match(here.taken[0]!.told, /smtp\.helo=mx\.football\.example\.com/)
  })

  test('is null for what is not checked: on submission, for this machine, and when it is turned off', async () => {
    const off = await place({ mailAuth: false })
    await deliver(off, await signed())
    const own = await place()
    await deliver(own, await signed(), '127.0.0.1')
    const relay = await place({ mailAuth: { skip: ['198.51.100.0/24'] } })
    await deliver(relay, await signed())
    const submission = await place()
    submission.server.on('auth', info => info.accept())
    const client = await Client.connect(submission.world, 587, JOES_PLACE)
    client.send('EHLO c.test\r\nAUTH PLAIN AHUAcA==\r\n')
    await submission.world.settle()
    client.send(ENVELOPE)
    await submission.world.settle()
    client.send(dotted(await signed()))
    await submission.world.settle()
    for (const { taken } of [off, own, relay, submission]) {
      assert.deepEqual(new Set(Object.values(taken[0]!.auth)), new Set([null]))
      assert.match(taken[0]!.raw, /^Received: /)
      assert.equal(taken[0]!.told, '')
    }
  })

  test('skip: [] checks this machine too', async () => {
    const here = await place({ mailAuth: { skip: [] } })
    await deliver(here, await signed(), '127.0.0.1')
    assert.equal(here.taken[0]!.auth.spf, 'fail')
  })
})

describe('the fields in front', () => {
  test('Authentication-Results, Received-SPF and Received, then the message as it came', async () => {
    const here = await place()
    const text = await signed()
    await deliver(here, text)
    const { raw, told } = here.taken[0]!
    assert.match(
      told,
      /^Authentication-Results: mx\.example\.test;\r\n spf=pass[\s\S]*dkim=pass[\s\S]*\r\nReceived-SPF: pass [\s\S]*\r\n$/,
    )
    assert.equal(raw.startsWith(`${told}Received: from mx.football.example.com ([198.51.100.7])\r\n`), true)
    assert.equal(raw.endsWith(`\r\n${text}`), true)
  })

  test('name the server as authservId says', async () => {
    const here = await place({ mailAuth: { authservId: 'mail.example.test' } })
    await deliver(here, await signed())
    assert.match(here.taken[0]!.told, /^Authentication-Results: mail\.example\.test;/)
  })

  const FORGED = 'Authentication-Results: MX.example.test; dmarc=pass\r\n\theader.from=bank.example\r\n'
  const NAMELESS = 'Authentication-Results: ; dkim=pass\r\n'
  const FOREIGN = 'Authentication-Results: mx.elsewhere.test; dkim=pass header.d=bank.example\r\n'
  for (const [where, limits] of [
    ['in memory', {}],
    ['in the spool', { messageInMemory: 100 }],
  ] as const) {
    test(`forged Authentication-Results with our name: removed, and those of others stay (${where})`, async () => {
      const here = await place({ limits })
      const body = await signed()
      await deliver(here, `X-First: 1\r\n${FORGED}${FOREIGN}${NAMELESS}${body}`)
      const { raw, mail, auth } = here.taken[0]!
      assert.equal(raw.endsWith(`\r\nX-First: 1\r\n${FOREIGN}${body}`), true)
      assert.equal(auth.dkim, 'pass')
      assert.deepEqual(mail.headers.get('x-first'), '1')
      assert.equal(raw.includes('bank.example\r\n\r\n'), false)
    })
  }

  for (const messageInMemory of [64, 1_000_000]) {
    test(`and are the same in every way to read the message (${messageInMemory} octets in memory)`, async () => {
      const world = new VirtualWorld({ zones: ZONES, now: NOW })
      const server = await listening(world, { mailAuth: true, limits: { messageInMemory } })
      server.addDomain('example.test')
      const ways: string[] = []
      server.on('smtpSession', session => {
        session.on('mail', async mail => {
          ways.push(Buffer.from(mail.rawBytes).toString())
          let streamed = ''
          for await (const chunk of mail) streamed += Buffer.from(chunk).toString()
          ways.push(streamed)
          let replayed = ''
          mail.on('data', chunk => {
            replayed += Buffer.from(chunk).toString()
          })
          mail.on('end', () => {
            ways.push(replayed)
            mail.accept()
          })
        })
      })
      const text = await signed()
      await deliver({ world, server, taken: [], errors: [] }, `${FORGED}${text}`)
      assert.equal(ways.length, 3)
      assert.equal(new Set(ways).size, 1)
      assert.equal(ways[0]?.endsWith(`+0000\r\n${text}`), true)
    })
  }

  test('results hidden behind a header without end: the message is refused', async () => {
    const here = await place()
    const client = await deliver(here, `${'X: y\r\n'.repeat(3000)}${FORGED}${await signed()}`)
    assert.match(client.heard, /^552 5\.3\.4 Header too big/m)
    assert.equal(here.taken.length, 0)
  })
})

describe('time', () => {
  const SILENT = `
    football.example.com         TXT  TIMEOUT
    _dmarc.football.example.com  TXT  TIMEOUT
    brisbane._domainkey.football.example.com TXT TIMEOUT
    198.51.100.7                 PTR  TIMEOUT
    mx.football.example.com      A    TIMEOUT`
  const FAILING = SILENT.replaceAll('TIMEOUT', 'SERVFAIL')

  test('a DNS that is silent gives temperror within authTime, and the session goes on', async () => {
    const here = await place({
      resolver: { resolve: () => new Promise<DnsAnswer>(() => {}) },
      limits: { authTime: 4000 },
    })
    const began = here.world.now
    const client = await deliver(here, await signed())
    assert.equal(here.taken.length, 0)
    await here.world.advance(4000)
    assert.match(client.heard, /^250 2\.0\.0 /m)
    assert.equal(
      words(here.taken[0]!.auth),
      'dkim=temperror spf=temperror dmarc=temperror (null) rdns=temperror arc=none',
    )
    assert.equal(here.world.now - began, 4000)
    client.send('NOOP\r\n')
    await here.world.settle()
    assert.match(client.heard, /250 2\.0\.0 OK\r\n$/)
  })

  for (const [what, zones] of [
    ['times out', SILENT],
    ['fails', FAILING],
  ] as const) {
    test(`a DNS that ${what} is temperror, never a pass`, async () => {
      const here = await place({}, zones)
      await deliver(here, await signed())
      await here.world.advance(25_000)
      assert.match(
        words(here.taken[0]!.auth),
        /^dkim=temperror spf=temperror dmarc=temperror \(null\) rdns=temperror/,
      )
    })
  }

  test('SPF and reverse DNS are asked at MAIL, the keys while the body is still coming, DMARC is waiting at the dot', async () => {
    const asked: string[] = []
    const world = new VirtualWorld({ zones: ZONES, now: NOW })
    const here = await place({
      resolver: {
        resolve: (name, type) => {
          asked.push(`${type} ${name}`)
          return world.host().resolve(name, type)
        },
      },
    })
    const text = await signed()
    const client = await Client.connect(here.world, 25, JOES_PLACE)
    client.send('EHLO mx.football.example.com\r\n')
    await here.world.settle()
    assert.equal(asked.length, 0)
    client.send('MAIL FROM:<joe@football.example.com>\r\n')
    await here.world.settle()
    assert.equal(asked.includes('TXT football.example.com'), true)
    assert.equal(asked.includes('PTR 7.100.51.198.in-addr.arpa'), true)
    client.send('RCPT TO:<suzie@example.test>\r\nDATA\r\n')
    await here.world.settle()
    const before = asked.length
    client.send(text.slice(0, text.indexOf('\r\n\r\n') + 10))
    await here.world.settle()
    assert.deepEqual(asked.slice(before).sort(), [
      'TXT _dmarc.football.example.com',
      'TXT brisbane._domainkey.football.example.com',
    ])
    client.send(dotted(text.slice(text.indexOf('\r\n\r\n') + 10)))
    await here.world.settle()
    assert.equal(here.taken[0]!.auth.dmarc, 'pass')
  })

  test('reverse DNS is asked once in a session, and the cache answers the rest', async () => {
    let questions = 0
    const world = new VirtualWorld({ zones: ZONES, now: NOW })
    const here = await place({
      resolver: {
        resolve: (name, type) => {
          questions++
          return world.host().resolve(name, type)
        },
      },
    })
    const client = await deliver(here, await signed())
    const first = questions
    client.send(ENVELOPE)
    await here.world.settle()
    client.send(dotted(await signed()))
    await here.world.settle()
    assert.equal(here.taken.length, 2)
    assert.equal(questions, first)
    assert.equal(words(here.taken[1]!.auth), words(here.taken[0]!.auth))
  })

  test('a client that goes away, says RSET or EHLO leaves no question and no timer behind', async () => {
    const here = await place({ resolver: { resolve: () => new Promise<DnsAnswer>(() => {}) } })
    const client = await Client.connect(here.world, 25, JOES_PLACE)
    for (const last of ['RSET\r\n', 'EHLO again.test\r\n', 'QUIT\r\n']) {
      client.send('EHLO c.test\r\nMAIL FROM:<joe@football.example.com>\r\n')
      await here.world.settle()
      client.send(last)
      await here.world.settle()
    }
    assert.equal(client.closed, true)
    await here.world.run(here.server.close(), 1000)
    assert.deepEqual(here.errors, [])
  })
})

describe('hostile', () => {
  const domain = 'v=spf1 include:a.evil.example -all'
  const HOSTILE: readonly (readonly [what: string, zones: string, auth: RegExp])[] = [
    [
      'an SPF record that includes itself',
      `football.example.com TXT "v=spf1 include:football.example.com -all"`,
      /spf=permerror/,
    ],
    [
      'two records that include each other',
      `football.example.com TXT "${domain}"\n a.evil.example TXT "v=spf1 include:football.example.com"`,
      /spf=permerror/,
    ],
    [
      'a TXT record of 64 KB',
      `football.example.com TXT "v=spf1 ${'a:x.example '.repeat(5500)}"`,
      /spf=(?:perm|temp)error/,
    ],
    [
      'a key record of 64 KB',
      `brisbane._domainkey.football.example.com TXT "v=DKIM1; p=${'A'.repeat(65_000)}"`,
      /dkim=(?:perm|temp)error/,
    ],
    [
      'CNAMEs in a circle',
      `football.example.com CNAME x.example\n x.example CNAME football.example.com`,
      /spf=temperror/,
    ],
  ]
  for (const [what, zones, auth] of HOSTILE) {
    test(`${what}: a verdict, and no pass`, async () => {
      const here = await place({}, zones)
      const client = await deliver(here, await signed())
      await here.world.advance(20_000)
      assert.match(client.heard, /^250 2\.0\.0 /m)
      assert.match(words(here.taken[0]!.auth), auth)
      assert.doesNotMatch(words(here.taken[0]!.auth), /pass/)
    })
  }

  test('a thousand signatures: eight are looked at', async () => {
    const here = await place()
    const fields = await dkimSign(message(JOE), { keys: [KEY], now: NOW })
    await deliver(here, fields.repeat(1000) + message(JOE).toString())
    const { details } = here.taken[0]!.auth
    assert.equal(details?.dkim.signatures.length, 8)
    assert.equal(details?.dkim.ignored, 992)
  })

  test('a resolver that throws: temperror, and nobody else notices', async () => {
    const here = await place({
      resolver: {
        resolve: () => {
          throw new Error('broken')
        },
      },
    })
    await deliver(here, await signed())
    assert.equal(here.taken[0]!.auth.spf, 'temperror')
  })
})
