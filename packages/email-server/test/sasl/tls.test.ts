// What TLS has to do with logging in, on real sockets: client certificates, and SCRAM bound to the channel.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AuthInfo, connectPOP3, createServer, scramKeys } from '../../src/index.ts'
import { MemoryMailbox } from '../../src/testing/index.ts'
import { TEST_CERT, TEST_KEY } from '../support/tls.ts'

const KEYS = await scramKeys('secret')

test('EXTERNAL by a client certificate, SCRAM-SHA-256-PLUS by the channel; without a certificate there is no EXTERNAL', async () => {
  const asked: AuthInfo[] = []
  const server = createServer({
    host: '127.0.0.1',
    ports: { pop3s: 0 },
    tlsOptions: { cert: TEST_CERT, key: TEST_KEY, ca: TEST_CERT, requestCert: true },
    auth: { mechanisms: ['EXTERNAL', 'SCRAM-SHA-256'] },
  })
  server.on('auth', info => {
    asked.push(info)
    if (info.authMethod === 'scram-sha-256') info.acceptKeys(KEYS)
    else if (info.clientCertificate) info.accept(info.clientCertificate.subject)
    else info.reject()
  })
  server.on('mailboxSession', session => new MemoryMailbox().attach(session))
  await server.listen()
  try {
    const where = { host: 'localhost', port: server.ports.pop3s!, secure: true }
    const withCertificate = { ca: TEST_CERT, cert: TEST_CERT, key: TEST_KEY }
    const auth = { user: '', method: 'EXTERNAL' }
    const external = await connectPOP3({ ...where, tls: withCertificate, auth })
    assert.match(external.capabilities.get('SASL')!, /^EXTERNAL SCRAM-SHA-256-PLUS SCRAM-SHA-256$/)
    await external.close()
    assert.equal(asked[0]!.authMethod, 'external')
    assert.equal(asked[0]!.clientCertificate?.subject, 'CN=mail.example.test')
    const tls = { ca: TEST_CERT }
    await assert.rejects(connectPOP3({ ...where, tls, auth }), { code: 'ENOAUTH' })
    const lines: string[] = []
    const logger = { debug: (_facts: object, message: string) => lines.push(message) }
    const bound = await connectPOP3({ ...where, tls, auth: { user: 'alice', pass: 'secret' }, logger })
    assert.equal((await bound.stat()).count, 0)
    await bound.close()
    assert.ok(lines.includes('client: AUTH SCRAM-SHA-256-PLUS'))
    assert.equal(asked[1]!.clientCertificate, null)
  } finally {
    await server.close()
  }
})
