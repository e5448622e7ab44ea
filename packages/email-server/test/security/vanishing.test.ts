// Connections that open, stall and vanish, a thousand of them, at every stage of a dialogue: nothing of them is left behind.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import { createServer, DEFAULT_LIMITS, type Server } from '../../src/index.ts'
import { MemoryMailbox, VirtualWorld } from '../../src/testing/index.ts'
import { Client, listening } from '../server/virtual.ts'
import { TEST_CERT, TEST_KEY } from '../support/tls.ts'

const MAIL = 'EHLO c.test\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<b@example.test>\r\n'
/** What is said before the client falls silent; '' at once. */
const STAGES: readonly (readonly [listener: 'inbound' | 'submission' | 'imap' | 'pop3', said: string])[] = [
  ['inbound', ''],
  ['inbound', 'EHLO c.te'],
  ['inbound', MAIL],
  ['inbound', `${MAIL}DATA\r\nSubject: half a me`],
  ['inbound', `${MAIL}BDAT 1000\r\nSubject: half a chu`],
  ['inbound', 'EHLO c.test\r\nSTARTTLS\r\n'],
  ['submission', 'EHLO c.test\r\nAUTH LOGIN\r\n'],
  ['submission', 'EHLO c.test\r\nAUTH PLAIN AHUAeA==\r\n'],
  ['imap', ''],
  ['imap', 'a LOGIN u p\r\nb IDLE\r\n'],
  ['imap', 'a LOGIN u p\r\nb APPEND INBOX {1000}\r\nSubject: ha'],
  ['imap', 'a LOGIN {100}\r\n'],
  ['pop3', 'USER u\r\nPASS p\r\nRETR 1'],
]

function prepared(server: Server): Server {
  const box = new MemoryMailbox()
  server.addDomain('example.test')
  server.on('auth', info => (info.password === 'p' ? info.accept() : info.reject()))
  server.on('mailboxSession', session => box.attach(session))
  server.on('smtpSession', session => session.on('mail', mail => mail.accept()))
  server.on('error', () => {})
  return server
}

test('a thousand that are reset on real sockets leave no socket and no timer', async () => {
  const server = prepared(
    createServer({
      host: '127.0.0.1',
      ports: { inbound: 0, submission: 0, imap: 0, pop3: 0 },
      tlsOptions: { cert: TEST_CERT, key: TEST_KEY },
      allowInsecureAuth: true,
      limits: { connectionsPerAddress: 2000, connectionsPerUser: 2000, authFailuresPerAddress: 2000 },
    }),
  )
  await server.listen()
  const open = (): string[] =>
    process.getActiveResourcesInfo().filter(kind => kind === 'TCPSocketWrap' || kind === 'Timeout')
  const before = open().length
  const sockets: net.Socket[] = []
  for (let i = 0; i < 1000; i++) {
    const [listener, said] = STAGES[i % STAGES.length]!
    const socket = net.connect(server.ports[listener]!, '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.write(said)
    socket.resume()
    sockets.push(socket)
  }
  assert.ok(open().length > before + 1000)
  for (const socket of sockets) socket.resetAndDestroy()
  // bounded: each turn lets the machine tell of some of them
  for (let turns = 0; turns < 500 && open().length > before; turns++) {
    await new Promise(resolve => setImmediate(resolve))
    await new Promise<void>(resolve =>
      net.connect(server.ports.pop3!, '127.0.0.1', function (this: net.Socket) {
        this.destroy()
        resolve()
      }),
    )
  }
  assert.ok(open().length <= before + 4, `${open().length} are left of ${before}`)
  await server.close()
})

test('a thousand that stall are cut at their deadlines, and nothing is due after that', async () => {
  const world = new VirtualWorld()
  const server = prepared(
    await listening(world, { limits: { connectionsPerAddress: 2000, connectionsPerUser: 2000 } }),
  )
  const clients: Client[] = []
  for (let i = 0; i < 1000; i++) {
    const [listener, said] = STAGES[i % STAGES.length]!
    const port = { inbound: 25, submission: 587, imap: 143, pop3: 110 }[listener]
    const client = await Client.connect(world, port, `10.1.${i >> 8}.${i & 255}`)
    client.send(said)
    clients.push(client)
  }
  await world.advance(Math.max(DEFAULT_LIMITS.imapIdle, DEFAULT_LIMITS.smtpDataTime) + 60_000)
  assert.deepEqual(clients.filter(client => !client.closed).length, 0)
  await assert.rejects(world.run(new Promise(() => {})), /nothing is due/)
  await world.run(server.close(), 1)
})
