// The contract of a store, as email-server/testing has it, kept by this one: over SQLite a store for each check, over PostgreSQL an account.
import assert from 'node:assert/strict'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext } from 'node:test'
import { type ContractStore, storeContract } from 'email-server/testing'
import { sql } from 'kysely'
import { attachStore } from '../src/attach.ts'
import type { Database } from '../src/database/database.ts'
import { openPostgres } from '../src/database/postgres.ts'
import { openStore, type Store } from '../src/index.ts'
import { ALICE, inDatabase, isPostgres, later, temporaryDirectory, test, testStore } from './support.ts'

/** The test that is running: what it opens goes with it. */
let running: TestContext

/** @param reopen what a new process would find at this moment */
function contractStore(store: Store, username: string, reopen: () => Promise<Store>): ContractStore {
  let open: ContractStore['attach'] = () => {}
  attachStore(store, {
    on: (event: string, listener: unknown) => {
      if (event === 'mailboxSession') open = listener as ContractStore['attach']
    },
  })
  return {
    username,
    attach: session => open(session),
    async crash() {
      const reopened = await reopen()
      later(running, () => reopened.close())
      return contractStore(reopened, username, reopen)
    },
  }
}

async function inSqlite(t: TestContext): Promise<ContractStore> {
  const { store, directory } = await testStore(t)
  return contractStore(store, ALICE, async () => {
    const copy = await temporaryDirectory(t)
    await cp(directory, copy, { recursive: true })
    return openStore(`sqlite:${copy}`)
  })
}

interface Shared {
  readonly store: Store
  readonly database: Database
  readonly directory: string
  readonly open: () => Promise<Store>
}

let shared: Promise<Shared> | null = null
let accounts = 0

after(async () => {
  const opened = await shared
  if (!opened) return
  await opened.store.close()
  await opened.database.close()
  await rm(opened.directory, { recursive: true, force: true })
})

/** A database for each check would take longer than all checks. */
async function inOneDatabase(): Promise<ContractStore> {
  shared ??= (async () => {
    const directory = await mkdtemp(join(tmpdir(), 'email-server-store-'))
    const { url } = await inDatabase(null, directory)
    const open = (): Promise<Store> => openStore(url, { bodies: join(directory, 'bodies') })
    return { store: await open(), database: await openPostgres(url, 2), directory, open }
  })()
  const { store, database, open } = await shared
  const name = `user${++accounts}`
  // as Alice's: hashing a password takes its time
  await database.write(async trx => {
    await sql`with made as (
        insert into accounts (domain_id, local_part, password_hash, created_at)
        select domain_id, ${name}, password_hash, created_at from accounts where local_part = 'alice' returning id),
      subscribed as (
        insert into subscriptions (account_id, name)
        select made.id, s.name from made, subscriptions s join accounts a on a.id = s.account_id where a.local_part = 'alice')
      insert into folders (account_id, name, special_use, uid_validity)
      select made.id, f.name, f.special_use, f.uid_validity + ${accounts * 10}
      from made, folders f join accounts a on a.id = f.account_id where a.local_part = 'alice'`.execute(trx)
  })
  return contractStore(store, `${name}@example.test`, open)
}

const contract = storeContract(() => (isPostgres(running) ? inOneDatabase() : inSqlite(running)))

/** What the library does by itself over this store. */
const LEFT_TO_THE_LIBRARY = ['needs search', 'needs sort', 'needs thread']

for (const { name, run } of contract.checks) {
  test(name, async t => {
    running = t
    const lacks = await run()
    if (lacks !== null) assert.ok(LEFT_TO_THE_LIBRARY.includes(lacks), lacks)
  })
}
