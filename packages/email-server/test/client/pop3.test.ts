// connectPOP3 in a virtual world, where servers are as they are told to be.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ConnectPop3Options, connectPOP3, createServer, type Pop3Connection } from '../../src/index.ts'
import { MemoryMailbox, VirtualWorld } from '../../src/testing/index.ts'
import { TEST_CERT, TEST_KEY } from '../support/tls.ts'

const HERE = '192.0.2.1'
const THERE = '192.0.2.110'
const LETTER = 'Subject: one\r\n\r\n.dot\r\n'

interface Place {
  readonly world: VirtualWorld
  readonly mailbox: MemoryMailbox
  readonly logins: string[]
  connect(options?: ConnectPop3Options): Promise<Pop3Connection>
}

/** A POP3 server of ours at THERE, ports 110 and 995. */
async function place(options: { readonly tls?: boolean; readonly trusted?: boolean } = {}): Promise<Place> {
  const world = new VirtualWorld({ link: () => ({ trusted: options.trusted ?? true }) })
  world.zones.add(`pop.example.test. A ${THERE}`)
  const mailbox = new MemoryMailbox()
  mailbox.deliver(Buffer.from(LETTER))
  mailbox.deliver(Buffer.from(LETTER))
  const logins: string[] = []
  const server = createServer({
    hostname: 'pop.example.test',
    ports: { pop3: 110, ...(options.tls === false ? {} : { pop3s: 995 }) },
    runtime: world.host(THERE),
    ...(options.tls === false
      ? { allowInsecureAuth: true }
      : { tlsOptions: { cert: TEST_CERT, key: TEST_KEY } }),
  })
  server.on('auth', info => {
    logins.push(`${info.authMethod} ${info.username} ${info.isTLS}`)
    if (info.password === 'secret') info.accept()
    else info.reject()
  })
  server.on('mailboxSession', session => mailbox.attach(session))
  await world.run(server.listen())
  return {
    world,
    mailbox,
    logins,
    connect: more => world.run(connectPOP3({ host: 'pop.example.test', runtime: world.host(HERE), ...more })),
  }
}

const auth = { user: 'alice', pass: 'secret' }

for (const [way, options] of [
  ['STLS', { port: 110 }],
  ['implicit TLS', {}],
  ['implicit TLS by its port', { port: 995 }],
] as const) {
  test(`connects by ${way}, logs in, reads, removes and says goodbye`, async () => {
    const at = await place()
    const pop = await at.connect({ ...options, auth })
    assert.equal(pop.tls?.servername, 'pop.example.test')
    assert.deepEqual([pop.remoteAddress, pop.host], [THERE, 'pop.example.test'])
    assert.deepEqual(at.logins, ['plain alice true'])
    assert.equal((await at.world.run(pop.list())).length, 2)
    assert.equal(Buffer.from(await at.world.run(pop.retr(1))).toString(), LETTER)
    await at.world.run(pop.dele(1))
    await at.world.run(pop.close())
    assert.equal(at.mailbox.messages().length, 1)
    await at.world.run(pop.close())
  })
}

test('gives no password to a server without TLS, unless it is allowed', async () => {
  const at = await place({ tls: false })
  await assert.rejects(at.connect({ port: 110, auth }), { code: 'ETLS' })
  await assert.rejects(at.connect({ port: 110, auth, requireTls: false }), { code: 'ENOAUTH' })
  await assert.rejects(at.connect({ port: 110, auth, ignoreTls: true }), { code: 'ETLS' })
  assert.deepEqual(at.logins, [])
  const pop = await at.connect({ port: 110, auth, requireTls: false, allowInsecureAuth: true })
  assert.deepEqual(at.logins, ['plain alice false'])
  await at.world.run(pop.close())
})

test('a certificate that is not trusted, a wrong password, a port where nobody listens', async () => {
  const at = await place({ trusted: false })
  await assert.rejects(at.connect({ auth }), { code: 'ETLS' })
  await assert.rejects(at.connect({ port: 110, auth }), { code: 'ETLS' })
  const other = await place()
  await assert.rejects(other.connect({ auth: { user: 'alice', pass: 'wrong' } }), { code: 'EAUTH' })
  await assert.rejects(other.connect({ port: 111, secure: false }), { code: 'ECONNECTION' })
})

test('can be aborted before and while it connects', async () => {
  const at = await place()
  await assert.rejects(at.connect({ auth, signal: AbortSignal.abort() }), { code: 'EABORT' })
  const controller = new AbortController()
  const connecting = at.connect({ auth, signal: controller.signal })
  controller.abort()
  await assert.rejects(connecting, { code: 'EABORT' })
})

test('the log has what is said, and no secret', async () => {
  const at = await place()
  const lines: string[] = []
  const logger = {
    debug: (facts: object, message: string) => lines.push(`${JSON.stringify(facts)} ${message}`),
  }
  const pop = await at.connect({ auth, logger })
  await at.world.run(pop.close())
  assert.ok(lines.some(line => line.endsWith('client: AUTH PLAIN')))
  assert.ok(lines.some(line => line.endsWith('server: +OK Goodbye')))
  assert.doesNotMatch(lines.join('\n'), /secret|AGFsaWNl/)
})

test('destroy removes nothing and settles what is under way', async () => {
  const at = await place()
  const pop = await at.connect({ auth })
  await at.world.run(pop.dele(1))
  const pending = pop.list()
  pop.destroy()
  await assert.rejects(at.world.run(pending), { code: 'ECONNECTION' })
  await assert.rejects(at.world.run(pop.close()), { code: 'ECONNECTION' })
  assert.equal(at.mailbox.messages().length, 2)
})

test('bad options are named', async () => {
  for (const [options, name] of [
    [null, 'options'],
    [{ host: 'a b' }, 'host'],
    [{ port: 70_000 }, 'port'],
    [{ connectTimeout: 0 }, 'connectTimeout'],
    [{ tls: true }, 'tls'],
    [{ limits: { nothing: 1 } }, 'limits'],
  ] as const) {
    await assert.rejects(connectPOP3(options as never), {
      code: 'ECONFIG',
      message: new RegExp(`option ${name}`),
    })
  }
})
