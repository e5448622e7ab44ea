// A server that sends what its users submit: nodemailer submits, another server takes, reports come home.
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { createServer, type Server } from 'email-server'
import { createTransport } from 'nodemailer'
import type { Store } from '../src/index.ts'
import { ALICE, allUids, BOB, bytesOf, later, message, OPEN, test, testStore } from './support.ts'

interface World {
  readonly store: Store
  readonly server: Server
  /** What the other server has taken: `from > to, to: subject`. */
  readonly arrived: string[]
}

async function world(t: TestContext): Promise<World> {
  const arrived: string[] = []
  const other = createServer({
    hostname: 'mx.elsewhere.test',
    host: '127.0.0.1',
    ports: { inbound: 0 },
    mailAuth: false,
  })
  other.addDomain('elsewhere.test')
  other.on('smtpSession', session => {
    session.on('rcpt', (address, _params, context) => {
      if (address.startsWith('nobody')) context.reject(550, '5.1.1 nobody')
      else context.accept()
    })
    session.on('mail', mail => {
      arrived.push(`${mail.from} > ${mail.to.join(', ')}: ${mail.subject}`)
      mail.accept()
    })
  })
  await other.listen()
  later(t, () => other.close())
  const { store } = await testStore(t)
  const server = createServer({
    hostname: 'mail.example.test',
    host: '127.0.0.1',
    ports: { inbound: 0, submission: 0 },
    allowInsecureAuth: true,
    mailAuth: false,
    closeTimeout: 1000,
    relay: { host: '127.0.0.1', port: other.ports.inbound!, ignoreTLS: true },
    delivery: { queue: store.queue, retry: { firstDelayMs: 20 } },
  })
  store.attach(server, { deliver: true })
  await server.listen()
  later(t, () => server.close())
  return { store, server, arrived }
}

async function submit(server: Server, subject: string, to: readonly string[]): Promise<void> {
  const transport = createTransport({
    host: '127.0.0.1',
    port: server.ports.submission!,
    ignoreTLS: true,
    auth: { user: ALICE, pass: 'password' },
  })
  try {
    await transport.sendMail({ envelope: { from: ALICE, to: [...to] }, raw: message(subject) })
  } finally {
    transport.close()
  }
}

/** Waits until nothing is left to be sent. */
async function empty(store: Store): Promise<void> {
  for (let turn = 0; (await store.queue.count()) > 0; turn++) {
    assert.ok(turn < 2000, 'the queue is not done')
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

async function inbox(store: Store, user: string): Promise<string[]> {
  const handlers = store.mailbox(user)
  await handlers.openFolder!('INBOX', OPEN)
  const found: string[] = []
  for (const uid of await allUids(handlers)) found.push((await bytesOf(handlers, uid)).toString('latin1'))
  return found
}

test('submitted mail is stored for people here and sent to all others, those of Bcc too', async t => {
  const { store, server, arrived } = await world(t)
  await submit(server, 'mixed', [
    BOB,
    'bob+tag@example.test',
    'carol@elsewhere.test',
    'secret@elsewhere.test',
  ])
  const [mail, ...more] = await inbox(store, BOB)
  assert.match(mail!, /^Return-Path: <alice@example\.test>\r\n[\s\S]*Subject: mixed\r\n/)
  assert.deepEqual(more, [])
  await empty(store)
  assert.deepEqual(arrived, [`${ALICE} > carol@elsewhere.test, secret@elsewhere.test: mixed`])
})

test('what a server refuses comes back to its sender as a report', async t => {
  const { store, server, arrived } = await world(t)
  await submit(server, 'half', ['nobody@elsewhere.test', 'carol@elsewhere.test'])
  await empty(store)
  assert.deepEqual(arrived, [`${ALICE} > carol@elsewhere.test: half`])
  const [report, ...more] = await inbox(store, ALICE)
  assert.match(report!, /^Return-Path: <>\r\n/)
  assert.match(report!, /^Final-Recipient: rfc822; ?nobody@elsewhere\.test\r$/m)
  assert.match(report!, /^Action: failed\r$/m)
  assert.deepEqual(more, [])
})

test('mail for people here only does not touch the queue; strangers may not send', async t => {
  const { store, server, arrived } = await world(t)
  await submit(server, 'near', [BOB])
  assert.equal((await inbox(store, BOB)).length, 1)
  const transport = createTransport({ host: '127.0.0.1', port: server.ports.inbound!, ignoreTLS: true })
  later(t, () => transport.close())
  const envelope = { from: 'mallory@far.test', to: ['carol@elsewhere.test'] }
  await assert.rejects(transport.sendMail({ envelope, raw: message('relayed') }), { responseCode: 550 })
  await empty(store)
  assert.deepEqual(arrived, [])
})

test('when local copies cannot be stored nothing is sent either, and the client is told to try again', async t => {
  const { store, server, arrived } = await world(t)
  // Bob's INBOX fails at the moment of storing: his part and the queue's are one step
  const { queue } = store
  const beside = queue.beside.bind(queue)
  queue.beside = (id, { body }, work) =>
    beside(
      id,
      {
        body,
        where: () => Promise.reject(Object.assign(new Error('the disk fails'), { code: 'SQLITE_IOERR' })),
      },
      work,
    )
  await assert.rejects(submit(server, 'neither', [BOB, 'carol@elsewhere.test']), { responseCode: 451 })
  assert.equal(await queue.count(), 0)
  assert.deepEqual(await inbox(store, BOB), [])
  assert.deepEqual(arrived, [])
})

test('when one of the people here has no room nothing is sent either', async t => {
  const { store, server, arrived } = await world(t)
  // there is room when the recipient is asked for, and none when the message is there
  const { beside } = store.queue
  store.queue.beside = async (...args) => {
    await store.setQuota(BOB, { messages: 0 })
    return beside.apply(store.queue, args) as never
  }
  await assert.rejects(submit(server, 'neither', [BOB, 'carol@elsewhere.test']), {
    responseCode: 452,
    message: /4\.2\.2/,
  })
  assert.equal(await store.queue.count(), 0)
  assert.deepEqual(arrived, [])
})

test('attach with deliver wants a server whose queue is the store’s', async t => {
  const { store } = await testStore(t)
  assert.throws(() => store.attach(createServer({ ports: { submission: 0 } }), { deliver: true }), {
    code: 'EUSAGE',
    message: /delivery: \{ queue: store\.queue \}/,
  })
})
