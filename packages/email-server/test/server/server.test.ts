import assert from 'node:assert/strict'
import test from 'node:test'
import { createServer, type MailError } from '../../src/index.ts'
import { MemoryMailbox, VirtualWorld } from '../../src/testing/index.ts'
import { Client, listening, PORTS, SERVER } from './virtual.ts'

const GREETINGS: readonly (readonly [port: number, greeting: RegExp, goodbye: RegExp])[] = [
  [25, /^220 mx\.example\.test /, /^421 4\.3\.2 /m],
  [587, /^220 mx\.example\.test /, /^421 4\.3\.2 /m],
  [143, /^\* OK /, /^\* BYE /m],
  [110, /^\+OK /, /^-ERR /m],
]

for (const [port, greeting, goodbye] of GREETINGS) {
  test(`close() says goodbye to an idle client of port ${port} and ends when it has gone`, async () => {
    const world = new VirtualWorld()
    const server = await listening(world)
    const client = await Client.connect(world, port)
    assert.match(client.heard, greeting)
    let events = 0
    server.on('close', () => events++)
    await world.run(server.close(), 1000)
    assert.match(client.heard, goodbye)
    assert.equal(client.closed, true)
    assert.equal(events, 1)
    await assert.rejects(world.run(world.host('198.51.100.7').connect({ host: SERVER, port })), {
      code: 'ECONNECTION',
    })
  })
}

test('close() lets a message at hand come in, then says goodbye', async () => {
  const world = new VirtualWorld()
  const server = await listening(world)
  server.addDomain('example.test')
  const taken: string[] = []
  server.on('smtpSession', session => {
    session.on('mail', mail => {
      taken.push(Buffer.from(mail.rawBytes).toString())
      mail.accept()
    })
  })
  const client = await Client.connect(world, 25)
  client.send('EHLO c.test\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<b@example.test>\r\nDATA\r\n')
  await world.settle()
  assert.match(client.heard, /^354 /m)
  const closed = server.close()
  await world.settle()
  client.send('Subject: late\r\n\r\nbut whole\r\n.\r\n')
  await world.run(closed, 5000)
  assert.match(client.heard, /^250 2\.0\.0 [^\n]*\r\n421 4\.3\.2 [^\n]*\r\n$/m)
  assert.match(taken[0] ?? '', /Subject: late\r\n\r\nbut whole\r\n$/)
})

test('close() cuts what is still there after closeTimeout', async () => {
  const world = new VirtualWorld()
  const server = await listening(world, { closeTimeout: 3000 })
  server.addDomain('example.test')
  server.on('smtpSession', session => session.on('mail', mail => mail.accept()))
  const client = await Client.connect(world, 25)
  client.send('EHLO c.test\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<b@example.test>\r\nDATA\r\nSubject: never')
  await world.settle()
  const before = world.now
  await world.run(server.close(), 10_000)
  assert.equal(world.now - before, 3000)
  assert.equal(client.closed, true)
})

test('listen and close take callbacks too, and close may be called again', async () => {
  const world = new VirtualWorld()
  const server = createServer({ ports: { imap: 143 }, host: SERVER, runtime: world.host(SERVER) })
  await world.run(
    new Promise<void>((resolve, reject) => server.listen(error => (error ? reject(error) : resolve()))),
  )
  assert.deepEqual(server.ports, { imap: 143 })
  await world.run(new Promise<void>(resolve => server.close(resolve)))
  await world.run(server.close())
})

test('a port that is taken closes the others and rejects; the server can then be told to try again', async () => {
  const world = new VirtualWorld()
  const other = await listening(world, { ports: { pop3: 110 } })
  const server = createServer({ ports: PORTS, host: SERVER, runtime: world.host(SERVER) })
  await assert.rejects(world.run(server.listen()), { code: 'ECONNECTION', message: /110/ })
  assert.deepEqual(server.ports, {})
  await world.run(other.close())
  await world.run(server.listen())
  assert.deepEqual(server.ports, PORTS)
})

test("'connection' tells who is there, and reject() turns him away before a word is said", async () => {
  const world = new VirtualWorld()
  const server = await listening(world)
  const seen: string[] = []
  server.on('connection', info => {
    seen.push(`${info.listener} ${info.protocol} ${info.remoteAddress}`)
    if (info.remoteAddress === '203.0.113.66') info.reject()
  })
  const friend = await Client.connect(world, 143)
  const foe = await Client.connect(world, 25, '203.0.113.66')
  assert.deepEqual(seen, ['imap imap 198.51.100.7', 'inbound smtp 203.0.113.66'])
  assert.equal(foe.closed, true)
  assert.equal(foe.heard, '')
  assert.match(friend.heard, /^\* OK/)
})

test('one address has so many connections and no more; they are given back when they end', async () => {
  const world = new VirtualWorld()
  await listening(world, { limits: { connectionsPerAddress: 2 } })
  const first = await Client.connect(world, 143)
  await Client.connect(world, 110)
  const third = await Client.connect(world, 25)
  const stranger = await Client.connect(world, 25, '198.51.100.8')
  assert.equal(third.closed, true)
  assert.match(stranger.heard, /^220/)
  first.hangUp()
  await world.settle()
  assert.match((await Client.connect(world, 25)).heard, /^220/)
})

test('IPv6 connections count by their /64', async () => {
  const world = new VirtualWorld()
  await listening(world, { limits: { connectionsPerAddress: 1 } })
  assert.match((await Client.connect(world, 143, '2001:db8:0:1::1')).heard, /^\*/)
  assert.match(
    (await Client.connect(world, 143, '2001:db8:0:1:ffff::9')).heard,
    /^\* BYE Too many connections/,
  )
  assert.match((await Client.connect(world, 143, '2001:db8:0:2::1')).heard, /^\*/)
})

const LOGINS: readonly (readonly [
  port: number,
  login: string,
  inside: RegExp,
  refused: RegExp,
  later: RegExp,
])[] = [
  [143, 'a LOGIN u p\r\n', /^a OK /m, /^a NO \[AUTHENTICATIONFAILED\]/m, /^a NO \[UNAVAILABLE\]/m],
  [110, 'USER u\r\nPASS p\r\n', /^\+OK.*\r\n\+OK.*\r\n\+OK/m, /^-ERR \[AUTH\]/m, /^-ERR \[SYS\/TEMP\]/m],
  [587, 'EHLO c\r\nAUTH PLAIN AHUAcA==\r\n', /^235 2\.7\.0/m, /^535 5\.7\.8/m, /^454 4\.7\.0/m],
]

for (const [port, login, inside, refused, later] of LOGINS) {
  test(`port ${port}: 'auth' decides; without a listener nobody comes in; one that throws is a temporary failure`, async () => {
    const world = new VirtualWorld()
    const server = await listening(world)
    const errors: MailError[] = []
    server.on('error', error => errors.push(error))
    const box = new MemoryMailbox()
    server.on('mailboxSession', session => box.attach(session))

    const early = await Client.connect(world, port)
    early.send(login)
    await world.advance(2000)
    assert.match(early.heard, refused)

    let mode: 'accept' | 'throw' | 'reject' | 'async' = 'accept'
    server.on('auth', async info => {
      assert.equal(
        `${info.username} ${info.password} ${info.remoteAddress} ${info.isTLS}`,
        'u p 198.51.100.7 false',
      )
      if (mode === 'throw') throw new Error('the database is away')
      if (mode === 'reject') info.reject()
      else info.accept()
    })
    const good = await Client.connect(world, port)
    good.send(login)
    await world.advance(2000)
    assert.match(good.heard, inside)

    mode = 'throw'
    const unlucky = await Client.connect(world, port)
    unlucky.send(login)
    await world.advance(2000)
    assert.match(unlucky.heard, later)
    assert.doesNotMatch(unlucky.heard, /database/)
    assert.equal(errors.length > 0, true)
    assert.equal(unlucky.closed, false)
  })
}

test('an auth listener that never answers is answered for', async () => {
  const world = new VirtualWorld()
  const server = await listening(world, { limits: { handlerTime: 5000 } })
  server.on('auth', () => {})
  server.on('error', () => {})
  const client = await Client.connect(world, 143)
  client.send('a LOGIN u p\r\n')
  await world.advance(4000)
  assert.doesNotMatch(client.heard, /^a /m)
  await world.advance(3000)
  assert.match(client.heard, /^a NO \[UNAVAILABLE\]/m)
})

test('forEachMailboxSession visits who is logged in; a visitor that throws is reported and stops nobody', async () => {
  const world = new VirtualWorld()
  const server = await listening(world)
  const box = new MemoryMailbox()
  server.on('auth', info => info.accept())
  server.on('mailboxSession', session => box.attach(session))
  const errors: MailError[] = []
  server.on('error', error => errors.push(error))
  await Client.connect(world, 143)
  for (const name of ['one', 'two']) {
    const client = await Client.connect(world, 143)
    client.send(`a LOGIN ${name} p\r\n`)
    await world.settle()
  }
  const visited: string[] = []
  server.forEachMailboxSession(session => {
    visited.push(session.username)
    throw new Error('broken visitor')
  })
  assert.deepEqual(visited.sort(), ['one', 'two'])
  assert.equal(errors.length, 2)
})

test('an error that nobody listens for is a warning, not a crash', async () => {
  const world = new VirtualWorld()
  const server = await listening(world)
  server.on('smtpSession', () => {
    throw new Error('broken listener')
  })
  const client = await Client.connect(world, 25)
  assert.match(client.heard, /^220/)
  assert.equal(world.warnings.length, 1)
})

test('two servers in one process share nothing', async () => {
  const world = new VirtualWorld()
  const one = await listening(world)
  const two = await listening(world, { ports: { inbound: 2525 } })
  one.addDomain('one.test')
  two.addDomain('two.test')
  for (const server of [one, two])
    server.on('smtpSession', session => session.on('mail', mail => mail.accept()))
  for (const [port, domain] of [
    [25, 'one.test'],
    [2525, 'two.test'],
  ] as const) {
    const client = await Client.connect(world, port)
    client.send('EHLO c.test\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<x@one.test>\r\nRCPT TO:<x@two.test>\r\n')
    await world.settle()
    const replies = client.heard.split('\r\n').filter(line => /^(250|550) [25]\.[17]\./.test(line))
    assert.equal(replies.length, 3, client.heard)
    assert.equal(replies[1]!.startsWith('250'), domain === 'one.test')
    assert.equal(replies[2]!.startsWith('250'), domain === 'two.test')
  }
})
