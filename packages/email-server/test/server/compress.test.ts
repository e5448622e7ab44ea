// COMPRESS=DEFLATE (RFC 4978) on real sockets: everything that IMAP says goes through it, and what is no deflate stream, or a bomb, ends
// the connection and nothing else.
import assert from 'node:assert/strict'
import net from 'node:net'
import { type TestContext, test } from 'node:test'
import zlib from 'node:zlib'
import { createServer, type Server } from '../../src/index.ts'
import { MemoryMailbox } from '../../src/testing/index.ts'

const LONG = `Subject: long\r\n\r\n${'All work and no play makes Jack a dull boy.\r\n'.repeat(20_000)}`

async function started(t: TestContext): Promise<Server> {
  const mailbox = new MemoryMailbox()
  mailbox.deliver(Buffer.from(LONG))
  const server = createServer({ ports: { imap: 0 }, host: '127.0.0.1', allowInsecureAuth: true })
  server.on('auth', info => info.accept())
  server.on('mailboxSession', session => mailbox.attach(session))
  await server.listen()
  t.after(() => server.close())
  return server
}

interface Client {
  readonly socket: net.Socket
  /** Sends, and waits until what has come matches. */
  say(bytes: string | Uint8Array, until: RegExp): Promise<string>
  /** From now on compressed. */
  compress(): void
}

async function connected(server: Server): Promise<Client> {
  const socket = net.connect(server.ports.imap!, '127.0.0.1')
  let heard = ''
  let wake = (): void => {}
  let inflate: zlib.InflateRaw | null = null
  let deflate: zlib.DeflateRaw | null = null
  const hear = (bytes: Uint8Array): void => {
    heard += Buffer.from(bytes).toString('latin1')
    wake()
  }
  socket.on('data', bytes => (inflate ? inflate.write(bytes) : hear(bytes)))
  socket.on('close', () => wake())
  socket.on('error', () => {})
  const say: Client['say'] = async (bytes, until) => {
    heard = ''
    if (deflate) deflate.write(bytes)
    else socket.write(bytes)
    while (!until.test(heard.slice(-2000)) && !socket.destroyed)
      await new Promise<void>(resolve => (wake = resolve))
    return heard
  }
  const compress = (): void => {
    inflate = zlib.createInflateRaw()
    deflate = zlib.createDeflateRaw({ flush: zlib.constants.Z_SYNC_FLUSH })
    inflate.on('data', hear)
    deflate.on('data', bytes => socket.write(bytes))
  }
  await say('', /ready\r\n/)
  return { socket, say, compress }
}

async function compressed(server: Server): Promise<Client> {
  const client = await connected(server)
  await client.say('a LOGIN fred pw\r\n', /a OK .*\r\n/)
  assert.match(await client.say('b COMPRESS DEFLATE\r\n', /b \w+ .*\r\n/), /b OK/)
  return client
}

test('all that is said after COMPRESS is compressed, both ways, in order', { timeout: 30_000 }, async t => {
  const client = await compressed(await started(t))
  client.compress()
  assert.match(await client.say('c SELECT INBOX\r\n', /c \w+ .*\r\n/), /1 EXISTS[\s\S]*c OK/)
  const fetched = await client.say('d FETCH 1 BODY.PEEK[]\r\n', /d OK .*\r\n/)
  assert.ok(fetched.includes(LONG), 'the message as it is')
  assert.ok(client.socket.bytesRead < LONG.length / 10, 'and less of it on the wire')
  assert.match(await client.say('e COMPRESS DEFLATE\r\n', /e \w+ .*\r\n/), /e NO \[COMPRESSIONACTIVE\]/)
  const pipelined = Array.from({ length: 200 }, (_each, i) => `n${i} NOOP\r\n`).join('')
  assert.equal((await client.say(pipelined, /n199 OK/)).match(/ OK NOOP/g)?.length, 200)
  assert.match(await client.say('f LOGOUT\r\n', /f OK .*\r\n/), /\* BYE/)
})

test('an algorithm that is not known is refused, and the session goes on in clear', {
  timeout: 30_000,
}, async t => {
  const client = await connected(await started(t))
  assert.match(await client.say('x COMPRESS DEFLATE\r\n', /x \w+ .*\r\n/), /x BAD/, 'not before login')
  await client.say('a LOGIN fred pw\r\n', /a OK .*\r\n/)
  assert.match(await client.say('b COMPRESS LZW\r\n', /b \w+ .*\r\n/), /b NO/)
  assert.match(await client.say('c NOOP\r\n', /c \w+ .*\r\n/), /c OK/)
  client.socket.destroy()
})

test('what is no deflate stream ends the connection', { timeout: 30_000 }, async t => {
  const server = await started(t)
  const client = await compressed(server)
  await client.say(Buffer.alloc(1000, 0xff), /never/)
  assert.ok(client.socket.destroyed)
  const other = await compressed(server)
  other.compress()
  assert.match(await other.say('c NOOP\r\n', /c \w+ .*\r\n/), /c OK/)
  other.socket.destroy()
})

test('deflate-bomb: what grows more than two hundred times ends the connection', {
  timeout: 30_000,
}, async t => {
  const client = await compressed(await started(t))
  const bomb = zlib.deflateRawSync(
    Buffer.concat([Buffer.from('c NOOP '), Buffer.alloc(64 * 1024 * 1024, 0x20)]),
  )
  await client.say(bomb, /never/)
  assert.ok(client.socket.destroyed)
})
