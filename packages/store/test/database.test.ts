import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { sql } from 'kysely'
import type { Database } from '../src/database/database.ts'
import { openSqlite } from '../src/database/sqlite.ts'
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
