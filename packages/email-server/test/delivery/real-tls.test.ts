// DANE and MTA-STS over Node's own TLS: the chain that a server really shows.
import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { after, before, test } from 'node:test'
import { createServer, type MailError, type Server, type ServerOptions, sendMail } from '../../src/index.ts'
import { nodeRuntime } from '../../src/node/index.ts'
import { Zones } from '../../src/testing/index.ts'
import { TEST_CERT, TEST_KEY } from '../support/tls.ts'

let server: Server
const arrived: { readonly to: readonly string[]; readonly tls: boolean }[] = []
const options: ServerOptions = {
  hostname: 'mail.example.test',
  ports: { inbound: 0 },
  host: '127.0.0.1',
  tlsOptions: { cert: TEST_CERT, key: TEST_KEY },
}

before(async () => {
  server = createServer(options)
  server.addDomain('dane.test')
  server.on('smtpSession', session =>
    session.on('mail', mail => {
      arrived.push({ to: mail.to, tls: session.isTLS })
      mail.accept()
    }),
  )
  await server.listen()
})
after(() => server.close())

async function send(tlsa: string, tls = {}): Promise<string> {
  const port = server.ports.inbound!
  const zones = new Zones().add(
    `dane.test SECURE\ndane.test MX 10 mail.dane.test\nmail.dane.test A 127.0.0.1\n_${port}._tcp.mail.dane.test TLSA ${tlsa}`,
  )
  return sendMail({
    from: 'a@sender.test',
    to: 'b@dane.test',
    text: 'x',
    delivery: {
      port,
      privateHosts: true,
      resolver: { resolve: async (name, type) => zones.answer(name, type) },
      runtime: nodeRuntime,
      tls,
    },
  }).then(
    () => 'sent',
    (error: MailError) => error.code,
  )
}

test('the key of the certificate that the server shows fits, or does not', async () => {
  const certificate = new X509Certificate(TEST_CERT)
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' })
  assert.equal(await send(`3 1 1 ${createHash('sha256').update(key).digest('hex')}`), 'sent')
  assert.equal(await send(`3 0 2 ${createHash('sha512').update(certificate.raw).digest('hex')}`), 'sent')
  assert.equal(arrived.length, 2)
  assert.ok(arrived.every(({ tls }) => tls))
  assert.equal(await send(`3 1 1 ${'00'.repeat(32)}`), 'ETLS')
  // who signs himself is no authority (RFC 7671 §5.2.1)
  assert.equal(await send(`2 0 1 ${createHash('sha256').update(certificate.raw).digest('hex')}`), 'ETLS')
  assert.equal(arrived.length, 2)
})

test('a handshake tells the certificate of the peer, and why it is not trusted', async () => {
  const connection = await nodeRuntime.connect({ host: '127.0.0.1', port: server.ports.inbound! })
  const info = await new Promise<import('../../src/index.ts').TlsInfo>((resolve, reject) => {
    let step = 0
    connection.open({
      data() {
        if (step === 0) connection.write(Buffer.from('EHLO x\r\n'))
        if (step === 1) connection.write(Buffer.from('STARTTLS\r\n'))
        if (step === 2)
          connection.secure('client', { servername: 'mail.example.test', rejectUnauthorized: false })
        step++
      },
      end() {},
      drain() {},
      secured: resolve,
      closed: error => reject(error ?? new Error('closed')),
    })
  })
  const certificate = new X509Certificate(TEST_CERT)
  assert.equal(info.authorized, false)
  assert.equal(info.authorizationError, 'DEPTH_ZERO_SELF_SIGNED_CERT')
  const peer = info.peerCertificate!
  assert.equal(peer.subject, 'CN=mail.example.test')
  assert.match(peer.subjectAltName, /DNS:mail\.example\.test/)
  assert.equal(peer.fingerprint256, certificate.fingerprint256.replaceAll(':', '').toLowerCase())
  assert.deepEqual(
    peer.chain.map(der => Buffer.from(der)),
    [certificate.raw],
  )
  assert.equal(peer.validTo, Date.parse(certificate.validTo))
  connection.destroy()
})
