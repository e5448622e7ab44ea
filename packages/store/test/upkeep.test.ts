// Backup while the store is in use, and verify: what is damaged on purpose is found.
import assert from 'node:assert/strict'
import { copyFile, mkdir, readdir, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openDriver } from '../src/database/driver.ts'
import { openStore, type Store } from '../src/index.ts'
import {
  ALICE,
  allUids,
  BOB,
  bytesOf,
  later,
  message,
  OPEN,
  temporaryDirectory,
  testStore,
} from './support.ts'

async function subjects(store: Store, user: string = ALICE): Promise<string[]> {
  const handlers = store.mailbox(user)
  await handlers.openFolder!('INBOX', OPEN)
  const uids = await allUids(handlers)
  for (const uid of uids) {
    const [meta] = await handlers.messageMeta!([uid], {})
    assert.equal((await bytesOf(handlers, uid)).length, meta!.size)
  }
  return (await handlers.messageEnvelope!(uids, {})).map(envelope => envelope?.subject ?? '')
}

async function reopened(t: TestContext, directory: string): Promise<Store> {
  const store = await openStore(`sqlite:${directory}`)
  later(t, () => store.close())
  return store
}

async function bodiesIn(directory: string): Promise<string[]> {
  return (await readdir(join(directory, 'bodies'), { recursive: true })).filter(name => name.length > 60)
}

const CLEAN = { problems: [], orphans: 0, orphanBytes: 0, removed: 0 }

test('a backup that is made while mail is delivered, moved and expunged is a store in which nothing is missing', async t => {
  const { store } = await testStore(t, { smallBody: 1000 })
  const directory = join(await temporaryDirectory(t), 'backup')
  for (let index = 0; index < 60; index++) {
    await store.deliver(message(`before ${index}`, index % 2 === 0 ? 5000 : 10), [ALICE, BOB])
  }
  let running = true
  let delivered = 0
  const deliver = async (): Promise<void> => {
    while (running) {
      await store.deliver(message(`during ${delivered++}`, delivered % 2 === 0 ? 5000 : 10), [ALICE])
    }
  }
  const expunge = async (): Promise<void> => {
    const handlers = store.mailbox(BOB)
    await handlers.openFolder!('INBOX', OPEN)
    const mine = store.mailbox(ALICE)
    await mine.openFolder!('INBOX', OPEN)
    for (let uid = 1; running; uid++) {
      await handlers.expunge!([uid], {})
      await mine.expunge!([uid], {})
      if (uid > 50) return
    }
  }
  const work = [deliver(), deliver(), expunge()]
  const told: number[] = []
  const done = await store.backup(directory, { onProgress: ({ bodies }) => told.push(bodies) })
  running = false
  await Promise.all(work)
  assert.equal(told.at(-1), done.total)
  assert.equal(done.bodies, done.total)
  assert.ok(delivered > 2)
  assert.deepEqual((await store.verify()).problems, [])
  const copy = await reopened(t, directory)
  const report = await copy.verify()
  assert.deepEqual(report.problems, [])
  assert.ok(report.messages >= 20)
  const found = await subjects(copy)
  assert.ok(found.includes('before 59'))
  await subjects(copy, BOB)
  // it is a store like any other
  await copy.deliver(message('after'), [ALICE])
})

test('the next backup copies what is new, and drops what is gone', async t => {
  const { store } = await testStore(t, { smallBody: 1000 })
  const directory = join(await temporaryDirectory(t), 'backup')
  for (const name of ['one', 'two', 'three']) await store.deliver(message(name, 5000), [ALICE])
  const first = await store.backup(directory)
  assert.deepEqual([first.bodies, first.copied], [3, 3])
  await store.deliver(message('four', 6000), [ALICE])
  const handlers = store.mailbox(ALICE)
  await handlers.openFolder!('INBOX', OPEN)
  await handlers.expunge!([2], {})
  await store.idle()
  const second = await store.backup(directory)
  assert.deepEqual([second.bodies, second.copied, second.bytes], [3, 1, message('four', 6000).length])
  assert.equal((await bodiesIn(directory)).length, 3)
  assert.deepEqual(await subjects(await reopened(t, directory)), ['one', 'three', 'four'])
})

test('a backup that breaks off leaves the earlier one as it was', async t => {
  const { store, directory: source } = await testStore(t, { smallBody: 1000 })
  const directory = join(await temporaryDirectory(t), 'backup')
  await store.deliver(message('one', 5000), [ALICE])
  await store.backup(directory)
  await store.deliver(message('two', 5000), [ALICE])
  const controller = new AbortController()
  controller.abort()
  await assert.rejects(store.backup(directory, { signal: controller.signal }), { name: 'AbortError' })
  for (const body of await bodiesIn(source)) await rm(join(source, 'bodies', body))
  await assert.rejects(store.backup(join(directory, '..', 'other')), {
    code: 'EHANDLER',
    message: /the backup failed: ENOENT/,
  })
  const copy = await reopened(t, directory)
  assert.deepEqual(await subjects(copy), ['one'])
})

test('two backups at a time are both whole', async t => {
  const { store } = await testStore(t, { smallBody: 1000 })
  for (let index = 0; index < 20; index++) await store.deliver(message(`m${index}`, 5000), [ALICE])
  const places = [join(await temporaryDirectory(t), 'a'), join(await temporaryDirectory(t), 'b')]
  let running = true
  const deliver = async (): Promise<void> => {
    while (running) await store.deliver(message('during', 60_000), [ALICE])
  }
  const work = deliver()
  await Promise.all(places.map(place => store.backup(place)))
  running = false
  await work
  for (const place of places) {
    const copy = await reopened(t, place)
    assert.deepEqual((await copy.verify()).problems, [])
    assert.ok((await subjects(copy)).length >= 20)
  }
})

test('a backup is not written over a store or over other files', async t => {
  const { store } = await testStore(t)
  const other = await testStore(t)
  await assert.rejects(store.backup(other.directory), { code: 'EUSAGE', message: /not empty/ })
  const directory = join(await temporaryDirectory(t), 'backup')
  await store.backup(directory)
  await store.backup(directory)
  const opened = await openStore(`sqlite:${directory}`)
  await opened.close()
  await assert.rejects(store.backup(directory), { code: 'EUSAGE' })
  assert.equal((await stat(directory)).mode & 0o077, 0)
})

test('the log goes into the database again after a backup', async t => {
  const { store, directory } = await testStore(t)
  await store.backup(join(await temporaryDirectory(t), 'backup'))
  for (let index = 0; index < 150; index++) await store.deliver(message(`m${index}`, 60_000), [ALICE])
  assert.ok((await stat(join(directory, 'mail.sqlite-wal'))).size < 9_000_000)
})

test('a store in order has no problems', async t => {
  const { store } = await testStore(t, { smallBody: 1000 })
  const empty = await store.verify()
  assert.deepEqual({ ...empty, ...CLEAN }, empty)
  await store.deliver(message('large', 5000), [ALICE, BOB])
  await store.storeMessage(ALICE, 'Sent', message('small'), ['Seen', 'Deleted', 'Flagged'])
  await store.queue.add(
    {
      id: 'a',
      messageId: null,
      envelope: { from: ALICE },
      recipients: [],
      since: 0,
      attempts: 0,
      nextAttempt: 0,
      warned: false,
    },
    message('queued', 5000),
    1,
  )
  const told: unknown[] = []
  const report = await store.verify({ onProgress: progress => told.push(progress) })
  assert.deepEqual(report, {
    ...CLEAN,
    folders: 12,
    messages: 3,
    bodies: 3,
    bytes: message('large', 5000).length + message('small').length + message('queued', 5000).length,
  })
  assert.deepEqual(told, [{ bodies: 3, total: 3 }])
})

/** Changes the database of a closed store behind its back. */
function meddle(directory: string, ...statements: readonly string[]): void {
  const driver = openDriver(join(directory, 'mail.sqlite'))
  driver.exec('pragma foreign_keys = off')
  for (const statement of statements) driver.exec(statement)
  driver.close()
}

const DAMAGE: readonly [string, RegExp, (directory: string) => unknown][] = [
  [
    'a large body that is gone',
    /^body [0-9a-f]{64} cannot be read: ENOENT/,
    async directory => rm(join(directory, 'bodies', (await bodiesIn(directory))[0]!)),
  ],
  [
    'a large body that has changed',
    /^body [0-9a-f]{64} is not what its hash says/,
    async directory =>
      writeFile(
        join(directory, 'bodies', (await bodiesIn(directory))[0]!),
        Buffer.alloc(message('large', 5000).length),
      ),
  ],
  [
    'a large body that is cut off',
    /^body [0-9a-f]{64} has 100 octets instead of \d+$/,
    async directory => truncate(join(directory, 'bodies', (await bodiesIn(directory))[0]!), 100),
  ],
  [
    'a small body that is gone',
    /^body [0-9a-f]{64} is not in the database$/,
    directory => meddle(directory, 'delete from body_contents'),
  ],
  [
    'a small body that has changed',
    /^body [0-9a-f]{64} is not what its hash says/,
    directory => meddle(directory, 'update body_contents set content = zeroblob(length(content))'),
  ],
  [
    'a message without a body',
    /^message 1 of folder \d+ has no body$/m,
    directory => meddle(directory, 'delete from bodies where in_file = 1'),
  ],
  [
    'a reference to nothing',
    /^a row of messages .* refers to nothing in bodies$/m,
    directory => meddle(directory, 'delete from bodies where in_file = 1'),
  ],
  [
    'a counter that is wrong',
    /^folder INBOX of account 1: the number of unread messages is noted as 9, and is 1$/m,
    directory => meddle(directory, "update folders set unread = 9 where account_id = 1 and name = 'INBOX'"),
  ],
  [
    'a UID that would be given out again',
    /^folder INBOX of account 1: UID 1 is in use, and 1 is to be the next$/m,
    directory => meddle(directory, "update folders set uid_next = 1 where account_id = 1 and name = 'INBOX'"),
  ],
]

for (const [what, told, damage] of DAMAGE) {
  test(`verify finds ${what}`, async t => {
    const { store, directory } = await testStore(t, { smallBody: 1000 })
    await store.deliver(message('large', 5000), [ALICE])
    await store.storeMessage(ALICE, 'Sent', message('small'))
    await store.close()
    await damage(directory)
    const report = await (await reopened(t, directory)).verify()
    assert.match(report.problems.join('\n'), told)
  })
}

test('bodies that nothing mentions are counted, and removed when they are old enough and that is asked for', async t => {
  const { store, directory } = await testStore(t, { smallBody: 1000 })
  await store.deliver(message('large', 5000), [ALICE])
  const [body] = await bodiesIn(directory)
  const orphan = async (hash: string, hoursAgo: number): Promise<void> => {
    await mkdir(join(directory, 'bodies', hash.slice(0, 2)), { recursive: true })
    const path = join(directory, 'bodies', hash.slice(0, 2), hash)
    await copyFile(join(directory, 'bodies', body!), path)
    const then = Date.now() / 1000 - hoursAgo * 3600
    await utimes(path, then, then)
  }
  await orphan('a'.repeat(64), 2)
  await orphan('b'.repeat(64), 0)
  const size = message('large', 5000).length
  const first = await store.verify()
  assert.deepEqual([first.problems, first.orphans, first.orphanBytes, first.removed], [[], 2, 2 * size, 0])
  const second = await store.verify({ removeOrphans: true })
  assert.deepEqual([second.orphans, second.removed], [2, 1])
  assert.deepEqual((await bodiesIn(directory)).sort(), [body, `bb/${'b'.repeat(64)}`].sort())
})
