import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, open, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openDriver } from '../src/database/driver.ts'
import { MIGRATIONS } from '../src/database/migrations/index.ts'
import { openSqlite } from '../src/database/sqlite.ts'
import { openStore } from '../src/index.ts'
import { ALICE, allUids, later, message, OPEN, temporaryDirectory, testStore } from './support.ts'

/** One line, no stack, for the person at the keyboard. */
function clearly(pattern: RegExp): (error: Error & { code?: string }) => true {
  return error => {
    assert.equal(error.code, 'ECONFIG')
    assert.match(error.message, pattern)
    assert.ok(!error.message.includes('\n'))
    return true
  }
}

test('what was stored is there when the store is opened again, with the same UIDs and UIDVALIDITY', async t => {
  const { store, directory } = await testStore(t)
  await store.deliver(message('kept'), [ALICE])
  const before = await store.mailbox(ALICE).status!('INBOX', { items: [] })
  await store.close()
  const again = await openStore(`sqlite:${directory}`)
  later(t, () => again.close())
  const handlers = again.mailbox(ALICE)
  assert.deepEqual(await handlers.status!('INBOX', { items: [] }), before)
  await handlers.openFolder!('INBOX', OPEN)
  assert.deepEqual(await allUids(handlers), [1])
})

test('a second process is told that the store is in use', async t => {
  const { directory } = await testStore(t)
  await assert.rejects(openStore(`sqlite:${directory}`), clearly(/in use by another process/))
  const program = `
    import { openStore } from ${JSON.stringify(new URL('../src/index.js', import.meta.url).href)}
    openStore(${JSON.stringify(`sqlite:${directory}`)}).catch(error => console.log(error.code, error.message))`
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  assert.match(child.stdout, /^ECONFIG the mail database .* is in use by another process\n$/)
})

test('a directory that cannot be made is one clear error', async t => {
  const directory = await temporaryDirectory(t)
  await writeFile(join(directory, 'file'), '')
  // works for root too, whom permissions do not bind
  await assert.rejects(
    openStore(`sqlite:${join(directory, 'file')}`),
    clearly(/cannot be stored in .*: it is not a directory/),
  )
  await assert.rejects(
    openStore(`sqlite:${join(directory, 'file', 'below')}`),
    clearly(/it is not a directory/),
  )
  await mkdir(join(directory, 'odd', 'mail.sqlite'), { recursive: true })
  await assert.rejects(openStore(`sqlite:${join(directory, 'odd')}`), clearly(/cannot/))
})

test('a URL that is none of ours is an error that says what is', async () => {
  for (const url of ['', 'data', 'sqlite:', 'mysql:x']) {
    await assert.rejects(openStore(url), clearly(/sqlite:DIRECTORY/), url)
  }
  await assert.rejects(openStore('sqlite:x', { smallBody: Number.NaN }), clearly(/smallBody/))
})

test('a file that is no database, another program’s database and a damaged one are told apart', async t => {
  const directory = await temporaryDirectory(t)
  const file = join(directory, 'mail.sqlite')
  await writeFile(file, 'these are not the bytes of a database '.repeat(100))
  await assert.rejects(openStore(`sqlite:${directory}`), clearly(/is not a database/))

  const foreign = await temporaryDirectory(t)
  const driver = openDriver(join(foreign, 'mail.sqlite'))
  driver.exec('create table songs (title text)')
  driver.close()
  await assert.rejects(openStore(`sqlite:${foreign}`), clearly(/another program/))

  const { store, directory: damaged } = await testStore(t)
  for (let index = 0; index < 50; index++) await store.deliver(message(`${index}`, 3000), [ALICE])
  await store.close()
  const handle = await open(join(damaged, 'mail.sqlite'), 'r+')
  const { size } = await handle.stat()
  await handle.write(Buffer.alloc(size - 16384, 0xa5), 0, size - 16384, 8192)
  await handle.close()
  await assert.rejects(openStore(`sqlite:${damaged}`), clearly(/damaged/))
})

test('a store written by a later version is not touched', async t => {
  const { store, directory } = await testStore(t)
  await store.close()
  const driver = openDriver(join(directory, 'mail.sqlite'))
  driver.exec("insert into migrations values (9999, 'future', 0)")
  driver.close()
  await assert.rejects(openStore(`sqlite:${directory}`), clearly(/later version/))
})

test('migrations run once, in order, and a failing one leaves the schema as it was', async t => {
  const file = join(await temporaryDirectory(t), 'mail.sqlite')
  const first = await openSqlite(file)
  await first.close()
  const next = MIGRATIONS.at(-1)!.version + 1
  const ran: number[] = []
  const second = {
    version: next,
    name: 'second',
    up: async (trx: Parameters<(typeof MIGRATIONS)[number]['up']>[0]): Promise<void> => {
      ran.push(next)
      await trx.schema.createTable('more').addColumn('id', 'integer').execute()
    },
  }
  const broken = {
    version: next + 1,
    name: 'broken',
    up: async (trx: Parameters<(typeof MIGRATIONS)[number]['up']>[0]): Promise<void> => {
      ran.push(next + 1)
      await trx.schema.createTable('half').addColumn('id', 'integer').execute()
      throw new Error('a step fails')
    },
  }
  await assert.rejects(openSqlite(file, [...MIGRATIONS, second, broken]), clearly(/a step fails/))
  const reopened = await openSqlite(file, [...MIGRATIONS, second])
  later(t, () => reopened.close())
  assert.deepEqual(ran, [next, next + 1])
  const tables = await reopened.read(db => db.introspection.getTables())
  assert.ok(tables.some(table => table.name === 'more'))
  assert.ok(!tables.some(table => table.name === 'half'))
})

test('numbers of migrations ascend from 1 without a gap', () => {
  assert.deepEqual(
    MIGRATIONS.map(migration => migration.version),
    MIGRATIONS.map((_, index) => index + 1),
  )
})

test('what a killed process left half written is removed at the next start', async t => {
  const { store, directory } = await testStore(t)
  await store.close()
  await writeFile(join(directory, 'bodies', 'tmp', 'left-over'), 'half a mess')
  const again = await openStore(`sqlite:${directory}`)
  later(t, () => again.close())
  assert.deepEqual(await readdir(join(directory, 'bodies', 'tmp')), [])
})

test('mail is readable by its owner only', async t => {
  const directory = join(await temporaryDirectory(t), 'data')
  const store = await openStore(`sqlite:${directory}`)
  later(t, () => store.close())
  assert.equal((await stat(directory)).mode & 0o077, 0)
})

test('a closed store refuses as unavailable; closing twice is closing once', async t => {
  const { store } = await testStore(t)
  const handlers = store.mailbox(ALICE)
  const underway = store.deliver(message('still'), [ALICE])
  await Promise.all([store.close(), store.close()])
  await underway
  await assert.rejects(store.deliver(message('late'), [ALICE]), { code: 'UNAVAILABLE' })
  await assert.rejects(async () => handlers.folders!({}), { code: 'UNAVAILABLE' })
})
