// Messages of 2 KB made durable: by the store, twenty deliveries at a time and one after the other, through its queue, and by a bare
// program that appends each to a file and flushes it.
import { mkdtempSync, rmSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore, type Store } from '@email-server/store'
import { letter, USER, Words } from '../data/store.ts'

const words = new Words()
/** Made before: none of the contenders is measured making them. */
const letters = Array.from({ length: 20_000 }, (_, i) => letter(words, i))
let number = 0

const next = (): Buffer => letters[number++ % letters.length]!

function directory(): string {
  const made = mkdtempSync(join(tmpdir(), 'bench-'))
  process.on('exit', () => rmSync(made, { recursive: true, force: true }))
  return made
}

let opened: Promise<Store> | null = null

function store(): Promise<Store> {
  opened ??= (async () => {
    const made = await openStore(`sqlite:${directory()}`)
    await made.addDomain('example.test')
    await made.addUser(USER, 'password')
    return made
  })()
  return opened
}

async function deliver(count: number, together: number): Promise<number> {
  const target = await store()
  let left = count
  const worker = async (): Promise<void> => {
    while (left-- > 0) await target.deliver(next(), [USER])
  }
  await Promise.all(Array.from({ length: together }, worker))
  return count
}

export const together = (): Promise<number> => deliver(1000, 20)

export const alone = (): Promise<number> => deliver(300, 1)

let file: Promise<FileHandle> | null = null

export async function flushed(): Promise<number> {
  file ??= open(join(directory(), 'file'), 'a')
  const handle = await file
  for (let i = 0; i < 100; i++) {
    await handle.write(next())
    await handle.datasync()
  }
  return 100
}

/** Into the queue, claimed, and done with: what a message costs that is sent at once or later. */
async function queued(count: number, together: number): Promise<number> {
  const { queue } = await store()
  let left = count
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const id = `queued-${number}`
      const now = Date.now()
      const entry = {
        id,
        messageId: null,
        envelope: { from: USER },
        recipients: [{ address: 'bob@elsewhere.test' }],
        since: now,
        attempts: 0,
        nextAttempt: now,
        warned: false,
      }
      await queue.add(entry, next(), now)
      for (const { id: claimed, lease } of await queue.claim({
        dueBy: now,
        now,
        leaseUntil: now + 60_000,
        limit: 4,
      })) {
        await queue.update(claimed, lease, null, true)
      }
    }
  }
  await Promise.all(Array.from({ length: together }, worker))
  return count
}

export const queuedTogether = (): Promise<number> => queued(400, 20)

export const queuedAlone = (): Promise<number> => queued(100, 1)
