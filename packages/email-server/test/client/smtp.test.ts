// connectSMTP in a virtual world, where servers are as they are told to be.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ConnectSmtpOptions, connectSMTP, createServer, type SmtpConnection } from '../../src/index.ts'
import { VirtualWorld } from '../../src/testing/index.ts'
import { failure, LETTER } from '../smtp/client/support.ts'
import { TEST_CERT, TEST_KEY } from '../support/tls.ts'

const HERE = '192.0.2.1'
const THERE = '192.0.2.25'

interface Place {
  readonly world: VirtualWorld
  readonly logins: string[]
  readonly mail: { readonly from: string; readonly to: readonly string[]; readonly raw: string }[]
  connect(options?: ConnectSmtpOptions): Promise<SmtpConnection>
}

/** A submission server of ours at THERE, ports 587 and 465. */
async function place(options: { readonly tls?: boolean; readonly trusted?: boolean } = {}): Promise<Place> {
  const world = new VirtualWorld({ link: () => ({ trusted: options.trusted ?? true }) })
  world.zones.add(`mail.example.test. A ${THERE}`)
  const logins: string[] = []
  const mail: Place['mail'] = []
  const tlsOptions = { cert: TEST_CERT, key: TEST_KEY }
  const server = createServer({
    hostname: 'mail.example.test',
    ports: { submission: 587, ...(options.tls === false ? {} : { secure: 465 }) },
    runtime: world.host(THERE),
    ...(options.tls === false ? { allowInsecureAuth: true } : { tlsOptions }),
  })
  server.on('auth', info => {
    logins.push(`${info.authMethod} ${info.username} ${info.isTLS}`)
    if (info.password === 'secret') info.accept()
    else info.reject()
  })
  server.on('smtpSession', session => {
    session.on('mail', given => {
      mail.push({ from: given.from, to: given.to, raw: Buffer.from(given.rawBytes).toString('latin1') })
      given.accept()
    })
  })
  await world.run(server.listen())
  return {
    world,
    logins,
    mail,
    connect: more =>
      world.run(connectSMTP({ host: 'mail.example.test', runtime: world.host(HERE), ...more })),
  }
}

const auth = { user: 'alice', pass: 'secret', method: 'PLAIN' }
const message = { from: 'alice@example.test', to: ['bob@elsewhere.example'], content: LETTER }

for (const [way, options] of [
  ['STARTTLS', { port: 587 }],
  ['implicit TLS', { port: 465 }],
  ['implicit TLS by the option', { secure: true }],
] as const) {
  test(`connects by ${way}, logs in, sends and says goodbye`, async () => {
    const at = await place()
    const smtp = await at.connect({ ...options, auth })
    assert.equal(smtp.tls?.protocol, 'TLSv1.3')
    assert.equal(smtp.tls?.servername, 'mail.example.test')
    assert.equal(smtp.remoteAddress, THERE)
    assert.deepEqual(at.logins, ['plain alice true'])
    const { accepted } = await at.world.run(smtp.send(message))
    assert.equal(accepted.length, 1)
    assert.match(at.mail[0]!.raw, /^Received: from \[192\.0\.2\.1\]/)
    assert.ok(at.mail[0]!.raw.endsWith(Buffer.from(LETTER).toString()))
    await at.world.run(smtp.close())
    assert.equal(smtp.session.state, 'closed')
    await at.world.run(smtp.close())
  })
}

test('await using closes the connection', async () => {
  const at = await place()
  const smtp = await at.connect({ auth })
  await at.world.run(smtp[Symbol.asyncDispose]())
  assert.equal(smtp.session.state, 'closed')
})

test('starttls-stripped: no password leaves for a server that offers no TLS', async () => {
  const at = await place({ tls: false })
  for (const options of [{ auth }, { auth, requireTls: true }, { requireTls: true }]) {
    assert.equal((await failure(at.connect(options)))['code'], 'ETLS')
  }
  assert.equal((await failure(at.connect({ auth, requireTls: false })))['code'], 'ENOAUTH')
  assert.deepEqual(at.logins, [])
  const open = await at.connect({ auth, requireTls: false, allowInsecureAuth: true })
  assert.equal(open.tls, null)
  assert.deepEqual(at.logins, ['plain alice false'])
  open.destroy()
  await at.world.settle()
  assert.equal(open.session.state, 'closed')
})

test('a certificate that cannot be trusted is ETLS, and no password is said', async () => {
  const at = await place({ trusted: false })
  for (const port of [587, 465]) {
    assert.equal((await failure(at.connect({ port, auth })))['code'], 'ETLS')
  }
  assert.deepEqual(at.logins, [])
  const smtp = await at.connect({ auth, tls: { rejectUnauthorized: false } })
  assert.equal(smtp.tls?.authorized, false)
  smtp.destroy()
})

test('ignoreTls stays in clear; with requireTls it is a contradiction', async () => {
  const at = await place()
  const smtp = await at.connect({ ignoreTls: true })
  assert.equal(smtp.tls, null)
  smtp.destroy()
  assert.equal((await failure(at.connect({ ignoreTls: true, requireTls: true })))['code'], 'ETLS')
})

test('a login that is refused is EAUTH, and the connection is closed', async () => {
  const at = await place()
  const error = await failure(at.connect({ auth: { ...auth, pass: 'wrong' } }))
  assert.equal(error['code'], 'EAUTH')
  assert.equal(error['responseCode'], 535)
})

test('nobody there: ECONNECTION; nobody answers: ETIMEDOUT', async () => {
  const at = await place()
  assert.equal((await failure(at.connect({ port: 2525 })))['code'], 'ECONNECTION')
  const dark = new VirtualWorld({ link: () => 'unreachable' })
  const connecting = connectSMTP({ host: THERE, runtime: dark.host(HERE), connectTimeout: 5000 })
  const before = dark.now
  assert.equal((await failure(dark.run(connecting)))['code'], 'ETIMEDOUT')
  assert.equal(dark.now - before, 5000)
})

test('a server that accepts and is silent is not waited for longer than five minutes', async () => {
  const world = new VirtualWorld()
  await world.host(THERE).listen({ port: 587 }, connection => {
    connection.open({ data() {}, end() {}, drain() {}, secured() {}, closed() {} })
  })
  const before = world.now
  const error = await failure(world.run(connectSMTP({ host: THERE, runtime: world.host(HERE) })))
  assert.equal(error['code'], 'ETIMEDOUT')
  assert.equal(world.now - before, 300_000)
})

test('abort: before, during and after the connection is made', async () => {
  const at = await place()
  const reason = new Error('enough')
  const before = await failure(at.connect({ signal: AbortSignal.abort(reason) }))
  assert.equal(before['code'], 'EABORT')
  assert.equal(before.cause, reason)
  const silent = new VirtualWorld()
  await silent.host(THERE).listen({ port: 587 }, connection => {
    connection.open({ data() {}, end() {}, drain() {}, secured() {}, closed() {} })
  })
  for (const [port, secure] of [
    [587, false],
    [587, true],
  ] as const) {
    const controller = new AbortController()
    const options = { host: THERE, port, secure, signal: controller.signal, runtime: silent.host(HERE) }
    const connecting = failure(connectSMTP(options))
    await silent.advance(1000)
    controller.abort(reason)
    assert.equal((await silent.run(connecting))['code'], 'EABORT')
  }
  const controller = new AbortController()
  const smtp = await at.connect({ signal: controller.signal, auth })
  controller.abort()
  assert.equal(smtp.session.state, 'ready')
  smtp.destroy()
})

test('the log hears every line, and neither password nor message', async () => {
  const at = await place()
  const lines: { from: string; line: string }[] = []
  const logger = { debug: (facts: object) => void lines.push(facts as { from: string; line: string }) }
  const smtp = await at.connect({ auth, logger })
  await at.world.run(smtp.send(message))
  await at.world.run(smtp.close())
  const said = lines.filter(({ from }) => from === 'client').map(({ line }) => line)
  assert.deepEqual(said, [
    'EHLO [192.0.2.1]',
    'STARTTLS',
    'EHLO [192.0.2.1]',
    'AUTH PLAIN',
    said[4]!,
    'RCPT TO:<bob@elsewhere.example>',
    `BDAT ${LETTER.length} LAST`,
    `(${LETTER.length} octets of a message)`,
    'QUIT',
  ])
  assert.match(said[4]!, /^MAIL FROM:<alice@example\.test>/)
  assert.doesNotMatch(JSON.stringify(lines), /secret|Subject/)
  const broken = await at.connect({
    logger: {
      debug() {
        throw new Error('disk full')
      },
    },
  })
  broken.destroy()
})

test('bad options fail by name', async () => {
  const cases: readonly (readonly [options: object, names: RegExp])[] = [
    [{ host: 'a b' }, /option host/],
    [{ host: 'a\r\nb' }, /option host/],
    [{ port: 0 }, /option port/],
    [{ port: 65_536 }, /option port/],
    [{ service: 'nowhere' }, /option service/],
    [{ connectTimeout: 0 }, /option connectTimeout/],
    [{ tls: 'yes' }, /option tls/],
    [{ limits: { smtpReply: -1 } }, /limits\.smtpReply/],
    [{ hostname: 'a\nb' }, /option hostname/],
  ]
  const at = await place()
  for (const [options, names] of cases) {
    const error = await failure(at.connect(options as ConnectSmtpOptions))
    assert.equal(error['code'], 'ECONFIG', JSON.stringify(options))
    assert.match(error.message, names)
  }
  assert.equal((await failure(connectSMTP(null as unknown as ConnectSmtpOptions)))['code'], 'ECONFIG')
})

test('a callback instead of a promise', async () => {
  const at = await place()
  const smtp = await at.world.run(
    new Promise<SmtpConnection>((resolve, reject) => {
      connectSMTP({ host: THERE, runtime: at.world.host(HERE) }, (error, value) =>
        error || !value ? reject(error) : resolve(value),
      )
    }),
  )
  await at.world.run(new Promise<void>(resolve => smtp.close(() => resolve())))
  assert.equal(smtp.session.state, 'closed')
})
