// Connections through a proxy: who is believed, what the session sees, and what ends without a word.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { describe, test } from 'node:test'
import tls from 'node:tls'
import { createServer, type ServerOptions } from '../../src/index.ts'
import { VirtualWorld } from '../../src/testing/index.ts'
import { TEST_CERT, TEST_KEY } from '../support/tls.ts'
import { v2 } from './proxy-headers.ts'
import { Client, listening } from './virtual.ts'

const PROXY = '10.0.0.9'
const HEADER = 'PROXY TCP4 203.0.113.7 198.51.100.25 55555 25\r\n'

async function place(options: ServerOptions = {}): Promise<{ world: VirtualWorld; seen: string[] }> {
  const world = new VirtualWorld()
  const server = await listening(world, { useProxy: true, ...options })
  const seen: string[] = []
  server.on('connection', info => seen.push(`${info.remoteAddress} ${info.remotePort} ${info.localPort}`))
  server.on('smtpSession', session => seen.push(session.remoteAddress))
  return { world, seen }
}

describe('PROXY', () => {
  for (const [port, greeting, say, answer] of [
    [25, /^220 /, 'EHLO c.test\r\n', /^250[ -]/m],
    [143, /^\* OK/, 'a NOOP\r\n', /^a OK/m],
    [110, /^\+OK/, 'CAPA\r\n', /^\+OK[\s\S]*\+OK/],
  ] as const) {
    test(`port ${port}: nothing is said before the header, and what follows it in the same packet is the client's`, async () => {
      const { world, seen } = await place()
      const client = await Client.connect(world, port, PROXY)
      assert.equal(client.heard, '')
      client.send(HEADER + say)
      await world.settle()
      assert.match(client.heard, greeting)
      assert.match(client.heard, answer)
      assert.equal(seen[0], '203.0.113.7 55555 25')
      assert.deepEqual(seen.slice(1), port === 25 ? ['203.0.113.7'] : [])
    })
  }

  test('a header that comes byte by byte is read as well', async () => {
    const { world, seen } = await place()
    const client = await Client.connect(world, 25, PROXY)
    for (const byte of `${HEADER}EHLO c.test\r\n`) {
      client.send(byte)
      await world.settle()
    }
    assert.match(client.heard, /^220 [\s\S]*^250 /m)
    assert.equal(seen[1], '203.0.113.7')
  })

  test('LOCAL and UNKNOWN leave the proxy its own address', async () => {
    for (const header of ['PROXY UNKNOWN\r\n', v2(0x20, 0, new Uint8Array(0)).toString('latin1')]) {
      const { world, seen } = await place()
      const client = await Client.connect(world, 25, PROXY)
      client.send(header)
      await world.settle()
      assert.match(client.heard, /^220 /)
      assert.equal(seen[1], PROXY)
    }
  })

  test('limits and bans are for the client, not for the proxy', async () => {
    const { world } = await place({ limits: { connectionsPerAddress: 1 } })
    const connect = async (address: string): Promise<string> => {
      const client = await Client.connect(world, 25, PROXY)
      client.send(`PROXY TCP4 ${address} 198.51.100.25 1 25\r\n`)
      await world.settle()
      return client.heard
    }
    assert.match(await connect('203.0.113.7'), /^220 /)
    assert.match(await connect('203.0.113.8'), /^220 /)
    assert.match(await connect('203.0.113.7'), /^421 4\.7\.0 /)
  })

  for (const [what, from, useProxy, text] of [
    ['PROXY spoofing: a header from who is no proxy', '198.51.100.7', true, HEADER],
    ['a proxy that is not on the list', PROXY, ['192.0.2.0/24'], HEADER],
    ['a client that comes without the proxy', '198.51.100.7', true, ''],
    ['a header that is malformed', PROXY, true, 'PROXY TCP4 203.0.113.7\r\n'],
    ['no header but a command', PROXY, true, 'EHLO c.test\r\n'],
    ['a header without end', PROXY, true, `PROXY UNKNOWN ${'x'.repeat(200)}`],
  ] as const) {
    test(`${what}: closed without a word`, async () => {
      const { world, seen } = await place({ useProxy })
      const client = await Client.connect(world, 25, from)
      if (text !== '') client.send(text)
      await world.settle()
      assert.equal(client.closed, true)
      assert.equal(client.heard, '')
      assert.deepEqual(seen, [])
    })
  }

  test('without useProxy the header is no command, and ends the session', async () => {
    const { world, seen } = await place({ useProxy: false })
    const client = await Client.connect(world, 25, PROXY)
    client.send(`${HEADER}EHLO c.test\r\n`)
    await world.settle()
    assert.match(client.heard, /^421 4\.7\.0 This is SMTP\r\n$/m)
    assert.equal(seen[1], PROXY)
  })

  test('a header that does not come is waited for five seconds; a proxy that hangs up is forgotten', async () => {
    const { world } = await place()
    const slow = await Client.connect(world, 25, PROXY)
    slow.send('PROXY TCP4 203.0.1')
    await world.advance(4999)
    assert.equal(slow.closed, false)
    await world.advance(1)
    assert.equal(slow.closed, true)
    const gone = await Client.connect(world, 25, PROXY)
    gone.hangUp()
    await world.settle()
  })

  test('close() does not wait for those who have not said for whom they come', async () => {
    const world = new VirtualWorld()
    const server = await listening(world, { useProxy: true })
    await Client.connect(world, 25, PROXY)
    await world.run(server.close(), 100)
  })
})

test('real sockets: the header stands before the TLS handshake, in the same packet or apart', async () => {
  const server = createServer({
    host: '127.0.0.1',
    ports: { imaps: 0, submission: 0 },
    tlsOptions: { cert: TEST_CERT, key: TEST_KEY },
    useProxy: true,
    closeTimeout: 500,
  })
  const seen: string[] = []
  server.on('connection', info => seen.push(info.remoteAddress))
  await server.listen()
  try {
    for (const together of [true, false]) {
      const plain = net.connect(server.ports.imaps!, '127.0.0.1')
      await once(plain, 'connect')
      if (together) plain.cork()
      plain.write('PROXY TCP6 2001:db8::7 2001:db8::25 55555 993\r\n')
      const secured = tls.connect({ socket: plain, ca: TEST_CERT, servername: 'mail.example.test' })
      if (together) setImmediate(() => plain.uncork())
      const [greeting] = (await once(secured, 'data')) as [Buffer]
      assert.match(greeting.toString(), /^\* OK/)
      secured.destroy()
    }
    // in clear, with what the client says right behind
    const clear = net.connect(server.ports.submission!, '127.0.0.1')
    let heard = ''
    clear.on('data', chunk => {
      heard += chunk.toString()
    })
    clear.write(
      Buffer.concat([
        v2(0x21, 0x11, Buffer.from('c0000207c6336419d9030019', 'hex')),
        Buffer.from('QUIT\r\n'),
      ]),
    )
    await once(clear, 'end')
    clear.end()
    assert.match(heard, /^220 [\s\S]*\r\n221 /)
    assert.deepEqual(seen, ['2001:db8::7', '2001:db8::7', '192.0.2.7'])
  } finally {
    await server.close()
  }
})
