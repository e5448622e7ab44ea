// Our POP3 client and Dovecot's server: every way to log in that both know, and every message byte for byte.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type ConnectPop3Options, connectPOP3, type MailError, type Pop3Connection } from 'email-server'
import { TEST_CERT } from '../support/certificate.ts'
import { type Dovecot, startDovecot } from '../support/dovecot.ts'
import { MESSAGES } from '../support/messages.ts'

const USER = 'alice'
const PASSWORD = 'correct horse, battery=staple'
const LETTERS = [...MESSAGES.values()]

let dovecot: Dovecot
before(async () => {
  dovecot = await startDovecot(USER, PASSWORD, LETTERS)
})
after(() => dovecot[Symbol.asyncDispose]())

function open(options: ConnectPop3Options & { way: 'stls' | 'tls' | 'clear' }): Promise<Pop3Connection> {
  const { way, ...rest } = options
  return connectPOP3({
    host: 'localhost',
    port: way === 'tls' ? dovecot.pop3s : dovecot.pop3,
    secure: way === 'tls',
    ignoreTls: way === 'clear',
    tls: { ca: TEST_CERT },
    auth: { user: USER, pass: PASSWORD },
    ...rest,
  })
}

for (const way of ['stls', 'tls'] as const) {
  for (const method of ['SCRAM-SHA-256', 'SCRAM-SHA-1', 'PLAIN', 'LOGIN', 'CRAM-MD5']) {
    test(`logs in by ${method} (${way}), and not with a wrong password`, async () => {
      const said: string[] = []
      const logger = { debug: (facts: object) => said.push(JSON.stringify(facts)) }
      const pop = await open({ way, auth: { user: USER, pass: PASSWORD, method }, logger })
      assert.equal(pop.tls?.protocol, 'TLSv1.3')
      assert.equal((await pop.stat()).count, LETTERS.length)
      await pop.close()
      assert.ok(said.some(line => line.includes(`AUTH ${method}`)))
      assert.ok(!said.some(line => line.includes('battery')))
      await assert.rejects(
        open({ way, auth: { user: USER, pass: 'wrong', method } }),
        (error: MailError) => error.code === 'EAUTH' && error.response?.includes('[AUTH]') === true,
      )
    })
  }
}

test('chooses SCRAM-SHA-256 by itself', async () => {
  const said: string[] = []
  const pop = await open({
    way: 'tls',
    logger: { debug: (facts: object) => said.push(JSON.stringify(facts)) },
  })
  await pop.close()
  assert.ok(said.some(line => line.includes('AUTH SCRAM-SHA-256')))
})

test('logs in by APOP and by USER and PASS', async () => {
  const apop = await open({ way: 'clear', auth: undefined as never })
  await apop.session.apop(USER, PASSWORD)
  assert.equal((await apop.stat()).count, LETTERS.length)
  await apop.close()
  const plain = await open({ way: 'tls', auth: undefined as never })
  await plain.session.user(USER)
  await plain.session.pass(PASSWORD)
  assert.equal((await plain.stat()).count, LETTERS.length)
  await plain.close()
})

test('reads every message, whole and as a stream, and its head', async () => {
  const pop = await open({ way: 'tls' })
  const uids = new Set<string>()
  const found: string[] = []
  for await (const message of pop.messages()) {
    const whole = Buffer.from(await message.bytes()).toString('latin1')
    let streamed = ''
    for await (const piece of await message.stream()) streamed += Buffer.from(piece).toString('latin1')
    assert.equal(streamed, whole)
    assert.equal(whole.length, message.size)
    assert.ok(
      whole.startsWith(
        Buffer.from(await message.header())
          .toString('latin1')
          .trimEnd(),
      ),
    )
    found.push(whole)
    uids.add(message.uid!)
  }
  const crlf = (raw: Buffer): string => raw.toString('latin1').replace(/\r?\n/g, '\r\n')
  assert.deepEqual(found.sort(), LETTERS.map(crlf).sort())
  assert.equal(uids.size, LETTERS.length)
  await Promise.all([pop.noop(), pop.list(), pop.uidl(), pop.stat(), pop.retr(1)])
  await pop.close()
})

test('a certificate that nobody vouches for ends it', async () => {
  await assert.rejects(open({ way: 'tls', tls: {} }), { code: 'ETLS' })
  await assert.rejects(open({ way: 'stls', tls: {} }), { code: 'ETLS' })
})

test('removes at the end, and not before', async () => {
  const cut = await open({ way: 'tls' })
  await cut.dele(1)
  cut.destroy()
  const pop = await open({ way: 'tls' })
  assert.equal((await pop.stat()).count, LETTERS.length)
  await pop.dele(1)
  await pop.rset()
  await pop.dele(2)
  await pop.close()
  const again = await open({ way: 'tls' })
  assert.equal((await again.stat()).count, LETTERS.length - 1)
  await again.close()
})
