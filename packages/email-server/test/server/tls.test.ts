// On real sockets: TLS, in both ways to get it, and what must not survive it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import test from 'node:test'
import tls from 'node:tls'
import { createServer, type SecureInfo, type Server, type ServerOptions } from '../../src/index.ts'
import { MemoryMailbox } from '../../src/testing/index.ts'
import { TEST_CERT, TEST_KEY } from '../support/tls.ts'

const ALL = { inbound: 0, submission: 0, secure: 0, imap: 0, imaps: 0, pop3: 0, pop3s: 0 }

async function listening(options: ServerOptions = {}): Promise<Server> {
  const server = createServer({
    hostname: 'mail.example.test',
    host: '127.0.0.1',
    ports: ALL,
    tlsOptions: { cert: TEST_CERT, key: TEST_KEY },
    closeTimeout: 500,
    ...options,
  })
  const box = new MemoryMailbox()
  server.addDomain('example.test')
  server.on('auth', info => (info.password === 'secret' ? info.accept() : info.reject()))
  server.on('mailboxSession', session => box.attach(session))
  server.on('smtpSession', session => session.on('mail', mail => mail.accept()))
  await server.listen()
  return server
}

/** Reads until `pattern` has come, the connection has closed, or ten seconds have passed. */
async function heard(socket: net.Socket, pattern: RegExp): Promise<string> {
  let text = ''
  const timer = setTimeout(
    () => socket.destroy(new Error(`no ${pattern} in ${JSON.stringify(text)}`)),
    10_000,
  )
  try {
    for (;;) {
      const chunk = socket.read() as Buffer | null
      if (chunk) {
        text += chunk.toString('latin1')
        if (pattern.test(text)) return text
      } else if (socket.readableEnded || socket.destroyed) return text
      else await Promise.race([once(socket, 'readable'), once(socket, 'close'), once(socket, 'end')])
    }
  } finally {
    clearTimeout(timer)
  }
}

function secured(socket: net.Socket, options: tls.ConnectionOptions = {}): Promise<tls.TLSSocket> {
  return new Promise((resolve, reject) => {
    const over = tls.connect({ socket, ca: TEST_CERT, servername: 'mail.example.test', ...options }, () =>
      resolve(over),
    )
    over.on('error', reject)
  })
}

async function connect(port: number): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** How each protocol is brought to TLS, logs in, and says goodbye. */
const WAYS = [
  {
    plain: 'imap',
    implicit: 'imaps',
    greeting: /^\* OK.*\r\n/,
    upgrade: 's STARTTLS\r\n',
    go: /^s OK.*\r\n/m,
    login: 'a LOGIN u secret\r\n',
    inside: /^a OK.*\r\n/m,
    injected: 'x NOOP\r\n',
  },
  {
    plain: 'pop3',
    implicit: 'pop3s',
    greeting: /^\+OK.*\r\n/,
    upgrade: 'STLS\r\n',
    go: /^\+OK.*\r\n/m,
    login: 'USER u\r\nPASS secret\r\n',
    inside: /^\+OK[^\n]*\r\n\+OK[^\n]*\r\n/m,
    injected: 'NOOP\r\n',
  },
  {
    plain: 'submission',
    implicit: 'secure',
    greeting: /^220 .*\r\n/,
    upgrade: 'EHLO c.test\r\nSTARTTLS\r\n',
    go: /^220 2\.0\.0.*\r\n/m,
    login: 'EHLO c.test\r\nAUTH PLAIN AHUAc2VjcmV0\r\n',
    inside: /^235 .*\r\n/m,
    injected: 'RSET\r\n',
  },
] as const

for (const way of WAYS) {
  test(`${way.plain}: no password in clear, then STARTTLS, then login`, async () => {
    await using server = await listening()
    const socket = await connect(server.ports[way.plain]!)
    await heard(socket, way.greeting)
    const clear = await connect(server.ports[way.plain]!)
    await heard(clear, way.greeting)
    clear.write(way.login)
    const refusal = await heard(clear, /(NO \[PRIVACYREQUIRED\]|BAD|-ERR|538 5\.7\.11)/)
    assert.doesNotMatch(refusal, /^(a OK|235)/m)
    clear.destroy()
    socket.write(way.upgrade)
    await heard(socket, way.go)
    const over = await secured(socket)
    over.write(way.login)
    assert.match(await heard(over, way.inside), way.inside)
    over.destroy()
  })

  test(`${way.implicit}: TLS from the first byte, greeting inside`, async () => {
    await using server = await listening()
    const over = await secured(await connect(server.ports[way.implicit]!))
    assert.match(await heard(over, way.greeting), way.greeting)
    over.write(way.login)
    assert.match(await heard(over, way.inside), way.inside)
    assert.match(over.getProtocol() ?? '', /^TLSv1\.[23]$/)
    over.destroy()
  })

  test(`${way.plain}: starttls-injection: what is pipelined behind the command is never run`, async () => {
    await using server = await listening()
    const socket = await connect(server.ports[way.plain]!)
    await heard(socket, way.greeting)
    if (way.plain === 'submission') {
      socket.write('EHLO c.test\r\n')
      await heard(socket, /^250 /m)
    }
    socket.write(way.upgrade.replace('EHLO c.test\r\n', '') + way.injected)
    const rest = await heard(socket, /(?!)/)
    assert.doesNotMatch(rest, /^(x OK|250 2\.0\.0)/m)
    assert.equal(socket.readableEnded || socket.destroyed, true, 'the connection is closed')
  })

  test(`${way.plain}: clear text that comes where the handshake should is never run, and ends the connection`, async () => {
    await using server = await listening()
    const socket = await connect(server.ports[way.plain]!)
    await heard(socket, way.greeting)
    socket.write(way.upgrade)
    await heard(socket, way.go)
    socket.write(way.injected.repeat(3))
    const rest = await heard(socket, /(?!)/)
    assert.doesNotMatch(rest, /OK|250/)
  })

  test(`${way.implicit}: noise instead of a handshake closes the connection, and others do not notice`, async () => {
    await using server = await listening()
    const noise = await connect(server.ports[way.implicit]!)
    noise.write(Buffer.from(Array.from({ length: 512 }, (_, i) => (i * 7919) % 251)))
    await heard(noise, /(?!)/)
    const over = await secured(await connect(server.ports[way.implicit]!))
    assert.match(await heard(over, way.greeting), way.greeting)
    over.destroy()
  })
}

test('TLS 1.1 is refused', async () => {
  await using server = await listening()
  const socket = await connect(server.ports.imaps!)
  await assert.rejects(
    secured(socket, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
  )
})

test("onSecure and 'secure' tell the negotiated version and the name that the client asked for", async () => {
  const seen: SecureInfo[] = []
  await using server = await listening({ onSecure: info => seen.push(info) })
  server.on('secure', info => seen.push(info))
  const over = await secured(await connect(server.ports.imaps!))
  await heard(over, /^\* OK/)
  over.destroy()
  assert.equal(seen.length, 2)
  assert.equal(seen[0]?.listener, 'imaps')
  assert.equal(seen[0]?.protocol, over.getProtocol() ?? 'TLSv1.3')
  assert.equal(seen[0]?.servername, 'mail.example.test')
  assert.equal(seen[0]?.remoteAddress, '127.0.0.1')
})

test('SNICallback picks the certificate; nothing picked means the default one; an error ends that handshake only', async () => {
  const asked: string[] = []
  await using server = await listening({
    SNICallback: (name, done) => {
      asked.push(name)
      if (name === 'broken.test') done(new Error('no such certificate'))
      else done(null, name === 'localhost' ? { cert: TEST_CERT, key: TEST_KEY } : null)
    },
  })
  for (const servername of ['localhost', 'mail.example.test']) {
    const over = await secured(await connect(server.ports.imaps!), { servername })
    assert.match(await heard(over, /^\* OK/), /^\* OK/)
    over.destroy()
  }
  await assert.rejects(secured(await connect(server.ports.imaps!), { servername: 'broken.test' }))
  assert.deepEqual(asked, ['localhost', 'mail.example.test', 'broken.test'])
})

test('a certificate that cannot be read, or that is not of the key, is refused by createServer', () => {
  const bad = [
    { cert: 'not a certificate', key: TEST_KEY },
    { cert: TEST_CERT, key: 'not a key' },
  ]
  for (const tlsOptions of bad) {
    assert.throws(() => createServer({ ports: ALL, tlsOptions }), {
      code: 'ECONFIG',
      message: /^tlsOptions /,
    })
  }
})

test('a handshake that does not come is cut', async () => {
  await using server = await listening({ limits: { handshakeTime: 200 } })
  const socket = await connect(server.ports.imaps!)
  const begun = Date.now()
  await heard(socket, /(?!)/)
  assert.ok(Date.now() - begun < 5000)
})

test('a port that is in use is one clear line', async () => {
  await using server = await listening()
  const port = server.ports.imap!
  const other = createServer({ host: '127.0.0.1', ports: { imap: port } })
  await assert.rejects(other.listen(), {
    code: 'ECONNECTION',
    message: `port ${port} on 127.0.0.1 is in use`,
  })
})

test('a large message goes through the spool and comes out byte for byte, in pieces and whole', async () => {
  const server = createServer({
    host: '127.0.0.1',
    ports: { inbound: 0 },
    limits: { messageInMemory: 10_000 },
  })
  server.addDomain('example.test')
  const body = Buffer.from(Array.from({ length: 200_000 }, (_, i) => 33 + ((i * 31) % 90)))
    .toString()
    .replace(/.{70}/g, '$&\r\n')
  const got = new Promise<{ whole: string; pieces: string }>((resolve, reject) => {
    server.on('smtpSession', session => {
      session.on('mail', mail => {
        const pieces: Buffer[] = []
        mail.on('data', chunk => pieces.push(Buffer.from(chunk)))
        mail.on('end', () => {
          resolve({ whole: Buffer.from(mail.rawBytes).toString(), pieces: Buffer.concat(pieces).toString() })
          mail.accept()
        })
      })
    })
    server.on('error', reject)
  })
  await server.listen()
  const socket = await connect(server.ports.inbound!)
  socket.write('EHLO c.test\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<b@example.test>\r\nDATA\r\n')
  await heard(socket, /^354/m)
  socket.write(`Subject: large\r\n\r\n${body.replace(/^\./gm, '..')}\r\n.\r\nQUIT\r\n`)
  const { whole, pieces } = await got
  assert.equal(whole, pieces)
  assert.equal(whole.slice(whole.indexOf('Subject: large')), `Subject: large\r\n\r\n${body}\r\n`)
  await heard(socket, /^221/m)
  await server.close()
})
