// Attacks on outgoing mail: injection through envelope, header and options; smuggling; hostile DNS; loops of reports; options by name.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import {
  type AuthMechanism,
  type ClientCredentials,
  createPool,
  createServer,
  createTransport,
  type MailError,
  type SendMailOptions,
  sendMail,
} from '../../src/index.ts'
import { mta, worldWith } from '../delivery/support.ts'

const ZONES =
  'two.test A 198.51.100.20\nevil.test MX 10 mx.evil.test\nmx.evil.test A 169.254.169.254\nself.test MX 10 self.test\nself.test A 127.0.0.1'
const letter = { from: 'alice@sender.test', to: 'bob@two.test', subject: 'Hi', text: 'Body' }

const INJECTIONS: readonly (readonly [string, Partial<SendMailOptions>, string])[] = [
  ['recipient', { envelope: { from: 'a@b.test', to: ['x@two.test>\r\nRCPT TO:<y@two.test'] } }, 'EMESSAGE'],
  ['recipient with LF', { envelope: { from: 'a@b.test', to: ['x@two.test\nDATA'] } }, 'EMESSAGE'],
  ['sender', { envelope: { from: 'a@b.test> SIZE=1\r\nDATA\r\n', to: ['x@two.test'] } }, 'EMESSAGE'],
  ['subject', { subject: 'Hi\r\nBcc: y@two.test' }, 'EMESSAGE'],
  ['header name', { headers: { 'X\r\nBcc': 'y' } }, 'EMESSAGE'],
  ['Message-ID', { messageId: '<a@b>\r\nX: y' }, 'EMESSAGE'],
  ['dsn.id', { dsn: { id: 'a\r\nDATA' } }, 'ECONFIG'],
  ['dsn.notify', { dsn: { notify: 'success\r\n' + 'DATA' } }, 'ECONFIG'],
  ['dsn.recipient', { dsn: { recipient: 'rfc822;a\r\nDATA' } }, 'ECONFIG'],
  ['idempotencyKey', { idempotencyKey: 'a\r\nb' }, 'ECONFIG'],
  ['relay.host', { relay: { host: 'a\r\nb' } }, 'ECONFIG'],
]

for (const [where, options, code] of INJECTIONS) {
  test(`injection: CR and LF in ${where} are refused, and nothing is sent`, async () => {
    const world = worldWith(ZONES)
    const two = await mta(world, '198.51.100.20', { domains: ['two.test'] })
    const error = await world.run(sendMail({ ...letter, runtime: world.host('192.0.2.1'), ...options })).then(
      () => assert.fail('it was sent'),
      caught => caught as MailError,
    )
    assert.equal(error.code, code, error.message)
    assert.equal(two.arrived.length, 0)
  })
}

test('injection: what stands behind a recipient is no parameter of RCPT', async () => {
  const world = worldWith(ZONES)
  const two = await mta(world, '198.51.100.20', { domains: ['two.test'] })
  const envelope = { from: 'a@b.test', to: ['x@two.test> NOTIFY=NEVER'] }
  await world.run(sendMail({ ...letter, envelope, runtime: world.host('192.0.2.1') }))
  assert.deepEqual(two.arrived[0]!.to, ['x@two.test'])
  assert.equal(two.arrived[0]!.recipients[0]!.params.notify, null)
})

test('injection: the name for EHLO is checked', () => {
  for (const hostname of ['a\r\nMAIL FROM:<x>', 'a b', '']) {
    assert.throws(() => createPool({ hostname }), { code: 'ECONFIG' })
    assert.throws(() => createTransport({ name: hostname }), { code: 'ECONFIG' })
  }
})

for (const end of ['\n.\n', '\r.\r', '\n.\r\n', '\r\n.\n', '\r\n.\r', '\r.\r\n']) {
  test(`smuggling: ${JSON.stringify(end)} in a raw message is part of one message`, async () => {
    const world = worldWith(ZONES)
    const two = await mta(world, '198.51.100.20', { domains: ['two.test'] })
    const raw = `From: a@b.test\r\nSubject: x\r\n\r\nfirst${end}MAIL FROM:<evil@two.test>\r\nRCPT TO:<bob@two.test>\r\nDATA\r\nsecond\r\n`
    await world.run(
      sendMail({
        raw,
        envelope: { from: 'a@b.test', to: ['bob@two.test'] },
        runtime: world.host('192.0.2.1'),
      }),
    )
    assert.equal(two.arrived.length, 1)
    assert.ok(two.arrived[0]!.raw.includes('\r\n.\r\nMAIL FROM:<evil@two.test>\r\n'))
    assert.ok(!/[^\r]\n|\r[^\n]/.test(two.arrived[0]!.raw), 'every line ends in CRLF')
  })
}

/** SCRAM derives its keys in real time, and never says the password. */
const SECRETS: readonly (readonly [method: AuthMechanism, auth: ClientCredentials])[] = [
  ['PLAIN', { user: 'alice', pass: 'correct horse' }],
  ['LOGIN', { user: 'alice', pass: 'correct horse' }],
  ['CRAM-MD5', { user: 'alice', pass: 'correct horse' }],
  ['XOAUTH2', { user: 'alice', accessToken: 'correct-horse' }],
  ['OAUTHBEARER', { user: 'alice', accessToken: 'correct-horse' }],
]

for (const [method, auth] of SECRETS) {
  test(`secrets in logs: neither onLine nor an error tells what proves ${method}, nor what is in a message`, async () => {
    for (const isRight of [true, false]) {
      const world = worldWith(ZONES)
      const { server, arrived } = await mta(world, '198.51.100.20', {
        domains: ['two.test'],
        options: { ports: { submission: 587 }, allowInsecureAuth: true, auth: { mechanisms: [method] } },
      })
      server.on('auth', info => {
        if (!isRight) info.reject()
        else if (method === 'CRAM-MD5') info.acceptSecret('correct horse')
        else info.accept('alice')
      })
      const lines: string[] = []
      const pool = createPool({
        runtime: world.host('192.0.2.1'),
        onLine: (_host, from, line) => lines.push(`${from} ${line}`),
      })
      const relay = { host: '198.51.100.20', ignoreTLS: true, requireTLS: false, allowInsecureAuth: true }
      const sent = sendMail({
        ...letter,
        text: 'secret of the letter',
        pool,
        relay: { ...relay, auth: { ...auth, method } },
      })
      const error = await world.run(
        sent.then(
          () => null,
          reason => reason,
        ),
      )
      pool.close()
      assert.equal(error === null, isRight, String(error))
      assert.equal(arrived.length, isRight ? 1 : 0)
      assert.ok(
        lines.some(line => line.startsWith('client AUTH ')),
        lines.join('\n'),
      )
      const told = `${lines.join('\n')}\n${inspect(error, { depth: 10 })}`
      const words = told
        .split(/[\s'"]+/)
        .flatMap(word => [word, Buffer.from(word, 'base64').toString('latin1')])
      for (const word of [told, ...words]) {
        assert.ok(!/correct.horse|secret of the letter/.test(word), word)
      }
    }
  })
}

test("a stranger's MX record points at no host of ours: cloud metadata, loopback", async () => {
  const world = worldWith(ZONES)
  for (const to of [
    'x@evil.test',
    'x@self.test',
    'x@[169.254.169.254]',
    'x@[IPv6:::1]',
    'x@[IPv6:::ffff:127.0.0.1]',
  ]) {
    const error = await world.run(sendMail({ ...letter, to, runtime: world.host('192.0.2.1') })).then(
      () => assert.fail(`sent to ${to}`),
      caught => caught as MailError,
    )
    assert.equal(error.enhancedCode, '5.4.4', to)
  }
})

test('a DNS that never answers makes the mail wait, not hang', async () => {
  const world = worldWith('slow.test TIMEOUT')
  const started = world.now
  const error = await world
    .run(sendMail({ ...letter, to: 'x@slow.test', runtime: world.host('192.0.2.1') }))
    .then(
      () => assert.fail('it was sent'),
      caught => caught as MailError,
    )
  assert.equal(error.permanent, false)
  assert.ok(world.now - started <= 20_000)
})

test('a server that goes silent at any point ends in an error in its time', async () => {
  const world = worldWith(ZONES)
  for (const silentAt of ['', 'EHLO', 'MAIL', 'RCPT', 'DATA', 'From']) {
    const runtime = world.host('198.51.100.20')
    const listener = await runtime.listen({ port: 25 }, connection => {
      connection.open({
        data: bytes => {
          const text = Buffer.from(bytes).toString()
          if (silentAt !== '' && text.startsWith(silentAt)) return
          connection.write(Buffer.from(text.startsWith('DATA') ? '354 go\r\n' : '250 ok\r\n'))
        },
        end: () => connection.end(),
        drain() {},
        secured() {},
        closed() {},
      })
      if (silentAt !== '') connection.write(Buffer.from('220 hi\r\n'))
    })
    const error = await world.run(sendMail({ ...letter, runtime: world.host('192.0.2.1') }), 3_600_000).then(
      () => assert.fail('it was sent'),
      caught => caught as MailError,
    )
    assert.equal(error.code, 'ETIMEDOUT', silentAt)
    assert.equal(error.ambiguous ?? false, silentAt === 'From')
    await listener.close()
    await world.advance(3_600_000)
  }
})

test('two servers that cannot deliver to each other make no loop of reports', async () => {
  const world = worldWith('a.test A 198.51.100.1\nb.test A 198.51.100.2')
  const servers = await Promise.all(
    [
      ['a.test', '198.51.100.1'],
      ['b.test', '198.51.100.2'],
    ].map(async ([domain, address]) => {
      const server = createServer({
        hostname: domain!,
        ports: { inbound: 25 },
        runtime: world.host(address!),
        mailAuth: false,
      })
      server.addDomain(domain!)
      let seen = 0
      server.on('smtpSession', session => {
        session.on('rcpt', (recipient, _params, context) =>
          recipient.startsWith('forward') ? context.accept() : context.reject(550, '5.1.1 nobody'),
        )
        session.on('mail', mail => {
          seen++
          // a forwarder that sends everything on, reports too
          server
            .send({
              raw: mail.rawBytes,
              envelope: { from: mail.from, to: [domain === 'a.test' ? 'forward@b.test' : 'nobody@a.test'] },
            })
            .catch(() => {})
          mail.accept()
        })
      })
      await server.listen()
      return { server, seen: () => seen }
    }),
  )
  await world.run(
    servers[1]!.server.send({ from: 'nobody@b.test', to: ['forward@a.test'], subject: 'x', text: 'x' }),
  )
  await world.advance(20 * 86_400_000)
  assert.ok(servers[0]!.seen() + servers[1]!.seen() <= 3)
  for (const { server } of servers) await world.run(server.close())
})

test('ten thousand messages that wait hold no more connections than the pool has', async () => {
  const world = worldWith(ZONES)
  let open = 0
  let most = 0
  const two = await mta(world, '198.51.100.20', { domains: ['two.test'] })
  two.server.on('connection', () => {
    most = Math.max(most, ++open)
  })
  const pool = createPool({ runtime: world.host('192.0.2.1'), maxPerDomain: 3, reconnectDelay: 0 })
  for (let i = 0; i < 10_000; i++) sendMail({ ...letter, to: `u${i}@two.test`, pool }).catch(() => {})
  await world.advance(5_000)
  assert.ok(most <= 3, `${most} connections`)
  assert.equal(two.arrived.length, 60, 'and no more than the rate allows')
  assert.ok(pool.stats.waiting >= 9_900)
})

for (const [options, name] of [
  [{ delivery: { retries: 1 } }, 'retries'],
  [{ delivery: { retry: { firstDelayMs: -1 } } }, 'delivery.retry.firstDelayMs'],
  [{ delivery: { whenAmbiguous: 'maybe' } }, 'delivery.whenAmbiguous'],
  [{ delivery: { answerWithin: 0 } }, 'delivery.answerWithin'],
  [{ delivery: { transports: { 'x.test': { port: 25 } } } }, 'transports["x.test"].host'],
  [{ pool: { maxPerDomain: 0 } }, 'maxPerDomain'],
  [{ relay: { host: 'x', port: 70_000 } }, 'relay.port'],
  [{ dkimCallback: 'x' }, 'dkimCallback'],
] as const) {
  test(`createServer names the option that is wrong: ${name}`, () => {
    assert.throws(
      () => createServer(options as never),
      (error: MailError) => error.code === 'ECONFIG' && error.message.includes(name),
    )
  })
}
