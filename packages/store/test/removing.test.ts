// Accounts and domains that go: nothing of theirs is left, nobody stays in, nothing comes back to who has the name later.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectIMAP, connectPOP3, createServer } from 'email-server'
import type { FolderNews } from 'email-server/mailbox'
import type { Change } from '../src/index.ts'
import { ALICE, allUids, BOB, later, message, OPEN, testStore } from './support.ts'

test('an account goes with all that is its own; what others have stays', async t => {
  const { store } = await testStore(t)
  await store.addAlias('sales@example.test', ALICE)
  await store.addAlias('sales@example.test', BOB)
  await store.addAlias('only@example.test', ALICE)
  await store.addAppPassword(ALICE, 'phone')
  await store.setQuota(ALICE, { messages: 9000 })
  const handlers = store.mailbox(ALICE)
  await handlers.createFolder!('Work/Plans', { specialUse: [] })
  await store.deliver(message('to both', 200_000), [ALICE, BOB])
  await store.deliver(message('to alice', 200_000), [ALICE])
  await store.importMessages(
    ALICE,
    Array.from({ length: 2500 }, (_, i) => ({
      raw: message(`m${i}`),
      flags: [],
      internalDate: null,
      folder: 'Work',
    })),
  )
  await store.mailbox(BOB).setAcl!('INBOX', ALICE, 'lr', { mode: 'set' })
  assert.equal(await store.removeUser('Alice@Example.test'), true)
  assert.equal(await store.removeUser(ALICE), false)
  assert.deepEqual(
    (await store.users()).map(({ address }) => address),
    [BOB],
  )
  assert.deepEqual(await store.aliases(), [{ alias: 'sales@example.test', account: BOB }])
  assert.equal(await store.verifyUser(ALICE, 'password'), null)
  await assert.rejects(store.deliver(message('late'), [ALICE]), { code: 'NONEXISTENT' })
  await store.idle()
  const report = await store.verify()
  assert.deepEqual([report.problems, report.messages, report.bodies, report.orphans], [[], 1, 1, 0])
  await store.addUser(ALICE, 'another')
  await assert.rejects(async () => store.mailbox(ALICE).status!(`Other Users/${BOB}/INBOX`, { items: [] }), {
    code: 'NONEXISTENT',
  })
  assert.deepEqual((await store.quota(ALICE)).limits, { storage: null, messages: null })
  assert.deepEqual(await store.appPasswords(ALICE), [])
  const names = (await store.mailbox(ALICE).folders!({})).map(({ name }) => name)
  assert.deepEqual(names, ['INBOX', 'Drafts', 'Sent', 'Junk', 'Trash', 'Archive'])
})

test('who has the folder of a removed account open hears that it is empty', async t => {
  const { store } = await testStore(t)
  await store.deliver(message('a'), [ALICE])
  await store.mailbox(ALICE).setAcl!('INBOX', BOB, 'lr', { mode: 'set' })
  const heard: Change[] = []
  const bob = store.openMailbox(BOB, change => heard.push(change))
  later(t, () => bob.close())
  await bob.handlers.openFolder!(`Other Users/${ALICE}/INBOX`, OPEN)
  await store.removeUser(ALICE)
  assert.deepEqual(
    heard.map(change => change.kind === 'vanished' && change.uids),
    [[1]],
  )
  assert.deepEqual(await allUids(bob.handlers), [])
})

test('sessions of who is removed or switched off are ended; others stay', async t => {
  const { store } = await testStore(t)
  await store.deliver(message('a'), [ALICE, BOB])
  const server = createServer({ host: '127.0.0.1', ports: { imap: 0, pop3: 0 }, allowInsecureAuth: true })
  store.attach(server)
  await server.listen()
  later(t, () => server.close())
  const ways = (user: string) => ({ host: '127.0.0.1', secure: false, auth: { user, pass: 'password' } })
  const open = async (user: string) => {
    const imap = await connectIMAP({ ...ways(user), port: server.ports.imap!, reconnect: false })
    later(t, () => imap.logout())
    await imap.select('INBOX')
    return imap
  }
  const alice = await open(ALICE)
  const bob = await open(BOB)
  const pop = await connectPOP3({ ...ways(ALICE), port: server.ports.pop3! })
  const said: string[] = []
  alice.on('bye', text => said.push(text))
  const closed = new Promise(resolve => alice.once('close', resolve))
  await store.removeUser(ALICE)
  await closed
  assert.deepEqual(said, ['This account is closed'])
  await assert.rejects(pop.stat())
  assert.equal((await bob.fetch('1:*', { flags: true })).length, 1)
  const bobClosed = new Promise(resolve => bob.once('close', resolve))
  await store.setEnabled(BOB, false)
  await bobClosed
  await assert.rejects(open(BOB), { code: 'EAUTH' })
})

test('a domain goes when it is empty', async t => {
  const { store } = await testStore(t)
  await store.addDomain('other.test')
  await store.addAlias('x@other.test', ALICE)
  await assert.rejects(store.removeDomain('example.test'), /accounts/)
  await assert.rejects(store.removeDomain('other.test'), /aliases/)
  await store.removeAlias('x@other.test')
  assert.equal(await store.removeDomain('Other.Test'), true)
  assert.equal(await store.removeDomain('other.test'), false)
  assert.deepEqual(await store.domains(), ['example.test'])
})

test('a folder that is made for a message is news before the message is', async t => {
  const { store } = await testStore(t)
  const heard: FolderNews[] = []
  const alice = store.openMailbox(ALICE, () => {}, { onFolderNews: news => heard.push(news) })
  later(t, () => alice.close())
  await alice.handlers.watchFolders!(true, {})
  const mail = {
    to: ['carol@elsewhere.test'],
    size: 10,
    rawBytes: message('out'),
    returnPath: '',
    accept() {},
    reject() {},
  }
  await store.deliverMail(mail, { username: ALICE, folder: 'Outbox' })
  await store.importMessages(ALICE, [{ raw: message('in'), flags: [], internalDate: null, folder: 'Old' }])
  await store.storeMessage(ALICE, 'Old', message('more'))
  assert.deepEqual(heard, [
    { kind: 'created', folder: 'Outbox' },
    { kind: 'new', folder: 'Outbox' },
    { kind: 'created', folder: 'Old' },
    { kind: 'new', folder: 'Old' },
    { kind: 'new', folder: 'Old' },
  ])
})
