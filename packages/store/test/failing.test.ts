// Disk and database that fail: nothing is acknowledged, nothing is lost, and service resumes by itself.
import assert from 'node:assert/strict'
import { readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { sql } from 'kysely'
import { Bodies } from '../src/bodies/bodies.ts'
import { BodyFiles } from '../src/bodies/body-files.ts'
import { LargeBodies } from '../src/bodies/body-place.ts'
import { Sweeper } from '../src/bodies/sweeper.ts'
import type { Database } from '../src/database/database.ts'
import { openSqlite } from '../src/database/sqlite.ts'
import { Store } from '../src/store.ts'
import { ALICE, allUids, bytesOf, later, message, OPEN, testStore } from './support.ts'

/** The store of `testStore`, put together by hand so that its database can be limited. */
async function limitableStore(
  t: TestContext,
): Promise<{ store: Store; database: Database; failures: unknown[] }> {
  const { store: made, directory } = await testStore(t)
  await made.close()
  const failures: unknown[] = []
  const onError = (error: unknown): unknown => failures.push(error)
  const database = await openSqlite(join(directory, 'mail.sqlite'))
  const large = new LargeBodies(new BodyFiles(join(directory, 'bodies')))
  const sweeper = new Sweeper(database, large, onError)
  const store = new Store({
    database,
    bodies: new Bodies(large, 1 << 30, database),
    sweeper,
    large,
    keepsScramKeys: false,
    onError,
  })
  later(t, () => store.close())
  return { store, database, failures }
}

test('a full disk: deliveries are refused for now, what was taken stays, service resumes when there is room', async t => {
  const { store, database, failures } = await limitableStore(t)
  await store.deliver(message('before', 1000), [ALICE])
  const limit = (pages: number): Promise<unknown> =>
    database.read(db => sql`pragma max_page_count = ${sql.lit(pages)}`.execute(db))
  // SQLite answers SQLITE_FULL beyond this many pages, as it does when the disk is full
  await limit(1)
  for (let index = 0; index < 3; index++) {
    await assert.rejects(store.deliver(message('refused', 50_000), [ALICE]), { code: 'UNAVAILABLE' })
  }
  assert.equal((failures[0] as { code?: string }).code, 'SQLITE_FULL')
  const handlers = store.mailbox(ALICE)
  const opened = await handlers.openFolder!('INBOX', OPEN)
  assert.deepEqual([opened.total, opened.uidNext], [1, 2])
  await assert.rejects(async () => handlers.append!('Sent', message('refused', 50_000), [], {}), {
    code: 'UNAVAILABLE',
  })
  await limit(1_000_000)
  const raw = message('after', 50_000)
  await store.deliver(raw, [ALICE])
  assert.deepEqual(await allUids(handlers), [1, 2])
  assert.deepEqual(await bytesOf(handlers, 2), raw)
})

test('a place for bodies that fails: refused for now, nothing half stored, resumed', async t => {
  const { store, directory, failures } = await testStore(t, { smallBody: 100 })
  const temporary = join(directory, 'bodies', 'tmp')
  await rename(temporary, join(directory, 'away'))
  await writeFile(temporary, 'in the way')
  await assert.rejects(store.deliver(message('large', 5000), [ALICE]), { code: 'UNAVAILABLE' })
  assert.equal((failures[0] as { code?: string }).code, 'ENOTDIR')
  // small ones do not need that place
  await store.deliver(message('s'), [ALICE])
  await rename(temporary, join(directory, 'was in the way'))
  await rename(join(directory, 'away'), temporary)
  await store.deliver(message('large', 5000), [ALICE])
  const handlers = store.mailbox(ALICE)
  await handlers.openFolder!('INBOX', OPEN)
  assert.deepEqual(await allUids(handlers), [1, 2])
  assert.deepEqual(await readdir(temporary), [])
})

test('a body that has disappeared from the disk is a failure that may be repaired, not an empty message', async t => {
  const { store, directory } = await testStore(t, { smallBody: 0 })
  const raw = message('where is it', 1000)
  await store.deliver(raw, [ALICE])
  const handlers = store.mailbox(ALICE)
  await handlers.openFolder!('INBOX', OPEN)
  await rename(join(directory, 'bodies'), join(directory, 'unmounted'))
  await assert.rejects(async () => handlers.messageBody!(1, {}), { code: 'UNAVAILABLE' })
  await rename(join(directory, 'unmounted'), join(directory, 'bodies'))
  assert.deepEqual(await bytesOf(handlers, 1), raw)
})

test('values that the database library cannot bind are refused before they reach it', async t => {
  const { database } = await limitableStore(t)
  for (const value of [true, new Date(), {}, Symbol('x'), undefined]) {
    await assert.rejects(
      database.read(db => sql`select ${value}`.execute(db)),
      TypeError,
    )
  }
  const bytes = await database.read(db =>
    sql<{ b: Uint8Array }>`select ${new Uint8Array([1, 2])} as b`.execute(db),
  )
  assert.deepEqual([...(bytes.rows[0]?.b ?? [])], [1, 2])
})
