// Clients that break off, never end, never read or talk nonsense, against `npm start`: nothing half is kept, memory stays bounded,
// and other clients notice nothing.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { ALICE, BOB, type Host, PASSWORD, startHost } from '../support/host.ts'
import { LineClient } from '../support/line-client.ts'
import { idOf, MESSAGES } from '../support/messages.ts'
import { imapflowReads, nodemailerSends } from '../support/npm-clients.ts'

let host: Host
before(async () => {
  host = await startHost()
})
after(() => host[Symbol.asyncDispose]())

const MIB = 1 << 20
const CLEAR = ['inbound', 'submission', 'imap', 'pop3'] as const

/** Somebody else is served as if nothing were. */
async function othersAreServed(): Promise<void> {
  await nodemailerSends(host.ports.inbound, [MESSAGES.get('plain')!], {}, ALICE)
  const stored = await imapflowReads(host.ports.imap, ALICE)
  assert.ok(stored.some(raw => idOf(raw) === 'plain'))
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** Resident memory of the server, in bytes. */
async function memory(): Promise<number> {
  const status = await readFile(`/proc/${host.pid}/status`, 'latin1')
  return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)![1]) * 1024
}

async function idsOf(user: string): Promise<(string | null)[]> {
  return (await imapflowReads(host.ports.imap, user)).map(idOf)
}

test('a client that hangs up in the middle of DATA leaves nothing behind', async () => {
  for (const ending of ['half a line', 'a line\r\n', 'a line\r\n.', 'a line\r\n.\r']) {
    await using client = await LineClient.open(host.ports.inbound)
    client.send(`EHLO x.example\r\nMAIL FROM:<a@sender.example>\r\nRCPT TO:<${BOB}>\r\nDATA\r\n`)
    await client.expect(/^354 .*\r\n/m)
    client.send(`Message-ID: <broken-off@sender.example>\r\n\r\n${ending}`)
  }
  await othersAreServed()
  assert.ok(!(await idsOf(BOB)).includes('broken-off'))
})

test('a client that hangs up in the middle of an APPEND leaves nothing behind', async () => {
  await using client = await LineClient.open(host.ports.imap)
  client.send(`a LOGIN ${BOB} ${PASSWORD}\r\nb APPEND INBOX {1000}\r\n`)
  await client.expect(/^\+ .*\r\n/m)
  client.send('Message-ID: <broken-off@sender.example>\r\n\r\nand no more')
  await client[Symbol.asyncDispose]()
  await othersAreServed()
  assert.ok(!(await idsOf(BOB)).includes('broken-off'))
})

for (const name of CLEAR) {
  test(`a line without end is cut off, and costs no memory (${name})`, async () => {
    const before = await memory()
    const socket = await open(host.ports[name])
    let closed = false
    socket.on('close', () => {
      closed = true
    })
    socket.resume()
    for (let sent = 0; sent < 64 * MIB && !closed; sent += MIB) {
      if (!socket.write(Buffer.alloc(MIB, 'x')))
        await Promise.race([once(socket, 'drain'), once(socket, 'close')])
    }
    if (!closed) {
      const limit = setTimeout(() => socket.destroy(new Error('still open')), 10_000)
      const [hadError] = (await once(socket, 'close')) as [boolean]
      clearTimeout(limit)
      assert.ok(!hadError || socket.errored?.message !== 'still open', 'the server reads on for ever')
    }
    await othersAreServed()
    const grown = (await memory()) - before
    assert.ok(grown < 32 * MIB, `${Math.round(grown / MIB)} MiB more`)
  })

  test(`binary noise is answered or cut off, and hurts nobody else (${name})`, async () => {
    for (let i = 0; i < 5; i++) {
      const socket = await open(host.ports[name])
      socket.resume()
      socket.end(randomBytes(100_000))
      const limit = setTimeout(() => socket.destroy(), 10_000)
      await once(socket, 'close')
      clearTimeout(limit)
    }
    await othersAreServed()
  })
}

test('a client that asks for much and never reads costs a bounded amount of memory', async () => {
  await nodemailerSends(host.ports.inbound, [MESSAGES.get('five-megabytes')!], {}, BOB)
  await imapflowReads(host.ports.imap, BOB)
  const before = await memory()
  const sockets: Socket[] = []
  try {
    for (let i = 0; i < 10; i++) {
      const socket = await open(host.ports.imap)
      sockets.push(socket)
      socket.pause()
      socket.write(`a LOGIN ${BOB} ${PASSWORD}\r\nb SELECT INBOX\r\n`)
      for (let j = 0; j < 20; j++) socket.write(`c${j} FETCH 1:* (BODY.PEEK[])\r\n`)
    }
    await othersAreServed()
    await othersAreServed()
    // 200 answers of more than 5 MB each are being asked for
    const grown = (await memory()) - before
    assert.ok(grown < 150 * MIB, `${Math.round(grown / MIB)} MiB more`)
  } finally {
    for (const socket of sockets) socket.destroy()
  }
})

/** Asks for TLS with more behind it in the same packet; the first thing that is said over TLS, '' when there is none. */
async function startsTls(port: number, inClear: string, ready: RegExp, overTls: string): Promise<string> {
  const socket = await open(port)
  try {
    socket.write(inClear)
    let heard = ''
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      heard += String(chunk)
      if (ready.test(heard)) break
    }
    if (!ready.test(heard)) return ''
    const tls = connectTls({ socket, rejectUnauthorized: false })
    return await new Promise<string>(resolve => {
      tls.once('secureConnect', () => tls.write(overTls))
      tls.once('data', said => resolve(String(said)))
      tls.once('error', () => resolve(''))
      tls.once('close', () => resolve(''))
    })
  } finally {
    socket.destroy()
  }
}

test('what was sent in clear behind STARTTLS is never taken for what was said over TLS', async () => {
  const { submission, imap, pop3 } = host.ports
  const login = `LOGIN ${BOB} ${PASSWORD}\r\n`
  for (const [port, starttls, ready, overTls, answered] of [
    [submission, 'EHLO x.example\r\nSTARTTLS\r\n', /^220 .*\r\n[\s\S]*^220 /m, 'NOOP\r\n', /^250 2\.0\.0 /],
    [imap, 'a STARTTLS\r\n', /^a OK /m, 'z NOOP\r\n', /^z OK /],
    [pop3, 'STLS\r\n', /^\+OK .*\r\n\+OK /m, 'CAPA\r\n', /^\+OK .*\r\n[A-Z]/],
  ] as const) {
    assert.match(await startsTls(port, starttls, ready, overTls), answered)
    const behind = { [submission]: 'EHLO evil.example\r\n', [imap]: `b ${login}`, [pop3]: `USER ${BOB}\r\n` }[
      port
    ]!
    const said = await startsTls(port, starttls + behind, ready, overTls)
    assert.ok(said === '' || answered.test(said), said)
  }
  await othersAreServed()
})
