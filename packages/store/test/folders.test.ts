import assert from 'node:assert/strict'
import type { MailboxHandlers } from 'email-server/mailbox'
import { ALICE, allUids, message, OPEN, test, testStore } from './support.ts'

async function names(handlers: MailboxHandlers): Promise<string[]> {
  return (await handlers.folders!({})).map(folder => folder.name)
}

test('a new account has INBOX and the special folders, subscribed', async t => {
  const { store } = await testStore(t)
  const folders = await store.mailbox(ALICE).folders!({})
  assert.deepEqual(
    folders.map(folder => [folder.name, folder.specialUse, folder.subscribed]),
    [
      ['INBOX', null, true],
      ['Drafts', 'Drafts', true],
      ['Sent', 'Sent', true],
      ['Junk', 'Junk', true],
      ['Trash', 'Trash', true],
      ['Archive', 'Archive', true],
    ],
  )
})

test('CREATE makes missing parents, passes over a delimiter at the end, refuses what exists', async t => {
  const { store } = await testStore(t)
  const handlers = store.mailbox(ALICE)
  await handlers.createFolder!('work/2026/plans/', {})
  assert.deepEqual((await names(handlers)).slice(6), ['work', 'work/2026', 'work/2026/plans'])
  for (const name of ['work', 'INBOX', 'inbox', 'work/2026/']) {
    await assert.rejects(async () => handlers.createFolder!(name, {}), { code: 'ALREADYEXISTS' }, name)
  }
})

test('names that no folder should have are refused', async t => {
  const { store } = await testStore(t)
  const handlers = store.mailbox(ALICE)
  for (const name of ['', '/', '/a', 'a//b', 'a\r\nb', 'a\0b', 'a*', 'a%b', '\ud800']) {
    await assert.rejects(
      async () => handlers.createFolder!(name, {}),
      { code: 'CANNOT' },
      JSON.stringify(name),
    )
  }
  await assert.rejects(async () => handlers.createFolder!('x'.repeat(1001), {}), { code: 'LIMIT' })
  await assert.rejects(async () => handlers.createFolder!(Array(33).fill('x').join('/'), {}), {
    code: 'LIMIT',
  })
})

test('names like paths and like properties of objects are names', async t => {
  const { store } = await testStore(t)
  const handlers = store.mailbox(ALICE)
  for (const name of [
    '..',
    '../../etc',
    '__proto__',
    'constructor',
    "x'; drop table folders; --",
    'Entwürfe 📁',
  ]) {
    await handlers.createFolder!(name, {})
    assert.ok((await names(handlers)).includes(name), name)
  }
})

test('composed and decomposed letters are the same name', async t => {
  const { store } = await testStore(t)
  const handlers = store.mailbox(ALICE)
  await handlers.createFolder!('Cafe\u0301', {})
  assert.equal((await handlers.openFolder!('Caf\u00e9', OPEN)).total, 0)
})

test('a folder made with a special use has it; a use is given once', async t => {
  const { store } = await testStore(t)
  const handlers = store.mailbox(ALICE)
  await handlers.createFolder!('All mail', { specialUse: ['All'] })
  assert.equal((await handlers.folders!({})).find(folder => folder.name === 'All mail')?.specialUse, 'All')
  await assert.rejects(async () => handlers.createFolder!('Other', { specialUse: ['Sent'] }), {
    code: 'CANNOT',
  })
})

test('a deleted folder is gone with its messages; made anew it has another UIDVALIDITY', async t => {
  const { store } = await testStore(t)
  const handlers = store.mailbox(ALICE)
  await handlers.createFolder!('temp', {})
  await handlers.append!('temp', message('one'), [], {})
  const before = await handlers.status!('temp', { items: [] })
  await handlers.deleteFolder!('temp', {})
  await assert.rejects(async () => handlers.status!('temp', { items: [] }), { code: 'NONEXISTENT' })
  await assert.rejects(async () => handlers.openFolder!('temp', OPEN), { code: 'NONEXISTENT' })
  await handlers.createFolder!('temp', {})
  const after = await handlers.status!('temp', { items: [] })
  assert.ok(after.uidValidity > before.uidValidity)
  assert.equal(after.total, 0)
})

test('INBOX and folders with children are not deleted (RFC 9051 §6.3.5)', async t => {
  const { store } = await testStore(t)
  const handlers = store.mailbox(ALICE)
  await handlers.createFolder!('a/b', {})
  await assert.rejects(async () => handlers.deleteFolder!('a', {}), { code: 'HASCHILDREN' })
  await assert.rejects(async () => handlers.deleteFolder!('Inbox', {}), { code: 'CANNOT' })
  await assert.rejects(async () => handlers.deleteFolder!('nothing', {}), { code: 'NONEXISTENT' })
  await handlers.deleteFolder!('a/b', {})
  await handlers.deleteFolder!('a', {})
})

test('RENAME takes the children along, makes parents, and keeps messages and UIDVALIDITY', async t => {
  const { store } = await testStore(t)
  const handlers = store.mailbox(ALICE)
  await handlers.createFolder!('foo/bar', {})
  await handlers.createFolder!('foo2', {})
  await handlers.append!('foo/bar', message('kept'), ['Seen'], {})
  const before = await handlers.status!('foo/bar', { items: [] })
  await handlers.renameFolder!('foo', 'new/zap', {})
  assert.deepEqual((await names(handlers)).slice(6), ['foo2', 'new', 'new/zap', 'new/zap/bar'])
  assert.deepEqual(await handlers.status!('new/zap/bar', { items: [] }), before)
})

test('RENAME refuses a name in use, a folder that is not there, and a place inside itself', async t => {
  const { store } = await testStore(t)
  const handlers = store.mailbox(ALICE)
  await handlers.createFolder!('a/b', {})
  await assert.rejects(async () => handlers.renameFolder!('a', 'Sent', {}), { code: 'ALREADYEXISTS' })
  await assert.rejects(async () => handlers.renameFolder!('a', 'a/b/c', {}), { code: 'CANNOT' })
  await assert.rejects(async () => handlers.renameFolder!('x', 'y', {}), { code: 'NONEXISTENT' })
  assert.deepEqual((await names(handlers)).slice(6), ['a', 'a/b'])
})

test('RENAME of INBOX moves its messages and leaves it, empty, with its children (RFC 9051 §6.3.6)', async t => {
  const { store } = await testStore(t)
  const handlers = store.mailbox(ALICE)
  await handlers.createFolder!('INBOX/child', {})
  await store.deliver(message('one'), [ALICE])
  await store.deliver(message('two'), [ALICE])
  const before = await handlers.status!('INBOX', { items: [] })
  await handlers.renameFolder!('inbox', 'old mail', {})
  const inbox = await handlers.status!('INBOX', { items: [] })
  assert.deepEqual([inbox.total, inbox.uidNext, inbox.uidValidity], [0, before.uidNext, before.uidValidity])
  assert.equal((await handlers.status!('old mail', { items: [] })).total, 2)
  assert.ok((await names(handlers)).includes('INBOX/child'))
  await handlers.openFolder!('old mail', OPEN)
  assert.deepEqual(await allUids(handlers), [1, 2])
})

test('a subscription outlives its folder and is not made for a name that is none', async t => {
  const { store } = await testStore(t)
  const handlers = store.mailbox(ALICE)
  const subscribed = async (name: string): Promise<boolean | undefined> =>
    (await handlers.folders!({})).find(folder => folder.name === name)?.subscribed
  await handlers.createFolder!('list', {})
  assert.equal(await subscribed('list'), false)
  await handlers.subscribe!('list', {})
  await handlers.subscribe!('list', {})
  assert.equal(await subscribed('list'), true)
  await handlers.deleteFolder!('list', {})
  await handlers.createFolder!('list', {})
  assert.equal(await subscribed('list'), true)
  await handlers.unsubscribe!('list', {})
  await handlers.unsubscribe!('list', {})
  assert.equal(await subscribed('list'), false)
  await assert.rejects(async () => handlers.subscribe!('nothing', {}), { code: 'NONEXISTENT' })
})

test('accounts do not see each other’s folders', async t => {
  const { store } = await testStore(t)
  await store.mailbox(ALICE).createFolder!('private', {})
  const bob = store.mailbox('bob@example.test')
  await assert.rejects(async () => bob.openFolder!('private', OPEN), { code: 'NONEXISTENT' })
})
