// Certificates on real sockets: one for each domain, renewed while people are connected, found by callback and kept, and those that clients show.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { before, describe, test } from 'node:test'
import tls from 'node:tls'
import { createServer, type Server, type ServerOptions, type TlsInfo, type TlsOptions } from 'email-server'
import { generate } from 'selfsigned'

interface Pair {
  readonly cert: string
  readonly key: string
}

const pairs = new Map<string, Pair>()
const pair = (name: string): Pair => pairs.get(name)!
before(async () => {
  for (const name of ['default.test', 'renewed.test', 'one.test', 'two.test', 'client.test']) {
    const made = await generate([{ name: 'commonName', value: name }], {
      keyType: 'ec',
      curve: 'P-256',
      algorithm: 'sha256',
    })
    pairs.set(name, { cert: made.cert, key: made.private })
  }
})

async function listening(options: ServerOptions = {}): Promise<Server> {
  const server = createServer({
    host: '127.0.0.1',
    ports: { imaps: 0, submission: 0, inbound: 0 },
    tlsOptions: pair('default.test'),
    closeTimeout: 500,
    ...options,
  })
  await server.listen()
  return server
}

async function secure(port: number, options: tls.ConnectionOptions = {}): Promise<tls.TLSSocket> {
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
  await once(socket, 'secureConnect')
  return socket
}

/** The common name of the certificate that is shown for a name. */
async function shown(server: Server, servername?: string): Promise<string> {
  const socket = await secure(server.ports.imaps!, servername === undefined ? {} : { servername })
  const name = [socket.getPeerCertificate().subject.CN].flat()[0] ?? ''
  socket.destroy()
  return name
}

async function reads(socket: net.Socket, pattern: RegExp): Promise<string> {
  let text = ''
  while (!pattern.test(text)) text += String((await once(socket, 'data'))[0])
  return text
}

describe('certificates', () => {
  test('each domain has its own, for its name and all below it; others get the default one', async () => {
    await using server = await listening()
    server.addDomain('one.test', { tls: pair('one.test') }).addDomain('two.test', { tls: pair('two.test') })
    assert.equal(await shown(server, 'one.test'), 'one.test')
    assert.equal(await shown(server, 'mx.one.test'), 'one.test')
    assert.equal(await shown(server, 'A.B.TWO.test'), 'two.test')
    assert.equal(await shown(server, 'notone.test'), 'default.test')
    assert.equal(await shown(server), 'default.test')
    assert.equal(await shown(server, `${'x.'.repeat(60)}one.test`), 'one.test')
    server.removeDomain('one.test')
    assert.equal(await shown(server, 'mx.one.test'), 'default.test')
    assert.throws(() => server.addDomain('three.test', { tls: { cert: 'x', key: 'y' } }), { code: 'ECONFIG' })
    assert.deepEqual(server.domains, ['two.test'])
  })

  test('certificate swap: a hundred sessions go on, and the next handshake shows the new one, STARTTLS included', async () => {
    await using server = await listening()
    const live = await Promise.all(Array.from({ length: 100 }, () => secure(server.ports.imaps!)))
    let dropped = 0
    for (const socket of live) {
      socket.on('close', () => dropped++)
      socket.resume()
    }
    const early = net.connect(server.ports.submission!, '127.0.0.1')
    await reads(early, /^220 .*\r\n/)
    server.setTlsOptions(pair('renewed.test'))
    assert.equal(await shown(server), 'renewed.test')
    early.write('EHLO c.test\r\n')
    await reads(early, /^250 .*\r\n/m)
    early.write('STARTTLS\r\n')
    await reads(early, /^220 .*\r\n/m)
    const over = tls.connect({ socket: early, rejectUnauthorized: false })
    await once(over, 'secureConnect')
    assert.equal(over.getPeerCertificate().subject.CN, 'renewed.test')
    over.destroy()
    for (const bad of [
      { cert: 'x', key: 'y' },
      { cert: pair('one.test').cert, key: pair('two.test').key },
      {},
    ]) {
      assert.throws(() => server.setTlsOptions(bad), { code: 'ECONFIG', message: /tlsOptions/ })
    }
    assert.equal(await shown(server), 'renewed.test')
    await Promise.all(
      live.map(async socket => {
        socket.write('a NOOP\r\n')
        await reads(socket, /^a OK/m)
      }),
    )
    assert.equal(dropped, 0)
    for (const socket of live) socket.destroy()
  })

  test('what SNICallback finds is kept until clearTlsCache; it may give a secure context, or a promise', async () => {
    const asked: string[] = []
    let one: TlsOptions | tls.SecureContext = pair('one.test')
    await using server = await listening({
      SNICallback: (name, done) => {
        asked.push(name)
        if (name === 'one.test') done(null, one)
        else if (name === 'two.test') return Promise.resolve(tls.createSecureContext(pair('two.test')))
        else done(null)
        return undefined
      },
    })
    server.addDomain('own.test', { tls: pair('renewed.test') })
    for (let i = 0; i < 2; i++) {
      assert.equal(await shown(server, 'one.test'), 'one.test')
      assert.equal(await shown(server, 'two.test'), 'two.test')
    }
    assert.deepEqual(asked, ['one.test', 'two.test'])
    one = tls.createSecureContext(pair('renewed.test'))
    assert.equal(await shown(server, 'one.test'), 'one.test')
    server.clearTlsCache('ONE.test')
    assert.equal(await shown(server, 'one.test'), 'renewed.test')
    server.clearTlsCache()
    assert.equal(await shown(server, 'two.test'), 'two.test')
    assert.deepEqual(asked, ['one.test', 'two.test', 'one.test', 'two.test'])
    assert.equal(
      await shown(server, 'mx.own.test'),
      'renewed.test',
      'nothing found: the certificate of the domain',
    )
  })

  test('SNI flood: names that nobody has heard of leave nothing behind but the question', async () => {
    let asked = 0
    await using server = await listening({
      limits: { tlsNames: 2 },
      SNICallback: (name, done) => {
        asked++
        done(null, name.startsWith('known') ? pair('one.test') : null)
      },
    })
    for (const name of [
      'x1.test',
      'x1.test',
      'known1.test',
      'known2.test',
      'known3.test',
      'known3.test',
      'known1.test',
    ]) {
      await shown(server, name)
    }
    assert.equal(asked, 6)
  })
})

describe('client certificates', () => {
  async function seen(options: TlsOptions, client: tls.ConnectionOptions): Promise<TlsInfo | null> {
    await using server = await listening({ tlsOptions: { ...pair('default.test'), ...options } })
    const info = new Promise<TlsInfo | null>(resolve => {
      server.on('smtpSession', session => session.on('mail', () => resolve(session.tls)))
    })
    server.addDomain('example.test')
    const plain = net.connect(server.ports.inbound!, '127.0.0.1')
    await reads(plain, /^220 .*\r\n/)
    plain.write('EHLO c.test\r\n')
    await reads(plain, /^250 .*\r\n/m)
    plain.write('STARTTLS\r\n')
    await reads(plain, /^220 .*\r\n/m)
    const over = tls.connect({ socket: plain, rejectUnauthorized: false, ...client })
    const closed = new Promise<null>(resolve => over.on('close', () => resolve(null)))
    // a server that refuses the certificate says so in an alert
    over.on('error', () => {})
    over.on('data', bytes => {
      if (/^354 /m.test(String(bytes))) over.write('Subject: x\r\n\r\n.\r\n')
    })
    over.write('EHLO c.test\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<b@example.test>\r\nDATA\r\n')
    const found = await Promise.race([info, closed])
    over.destroy()
    return found
  }

  test('are seen by handlers, with what is known of them', async () => {
    const { cert } = pair('client.test')
    const info = await seen({ requestCert: true, ca: cert }, pair('client.test'))
    assert.equal(info?.authorized, true)
    assert.equal(info.authorizationError, null)
    assert.match(info.peerCertificate?.subject ?? '', /CN=client\.test/)
    assert.match(info.peerCertificate?.fingerprint256 ?? '', /^[0-9a-f]{64}$/)
    assert.equal(info.peerCertificate?.chain.length, 1)
    assert.ok(info.peerCertificate && info.peerCertificate.validTo > info.peerCertificate.validFrom)
  })

  test('that nobody vouches for are told as such', async () => {
    const info = await seen({ requestCert: true, ca: pair('one.test').cert }, pair('client.test'))
    assert.equal(info?.authorized, false)
    assert.match(info.authorizationError ?? '', /SELF_SIGNED|UNABLE_TO/)
    assert.match(info.peerCertificate?.subject ?? '', /CN=client\.test/)
  })

  test('that are not shown, or not asked for, are null', async () => {
    for (const [options, client] of [
      [{ requestCert: true }, {}],
      [{}, pair('client.test')],
    ] as const) {
      const info = await seen(options, client)
      assert.equal(info?.authorized, false)
      assert.equal(info.authorizationError, null)
      assert.equal(info.peerCertificate, null)
    }
  })

  test('are required where rejectUnauthorized says so', async () => {
    const ca = pair('client.test').cert
    const strict = { requestCert: true, rejectUnauthorized: true, ca }
    assert.equal((await seen(strict, pair('client.test')))?.authorized, true)
    assert.equal(await seen(strict, {}), null)
    assert.equal(await seen(strict, pair('one.test')), null)
  })
})
