// A POP3 server in a virtual world: the network cuts, delays and breaks, and what was promised holds.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Connection } from '../../src/base/runtime.ts'
import { createServer, type Server } from '../../src/server/index.ts'
import { type LinkOptions, MemoryMailbox, VirtualWorld } from '../../src/testing/index.ts'

const LETTER = 'Subject: one\r\n\r\n.dot\r\nlast line\r\n'
const SCRIPT = ['USER alice', 'PASS secret', 'RETR 1', 'DELE 1', 'QUIT']

interface World {
  world: VirtualWorld
  server: Server
  mailbox: MemoryMailbox
  failures: unknown[]
}

/** A server with one letter, at pop.example.test. */
async function start(link: LinkOptions): Promise<World> {
  const world = new VirtualWorld({ link: () => link, zones: 'pop.example.test A 192.0.2.2' })
  const mailbox = new MemoryMailbox()
  mailbox.deliver(Buffer.from(LETTER))
  const failures: unknown[] = []
  const server = createServer({
    hostname: 'pop.example.test',
    ports: { pop3: 110 },
    tlsOptions: { cert: 'virtual', key: 'virtual' },
    allowInsecureAuth: true,
    runtime: world.host('192.0.2.2'),
  })
  server.on('auth', info => (info.password === 'secret' ? info.accept() : info.reject()))
  server.on('mailboxSession', session => mailbox.attach(session))
  server.on('error', error => failures.push(error))
  await server.listen()
  return { world, server, mailbox, failures }
}

/** A client that says the next line when the last one is answered; gives how it ended, and all that it has heard. */
async function talk(world: VirtualWorld, lines: readonly string[]): Promise<string> {
  const connection: Connection = await world.run(
    world.host('192.0.2.1').connect({ host: 'pop.example.test', port: 110 }),
  )
  let heard = ''
  let answered = 0
  let next = 0
  const ended = new Promise<string>(resolve => {
    connection.open({
      data: bytes => {
        heard += Buffer.from(bytes).toString('latin1')
        const end = lines[next - 1]?.startsWith('RETR') ? '\r\n.\r\n' : '\r\n'
        const at = heard.indexOf(end, answered)
        if (at < 0) return
        answered = at + end.length
        const line = lines[next++]
        if (line !== undefined) connection.write(Buffer.from(`${line}\r\n`))
      },
      end: () => connection.end(),
      drain: () => {},
      secured: () => {},
      closed: error => resolve(error === null ? 'orderly' : 'broken'),
    })
  })
  return `${await world.run(ended)} ${heard}`
}

describe('pop3 across a bad network', () => {
  test('pieces of one byte and a slow line change nothing', async () => {
    for (const link of [{}, { cut: 1 }, { latencyMs: 200, cut: 3, window: 16 }]) {
      const { world, mailbox, server, failures } = await start(link)
      const end = await talk(world, SCRIPT)
      assert.match(end, /^orderly \+OK pop\.example\.test/)
      assert.ok(end.includes('Subject: one\r\n\r\n..dot\r\nlast line\r\n.\r\n'))
      assert.ok(end.endsWith('+OK Goodbye\r\n'))
      assert.equal(mailbox.messages().length, 0)
      await world.run(server.close())
      assert.deepEqual(failures, [])
    }
  })

  test('a connection that breaks at any byte, in either direction, removes nothing unless QUIT has arrived', async () => {
    const said = SCRIPT.reduce((sum, line) => sum + line.length + 2, 0)
    for (let at = 0; at < said; at++) {
      const { world, mailbox, server, failures } = await start({ cut: 1, resetAfter: { toServer: at } })
      const end = await talk(world, SCRIPT)
      assert.match(end, /^broken/)
      assert.equal(mailbox.messages().length, 1, `broken before byte ${at + 1} of what the client says`)
      await world.run(server.close())
      assert.deepEqual(failures, [])
    }
    for (let at = 0; at < 200; at++) {
      const { world, mailbox, server, failures } = await start({ cut: 1, resetAfter: { toClient: at } })
      const end = await talk(world, SCRIPT)
      // what the client has heard of the end is true; what it has not heard may be true as well
      if (end.includes('+OK Goodbye')) assert.equal(mailbox.messages().length, 0)
      if (!end.includes('deleted')) assert.equal(mailbox.messages().length, 1)
      await world.run(server.close())
      assert.deepEqual(failures, [])
    }
  })

  test('a server that closes says goodbye and waits for nobody for ever', async () => {
    const { world, server } = await start({})
    const client = await world.host('192.0.2.1').connect({ host: 'pop.example.test', port: 110 })
    let heard = ''
    client.open({
      data: bytes => {
        heard += Buffer.from(bytes).toString()
      },
      end: () => {},
      drain: () => {},
      secured: () => {},
      closed: () => {},
    })
    await world.settle()
    const before = world.now
    await world.run(server.close())
    assert.match(heard, /-ERR \[SYS\/TEMP\] The server is shutting down\r\n$/)
    assert.ok(world.now - before <= 30_000)
  })
})
