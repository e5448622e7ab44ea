// Sending with and against what others have written, over real sockets: nodemailer's transport is ours, ours goes into smtp-server and our own.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import {
  createPool,
  createServer,
  createTransport,
  type IncomingMail,
  type MailError,
  type Server,
  sendMail,
} from 'email-server'
import nodemailer from 'nodemailer'
import { SMTPServer } from 'smtp-server'
import { TEST_CERT, TEST_KEY } from '../support/certificate.ts'

const CERTIFICATE = { CERT: TEST_CERT, KEY: TEST_KEY }

interface Got {
  readonly from: string
  readonly to: readonly string[]
  readonly raw: string
}

const got: Got[] = []
let ours: Server
let theirs: SMTPServer
let theirPort = 0

before(async () => {
  ours = createServer({
    hostname: 'sink.test',
    ports: { inbound: 0, submission: 0, secure: 0 },
    host: '127.0.0.1',
    tlsOptions: { cert: CERTIFICATE.CERT, key: CERTIFICATE.KEY },
  })
  ours.addDomain('sink.test')
  ours.on('auth', info => (info.password === 'right' ? info.accept() : info.reject()))
  ours.on('smtpSession', session => session.on('mail', (mail: IncomingMail) => take(mail)))
  await ours.listen()
  theirs = new SMTPServer({
    disabledCommands: ['AUTH'],
    hideSTARTTLS: true,
    onRcptTo: ({ address }, _session, done) =>
      done(address.startsWith('no') ? Object.assign(new Error('5.1.1 nobody'), { responseCode: 550 }) : null),
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', chunk => chunks.push(chunk))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        got.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString('latin1'),
        })
        done()
      })
    },
  })
  const server = theirs.listen(0, '127.0.0.1')
  await once(server, 'listening')
  theirPort = (server.address() as { port: number }).port
})

after(async () => {
  await ours.close()
  await new Promise<void>(resolve => theirs.close(resolve))
})

function take(mail: IncomingMail): void {
  got.push({ from: mail.from, to: mail.to, raw: Buffer.from(mail.rawBytes).toString('latin1') })
  mail.accept()
}

const letter = {
  from: 'Alice <alice@sender.test>',
  subject: 'Grüße',
  text: 'Hällo',
  html: '<b>Hällo</b>',
  attachments: [{ filename: 'a.txt', content: Buffer.from('attached') }],
}

test('nodemailer sends by our transport: its message, its envelope, its result', async () => {
  got.length = 0
  const transport = nodemailer.createTransport(
    createTransport({ host: '127.0.0.1', port: theirPort }) as never,
  )
  assert.equal(await transport.verify(), true)
  const info = await transport.sendMail({
    ...letter,
    to: 'bob@sink.test',
    bcc: ['no@sink.test', 'carol@sink.test'],
  })
  assert.deepEqual(info.accepted, ['bob@sink.test', 'carol@sink.test'])
  assert.deepEqual(info.rejected, ['no@sink.test'])
  assert.match(info.response, /^250 /)
  assert.deepEqual(got[0]!.to, ['bob@sink.test', 'carol@sink.test'])
  assert.ok(got[0]!.raw.includes(info.messageId))
  assert.ok(!/^bcc:/im.test(got[0]!.raw))
  transport.close()
})

test('nodemailer hears our error, with its code, reply and recipient', async () => {
  const transport = nodemailer.createTransport(
    createTransport({ host: '127.0.0.1', port: theirPort }) as never,
  )
  await assert.rejects(transport.sendMail({ ...letter, to: 'no@sink.test' }), (error: MailError) => {
    assert.equal(error.code, 'EENVELOPE')
    assert.equal(error.responseCode, 550)
    assert.equal(error.permanent, true)
    assert.match(error.response!, /nobody/)
    return true
  })
})

test('nodemailer signs with DKIM before it hands over, and its AbortSignal reaches us', async () => {
  const transport = nodemailer.createTransport(
    createTransport({ host: '127.0.0.1', port: theirPort }) as never,
  )
  const controller = new AbortController()
  controller.abort()
  await assert.rejects(
    transport.sendMail({ ...letter, to: 'bob@sink.test', signal: controller.signal } as never),
  )
})

test('our sendMail takes what nodemailer takes, by smtp-server as relay', async () => {
  got.length = 0
  const info = await sendMail({
    ...letter,
    relay: { host: '127.0.0.1', port: theirPort },
    to: [{ name: 'Bob', address: 'bob@sink.test' }],
    headers: { 'X-Custom': 'value' },
    replyTo: 'reply@sender.test',
    priority: 'high',
  })
  assert.deepEqual(info.accepted, ['bob@sink.test'])
  assert.match(got[0]!.raw, /^X-Custom: value\r$/m)
  assert.match(got[0]!.raw, /^Importance: High\r$/im)
})

test('the callback of sendMail gets the result, or the error', async () => {
  const relay = { host: '127.0.0.1', port: theirPort }
  const [error, info] = await new Promise<[MailError | null, { accepted: readonly string[] } | undefined]>(
    resolve => sendMail({ ...letter, relay, to: 'bob@sink.test' }, (...args) => resolve(args as never)),
  )
  assert.equal(error, null)
  assert.deepEqual(info!.accepted, ['bob@sink.test'])
  const [refused] = await new Promise<[MailError | null]>(resolve =>
    sendMail({ ...letter, relay, to: 'no@sink.test' }, (...args) => resolve(args as never)),
  )
  assert.equal(refused!.responseCode, 550)
})

for (const [way, options] of [
  ['STARTTLS', { port: () => ours.ports.submission!, secure: false }],
  ['implicit TLS', { port: () => ours.ports.secure!, secure: true }],
] as const) {
  test(`a relay with a login over ${way}; a certificate that is not trusted stops it`, async () => {
    got.length = 0
    const relay = {
      host: 'localhost',
      port: options.port(),
      secure: options.secure,
      requireTLS: true,
      auth: { user: 'alice', pass: 'right' },
    }
    const tls = { ca: CERTIFICATE.CERT }
    const info = await sendMail({ ...letter, relay: { ...relay, tls }, to: 'bob@sink.test' })
    assert.equal(info.accepted.length, 1)
    await assert.rejects(sendMail({ ...letter, relay, to: 'bob@sink.test' }), { code: 'ETLS' })
    await assert.rejects(
      sendMail({
        ...letter,
        relay: { ...relay, tls, auth: { user: 'alice', pass: 'wrong' } },
        to: 'bob@sink.test',
      }),
      { code: 'EAUTH' },
    )
    assert.equal(got.length, 1)
  })
}

test('a provider of credentials is asked once more when the server says no', async () => {
  const asked: boolean[] = []
  const auth = ({ refresh }: { readonly refresh: boolean }) => {
    asked.push(refresh)
    return { user: 'alice', pass: refresh ? 'right' : 'old', method: 'PLAIN' }
  }
  const relay = { host: 'localhost', port: ours.ports.submission!, tls: { ca: CERTIFICATE.CERT }, auth }
  await sendMail({ ...letter, relay, to: 'bob@sink.test' })
  assert.deepEqual(asked, [false, true])
})

test('a pool sends a hundred messages over few connections, byte for byte', async () => {
  got.length = 0
  let connections = 0
  ours.on('connection', () => {
    connections++
  })
  const pool = createPool({ maxPerDomain: 4 })
  const raw = Buffer.from('From: a@sender.test\r\nSubject: x\r\n\r\n.\r\n..dots\r\nBody\r\n')
  await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      sendMail({
        raw,
        envelope: { from: 'a@sender.test', to: `u${i}@sink.test` },
        relay: { host: '127.0.0.1', port: ours.ports.inbound! },
        pool,
      }),
    ),
  )
  pool.close()
  assert.equal(got.length, 100)
  assert.ok(connections <= 4)
  for (const { raw: arrived } of got) assert.ok(arrived.endsWith(raw.toString()))
})

test('createTransport from a URL; verify says whether the login is right', async () => {
  const good = createTransport({
    host: 'localhost',
    port: ours.ports.submission!,
    auth: { user: 'a', pass: 'right' },
    tls: { ca: CERTIFICATE.CERT },
  })
  assert.equal(await good.verify(), true)
  await good.close()
  const bad = createTransport({
    host: 'localhost',
    port: ours.ports.submission!,
    auth: { user: 'a', pass: 'bad' },
    tls: { ca: CERTIFICATE.CERT },
  })
  await assert.rejects(bad.verify(), { code: 'EAUTH' })
  const byUrl = createTransport(`smtp://127.0.0.1:${theirPort}?pool=true`)
  const info = await byUrl.sendMail({ ...letter, to: 'bob@sink.test' })
  assert.equal(info.accepted.length, 1)
  await byUrl.close()
  await assert.rejects(byUrl.sendMail({ ...letter, to: 'bob@sink.test' }), { code: 'ECONNECTION' })
  for (const options of [
    { hots: 'x' },
    { auth: { user: 'a', pass: 'b' } },
    'ftp://x',
    { host: 'a b' },
    { host: 'x', port: 0 },
  ]) {
    assert.throws(() => createTransport(options as never), { code: 'ECONFIG' })
  }
})
