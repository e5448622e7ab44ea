// The ten lines of the README with a real server and clients that others wrote: nodemailer delivers, imapflow reads.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { TestContext } from 'node:test'
import { type AuthOptions, connectSMTP, createServer, type Server } from 'email-server'
import type { FolderNews } from 'email-server/mailbox'
import { ImapFlow } from 'imapflow'
import { createTransport } from 'nodemailer'
import type { Store } from '../src/index.ts'
import {
  ALICE,
  allUids,
  BOB,
  bytesOf,
  later,
  message,
  OPEN,
  temporaryDirectory,
  test,
  testStore,
} from './support.ts'

async function attached(
  t: TestContext,
  options: Parameters<Store['attach']>[1] = {},
  auth: AuthOptions = {},
): Promise<{ store: Store; server: Server }> {
  const { store } = await testStore(t, { scram: auth.mechanisms !== undefined })
  const server = createServer({
    auth,
    hostname: 'mail.example.test',
    host: '127.0.0.1',
    ports: { inbound: 0, submission: 0, imap: 0, pop3: 0 },
    allowInsecureAuth: true,
    closeTimeout: 1000,
  })
  store.attach(server, options)
  await server.listen()
  later(t, () => server.close())
  return { store, server }
}

interface Sending {
  readonly to: string | readonly string[]
  readonly as?: string
  readonly password?: string
}

async function send(port: number, raw: Buffer, { to, as, password = 'password' }: Sending): Promise<void> {
  const transport = createTransport({
    host: '127.0.0.1',
    port,
    ignoreTLS: true,
    ...(as === undefined ? {} : { auth: { user: as, pass: password } }),
  })
  try {
    await transport.sendMail({ envelope: { from: as ?? 'carol@elsewhere.test', to: [to].flat() }, raw })
  } finally {
    transport.close()
  }
}

async function reader(t: TestContext, server: Server, user: string): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: '127.0.0.1',
    port: server.ports.imap!,
    secure: false,
    doSTARTTLS: false,
    auth: { user, pass: 'password' },
    logger: false,
  })
  client.on('error', () => {})
  await client.connect()
  later(t, () => client.logout().catch(() => {}))
  return client
}

test('inbound mail is in the INBOX of each recipient, its bytes behind Return-Path and Received', async t => {
  const { server } = await attached(t)
  const raw = message('delivered', 96_000)
  await send(server.ports.inbound!, raw, { to: [ALICE, 'bob+tag@EXAMPLE.test'] })
  for (const user of [ALICE, BOB]) {
    const client = await reader(t, server, user)
    const lock = await client.getMailboxLock('INBOX')
    const found = await client.fetchOne('1', { source: true, envelope: true })
    assert.ok(found !== false && found.source !== undefined)
    assert.equal(found.envelope?.subject, 'delivered')
    assert.match(found.source.toString('latin1'), /^Return-Path: <carol@elsewhere\.test>\r\nReceived: /)
    assert.ok(found.source.subarray(-raw.length).equals(raw))
    lock.release()
  }
})

test('inbound takes mail for accounts only: unknown users 5.1.1, other domains 5.7.1', async t => {
  const { server } = await attached(t)
  const port = server.ports.inbound!
  await assert.rejects(send(port, message('x'), { to: 'carol@example.test' }), {
    responseCode: 550,
    message: /5\.1\.1/,
  })
  await assert.rejects(send(port, message('x'), { to: 'someone@elsewhere.test' }), {
    responseCode: 550,
    message: /5\.7\.1/,
  })
})

test('submitted mail goes to local people at once and to others into the sender’s Outbox', async t => {
  const { store, server } = await attached(t)
  await send(server.ports.submission!, message('mixed'), { to: [BOB, 'someone@elsewhere.test'], as: ALICE })
  const bob = store.mailbox(BOB)
  await bob.openFolder!('INBOX', OPEN)
  assert.deepEqual(await allUids(bob), [1])
  const alice = store.mailbox(ALICE)
  await alice.openFolder!('Outbox', OPEN)
  assert.match((await bytesOf(alice, 1)).toString(), /Subject: mixed/)
  assert.equal((await alice.status!('INBOX', { items: [] })).total, 0)
})

test('without an outbox mail for other domains is refused', async t => {
  const { server } = await attached(t, { outbox: null })
  const sending = send(server.ports.submission!, message('x'), { to: 'someone@elsewhere.test', as: ALICE })
  await assert.rejects(sending, { responseCode: 550, message: /5\.7\.1/ })
})

test('a wrong password keeps people out', async t => {
  const { server } = await attached(t)
  const sending = send(server.ports.submission!, message('x'), { to: BOB, as: ALICE, password: 'wrong' })
  await assert.rejects(sending, { code: 'EAUTH', responseCode: 535 })
})

test('a client in IDLE hears of a delivery, of flags and of a removal by others', async t => {
  const { store, server } = await attached(t)
  const client = await reader(t, server, ALICE)
  await client.mailboxOpen('INBOX')
  const idle = client.idle()
  const exists = once(client, 'exists')
  await store.deliver(message('news'), [ALICE])
  const [{ count }] = (await exists) as [{ count: number }]
  assert.equal(count, 1)
  const other = store.mailbox(ALICE)
  await other.openFolder!('INBOX', OPEN)
  const flags = once(client, 'flags')
  await other.setFlags!([1], [], { mode: 'add', changed: ['Seen'] })
  const [{ flags: now }] = (await flags) as [{ flags: Set<string> }]
  assert.ok(now.has('\\Seen'))
  const expunge = once(client, 'expunge')
  await other.expunge!([1], {})
  await expunge
  await client.noop()
  await idle
})

test('a session that watches folders hears what others do to them, by their names of now, until it does not want to', async t => {
  const { store } = await attached(t)
  const heard: FolderNews[] = []
  const take = (): FolderNews[] => heard.splice(0)
  const mine = store.openMailbox(ALICE, () => {}, { onFolderNews: news => heard.push(news) })
  const other = store.mailbox(ALICE)
  await mine.handlers.watchFolders!(true, {})
  await store.deliver(message('news'), [ALICE, BOB])
  assert.deepEqual(take(), [{ kind: 'new', folder: 'INBOX' }])
  await other.createFolder!('a', {})
  await other.createFolder!('a/b', {})
  await other.append!('a/b', message('x'), [], {})
  await other.renameFolder!('a', 'c', {})
  await other.append!('c/b', message('x'), [], {})
  assert.deepEqual(take(), [
    { kind: 'created', folder: 'a' },
    { kind: 'created', folder: 'a/b' },
    { kind: 'new', folder: 'a/b' },
    { kind: 'renamed', folder: 'c', from: 'a' },
    { kind: 'new', folder: 'c/b' },
  ])
  await other.openFolder!('INBOX', OPEN)
  await other.setFlags!([1], ['Seen'], { mode: 'set', changed: ['Seen'] })
  await other.renameFolder!('INBOX', 'old', {})
  await other.append!('old', message('x'), [], {})
  await other.unsubscribe!('old', {})
  await other.deleteFolder!('old', {})
  assert.deepEqual(take(), [
    { kind: 'flags', folder: 'INBOX' },
    { kind: 'renamed', folder: 'old', from: 'INBOX' },
    { kind: 'gone', folder: 'INBOX' },
    { kind: 'new', folder: 'old' },
    { kind: 'subscription', folder: 'old' },
    { kind: 'deleted', folder: 'old' },
  ])
  // its own doing is no news
  await mine.handlers.append!('Drafts', message('x'), [], {})
  await mine.handlers.createFolder!('mine', {})
  await mine.handlers.deleteFolder!('mine', {})
  assert.deepEqual(take(), [])
  await mine.handlers.watchFolders!(false, {})
  await other.append!('Drafts', message('x'), [], {})
  await mine.handlers.watchFolders!(true, {})
  await other.append!('Drafts', message('x'), [], {})
  mine.close()
  await other.append!('Drafts', message('x'), [], {})
  assert.deepEqual(take(), [{ kind: 'new', folder: 'Drafts' }])
})

test('handlers without news of folders do not offer to watch them', async t => {
  const { store } = await attached(t)
  assert.equal(store.mailbox(ALICE).watchFolders, undefined)
})

test('what a client does to folders and messages is in the store', async t => {
  const { store, server } = await attached(t)
  await store.deliver(message('one'), [ALICE])
  await store.deliver(message('two'), [ALICE])
  const client = await reader(t, server, ALICE)
  await client.mailboxCreate('Projects/Mail')
  await client.mailboxOpen('INBOX')
  await client.messageFlagsAdd('1', ['\\Flagged', 'Work'])
  await client.messageCopy('1', 'Projects/Mail')
  await client.messageDelete('2')
  await client.append('Drafts', message('draft'), ['\\Draft'])
  const handlers = store.mailbox(ALICE)
  await handlers.openFolder!('INBOX', OPEN)
  assert.deepEqual(await allUids(handlers), [1])
  assert.deepEqual((await handlers.messageMeta!([1], {}))[0]?.flags, ['Flagged', 'Work'])
  assert.equal((await handlers.status!('Projects/Mail', { items: [] })).total, 1)
  assert.equal((await handlers.status!('Drafts', { items: [] })).total, 1)
  await client.mailboxRename('Projects', 'Done')
  await client.mailboxDelete('Done/Mail')
  const folders = await handlers.folders!({})
  assert.deepEqual(
    folders.map(folder => folder.name).filter(name => /Projects|Done/.test(name)),
    ['Done'],
  )
})

test('the program of the README runs', async t => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8')
  const program = /```ts\n([\s\S]*?)```/.exec(readme)?.[1]
  assert.ok(program)
  const ours = program
    .replace('./data', await temporaryDirectory(t))
    .replaceAll(/: \d{4}\b/g, ': 0')
    .concat(
      "console.log(typeof server.ports.imap, await store.findUser('alice'))\nawait server.close()\nawait store.close()\n",
    )
  const child = spawn(process.execPath, ['--input-type=module', '-e', ours], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const said: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => said.push(chunk))
  assert.deepEqual(await once(child, 'close'), [0, null])
  assert.equal(Buffer.concat(said).toString(), `number ${ALICE}\n`)
})

test('an app password opens IMAP and submission until it is revoked; so does no password of who is switched off', async t => {
  const { store, server } = await attached(t)
  const password = await store.addAppPassword(ALICE, 'phone')
  const mail = { to: BOB, as: ALICE, password }
  await send(server.ports.submission!, message('by app password'), mail)
  await store.removeAppPassword(ALICE, 'phone')
  await assert.rejects(send(server.ports.submission!, message('revoked'), mail), { code: 'EAUTH' })
  await store.setEnabled(ALICE, false)
  const known = { ...mail, password: 'password' }
  await assert.rejects(send(server.ports.submission!, message('switched off'), known), { code: 'EAUTH' })
  await send(server.ports.inbound!, message('kept for her'), { to: ALICE })
  assert.equal((await store.mailbox(ALICE).status!('INBOX', { items: [] })).total, 1)
})

test('with SCRAM the password stays at home; strangers and those without keys are refused alike', async t => {
  const { store, server } = await attached(t, {}, { mechanisms: ['SCRAM-SHA-256', 'SCRAM-SHA-1'] })
  await store.setPassword(ALICE, 'pencil')
  const login = async (user: string, pass: string): Promise<void> => {
    const smtp = await connectSMTP({
      host: '127.0.0.1',
      port: server.ports.submission!,
      secure: false,
      allowInsecureAuth: true,
      auth: { user, pass },
    })
    await smtp.close()
  }
  await login(ALICE, 'pencil')
  await login('alice', 'pencil')
  await assert.rejects(login(ALICE, 'pen'), { code: 'EAUTH' })
  await assert.rejects(login(BOB, 'password'), { code: 'EAUTH' })
  await assert.rejects(login('nobody@example.test', 'pencil'), { code: 'EAUTH' })
})
