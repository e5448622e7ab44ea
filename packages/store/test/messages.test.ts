import assert from 'node:assert/strict'
import type { MailboxHandlers } from 'email-server/mailbox'
import type { Change, Store } from '../src/index.ts'
import { ALICE, allUids, bytesOf, isPostgres, message, OPEN, test, testStore } from './support.ts'

async function inboxWith(store: Store, count: number): Promise<MailboxHandlers> {
  for (let index = 1; index <= count; index++) await store.deliver(message(`number ${index}`), [ALICE])
  const handlers = store.mailbox(ALICE)
  await handlers.openFolder!('INBOX', OPEN)
  return handlers
}

test('ranges of UIDs are resolved as they stand, the last may be endless', async t => {
  const { store } = await testStore(t)
  const handlers = await inboxWith(store, 10)
  await handlers.expunge!([3, 4], {})
  const resolve = (ranges: [number, number][]): unknown =>
    handlers.resolveMessages!({ type: 'uid', ranges }, {})
  assert.deepEqual(await resolve([[1, Number.POSITIVE_INFINITY]]), [1, 2, 5, 6, 7, 8, 9, 10])
  assert.deepEqual(
    await resolve([
      [2, 5],
      [9, 4294967295],
    ]),
    [2, 5, 9, 10],
  )
  assert.deepEqual(await resolve([[3, 4]]), [])
  assert.deepEqual(await resolve([]), [])
  assert.deepEqual(
    await resolve(Array.from({ length: 5000 }, (_, index) => [index * 2 + 1, index * 2 + 1])),
    [1, 5, 7, 9],
  )
})

test('messageMeta leaves out what is gone and keeps the order', async t => {
  const { store } = await testStore(t)
  const handlers = await inboxWith(store, 4)
  await handlers.expunge!([2], {})
  const metas = await handlers.messageMeta!([1, 2, 4, 9], {})
  assert.deepEqual(
    metas.map(meta => meta.uid),
    [1, 4],
  )
  assert.equal(metas[0]?.size, message('number 1').length)
})

test('envelope and body structure are those of the message; null for one that is gone', async t => {
  const { store } = await testStore(t)
  const handlers = await inboxWith(store, 2)
  const [one, gone] = await handlers.messageEnvelope!([1, 7], {})
  assert.equal(one?.subject, 'number 1')
  assert.deepEqual(one?.from, [{ name: null, route: null, mailbox: 'carol', host: 'elsewhere.test' }])
  assert.equal(gone, null)
  const [structure, none] = await handlers.messageBodyStructure!([1, 7], {})
  assert.equal(
    structure?.kind === 'single' && `${structure.type}/${structure.subtype}`.toLowerCase(),
    'text/plain',
  )
  assert.equal(none, null)
})

test('the body of a message that is gone is refused with EXPUNGEISSUED', async t => {
  const { store } = await testStore(t)
  const handlers = await inboxWith(store, 1)
  await assert.rejects(async () => handlers.messageBody!(5, {}), { code: 'EXPUNGEISSUED' })
})

test('setFlags follows mode and changed, and answers what came out', async t => {
  const { store } = await testStore(t)
  const handlers = await inboxWith(store, 2)
  const flags = async (): Promise<unknown> =>
    (await handlers.messageMeta!([1, 2], {})).map(meta => [...meta.flags].sort())
  await handlers.setFlags!([1], [], { mode: 'add', changed: ['Seen', 'Work'] })
  // the library computed ['Seen', 'Work'] for the other session: the store must not lose what came between
  const answer = await handlers.setFlags!([1, 2], ['Flagged'], { mode: 'add', changed: ['Flagged'] })
  assert.deepEqual(
    answer?.map(({ id, flags: now }) => [id, [...now].sort()]),
    [
      [1, ['Flagged', 'Seen', 'Work']],
      [2, ['Flagged']],
    ],
  )
  await handlers.setFlags!([1, 2], [], { mode: 'remove', changed: ['seen', 'WORK'] })
  assert.deepEqual(await flags(), [['Flagged'], ['Flagged']])
  await handlers.setFlags!([2], ['Deleted', 'Draft'], { mode: 'set', changed: ['Deleted', 'Draft'] })
  assert.deepEqual(await flags(), [['Flagged'], ['Deleted', 'Draft']])
})

test('a store that is not told the mode sets the flags that it is given', async t => {
  const { store } = await testStore(t)
  const handlers = await inboxWith(store, 1)
  await handlers.setFlags!([1], ['Seen'], undefined as never)
  assert.deepEqual((await handlers.messageMeta!([1], {}))[0]?.flags, ['Seen'])
})

test('every change has a higher mod-sequence; what does not change keeps its own', async t => {
  const { store } = await testStore(t)
  const handlers = await inboxWith(store, 2)
  const modseqs = async (): Promise<(number | undefined)[]> =>
    (await handlers.messageMeta!([1, 2], {})).map(meta => meta.modseq)
  const [one, two] = (await modseqs()) as [number, number]
  assert.ok(two > one)
  await handlers.setFlags!([1, 2], [], { mode: 'add', changed: ['Seen'] })
  const after = (await modseqs()) as [number, number]
  assert.ok(after[0] > two && after[1] > two)
  await handlers.setFlags!([1, 2], [], { mode: 'add', changed: ['Seen'] })
  assert.deepEqual(await modseqs(), after)
  const before = (await handlers.status!('INBOX', { items: [] })).highestModseq!
  await handlers.expunge!([1], {})
  assert.ok((await handlers.status!('INBOX', { items: [] })).highestModseq! > before)
})

test('UNCHANGEDSINCE leaves newer messages alone and out of the answer (RFC 7162 §3.1.3)', async t => {
  const { store } = await testStore(t)
  const handlers = await inboxWith(store, 2)
  const [first] = await handlers.messageMeta!([1], {})
  const answer = await handlers.setFlags!([1, 2], [], {
    mode: 'add',
    changed: ['Seen'],
    unchangedSince: first!.modseq!,
  })
  assert.deepEqual(
    answer?.map(entry => entry.id),
    [1],
  )
  assert.deepEqual((await handlers.messageMeta!([2], {}))[0]?.flags, [])
})

test('keywords: one spelling in a folder’s message, listed when it is opened, bounded, no nonsense', async t => {
  const { store } = await testStore(t)
  const handlers = await inboxWith(store, 1)
  await handlers.setFlags!([1], [], { mode: 'add', changed: ['$Forwarded', 'Work'] })
  await handlers.setFlags!([1], [], { mode: 'add', changed: ['work', '__proto__'] })
  assert.deepEqual((await handlers.messageMeta!([1], {}))[0]?.flags, ['$Forwarded', 'Work', '__proto__'])
  const opened = await handlers.openFolder!('INBOX', OPEN)
  assert.deepEqual([...opened.flags!].sort(), [
    '$Forwarded',
    'Answered',
    'Deleted',
    'Draft',
    'Flagged',
    'Seen',
    'Work',
    '__proto__',
  ])
  for (const keyword of ['', 'a b', 'a\r\n', 'a(b', 'x'.repeat(256), '\\Custom']) {
    await assert.rejects(
      async () => handlers.setFlags!([1], [], { mode: 'add', changed: [keyword] }),
      { code: 'CANNOT' },
      JSON.stringify(keyword),
    )
  }
  const many = Array.from({ length: 65 }, (_, index) => `k${index}`)
  await assert.rejects(async () => handlers.setFlags!([1], [], { mode: 'add', changed: many }), {
    code: 'LIMIT',
  })
})

test('APPEND answers UIDVALIDITY and UID, keeps date and flags; no folder: TRYCREATE', async t => {
  const { store } = await testStore(t)
  const handlers = store.mailbox(ALICE)
  const internalDate = new Date('2020-02-29T12:00:00Z')
  const raw = message('appended')
  const placed = await handlers.append!('Drafts', raw, ['Draft', 'Recent'], { internalDate })
  const opened = await handlers.openFolder!('Drafts', OPEN)
  assert.deepEqual(placed, { uidValidity: opened.uidValidity, uids: [1] })
  const [meta] = await handlers.messageMeta!([1], {})
  assert.deepEqual([meta?.flags, meta?.internalDate], [['Draft'], internalDate.getTime()])
  assert.deepEqual(await bytesOf(handlers, 1), raw)
  await assert.rejects(async () => handlers.append!('nowhere', raw, [], {}), { code: 'TRYCREATE' })
})

test('COPY gives new UIDs in order, keeps flags and dates, and leaves the source as it was', async t => {
  const { store } = await testStore(t)
  const handlers = await inboxWith(store, 3)
  await handlers.setFlags!([2], [], { mode: 'add', changed: ['Flagged', 'Work'] })
  await handlers.append!('Archive', message('first'), [], {})
  const placed = await handlers.copyMessages!([1, 2, 3], 'Archive', {})
  assert.deepEqual(placed?.uids, [2, 3, 4])
  assert.deepEqual(await allUids(handlers), [1, 2, 3])
  const [source] = await handlers.messageMeta!([2], {})
  const opened = await handlers.openFolder!('Archive', OPEN)
  assert.ok(opened.flags?.includes('Work'))
  const [copy] = await handlers.messageMeta!([3], {})
  assert.deepEqual(
    [copy?.flags, copy?.internalDate, copy?.emailId],
    [source?.flags, source?.internalDate, source?.emailId],
  )
  assert.deepEqual(await bytesOf(handlers, 4), message('number 3'))
})

test('COPY and MOVE are all or none: one message that is gone, or no such folder, and nothing is done', async t => {
  const { store } = await testStore(t)
  const handlers = await inboxWith(store, 3)
  await handlers.expunge!([2], {})
  for (const name of ['copyMessages', 'move'] as const) {
    await assert.rejects(async () => handlers[name]!([1, 2, 3], 'Archive', {}), { code: 'EXPUNGEISSUED' })
    await assert.rejects(async () => handlers[name]!([1], 'nowhere', {}), { code: 'TRYCREATE' })
  }
  assert.equal((await handlers.status!('Archive', { items: [] })).total, 0)
  assert.deepEqual(await allUids(handlers), [1, 3])
})

test('MOVE takes messages out of the folder, also into the same one', async t => {
  const { store } = await testStore(t)
  const handlers = await inboxWith(store, 3)
  const placed = await handlers.move!([1, 3], 'Trash', {})
  assert.deepEqual(placed?.uids, [1, 2])
  assert.deepEqual(await allUids(handlers), [2])
  const heard: Change[] = []
  await store.openMailbox(ALICE, change => heard.push(change)).handlers.openFolder!('INBOX', OPEN)
  const again = await handlers.move!([2], 'INBOX', {})
  assert.deepEqual(
    heard.map(change =>
      change.kind === 'vanished' ? change.uids : change.kind === 'exists' && change.total,
    ),
    [[2], 1],
  )
  assert.deepEqual(again?.uids, [4])
  assert.deepEqual(await allUids(handlers), [4])
  assert.deepEqual(await bytesOf(handlers, 4), message('number 2'))
})

test('the highest UID is not given again when its message is gone', async t => {
  const { store } = await testStore(t)
  const handlers = await inboxWith(store, 2)
  await handlers.expunge!([1, 2], {})
  await store.deliver(message('next'), [ALICE])
  assert.deepEqual(await allUids(handlers), [3])
})

test('other sessions hear of flags, removals and new messages; the one that caused them, only of new messages', async t => {
  const { store } = await testStore(t)
  await inboxWith(store, 3)
  const mine: Change[] = []
  const others: Change[] = []
  const me = store.openMailbox(ALICE, change => mine.push(change)).handlers
  const other = store.openMailbox(ALICE, change => others.push(change)).handlers
  await me.openFolder!('INBOX', OPEN)
  await other.openFolder!('INBOX', OPEN)
  await me.setFlags!([2], [], { mode: 'add', changed: ['Seen'] })
  await me.expunge!([1], {})
  await me.move!([3], 'Trash', {})
  await me.append!('INBOX', message('appended'), [], {})
  await me.copyMessages!([2], 'INBOX', {})
  assert.deepEqual(
    others.map(change => {
      if (change.kind === 'flags') return change.messages.map(({ id, flags }) => [id, flags])
      return change.kind === 'vanished' ? change.uids : change.total
    }),
    [[[2, ['Seen']]], [1], [3], 2, 3],
  )
  assert.deepEqual(
    mine.map(change => change.kind),
    ['exists', 'exists'],
  )
})

test('a deleted folder tells who has it open that its messages are gone, and refuses from then on', async t => {
  const { store } = await testStore(t)
  const heard: Change[] = []
  const watcher = store.openMailbox(ALICE, change => heard.push(change)).handlers
  const other = store.mailbox(ALICE)
  await other.createFolder!('temp', {})
  await other.append!('temp', message('one'), [], {})
  await watcher.openFolder!('temp', OPEN)
  await other.deleteFolder!('temp', {})
  assert.deepEqual(
    heard.map(change => change.kind === 'vanished' && change.uids),
    [[1]],
  )
  assert.deepEqual(await allUids(watcher), [])
})

test('thousands of messages are flagged, moved and removed at once, and others get their turn meanwhile', async t => {
  const { store } = await testStore(t)
  // each is several ways to the server and back
  const total = isPostgres(t) ? 500 : 3000
  const handlers = store.mailbox(ALICE)
  await handlers.openFolder!('INBOX', OPEN)
  for (let at = 0; at < total; at += 250) {
    await Promise.all(
      Array.from({ length: 250 }, (_, index) => store.deliver(message(`${at + index}`), [ALICE])),
    )
  }
  const uids = await allUids(handlers)
  assert.equal(uids.length, total)
  let turns = 0
  let counting = true
  const count = (): void => {
    turns++
    if (counting) setImmediate(count)
  }
  setImmediate(count)
  const answer = await handlers.setFlags!(uids, [], { mode: 'add', changed: ['Seen', 'Work'] })
  const turnsOfFlags = turns
  assert.equal(answer?.length, total)
  assert.equal(new Set(answer?.map(entry => entry.modseq)).size, 1)
  assert.ok(turnsOfFlags >= 6, `${turnsOfFlags} turns`)
  const placed = await handlers.move!(uids, 'Archive', {})
  assert.deepEqual(placed?.uids, uids)
  counting = false
  const inbox = await handlers.status!('INBOX', { items: [] })
  assert.deepEqual([inbox.total, inbox.unread, inbox.size], [0, 0, 0])
  await handlers.openFolder!('Archive', OPEN)
  const metas = await handlers.messageMeta!([1, total / 2, total], {})
  assert.deepEqual(
    metas.map(meta => meta.flags),
    Array(3).fill(['Seen', 'Work']),
  )
  await handlers.expunge!(uids, {})
  await store.idle()
  const archive = await handlers.status!('Archive', { items: [] })
  assert.deepEqual([archive.total, archive.unread, archive.size, archive.uidNext], [0, 0, 0, total + 1])
})
