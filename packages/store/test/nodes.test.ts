// Several processes with one database. Here each is a store of its own in this process; nodes-processes.test.ts has real ones.
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { FolderNews, MailboxHandlers } from 'email-server/mailbox'
import pg from 'pg'
import { type Change, openStore, type Store } from '../src/index.ts'
import { makeDatabase, startPostgres } from './postgres.ts'
import {
  ALICE,
  allUids,
  BOB,
  bytesOf,
  later,
  message,
  OPEN,
  type TestStore,
  temporaryDirectory,
  testPostgres,
  testStore,
} from './support.ts'

interface Pair {
  readonly made: TestStore
  readonly a: Store
  readonly b: Store
}

async function pair(t: TestContext, options: Parameters<typeof testStore>[1] = {}): Promise<Pair> {
  const made = await testStore(t, options)
  const b = await made.open()
  later(t, () => b.close())
  return { made, a: made.store, b }
}

/** What a session hears, and somebody who waits for it. */
function ear<T>(): {
  readonly heard: T[]
  hear(news: T): void
  until(test: (heard: readonly T[]) => boolean): Promise<void>
} {
  const heard: T[] = []
  let look = (): void => {}
  return {
    heard,
    hear(news) {
      heard.push(news)
      look()
    },
    until: test =>
      new Promise(resolve => {
        look = () => {
          if (test(heard)) resolve()
        }
        look()
      }),
  }
}

async function opened(
  t: TestContext,
  store: Store,
  user: string = ALICE,
): Promise<{ handlers: MailboxHandlers; news: ReturnType<typeof ear<Change>> }> {
  const news = ear<Change>()
  const { handlers, close } = store.openMailbox(user, change => news.hear(change))
  later(t, close)
  await handlers.openFolder!('INBOX', OPEN)
  return { handlers, news }
}

testPostgres(
  'what is done at one node, a session at another hears: new messages, flags, removals',
  async t => {
    const { a, b } = await pair(t)
    const { news } = await opened(t, b)
    await a.deliver(message('one'), [ALICE])
    await news.until(heard => heard.some(change => change.kind === 'exists' && change.total === 1))
    const { handlers } = await opened(t, a)
    await handlers.setFlags!([1], ['Seen'], { mode: 'add', changed: ['Seen'] })
    await news.until(heard => heard.some(({ kind }) => kind === 'flags'))
    const told = news.heard.find(change => change.kind === 'flags')!
    assert.ok(told.kind === 'flags')
    assert.deepEqual(
      told.messages.map(({ id, flags }) => [id, flags]),
      [[1, ['Seen']]],
    )
    await handlers.expunge!([1], {})
    await news.until(heard => heard.some(({ kind }) => kind === 'vanished'))
    const gone = news.heard.find(change => change.kind === 'vanished')!
    assert.deepEqual(gone.kind === 'vanished' && gone.uids, [1])
  },
)

testPostgres('a session is not told by the other node of what it has done itself', async t => {
  const { a, b } = await pair(t)
  await a.deliver(message('one'), [ALICE])
  const { handlers, news } = await opened(t, a)
  await handlers.setFlags!([1], ['Seen'], { mode: 'add', changed: ['Seen'] })
  // what the other does makes this node look at the folder
  await b.deliver(message('two'), [ALICE])
  await news.until(heard => heard.some(change => change.kind === 'exists' && change.total === 2))
  assert.deepEqual(
    news.heard.filter(({ kind }) => kind === 'flags'),
    [],
  )
})

testPostgres('folders that are made, renamed and deleted at one node are heard of at another', async t => {
  const { a, b } = await pair(t)
  const news = ear<FolderNews>()
  const { handlers, close } = b.openMailbox(ALICE, () => {}, { onFolderNews: each => news.hear(each) })
  later(t, close)
  await handlers.watchFolders!(true, {})
  const there = a.mailbox(ALICE)
  await there.createFolder!('Projects', {})
  await there.append!('Projects', message('one'), [], {})
  await news.until(heard => heard.some(({ kind }) => kind === 'new'))
  await there.renameFolder!('Projects', 'Work', {})
  await there.deleteFolder!('Work', {})
  await news.until(heard => heard.some(({ kind }) => kind === 'deleted'))
  assert.deepEqual(
    news.heard.map(each => [each.kind, each.folder]),
    [
      ['created', 'Projects'],
      ['new', 'Projects'],
      ['renamed', 'Work'],
      ['deleted', 'Work'],
    ],
  )
})

testPostgres('two nodes deliver into one folder: no UID twice, and who follows misses none', async t => {
  const { made, a, b } = await pair(t)
  const reader = await made.open()
  later(t, () => reader.close())
  const handlers = reader.mailbox(ALICE)
  await handlers.openFolder!('INBOX', OPEN)
  const EACH = 120
  let isDone = false
  const seen: number[] = []
  const follow = async (): Promise<void> => {
    for (;;) {
      const last = isDone
      const from = (seen.at(-1) ?? 0) + 1
      const range = { type: 'uid', ranges: [[from, Number.POSITIVE_INFINITY]] } as const
      seen.push(...((await handlers.resolveMessages!(range, {})) as number[]))
      if (last) return
    }
  }
  const following = follow()
  const deliveries = [a, b].flatMap((store, node) =>
    Array.from({ length: EACH }, (_, index) => store.deliver(message(`${node}-${index}`), [ALICE, BOB])),
  )
  await Promise.all(deliveries)
  isDone = true
  await following
  assert.deepEqual(
    seen,
    Array.from({ length: 2 * EACH }, (_, index) => index + 1),
  )
  const envelopes = await handlers.messageEnvelope!(seen, {})
  assert.equal(new Set(envelopes.map(envelope => envelope?.subject)).size, 2 * EACH)
  assert.deepEqual((await a.verify()).problems, [])
})

testPostgres('two nodes change the same messages: no flag is lost, no counter wrong', async t => {
  const { a, b } = await pair(t)
  const raw = Array.from({ length: 6 }, (_, index) => ({ raw: message(`${index}`), flags: [] }))
  await a.mailbox(ALICE).appendAll!('INBOX', raw, {})
  const sessions = [await opened(t, a), await opened(t, b)]
  const FLAGS = ['Seen', 'Flagged', 'Answered', 'Draft', 'one', 'two', 'three', 'four']
  await Promise.all(
    FLAGS.map((flag, index) =>
      sessions[index % 2]!.handlers.setFlags!([1, 2, 3, 4, 5, 6], [flag], { mode: 'add', changed: [flag] }),
    ),
  )
  const metas = await sessions[0]!.handlers.messageMeta!([1, 2, 3, 4, 5, 6], {})
  for (const { flags } of metas) assert.deepEqual([...flags].sort(), [...FLAGS].sort())
  // copies, moves and removals at the same time as deliveries
  const work: Promise<unknown>[] = []
  for (const [index, { handlers }] of sessions.entries()) {
    const store = index === 0 ? a : b
    work.push(handlers.copyMessages!([1, 2], 'Archive', {}) as Promise<unknown>)
    work.push((handlers.move!([3 + index], 'Archive', {}) as Promise<unknown>).catch(() => {}))
    work.push(handlers.expunge!([5], {}) as Promise<unknown>)
    work.push(
      handlers.setFlags!([1, 6], ['Deleted'], { mode: 'add', changed: ['Deleted'] }) as Promise<unknown>,
    )
    work.push(store.deliver(message(`late ${index}`), [ALICE]))
  }
  await Promise.all(work)
  assert.deepEqual((await b.verify()).problems, [])
})

testPostgres('a quota holds whatever two nodes deliver at once', async t => {
  const { a, b } = await pair(t)
  await a.setQuota(ALICE, { messages: 10 })
  const results = await Promise.allSettled(
    Array.from({ length: 30 }, (_, index) => (index % 2 ? a : b).deliver(message(`${index}`), [ALICE, BOB])),
  )
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 10)
  assert.equal((await b.quota(ALICE)).messages, 10)
})

testPostgres('a folder is made once, whoever makes it at the same time', async t => {
  const { a, b } = await pair(t)
  const made = [a, b, a, b].map(async store => store.mailbox(ALICE).createFolder!('Projects/one', {}))
  const results = await Promise.allSettled(made)
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
  for (const result of results) {
    if (result.status === 'rejected') assert.equal(result.reason.code, 'ALREADYEXISTS')
  }
  const names = await a.folderNames(ALICE)
  assert.equal(names.filter(name => name.startsWith('Projects')).length, 2)
})

testPostgres(
  'a large body that one node removes and another delivers again at the same moment is there',
  async t => {
    const { made, a, b } = await pair(t, { smallBody: 100 })
    const raw = message('large', 5000)
    const alice = a.mailbox(ALICE)
    const bob = b.mailbox(BOB)
    await alice.openFolder!('INBOX', OPEN)
    await bob.openFolder!('INBOX', OPEN)
    for (let round = 0; round < 20; round++) {
      if (round === 0) await a.deliver(raw, [ALICE])
      await Promise.all([
        allUids(alice).then(uids => alice.expunge!(uids, {})),
        b.deliver(raw, [BOB]),
        a.idle(),
        b.idle(),
      ])
      const [uid] = await allUids(bob)
      assert.deepEqual(await bytesOf(bob, uid!), raw)
      await Promise.all([bob.expunge!([uid!], {}), a.deliver(raw, [ALICE]), b.idle()])
      const [again] = await allUids(alice)
      assert.deepEqual(await bytesOf(alice, again!), raw)
    }
    assert.deepEqual((await a.verify()).problems, [])
    await alice.expunge!(await allUids(alice), {})
    await Promise.all([a.idle(), b.idle()])
    await a.idle()
    const files = await readdir(join(made.directory, 'bodies'), { recursive: true })
    assert.deepEqual(
      files.filter(name => name.length > 60),
      [],
    )
  },
)

/** Of a message that is to be sent. */
const entry = (id: string) => ({
  id,
  messageId: null,
  envelope: {} as never,
  recipients: [],
  since: 0,
  attempts: 0,
  nextAttempt: 1000,
  warned: false,
})

testPostgres(
  'nodes share the queue: each entry is claimed by one of them, and taken over when its lease has ended',
  async t => {
    const { a, b } = await pair(t)
    const ids = Array.from({ length: 40 }, (_, index) => `entry ${index}`)
    for (const id of ids) {
      const taken = await a.queue.add(entry(id), message(id), 1)
      await a.queue.update(
        id,
        taken!.lease,
        { recipients: [], attempts: 1, nextAttempt: 1000, warned: false },
        true,
      )
    }
    const claims = Array.from({ length: 10 }, (_, index) =>
      (index % 2 ? a : b).queue.claim({ dueBy: 2000, now: 2000, leaseUntil: 5000, limit: 7 }),
    )
    const claimed = (await Promise.all(claims)).flat().map(({ id }) => id)
    assert.deepEqual([...claimed].sort(), [...ids].sort())
    assert.deepEqual(await b.queue.claim({ dueBy: 4999, now: 4999, leaseUntil: 9000, limit: 100 }), [])
    const over = await b.queue.claim({ dueBy: 5000, now: 5000, leaseUntil: 9000, limit: 100 })
    assert.equal(over.length, ids.length)
    assert.equal(await a.queue.add(entry('entry 1'), message('again'), 1), null)
    // who has nothing to do looks again all the same
    assert.ok((await b.queue.nextDue())! <= Date.now() + 60_000)
  },
)

testPostgres('a message that both nodes are asked to send under one id is taken once', async t => {
  const { a, b } = await pair(t)
  const taken = await Promise.all(
    [a, b, a, b].map(store => store.queue.add(entry('the same'), message('m'), 2000)),
  )
  assert.equal(taken.filter(each => each !== null).length, 1)
  assert.equal(await a.queue.count(), 1)
})

testPostgres('a listening connection that is lost comes back, and nothing is missed', async t => {
  const { made, a, b } = await pair(t)
  const { news } = await opened(t, b)
  const client = new pg.Client({ connectionString: made.url })
  await client.connect()
  later(t, () => client.end())
  const { rowCount } = await client.query(`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and query ilike 'listen %' and pid <> pg_backend_pid()`)
  assert.ok(rowCount! >= 2)
  await a.deliver(message('meanwhile'), [ALICE])
  await news.until(heard => heard.some(change => change.kind === 'exists' && change.total === 1))
})

testPostgres('what a stranger says on the channel stops nobody', async t => {
  const { made, a, b } = await pair(t)
  const { news } = await opened(t, b)
  const client = new pg.Client({ connectionString: made.url })
  await client.connect()
  later(t, () => client.end())
  for (const said of [
    '',
    'x',
    ':',
    'x:f',
    'x:fNaN',
    'x:n{',
    'x:nnull',
    'x:n[1,1]',
    'x:n[1,1,null]',
    'x:d',
    'x:d..',
    'x:?',
    'x:z',
  ]) {
    await client.query("select pg_notify('email_server', $1)", [said])
  }
  await a.deliver(message('after all that'), [ALICE])
  await news.until(heard => heard.some(change => change.kind === 'exists' && change.total === 1))
})

testPostgres('the place of the bodies is one for all nodes: another directory is refused', async t => {
  const { made } = await pair(t)
  const elsewhere = await temporaryDirectory(t)
  await assert.rejects(made.open({ bodies: join(elsewhere, 'bodies') }), {
    code: 'ECONFIG',
    message: /is not where this store keeps its bodies/,
  })
  const other = await makeDatabase()
  later(t, () => other.drop())
  await assert.rejects(openStore(other.url, { bodies: join(made.directory, 'bodies') }), {
    code: 'ECONFIG',
    message: /another store keeps its bodies/,
  })
})

testPostgres(
  'PostgreSQL is killed and comes back: what was taken is there, meanwhile all is to be tried later',
  async t => {
    const postgres = await startPostgres()
    later(t, () => postgres.stop())
    const database = await makeDatabase(undefined, postgres.url)
    const directory = await temporaryDirectory(t)
    const open = (): Promise<Store> => openStore(database.url, { bodies: directory, onError: () => {} })
    const a = await open()
    later(t, () => a.close())
    const b = await open()
    later(t, () => b.close())
    await a.addDomain('example.test')
    await a.addUser(ALICE, 'password')
    const { handlers, news } = await opened(t, b)
    const taken: string[] = []
    let refused = 0
    let isBack = false
    const work = async (store: Store, name: string): Promise<void> => {
      for (let index = 0, after = 0; after < 5 && index < 100_000; index++) {
        try {
          await store.deliver(message(`${name} ${index}`), [ALICE])
          taken.push(`${name} ${index}`)
          if (isBack) after++
          if (!isBack && taken.length > 20) trouble()
        } catch (error) {
          assert.equal((error as { code?: unknown }).code, 'UNAVAILABLE')
          refused++
        }
        await new Promise(resolve => setImmediate(resolve))
      }
    }
    let trouble = (): void => {}
    const troubled = new Promise<void>(resolve => (trouble = resolve))
    const working = Promise.all([work(a, 'a'), work(b, 'b')])
    await troubled
    await postgres.kill()
    while (refused < 4) await new Promise(resolve => setImmediate(resolve))
    await assert.rejects(async () => handlers.status!('INBOX', { items: [] }), { code: 'UNAVAILABLE' })
    await postgres.start()
    isBack = true
    await working
    const uids = await allUids(handlers)
    const subjects = (await handlers.messageEnvelope!(uids, {})).map(envelope => envelope!.subject)
    for (const subject of taken) assert.ok(subjects.includes(subject), `${subject} was taken and is lost`)
    const count = uids.length
    await news.until(heard => heard.some(change => change.kind === 'exists' && change.total >= count))
    assert.deepEqual((await a.verify()).problems, [])
  },
)
