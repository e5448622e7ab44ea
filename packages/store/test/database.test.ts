import assert from 'node:assert/strict'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Kysely, sql } from 'kysely'
import { Database } from '../src/database/database.ts'
import { openDriver } from '../src/database/driver.ts'
import { GroupedWrites } from '../src/database/grouped-writes.ts'
import type { Tables } from '../src/database/schema.ts'
import { openSqlite } from '../src/database/sqlite.ts'
import { StoreSqlite, sqliteDialect } from '../src/database/sqlite-dialect.ts'
import { later, temporaryDirectory } from './support.ts'

async function numbers(t: TestContext): Promise<Database> {
  const database = await openSqlite(join(await temporaryDirectory(t), 'mail.sqlite'))
  later(t, () => database.close())
  await database.write(trx => sql`create table numbers (n integer primary key)`.execute(trx))
  return database
}

const add = (database: Database, n: number): Promise<unknown> =>
  database.write(trx => sql`insert into numbers values (${n})`.execute(trx))

const all = async (database: Database): Promise<number[]> => {
  const { rows } = await database.read(db => sql<{ n: number }>`select n from numbers order by n`.execute(db))
  return rows.map(row => row.n)
}

test('writes asked for together share transactions', async t => {
  const database = await numbers(t)
  let transactions = 0
  const seen = new Set<unknown>()
  const write = (n: number): Promise<void> =>
    database.write(async trx => {
      if (!seen.has(trx)) transactions++
      seen.add(trx)
      await sql`insert into numbers values (${n})`.execute(trx)
    })
  await Promise.all(Array.from({ length: 64 }, (_, n) => write(n)))
  assert.equal((await all(database)).length, 64)
  assert.equal(transactions, 2)
})

test('one write that fails fails alone; those beside it are done once', async t => {
  const database = await numbers(t)
  await add(database, 3)
  const results = await Promise.allSettled([1, 2, 3, 4, 5].map(n => add(database, n)))
  assert.deepEqual(
    results.map(result => result.status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
  )
  assert.deepEqual(await all(database), [1, 2, 3, 4, 5])
})

test('a write that throws leaves nothing behind', async t => {
  const database = await numbers(t)
  await assert.rejects(
    database.write(async trx => {
      await sql`insert into numbers values (7)`.execute(trx)
      throw new Error('changed my mind')
    }),
    /changed my mind/,
  )
  assert.deepEqual(await all(database), [])
})

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

test('a write is acknowledged after the flush that follows it, and who reads it meanwhile waits as well', async t => {
  const kysely = new Kysely<Tables>({ dialect: new StoreSqlite(openDriver(':memory:')) })
  const flushes: (() => void)[] = []
  const database = new Database({
    kysely,
    dialect: sqliteDialect,
    writes: new GroupedWrites(kysely, () => new Promise(resolve => flushes.push(resolve))),
    nodes: null,
    snapshot: async () => {},
    check: async () => [],
    close: () => kysely.destroy(),
  })
  t.after(() => database.close())
  await sql`create table numbers (n integer primary key)`.execute(kysely)
  const done: string[] = []
  const written = add(database, 1).then(() => done.push('written'))
  while (flushes.length === 0) await turn()
  const read = all(database).then(numbers => done.push(`read ${numbers}`))
  for (let index = 0; index < 5; index++) await turn()
  assert.deepEqual(done, [])
  assert.equal(flushes.length, 1)
  flushes[0]!()
  await Promise.all([written, read])
  assert.deepEqual(done.sort(), ['read 1', 'written'])
})

test('a log that cannot be flushed fails the write; when it can be again, all of it is made safe', async t => {
  const file = join(await temporaryDirectory(t), 'mail.sqlite')
  const database = await openSqlite(file)
  later(t, () => database.close())
  await rename(`${file}-wal`, `${file}-away`)
  const create = database.write(trx => sql`create table numbers (n integer primary key)`.execute(trx))
  await assert.rejects(create, { code: 'ENOENT' })
  await assert.rejects(add(database, 1), { code: 'ENOENT' })
  await rename(`${file}-away`, `${file}-wal`)
  await add(database, 2)
  assert.deepEqual(await all(database), [1, 2])
})
