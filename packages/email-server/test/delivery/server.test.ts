// server.send, mail.deliver and server.sendDsn in a world of servers: attempts for days, reports, events, the shortest way home.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { drive } from '../../src/base/drive.ts'
import { DEFAULT_LIMITS } from '../../src/base/limits.ts'
import {
  createServer,
  dkimVerify,
  type IncomingMail,
  type MailError,
  MemoryQueue,
  parseReport,
  type SendResult,
  type Server,
  type ServerOptions,
} from '../../src/index.ts'
import { SmtpClientSession } from '../../src/smtp/index.ts'
import type { VirtualWorld } from '../../src/testing/index.ts'
import { type Links, type Mta, mta, worldWith } from './support.ts'

const HOME = '192.0.2.1'
const ZONES = `
  home.test       MX 10 mx.home.test
  mx.home.test    A  ${HOME}
  far.test        MX 10 mx.far.test
  mx.far.test     A  198.51.100.1
  other.test      A  198.51.100.2
  dead.test       MX 10 mx.dead.test
  mx.dead.test    A  198.51.100.9
`
const HOUR = 3_600_000
const DAY = 24 * HOUR

interface Home {
  readonly world: VirtualWorld
  readonly links: Links
  readonly server: Server
  /** What came to our own mailboxes. */
  readonly inbox: {
    readonly mail: string
    readonly from: string
    readonly to: readonly string[]
    readonly at: number
  }[]
  readonly events: string[]
}

async function home(options: Partial<ServerOptions> = {}, zones = ZONES): Promise<Home> {
  const links: Links = new Map()
  const world = worldWith(zones, links)
  const server = createServer({
    hostname: 'mx.home.test',
    ports: { inbound: 25, submission: 587 },
    runtime: world.host(HOME),
    mailAuth: false,
    allowInsecureAuth: true,
    ...options,
  })
  server.addDomain('home.test')
  const inbox: Home['inbox'] = []
  const events: string[] = []
  server.on('auth', info => info.accept())
  server.on('smtpSession', session => {
    session.on('mail', mail => {
      if (session.isSubmission) {
        mail.deliver((error, info) => {
          if (error) mail.reject(error.permanent ? 550 : 451, error.message)
          else {
            events.push(`delivered ${info!.accepted.join()} pending ${info!.pending.join()}`)
            mail.accept()
          }
        })
        return
      }
      inbox.push({
        mail: Buffer.from(mail.rawBytes).toString('latin1'),
        from: mail.from,
        to: mail.to,
        at: world.now,
      })
      mail.accept()
    })
  })
  server.on(
    'sent',
    ({ recipient, attempt, host }) => void events.push(`sent ${recipient} ${host} ${attempt}`),
  )
  server.on('retry', ({ recipient, attempt }) => void events.push(`retry ${recipient} ${attempt}`))
  server.on(
    'bounce',
    ({ recipient, attempt, error }) =>
      void events.push(`bounce ${recipient} ${attempt} ${error.enhancedCode}`),
  )
  server.on('ambiguous', ({ recipient }) => void events.push(`ambiguous ${recipient}`))
  server.on(
    'report',
    ({ action, recipient, messageId }) => void events.push(`report ${action} ${recipient} ${messageId}`),
  )
  await server.listen()
  return { world, links, server, inbox, events }
}

const letter = { from: 'alice@home.test', subject: 'Hi', text: 'Body' }

test('a message for our own domain goes to our own listener, whatever the DNS says', async () => {
  const { world, server, inbox, events } = await home({}, 'other.test A 198.51.100.2')
  const info = await world.run(server.send({ ...letter, to: 'bob@home.test' }))
  assert.deepEqual(info.accepted, ['bob@home.test'])
  assert.equal(inbox.length, 1)
  assert.equal(events[0], 'sent bob@home.test 127.0.0.1 1')
  await world.run(server.close())
})

test('a host that comes back after hours gets the message then, and the sender is told once that it takes longer', async () => {
  const { world, links, server, inbox, events } = await home()
  links.set('198.51.100.1', 'refused')
  const far = await mta(world, '198.51.100.1', { domains: ['far.test'] })
  const started = world.now
  const info = await world.run(server.send({ ...letter, to: 'bob@far.test' }))
  assert.deepEqual([info.accepted, info.pending, info.queued], [[], ['bob@far.test'], true])
  await world.advance(10 * HOUR)
  assert.equal(far.arrived.length, 0)
  assert.equal(inbox.length, 1, 'one report of delay')
  const report = parseReport(inbox[0]!.mail)
  assert.ok(report?.kind === 'dsn')
  assert.equal(report.recipients[0]!.action, 'delayed')
  assert.equal(report.originalMessageId, info.messageId)
  assert.ok(inbox[0]!.at - started >= 4 * HOUR)
  assert.equal(inbox[0]!.from, '')
  links.delete('198.51.100.1')
  await world.advance(5 * HOUR)
  assert.equal(far.arrived.length, 1)
  assert.match(far.arrived[0]!.raw, new RegExp(`^Message-ID: ${info.messageId}\\r`, 'im'))
  assert.match(events.at(-1)!, /^sent bob@far\.test mx\.far\.test \d+$/)
  assert.equal(inbox.length, 1)
  await world.run(server.close())
})

test('a host that stays away for five days: waits grow, then the message is given back, once', async () => {
  const { world, links, server, inbox, events } = await home()
  links.set('198.51.100.9', 'unreachable')
  const started = world.now
  await world.run(server.send({ ...letter, to: 'bob@dead.test' }))
  await world.advance(6 * DAY)
  const retries = events.filter(event => event.startsWith('retry'))
  assert.ok(retries.length >= 25 && retries.length <= 45, `${retries.length} attempts`)
  assert.match(events.find(event => event.startsWith('bounce'))!, /^bounce bob@dead\.test \d+ 5\.4\.7$/)
  const reports = inbox.map(({ mail, at }) => ({ report: parseReport(mail), at }))
  assert.deepEqual(
    reports.map(({ report }) => report?.kind === 'dsn' && report.recipients[0]!.action),
    ['delayed', 'failed'],
  )
  assert.ok(reports[1]!.at - started >= 5 * DAY && reports[1]!.at - started < 5 * DAY + HOUR)
  await world.advance(10 * DAY)
  assert.equal(inbox.length, 2)
  await world.run(server.close())
})

test("messages for a host that rests take nobody's turn, and nobody reads them", async () => {
  class CountingQueue extends MemoryQueue {
    reads = 0
    override content(id: string): ReturnType<MemoryQueue['content']> {
      this.reads++
      return super.content(id)
    }
  }
  const queue = new CountingQueue()
  const { world, links, server, events } = await home({ delivery: { queue } })
  links.set('198.51.100.9', 'refused')
  const sent = Array.from({ length: 300 }, (_, i) => server.send({ ...letter, to: `u${i}@dead.test` }))
  // in a rate of sixty a minute they would take five
  await world.run(Promise.all(sent))
  await world.advance(20_000)
  assert.equal(events.filter(event => event.startsWith('retry')).length, 300)
  assert.ok(queue.reads <= 3, `${queue.reads} messages were read`)
  links.delete('198.51.100.9')
  const dead = await mta(world, '198.51.100.9', { domains: ['dead.test'] })
  await world.advance(HOUR)
  assert.equal(dead.arrived.length, 300)
  await world.run(server.close())
})

test('half the hosts refuse: a hundred messages, none lost, none twice', async () => {
  const zones = Array.from(
    { length: 10 },
    (_, i) => `d${i}.test MX 10 mx.d${i}.test\nmx.d${i}.test A 198.51.100.${10 + i}`,
  )
  const { world, links, server, events } = await home(
    { delivery: { reports: true } },
    `${ZONES}${zones.join('\n')}`,
  )
  const mtas: Mta[] = []
  for (let i = 0; i < 10; i++) {
    mtas.push(await mta(world, `198.51.100.${10 + i}`, { domains: [`d${i}.test`] }))
    if (i % 2) links.set(`198.51.100.${10 + i}`, i % 4 === 1 ? 'refused' : 'unreachable')
  }
  const all = Array.from({ length: 100 }, (_, n) =>
    server
      .send({ ...letter, subject: `n${n}`, to: `u${n}@d${n % 10}.test` })
      .catch((error: MailError) => assert.fail(error)),
  )
  const results = await world.run(Promise.all(all))
  assert.equal(results.filter(({ accepted }) => accepted.length === 1).length, 50)
  assert.equal(results.filter(({ queued }) => queued).length, 50)
  await world.advance(8 * HOUR)
  links.clear()
  await world.advance(12 * HOUR)
  const subjects = mtas.flatMap(({ arrived }) => arrived.map(({ raw }) => /^Subject: (n\d+)/m.exec(raw)![1]!))
  assert.equal(subjects.length, 100)
  assert.equal(new Set(subjects).size, 100)
  assert.equal(events.filter(event => event.startsWith('bounce')).length, 0)
  await world.run(server.close())
})

test('a refusal for some, after others were taken, goes back as a report; a refusal for all goes to the caller alone', async () => {
  const { world, server, inbox } = await home()
  await mta(world, '198.51.100.1', {
    domains: ['far.test'],
    rcpt: address => (address.startsWith('no') ? [550, '5.1.1 no'] : null),
  })
  const info = await world.run(
    server.send({ ...letter, to: ['yes@far.test', 'no1@far.test', 'no2@far.test'] }),
  )
  assert.deepEqual(
    info.rejected.map(({ address }) => address),
    ['no1@far.test', 'no2@far.test'],
  )
  await world.settle()
  assert.equal(inbox.length, 1, 'one report for both')
  const report = parseReport(inbox[0]!.mail)
  assert.ok(report?.kind === 'dsn')
  assert.deepEqual(
    report.recipients.map(({ finalRecipient, action, status }) => [finalRecipient, action, status]),
    [
      ['no1@far.test', 'failed', '5.1.1'],
      ['no2@far.test', 'failed', '5.1.1'],
    ],
  )
  const error = await world.run(
    server.send({ ...letter, to: 'no3@far.test' }).catch((caught: MailError) => caught),
  )
  assert.equal((error as MailError).enhancedCode, '5.1.1')
  await world.advance(DAY)
  assert.equal(inbox.length, 1)
  await world.run(server.close())
})

test('nobody is sent a report about a report, nor by the null sender', async () => {
  const { world, links, server, inbox } = await home()
  links.set('198.51.100.9', 'refused')
  await mta(world, '198.51.100.1', {
    domains: ['far.test'],
    rcpt: address => (address.startsWith('no') ? [550, '5.1.1 no'] : null),
  })
  await world.run(
    server.send({
      ...letter,
      from: 'x@dead.test',
      envelope: { from: '', to: ['yes@far.test', 'no@far.test'] },
    }),
  )
  // the report of this one cannot be delivered itself
  await world.run(server.send({ ...letter, from: 'x@dead.test', to: ['yes@far.test', 'no@far.test'] }))
  await world.advance(10 * DAY)
  assert.equal(inbox.length, 0)
  await world.run(server.close())
})

test('sendDsn sends with the null sender, buildDsn only builds', async () => {
  const { world, server } = await home()
  const far = await mta(world, '198.51.100.1', { domains: ['far.test'] })
  const options = {
    to: 'bob@far.test',
    recipients: [
      {
        finalRecipient: 'gone@home.test',
        action: 'failed' as const,
        status: '5.1.1',
        diagnostic: '550 5.1.1 gone',
      },
    ],
  }
  const info = await world.run(server.sendDsn(options))
  assert.deepEqual(info.accepted, ['bob@far.test'])
  assert.equal(far.arrived[0]!.from, '')
  const report = parseReport(far.arrived[0]!.raw)
  assert.ok(report?.kind === 'dsn' && report.reportingMta?.includes('mx.home.test'))
  assert.equal(parseReport(server.buildDsn(options))?.kind, 'dsn')
  await world.run(server.close())
})

test('what leaves in the name of a domain with a key is signed, and by dkimCallback otherwise', async () => {
  // it is loaded by the first signature, in real time, which the virtual clock does not wait for
  await import('../../src/trust/index.ts')
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const p = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  const asked: string[] = []
  const { world, server } = await home({
    dkimCallback: (domain, callback) => {
      asked.push(domain)
      callback(null, domain === 'guest.test' ? { domain, selector: 's', privateKey: pem } : null)
    },
  })
  const far = await mta(world, '198.51.100.1', { domains: ['far.test'] })
  server.addDomain({ domain: 'home.test', dkim: { selector: 's', privateKey: pem } })
  const from = ['alice@home.test', 'bob@sub.home.test', 'carol@guest.test', 'dave@nobody.test']
  for (const author of from) await world.run(server.send({ ...letter, from: author, to: 'x@far.test' }))
  world.zones.add(`s._domainkey.home.test TXT v=DKIM1; p=${p}\ns._domainkey.guest.test TXT v=DKIM1; p=${p}`)
  const verdicts: string[] = []
  for (const { raw } of far.arrived) {
    // the Received field in front is the receiver's
    const result = await world.run(
      dkimVerify(Buffer.from(raw, 'latin1'), { resolver: world.host(HOME), runtime: world.host(HOME) }),
    )
    verdicts.push(result.signatures.map(({ result: verdict, domain }) => `${verdict} ${domain}`).join())
  }
  assert.deepEqual(verdicts, ['pass home.test', 'pass home.test', 'pass guest.test', ''])
  assert.deepEqual(asked, ['guest.test', 'nobody.test'])
  await world.run(server.close())
})

test('the same idempotencyKey sends once, and makes the Message-ID', async () => {
  const { world, server } = await home()
  const far = await mta(world, '198.51.100.1', { domains: ['far.test'] })
  const send = (): Promise<SendResult> =>
    world.run(server.send({ ...letter, to: 'x@far.test', idempotencyKey: 'order 7' }))
  const first = await send()
  const second = await send()
  assert.equal(far.arrived.length, 1)
  assert.equal(second.messageId, first.messageId)
  await world.run(server.close())
})

test('a clock that jumps a day, either way, neither ends waiting early nor makes a storm', async () => {
  for (const jump of [DAY * 30, -DAY]) {
    const links: Links = new Map([['198.51.100.9', 'refused']])
    const world = worldWith(ZONES, links)
    let skew = 0
    const real = world.host(HOME)
    const server = createServer({
      hostname: 'mx.home.test',
      ports: { inbound: 25 },
      runtime: { ...real, now: () => real.now() + skew },
      mailAuth: false,
    })
    const attempts: number[] = []
    let bounced = false
    server.on('retry', () => void attempts.push(world.now))
    server.on('bounce', ({ recipient }) => {
      bounced ||= recipient === 'bob@dead.test'
    })
    await server.listen()
    await world.run(server.send({ ...letter, to: 'bob@dead.test' }))
    await world.advance(6 * HOUR)
    skew = jump
    const before = attempts.length
    await world.advance(DAY)
    assert.equal(bounced, false, 'no early end')
    const after = attempts.length - before
    assert.ok(after >= 3 && after <= 12, `${after} attempts in the day after a jump of ${jump / HOUR} h`)
    await world.run(server.close())
  }
})

/** A client of ours at another host hands a message in. */
async function submit(
  world: VirtualWorld,
  transaction: Parameters<SmtpClientSession['send']>[0],
  port = 587,
): Promise<string> {
  const runtime = world.host('192.0.2.77')
  const dialogue = async (): Promise<string> => {
    const connection = await runtime.connect({ host: HOME, port })
    const session = new SmtpClientSession({
      isServer: false,
      hostname: 'client.test',
      allowInsecureAuth: true,
      now: world.now,
    })
    drive({
      connection,
      runtime,
      limits: DEFAULT_LIMITS,
      side: 'client',
      tls: null,
      implicitTls: false,
      start: () => session,
      onClosed: () => {},
    })
    await session.ready()
    if (port === 587) await session.authenticate({ user: 'alice', pass: 'x', method: 'PLAIN' })
    const result = await session.send(transaction).then(
      ({ response }) => response,
      (error: MailError) => error.response ?? error.message,
    )
    await session.quit()
    return result
  }
  return world.run(dialogue())
}

test('mail.deliver: what a client submits is sent on, with its envelope, Bcc taken out, Date and Message-ID put in', async () => {
  const { world, server, events } = await home()
  const far = await mta(world, '198.51.100.1', { domains: ['far.test'], options: {} })
  const content = Buffer.from(
    'From: alice@home.test\r\nTo: bob@far.test\r\nBcc: secret@far.test\r\nSubject: x\r\n\r\nBody\r\n',
  )
  const reply = await submit(world, {
    from: 'alice@home.test',
    to: ['bob@far.test', 'secret@far.test'],
    content,
  })
  assert.match(reply, /^250 /)
  assert.deepEqual(far.arrived[0]!.to, ['bob@far.test', 'secret@far.test'])
  const { raw } = far.arrived[0]!
  assert.ok(!/^Bcc/im.test(raw))
  assert.match(raw, /^Date: /m)
  assert.match(raw, /^Message-ID: <[0-9a-f.]+@(mx\.)?home\.test>\r$/m)
  assert.equal(raw.match(/^Received:/gm)!.length, 2, 'the field of our submission listener is kept')
  assert.equal(events.at(-1), 'delivered bob@far.test,secret@far.test pending ')
  await world.run(server.close())
})

test('mail.deliver: a refusal for all is told to the client, and one that passes leaves the message in the queue', async () => {
  const { world, links, server, inbox } = await home()
  await mta(world, '198.51.100.1', { domains: ['far.test'], rcpt: () => [550, '5.1.1 nobody'] })
  links.set('198.51.100.9', 'refused')
  const content = Buffer.from('From: alice@home.test\r\nSubject: x\r\n\r\nBody\r\n')
  assert.match(await submit(world, { from: 'alice@home.test', to: ['bob@far.test'], content }), /^550 /)
  assert.match(await submit(world, { from: 'alice@home.test', to: ['bob@dead.test'], content }), /^250 /)
  await world.advance(DAY)
  assert.equal(inbox.length, 1, 'the delay of the second; the first was told at once')
  await world.run(server.close())
})

test('mail.deliver answers within its time, and what fails later comes back as a report', async () => {
  const { world, server, inbox, events } = await home({ delivery: { answerWithin: 5000 } })
  // a server that says no after ten minutes
  const runtime = world.host('198.51.100.1')
  await runtime.listen({ port: 25 }, connection => {
    connection.open({
      data: bytes => {
        const text = Buffer.from(bytes).toString()
        if (text.startsWith('EHLO')) connection.write(Buffer.from('250 slow\r\n'))
        else if (text.startsWith('MAIL'))
          runtime.setTimer(200_000, () => connection.write(Buffer.from('550 5.7.1 no\r\n')))
        else connection.write(Buffer.from('250 ok\r\n'))
      },
      end: () => connection.end(),
      drain() {},
      secured() {},
      closed() {},
    })
    connection.write(Buffer.from('220 slow\r\n'))
  })
  const content = Buffer.from('From: alice@home.test\r\nSubject: x\r\n\r\nBody\r\n')
  assert.match(await submit(world, { from: 'alice@home.test', to: ['bob@far.test'], content }), /^250 /)
  assert.equal(events.at(-1), 'delivered  pending bob@far.test')
  await world.advance(HOUR)
  assert.equal(inbox.length, 1)
  const report = parseReport(inbox[0]!.mail)
  assert.ok(report?.kind === 'dsn' && report.recipients[0]!.status === '5.7.1')
  await world.run(server.close())
})

test('NOTIFY is kept: NEVER is silent, SUCCESS is told when the next server does not do it', async () => {
  const { world, server, inbox } = await home()
  await mta(world, '198.51.100.1', {
    domains: ['far.test'],
    rcpt: address => (address.startsWith('no') ? [550, '5.1.1 no'] : null),
  })
  await world.run(server.send({ ...letter, to: ['yes@far.test', 'no@far.test'], dsn: { notify: 'never' } }))
  await world.settle()
  assert.equal(inbox.length, 0)
  await world.run(
    server.send({
      ...letter,
      to: 'yes@far.test',
      dsn: { notify: ['success', 'failure'], id: 'ENV-42', return: 'headers', recipient: 'orig@far.test' },
    }),
  )
  await world.settle()
  const report = parseReport(inbox[0]!.mail)
  assert.ok(report?.kind === 'dsn')
  assert.equal(report.originalEnvelopeId, 'ENV-42')
  assert.deepEqual(
    report.recipients.map(({ action, originalRecipient }) => [action, originalRecipient]),
    [['relayed', 'orig@far.test']],
  )
  await world.run(server.close())
})

test('a report that comes in about a message of ours is an event on it', async () => {
  const { world, server, events } = await home()
  const far = await mta(world, '198.51.100.1', { domains: ['far.test'] })
  const info = await world.run(server.send({ ...letter, to: 'bob@far.test' }))
  const report = far.server.buildDsn({
    to: 'alice@home.test',
    originalMessage: Buffer.from(far.arrived[0]!.raw, 'latin1'),
    recipients: [
      { finalRecipient: 'bob@far.test', action: 'failed', status: '5.2.2', diagnostic: '552 5.2.2 full' },
    ],
  })
  await submit(world, { from: '', to: ['alice@home.test'], content: report }, 25)
  assert.equal(events.at(-1), `report failed bob@far.test ${info.messageId}`)
  await world.run(server.close())
})

for (const whenAmbiguous of ['bounce', 'retry'] as const) {
  test(`a connection lost after the final dot: ${whenAmbiguous}`, async () => {
    const { world, server, inbox, events } = await home({ delivery: { whenAmbiguous } })
    let dots = 0
    const runtime = world.host('198.51.100.1')
    await runtime.listen({ port: 25 }, connection => {
      let data = false
      connection.open({
        data: bytes => {
          const text = Buffer.from(bytes).toString()
          if (data) {
            if (!text.endsWith('\r\n.\r\n')) return
            dots++
            connection.destroy()
          } else if (text.startsWith('DATA')) {
            data = true
            connection.write(Buffer.from('354 go\r\n'))
          } else connection.write(Buffer.from('250 ok\r\n'))
        },
        end: () => connection.end(),
        drain() {},
        secured() {},
        closed() {},
      })
      connection.write(Buffer.from('220 bad\r\n'))
    })
    const outcome = await world.run(
      server.send({ ...letter, to: ['bob@far.test', 'carol@home.test'] }).catch((error: MailError) => error),
    )
    const info = outcome as SendResult
    assert.deepEqual(info.accepted, ['carol@home.test'])
    assert.deepEqual(info.ambiguous, ['bob@far.test'])
    assert.equal(info.rejectedErrors[0]!.ambiguous, true)
    await world.advance(HOUR)
    assert.ok(whenAmbiguous === 'retry' ? dots > 1 : dots === 1, `${dots} times`)
    assert.equal(events.includes('ambiguous bob@far.test'), whenAmbiguous === 'bounce')
    const reports = inbox.filter(({ from }) => from === '')
    assert.equal(reports.length, whenAmbiguous === 'bounce' ? 1 : 0)
    if (reports[0]) assert.match(reports[0].mail, /may have been\s+delivered/)
    await world.run(server.close())
  })
}

test('mail.deliver to some of the recipients, under a name, without waiting for an attempt', async () => {
  const { world, server, inbox } = await home()
  const { arrived } = await mta(world, '198.51.100.1', {
    domains: ['far.test'],
    rcpt: address => (address.startsWith('nobody') ? [550, '5.1.1 nobody'] : null),
  })
  const results: unknown[] = []
  const ids: string[] = []
  server.on('sent', ({ id }) => ids.push(id))
  server.on('bounce', ({ id }) => ids.push(id))
  server.on('smtpSession', session => {
    session.on('mail', async mail => {
      if (!session.isSubmission) return
      for (const options of [
        { to: ['stranger@far.test'] },
        { id: 'a b' },
        { id: '' },
        { answerWithin: -1 },
        { answerWithin: Number.NaN },
      ]) {
        await assert.rejects(mail.deliver(options), { code: 'EUSAGE' })
      }
      const to = ['bob@far.test', 'nobody@far.test']
      const { id, accepted, pending, queued } = await mail.deliver({ to, id: 'order-7', answerWithin: 0 })
      results.push({ id, accepted, pending, queued, arrived: arrived.length })
    })
  })
  const content = Buffer.from('From: alice@home.test\r\nSubject: x\r\n\r\nBody\r\n')
  await submit(world, {
    from: 'alice@home.test',
    to: ['bob@far.test', 'nobody@far.test', 'carol@far.test'],
    content,
  })
  await world.advance(HOUR)
  assert.deepEqual(results, [
    {
      id: 'order-7',
      accepted: [],
      pending: ['bob@far.test', 'nobody@far.test'],
      queued: true,
      arrived: 0,
    },
  ])
  assert.equal(ids.filter(id => id === 'order-7').length, 2)
  assert.ok(inbox.some(({ mail }) => /Final-Recipient: rfc822; ?nobody@far\.test/.test(mail)))
  await world.run(server.close())
})

test('a session without a server has nobody who delivers', async () => {
  const world = worldWith(ZONES)
  const mails: IncomingMail[] = []
  const { SmtpServerSession } = await import('../../src/smtp/index.ts')
  const runtime = world.host(HOME)
  await runtime.listen({ port: 25 }, connection => {
    drive({
      connection,
      runtime,
      limits: DEFAULT_LIMITS,
      side: 'server',
      tls: null,
      implicitTls: false,
      start: () => {
        const session = new SmtpServerSession({ role: 'inbound', isLocalDomain: () => true, now: world.now })
        session.on('mail', mail => {
          mails.push(mail)
          mail.accept()
        })
        return session
      },
      onClosed: () => {},
    })
  })
  await submit(
    world,
    { from: 'a@b.test', to: ['c@home.test'], content: Buffer.from('Subject: x\r\n\r\n') },
    25,
  )
  await assert.rejects(mails[0]!.deliver(), { code: 'EUSAGE' })
})
