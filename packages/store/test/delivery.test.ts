import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Change } from '../src/index.ts'
import { ALICE, allUids, BOB, bytesOf, message, OPEN, test, testStore } from './support.ts'

test('a message for several recipients is in each INBOX, once', async t => {
  const { store } = await testStore(t)
  const raw = message('for both')
  await store.deliver(raw, [ALICE, 'Bob+x@example.test', 'alice+y@example.test'])
  for (const user of [ALICE, BOB]) {
    const handlers = store.mailbox(user)
    await handlers.openFolder!('INBOX', OPEN)
    assert.deepEqual(await allUids(handlers), [1])
    assert.deepEqual(await bytesOf(handlers, 1), raw)
  }
})

test('a message with one recipient who is not here reaches nobody', async t => {
  const { store } = await testStore(t)
  await assert.rejects(store.deliver(message('no'), [ALICE, 'carol@example.test']), { code: 'NONEXISTENT' })
  assert.equal((await store.mailbox(ALICE).status!('INBOX', { items: [] })).total, 0)
})

const contents: readonly (readonly [name: string, raw: Buffer])[] = [
  ['an empty message', Buffer.alloc(0)],
  ['a message without an end of line', Buffer.from('Subject: x')],
  ['lines that begin with dots', Buffer.from('Subject: x\r\n\r\n.\r\n..\r\n.a\r\n')],
  ['eight-bit bytes and NULs', Buffer.from(Array.from({ length: 4096 }, (_, index) => index & 255))],
  ['bare CR and LF', Buffer.from('Subject: x\n\nline\rline\n')],
  ['1 MB', message('large', 1024 * 1024)],
]
for (const smallBody of [0, 1 << 30]) {
  for (const [name, raw] of contents) {
    test(`${name}: comes back byte for byte from ${smallBody === 0 ? 'a file' : 'the database'}`, async t => {
      const { store } = await testStore(t, { smallBody })
      await store.deliver(raw, [ALICE])
      const handlers = store.mailbox(ALICE)
      await handlers.openFolder!('INBOX', OPEN)
      assert.deepEqual(await bytesOf(handlers, 1), raw)
      const [meta] = await handlers.messageMeta!([1], {})
      assert.equal(meta?.size, raw.length)
    })
  }
}

test('the same content is kept once and stays as long as one message has it', async t => {
  const { store, directory } = await testStore(t, { smallBody: 0 })
  const raw = message('shared', 5000)
  const files = async (): Promise<string[]> => {
    const all = await readdir(join(directory, 'bodies'), { recursive: true, withFileTypes: true })
    return all.filter(entry => entry.name.length > 60).map(entry => entry.name)
  }
  await store.deliver(raw, [ALICE, BOB])
  await store.deliver(raw, [ALICE])
  assert.equal((await files()).length, 1)
  const alice = store.mailbox(ALICE)
  await alice.openFolder!('INBOX', OPEN)
  await alice.expunge!([1, 2], {})
  const bob = store.mailbox(BOB)
  await bob.openFolder!('INBOX', OPEN)
  await store.idle()
  assert.deepEqual(await bytesOf(bob, 1), raw)
  await bob.expunge!([1], {})
  await store.idle()
  assert.deepEqual(await files(), [])
})

test('twenty deliveries at a time: each is there once, UIDs without gap or repetition', async t => {
  const { store } = await testStore(t, { smallBody: 2000 })
  const subjects = Array.from({ length: 200 }, (_, index) => `number ${index}`)
  let next = 0
  const deliver = async (): Promise<void> => {
    for (let index = next++; index < subjects.length; index = next++) {
      // some of them are stored as files
      await store.deliver(message(subjects[index]!, index % 4 === 0 ? 3000 : 100), [ALICE])
    }
  }
  await Promise.all(Array.from({ length: 20 }, deliver))
  const handlers = store.mailbox(ALICE)
  const { uidNext, total } = await handlers.openFolder!('INBOX', OPEN)
  assert.deepEqual([uidNext, total], [201, 200])
  const uids = await allUids(handlers)
  assert.deepEqual(
    uids,
    Array.from({ length: 200 }, (_, index) => index + 1),
  )
  const envelopes = await handlers.messageEnvelope!(uids, {})
  assert.deepEqual(envelopes.map(envelope => envelope?.subject).sort(), [...subjects].sort())
})

test('the same content delivered and expunged over and over at the same time is never lost', async t => {
  const { store } = await testStore(t, { smallBody: 0 })
  const raw = message('again and again', 2000)
  const handlers = store.mailbox(ALICE)
  await handlers.openFolder!('INBOX', OPEN)
  for (let round = 0; round < 30; round++) {
    await Promise.all([store.deliver(raw, [ALICE]), store.deliver(raw, [ALICE])])
    const uids = await allUids(handlers)
    assert.deepEqual(await bytesOf(handlers, uids.at(-1)!), raw)
    await Promise.all([handlers.expunge!(uids, {}), store.deliver(raw, [BOB])])
  }
  const bob = store.mailbox(BOB)
  await bob.openFolder!('INBOX', OPEN)
  await store.idle()
  assert.deepEqual(await bytesOf(bob, 30), raw)
})

test('sessions with the folder open hear of a delivery once it is acknowledged; others do not', async t => {
  const { store } = await testStore(t)
  const heard: [string, Change][] = []
  const open = async (name: string, user: string, folder: string): Promise<void> => {
    const { handlers } = store.openMailbox(user, change => heard.push([name, change]))
    await handlers.openFolder!(folder, OPEN)
  }
  await open('inbox', ALICE, 'INBOX')
  await open('inbox too', ALICE, 'inbox')
  await open('sent', ALICE, 'Sent')
  await open('bob', BOB, 'INBOX')
  await store.deliver(message('news'), [ALICE])
  assert.deepEqual(
    heard.map(([name, change]) => [name, change.kind, change.kind === 'exists' && change.total]),
    [
      ['inbox', 'exists', 1],
      ['inbox too', 'exists', 1],
    ],
  )
})

test('a session that has left the folder or ended hears nothing more', async t => {
  const { store } = await testStore(t)
  const heard: Change[] = []
  const mailbox = store.openMailbox(ALICE, change => heard.push(change))
  await mailbox.handlers.openFolder!('INBOX', OPEN)
  await mailbox.handlers.openFolder!('Sent', OPEN)
  await store.deliver(message('one'), [ALICE])
  await mailbox.handlers.openFolder!('INBOX', OPEN)
  mailbox.close()
  await store.deliver(message('two'), [ALICE])
  assert.deepEqual(heard, [])
})

test('one session that throws at the news does not keep it from the others', async t => {
  const { store, failures } = await testStore(t)
  const heard: Change[] = []
  const bad = store.openMailbox(ALICE, () => {
    throw new Error('broken session')
  })
  const good = store.openMailbox(ALICE, change => heard.push(change))
  await bad.handlers.openFolder!('INBOX', OPEN)
  await good.handlers.openFolder!('INBOX', OPEN)
  await store.deliver(message('news'), [ALICE])
  assert.equal(heard.length, 1)
  assert.match(String(failures[0]), /broken session/)
})

test('storeMessage makes the folder, keeps flags and date', async t => {
  const { store } = await testStore(t)
  const internalDate = new Date('2026-01-02T03:04:05Z')
  const placed = await store.storeMessage(ALICE, 'Outbox', message('later'), ['Seen', '$Pending'], {
    internalDate,
  })
  assert.equal(placed.uid, 1)
  const handlers = store.mailbox(ALICE)
  const opened = await handlers.openFolder!('Outbox', OPEN)
  assert.equal(opened.uidValidity, placed.uidValidity)
  assert.ok(opened.flags?.includes('$Pending'))
  const [meta] = await handlers.messageMeta!([1], {})
  assert.deepEqual(meta?.flags, ['Seen', '$Pending'])
  assert.equal(meta?.internalDate, internalDate.getTime())
})
