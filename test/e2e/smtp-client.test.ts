// Our SMTP client with npm's smtp-server and with our own server, over real sockets and real TLS.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { connectSMTP, createServer, type MailError } from 'email-server'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { makeCertificate } from '../support/certificate.ts'
import { MESSAGES, UNFINISHED, withFinalNewline } from '../support/messages.ts'

const BOB = 'bob@example.test'
const tls = await makeCertificate()

interface Taking extends AsyncDisposable {
  readonly port: number
  readonly taken: Buffer[]
}

async function smtpServer(options: SMTPServerOptions): Promise<Taking> {
  const taken: Buffer[] = []
  const server = new SMTPServer({
    cert: tls.cert,
    key: tls.key,
    logger: false,
    onAuth: ({ username, password, accessToken }, _session, done) => {
      if (username === 'alice' && (password === 'secret' || accessToken === 'token'))
        done(null, { user: 'alice' })
      else done(new Error('wrong'))
    },
    onRcptTo: ({ address }, _session, done) =>
      address.startsWith('nobody')
        ? done(Object.assign(new Error('No such user'), { responseCode: 550 }))
        : done(),
    onData(stream, _session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        taken.push(Buffer.concat(chunks))
        done()
      })
    },
    ...options,
  })
  server.on('error', () => {})
  const listener = server.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  return {
    port: (listener.address() as AddressInfo).port,
    taken,
    [Symbol.asyncDispose]: () => new Promise(resolve => server.close(() => resolve())),
  }
}

for (const secure of [false, true]) {
  for (const credentials of [
    { user: 'alice', pass: 'secret', method: 'PLAIN' },
    { user: 'alice', pass: 'secret', method: 'LOGIN' },
    { user: 'alice', accessToken: 'token', method: 'XOAUTH2' },
  ]) {
    test(`smtp-server takes every message, ${secure ? 'implicit TLS' : 'STARTTLS'}, ${credentials.method}`, async () => {
      await using peer = await smtpServer({ secure, authMethods: [credentials.method] })
      await using smtp = await connectSMTP({
        host: '127.0.0.1',
        port: peer.port,
        secure,
        auth: credentials,
        tls: { ca: tls.cert },
      })
      assert.equal(smtp.tls?.authorized, true)
      const letters = [...MESSAGES.values(), UNFINISHED]
      await Promise.all(
        letters.map(content =>
          smtp.send({ from: 'alice@sender.example', to: [BOB, 'nobody@example.test'], content }),
        ),
      )
      assert.deepEqual(peer.taken, letters.map(withFinalNewline))
    })
  }
}

test('a wrong token is EAUTH with the reply behind the error object', async () => {
  await using peer = await smtpServer({ authMethods: ['XOAUTH2'] })
  const at = { host: '127.0.0.1', port: peer.port, tls: { ca: tls.cert } }
  await assert.rejects(
    connectSMTP({ ...at, auth: { user: 'alice', accessToken: 'old' } }),
    (error: MailError) => {
      assert.equal(error.code, 'EAUTH')
      assert.match(String(error.responseCode), /^5/)
      return true
    },
  )
})

test('our own server and our own client: the strongest login, every message', async () => {
  const taken: Buffer[] = []
  await using server = createServer({ ports: { submission: 0 }, host: '127.0.0.1', tlsOptions: tls })
  server.on('auth', info => {
    if (info.password === 'secret') info.accept()
    else info.reject()
  })
  server.on('smtpSession', session => {
    session.on('mail', mail => {
      taken.push(Buffer.from(mail.rawBytes))
      mail.accept()
    })
  })
  await server.listen()
  await using smtp = await connectSMTP({
    host: '127.0.0.1',
    port: server.ports.submission!,
    auth: { user: 'alice', pass: 'secret' },
    tls: { ca: tls.cert },
  })
  const letters = [...MESSAGES.values()]
  for (const content of letters) {
    await smtp.send({ from: 'alice@sender.example', to: [BOB], content, params: { body: '8BITMIME' } })
  }
  assert.equal(taken.length, letters.length)
  for (const [i, raw] of taken.entries()) assert.deepEqual(raw.subarray(-letters[i]!.length), letters[i])
})
