// What is PostgreSQL's own: how it is opened, what it cannot keep as it is, its schema from each earlier version, its errors.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test as plainTest } from 'node:test'
import pg from 'pg'
import { MIGRATIONS } from '../src/database/migrations/index.ts'
import { openPostgres } from '../src/database/postgres.ts'
import { endsConnection, isInTheWay, named } from '../src/database/postgres-errors.ts'
import { isNoSpace, isStorageFailure } from '../src/errors.ts'
import { openStore } from '../src/index.ts'
import { makeDatabase } from './postgres.ts'
import { ALICE, allUids, later, OPEN, temporaryDirectory, testPostgres, testStore } from './support.ts'

function clearly(message: RegExp): (error: unknown) => true {
  return error => {
    const { code, message: text } = error as { code?: unknown; message: string }
    assert.equal(code, 'ECONFIG', text)
    assert.match(text, message)
    assert.ok(!text.includes('\n') && !text.includes('%40'), text)
    return true
  }
}

plainTest(
  'options that cannot be right are one clear line, before anything is asked of a server',
  async () => {
    const url = 'postgres://nobody@localhost:1/none'
    await assert.rejects(openStore(url), clearly(/needs option bodies/))
    await assert.rejects(openStore(url, { bodies: 'x', connections: 1 }), clearly(/option connections/))
  },
)

testPostgres(
  'a server that is away, or does not let us in, is one clear line without the password',
  async t => {
    const { url } = await testStore(t)
    const bodies = join(await temporaryDirectory(t), 'bodies')
    const wrong = new URL(url)
    wrong.password = 'wrong-secret'
    const refused = await openStore(wrong.href, { bodies }).catch((error: unknown) => error)
    clearly(/does not let us in/)(refused)
    assert.ok(!(refused as Error).message.includes('wrong-secret'))
    const none = url.replace(/\/[^/]*$/, '/there_is_none')
    await assert.rejects(openStore(none, { bodies }), clearly(/does not exist/))
    await assert.rejects(openStore('postgres://a:b@127.0.0.1:1/x', { bodies }), clearly(/ECONNREFUSED/))
  },
)

testPostgres('the database of another program, and that of a later version, are left alone', async t => {
  const bodies = join(await temporaryDirectory(t), 'bodies')
  const foreign = await makeDatabase()
  later(t, () => foreign.drop())
  const client = new pg.Client({ connectionString: foreign.url })
  await client.connect()
  later(t, () => client.end())
  await client.query('create table messages (id int)')
  await assert.rejects(openStore(foreign.url, { bodies }), clearly(/another program/))
  const { url, store, open } = await testStore(t)
  await store.close()
  const other = new pg.Client({ connectionString: url })
  await other.connect()
  later(t, () => other.end())
  await other.query(`insert into migrations values (9999, 'from the future', 0)`)
  await assert.rejects(open(), clearly(/later version/))
})

testPostgres('a database of each earlier schema is brought up to date, by several nodes at once', async t => {
  const bodies = join(await temporaryDirectory(t), 'bodies')
  for (let version = 1; version <= MIGRATIONS.length; version++) {
    const { url, drop } = await makeDatabase()
    later(t, drop)
    const old = await openPostgres(url, 2, MIGRATIONS.slice(0, version))
    await old.close()
    const nodes = await Promise.all([1, 2].map(() => openStore(url, { bodies: `${bodies}${version}` })))
    try {
      await nodes[0]!.addDomain('example.test')
      await nodes[1]!.addUser(ALICE, 'password')
      await nodes[0]!.deliver(Buffer.from('Subject: x\r\n\r\ny\r\n'), [ALICE])
      assert.deepEqual((await nodes[0]!.verify()).problems, [])
    } finally {
      for (const node of nodes) await node.close()
    }
  }
})

testPostgres(
  'texts that PostgreSQL cannot keep do not keep a message away: NUL, halves of characters, long names',
  async t => {
    const { store } = await testStore(t)
    const id = `<${'語'.repeat(900)}@x>`
    const raw = Buffer.from(
      `Subject: nul \0 =?utf-8?q?=00_here?=\r\nFrom: "a\0b" <a@b.c>\r\nMessage-ID: ${id}\r\nReferences: ${id} <b@c>\r\n\r\nbody \0 \ud800\r\n`,
    )
    await store.deliver(raw, [ALICE])
    await store.idle()
    const handlers = store.mailbox(ALICE)
    await handlers.openFolder!('INBOX', OPEN)
    assert.deepEqual(await allUids(handlers), [1])
    assert.deepEqual(await handlers.search!({ key: 'text', value: 'nul ' }, {}), [1])
    const long = '語'.repeat(500)
    await handlers.createFolder!(long, {})
    assert.ok((await store.folderNames(ALICE)).includes(long))
    await assert.rejects(async () => handlers.createFolder!(`${long}a`, {}), { code: 'LIMIT' })
  },
)

testPostgres('what LIKE takes for a pattern is searched as it is', async t => {
  const { store } = await testStore(t)
  for (const text of ['100% sure', '100 sure', 'snake_case', 'snakeXcase', 'back\\slash', 'backslash']) {
    await store.deliver(Buffer.from(`Subject: s\r\n\r\n${text}\r\n`), [ALICE])
  }
  await store.idle()
  const handlers = store.mailbox(ALICE)
  await handlers.openFolder!('INBOX', OPEN)
  const find = (value: string): unknown => handlers.search!({ key: 'body', value }, {})
  assert.deepEqual(await find('100%'), [1])
  assert.deepEqual(await find('e_c'), [3])
  assert.deepEqual(await find('k\\s'), [5])
  assert.deepEqual(await find('%'), [1])
})

plainTest(
  'errors of PostgreSQL are sorted: what passes, what is full, who was in the way, whose fault it is',
  () => {
    const error = (code: string): unknown => named(Object.assign(new Error('x'), { code, severity: 'ERROR' }))
    const lost = named(new Error('Connection terminated unexpectedly'))
    for (const each of [
      error('57P01'),
      error('53300'),
      error('53100'),
      error('40001'),
      error('25006'),
      lost,
    ]) {
      assert.ok(isStorageFailure(each), String((each as { code: unknown }).code))
    }
    for (const code of ['23505', '22021', '42601']) assert.ok(!isStorageFailure(error(code)), code)
    assert.ok(isNoSpace(error('53100')))
    for (const code of ['40001', '40P01', '23505', '23503']) assert.ok(isInTheWay(error(code)), code)
    assert.ok(!isInTheWay(error('57P01')))
    const broken = named(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    assert.equal((broken as { code?: unknown }).code, 'EPIPE')
    for (const each of [lost, broken, error('57P01')]) assert.ok(endsConnection(each))
    assert.ok(!endsConnection(error('23505')))
  },
)
