// What the tests of the store share: a store in a directory of its own, and messages.
import { rmSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { MailboxHandlers } from 'email-server/mailbox'
import { openStore, type Store, type StoreOptions } from '../src/index.ts'

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
  readonly directory: string
  /** What was told to `onError`. */
  readonly failures: unknown[]
}

/** A store with alice@ and bob@example.test (password: `password`). */
export async function testStore(t: TestContext, options: StoreOptions = {}): Promise<TestStore> {
  const directory = await temporaryDirectory(t)
  await cp(await template(), directory, { recursive: true })
  const failures: unknown[] = []
  const store = await openStore(`sqlite:${directory}`, {
    onError: error => failures.push(error),
    ...options,
  })
  later(t, () => store.close())
  return { store, directory, failures }
}

let made: Promise<string> | null = null

/** Hashing passwords takes its time on purpose: so it is done once, and the result copied. */
function template(): Promise<string> {
  made ??= (async () => {
    const directory = await mkdtemp(join(tmpdir(), 'email-server-store-'))
    const store = await openStore(`sqlite:${directory}`)
    await store.addDomain('example.test')
    await store.addUser(ALICE, 'password')
    await store.addUser(BOB, 'password')
    await store.close()
    process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
    return directory
  })()
  return made
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
