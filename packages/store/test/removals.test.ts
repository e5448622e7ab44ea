import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { extractEnvelope } from 'email-server/mime'
import { openDriver } from '../src/database/driver.ts'
import { MIGRATIONS } from '../src/database/migrations/index.ts'
import { openSqlite } from '../src/database/sqlite.ts'
import { MOST_RUNS, vanishedSince } from '../src/messages/removals.ts'
import { ALICE, later, message, OPEN, temporaryDirectory, testStore } from './support.ts'

const EVERYTHING = [[1, Number.POSITIVE_INFINITY]] as const

test('of removals that were forgotten every missing UID is told, and nothing that is there', async t => {
  const { store, directory } = await testStore(t)
  const handlers = store.mailbox(ALICE)
  const messages = Array.from({ length: 8 }, (_, i) => ({ raw: message(`${i}`), flags: [] }))
  await handlers.appendAll!('INBOX', messages, {})
  await handlers.openFolder!('INBOX', OPEN)
  const before = (await handlers.status!('INBOX', { items: [] })).highestModseq!
  const removed = await handlers.expunge!([2, 3, 6], {})
  await store.close()
  const database = await openSqlite(join(directory, 'mail.sqlite'))
  later(t, () => database.close())
  await database.write(async trx => {
    const { id } = await trx
      .selectFrom('folders')
      .select('id')
      .where('name', '=', 'INBOX')
      .orderBy('id')
      .executeTakeFirstOrThrow()
    await trx.updateTable('folders').set({ forgotten_modseq: removed!.modseq }).where('id', '=', id).execute()
    const { dialect } = database
    assert.deepEqual(await vanishedSince(trx, dialect, id, EVERYTHING, before), [
      [2, 3],
      [6, 6],
    ])
    assert.deepEqual(
      await vanishedSince(
        trx,
        dialect,
        id,
        [
          [3, 5],
          [7, 20],
        ],
        before,
      ),
      [[3, 3]],
    )
    assert.deepEqual(await vanishedSince(trx, dialect, id, EVERYTHING, removed!.modseq), [])
  })
})

test('a folder remembers a bounded number of removals', async t => {
  const { store } = await testStore(t)
  const handlers = store.mailbox(ALICE)
  const count = 2 * MOST_RUNS + 200
  const raw = message('many')
  for (let left = count; left > 0; left -= 1000) {
    const some = Array.from({ length: Math.min(left, 1000) }, () => ({ raw, flags: [] }))
    await handlers.appendAll!('INBOX', some, {})
  }
  await handlers.openFolder!('INBOX', OPEN)
  const before = (await handlers.status!('INBOX', { items: [] })).highestModseq!
  // every second one, so that each is a run of its own
  const odd = Array.from({ length: count / 2 }, (_, i) => 2 * i + 1)
  const modseqs: number[] = []
  for (let at = 0; at < odd.length; at += 1000) {
    modseqs.push((await handlers.expunge!(odd.slice(at, at + 1000), {}))!.modseq)
  }
  const since = async (modseq: number): Promise<number> =>
    (await handlers.resolveVanished!({ type: 'uid', ranges: EVERYTHING }, modseq, {})).length
  assert.equal(await since(before), odd.length)
  assert.equal(await since(modseqs.at(-2)!), odd.length % 1000)
  // what was forgotten is answered with more than was asked, never with less
  assert.equal(await since(modseqs[1]!), odd.length)
})

test('a store of the first schema is brought up to date: removals before that are answered in full', async t => {
  const file = join(await temporaryDirectory(t), 'mail.sqlite')
  const old = await openSqlite(file, MIGRATIONS.slice(0, 1))
  await old.close()
  const driver = openDriver(file)
  driver.exec(`insert into domains values (1, 'example.test', 0)`)
  driver.exec(`insert into accounts values (1, 1, 'alice', 'x', 0)`)
  driver.exec(`insert into folders (id, account_id, name, uid_validity, uid_next, highest_modseq, total, deleted, size)
    values (1, 1, 'INBOX', 7, 6, 40, 2, 1, 30)`)
  const envelope = JSON.stringify(extractEnvelope(Buffer.from('Subject: Re: plans\r\nFrom: zoe@x\r\n\r\n')))
  driver.exec(`insert into bodies values
    (1, 'aa', 10, 0, '${envelope}', '{}', 'text', 'Re: plans', 90000, 600, '<b@x>', '["<a@x>"]', 0),
    (2, 'bb', 20, 0, '${envelope}', '{}', '', '', null, 0, '<a@x>', '[]', 0)`)
  driver.exec(`insert into messages values (1, 2, 1, 10, 5, 5, 3, 0, null), (1, 4, 2, 20, 6, 6, 40, 8, null)`)
  driver.close()
  const database = await openSqlite(file)
  later(t, () => database.close())
  const row = await database.read(db => db.selectFrom('folders').selectAll().executeTakeFirstOrThrow())
  assert.deepEqual([row.deleted_size, row.forgotten_modseq, row.removal_runs], [20, 40, 0])
  const vanished = await database.read(db => vanishedSince(db, database.dialect, 1, EVERYTHING, 10))
  assert.deepEqual(vanished, [
    [1, 1],
    [3, 3],
    [5, 5],
  ])
  const facts = await database.read(db =>
    db
      .selectFrom('body_facts')
      .innerJoin('bodies', 'bodies.id', 'body_facts.body_id')
      .select(['subject_key', 'from_key', 'body_facts.sent_at', 'sent_day', 'thread_id'])
      .execute(),
  )
  const keys = { subject_key: 'PLANS', from_key: 'ZOE', thread_id: 1 }
  assert.deepEqual(facts, [
    // ten hours east of Greenwich the second minute after midnight is still the same day
    { ...keys, sent_at: 90000, sent_day: 0 },
    { ...keys, sent_at: null, sent_day: null },
  ])
  const gaps = await database.read(db => db.selectFrom('text_gaps').selectAll().execute())
  assert.equal(gaps.length, 2)
})
