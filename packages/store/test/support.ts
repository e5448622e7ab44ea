// What the tests of the store share: a store of its own for each test, in SQLite or in PostgreSQL, and messages.
import { rmSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test as nodeTest, type TestContext } from 'node:test'
import type { MailboxHandlers } from 'email-server/mailbox'
import { openStore, type Store, type StoreOptions } from '../src/index.ts'
import { makeDatabase, whyNoPostgres } from './postgres.ts'

const inPostgres = new WeakSet<TestContext>()

/** Is this a test over PostgreSQL? */
export function isPostgres(t: TestContext): boolean {
  return inPostgres.has(t)
}

/** A test of the store that is run twice: over SQLite, and over PostgreSQL. */
export function test(name: string, run: (t: TestContext) => unknown): void {
  nodeTest(name, async t => {
    await run(t)
  })
  testPostgres(`PostgreSQL: ${name}`, run)
}

/** One that is for PostgreSQL only; where there is none it says why it is passed over. */
export function testPostgres(name: string, run: (t: TestContext) => unknown): void {
  nodeTest(name, async t => {
    const why = await whyNoPostgres()
    if (why !== null) {
      t.skip(why)
      return
    }
    inPostgres.add(t)
    await run(t)
  })
}

export async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'email-server-store-'))
  later(t, () => rm(directory, { recursive: true, force: true }))
  return directory
}

const clearing = new WeakMap<TestContext, (() => unknown)[]>()

/** As `t.after`, but what came last is done first: a store is closed before its directory goes. */
export function later(t: TestContext, work: () => unknown): void {
  const list = clearing.get(t)
  if (list) {
    list.push(work)
    return
  }
  const fresh = [work]
  clearing.set(t, fresh)
  t.after(async () => {
    for (const step of fresh.reverse()) await step()
  })
}

export interface TestStore {
  readonly store: Store
  /** What `openStore` was given, and the options without which it would not open. */
  readonly url: string
  readonly place: StoreOptions
  /** Where the bodies are (of PostgreSQL), or all (of SQLite). */
  readonly directory: string
  /** What was told to `onError`. */
  readonly failures: unknown[]
  /** A store over the same, as another process, or this one later, opens it. */
  open(options?: StoreOptions): Promise<Store>
}

/** A store with alice@ and bob@example.test (password: `password`). */
export async function testStore(t: TestContext, options: StoreOptions = {}): Promise<TestStore> {
  const directory = await temporaryDirectory(t)
  const failures: unknown[] = []
  const { url, place } = inPostgres.has(t) ? await inDatabase(t, directory) : await inDirectory(directory)
  const open = (more: StoreOptions = {}): Promise<Store> =>
    openStore(url, { onError: error => failures.push(error), ...place, ...options, ...more })
  const store = await open()
  later(t, () => store.close())
  return { store, url, place, directory, failures, open }
}

export interface Place {
  readonly url: string
  readonly place: StoreOptions
}

async function inDirectory(directory: string): Promise<Place> {
  await cp(await template(), directory, { recursive: true })
  return { url: `sqlite:${directory}`, place: {} }
}

/** @param t null: the database stays as long as the server */
export async function inDatabase(t: TestContext | null, directory: string): Promise<Place> {
  const database = await makeDatabase(await templateDatabase())
  if (t) later(t, () => database.drop())
  return { url: database.url, place: { bodies: join(directory, 'bodies') } }
}

let made: Promise<string> | null = null

/** Hashing passwords takes its time on purpose: so it is done once, and the result copied. */
function template(): Promise<string> {
  made ??= (async () => {
    const directory = await mkdtemp(join(tmpdir(), 'email-server-store-'))
    await fill(`sqlite:${directory}`, {})
    process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
    return directory
  })()
  return made
}

let madeDatabase: Promise<string> | null = null

function templateDatabase(): Promise<string> {
  madeDatabase ??= (async () => {
    const { name, url } = await makeDatabase()
    // a bucket is not asked before something is put there, so that each copy can have a directory of its own
    await fill(url, {
      bodies: 's3://none',
      s3: { endpoint: 'http://localhost:1', region: 'none', accessKeyId: 'none', secretAccessKey: 'none' },
    })
    return name
  })()
  return madeDatabase
}

async function fill(url: string, options: StoreOptions): Promise<void> {
  const store = await openStore(url, options)
  await store.addDomain('example.test')
  await store.addUser(ALICE, 'password')
  await store.addUser(BOB, 'password')
  await store.close()
}

export const ALICE = 'alice@example.test'
export const BOB = 'bob@example.test'

export function message(subject: string, bytes = 0): Buffer {
  const header = `From: carol@elsewhere.test\r\nTo: ${ALICE}\r\nSubject: ${subject}\r\n\r\n`
  return Buffer.concat([Buffer.from(header), Buffer.alloc(bytes, 'body bytes\r\n')])
}

/** All UIDs of the open folder. */
export async function allUids(handlers: MailboxHandlers): Promise<number[]> {
  const range = { type: 'uid', ranges: [[1, Number.POSITIVE_INFINITY]] } as const
  return (await handlers.resolveMessages!(range, {})) as number[]
}

export async function bytesOf(handlers: MailboxHandlers, uid: number): Promise<Buffer> {
  const body = await handlers.messageBody!(uid, {})
  if (body instanceof Uint8Array) return Buffer.from(body)
  if (body.stream instanceof Uint8Array) return Buffer.from(body.stream)
  const pieces: Uint8Array[] = []
  for await (const piece of body.stream) pieces.push(piece)
  return Buffer.concat(pieces)
}

export const OPEN = { readOnly: false } as const
