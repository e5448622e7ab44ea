// Message bodies as files, named by their SHA-256: `bodies/ab/ab12…`. A body is written under a temporary name, flushed,
// renamed, and the directory flushed, before the database mentions it; it is removed after the database has forgotten it.
import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../errors.ts'

/** Bodies up to this size are read at once; longer ones are streamed. */
const READ_AT_ONCE = 256 * 1024
const BEGUN_WITHIN_MS = 60_000

export class BodyFiles {
  readonly #directory: string
  readonly #known = new Set<string>()
  /** Bodies that a delivery is about to mention in the database: these must not be removed. */
  readonly #inUse = new Map<string, number>()
  readonly #removing = new Map<string, Promise<void>>()

  constructor(directory: string) {
    this.#directory = directory
  }

  async makeDirectories(): Promise<void> {
    await mkdir(join(this.#directory, 'tmp'), { recursive: true, mode: 0o700 })
    await flushDirectory(this.#directory)
  }

  /** Removes what a killed process left half written; only when no other process writes here. */
  async removeUnfinished(): Promise<void> {
    const temporary = join(this.#directory, 'tmp')
    for (const name of await readdir(temporary)) await rm(join(temporary, name), { force: true })
  }

  /** Runs `work` with the body's file in place, and durable; until it ends the file stays. */
  async holding<T>(hash: string, content: Uint8Array, work: () => Promise<T>): Promise<T> {
    this.#inUse.set(hash, (this.#inUse.get(hash) ?? 0) + 1)
    try {
      await this.#removing.get(hash)
      await this.#write(hash, content)
      return await work()
    } finally {
      const left = (this.#inUse.get(hash) ?? 1) - 1
      if (left === 0) this.#inUse.delete(hash)
      else this.#inUse.set(hash, left)
    }
  }

  /** Removes the file unless a delivery holds it, or `isMentioned` finds that the database knows it again. */
  async remove(hash: string, isMentioned: () => Promise<boolean>): Promise<void> {
    if (this.#inUse.has(hash) || this.#removing.has(hash)) return
    const removal = (async () => {
      if (!(await isMentioned())) await rm(this.#path(hash), { force: true })
    })()
    this.#removing.set(
      hash,
      removal.catch(() => {}), // who waits wants to know only that it is over
    )
    try {
      await removal
    } finally {
      this.#removing.delete(hash)
    }
  }

  /** The bytes: whole when they are few, else as a stream that closes its file when it ends or is left. */
  async read(hash: string): Promise<Uint8Array | { length: number; stream: AsyncIterable<Uint8Array> }> {
    const handle = await open(this.#path(hash), 'r')
    try {
      const { size } = await handle.stat()
      if (size > READ_AT_ONCE) return { length: size, stream: piecesOf(handle) }
      const bytes = await handle.readFile()
      await handle.close()
      return bytes
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  async #write(hash: string, content: Uint8Array): Promise<void> {
    const path = this.#path(hash)
    const directory = join(this.#directory, hash.slice(0, 2))
    if ((await sizeOf(path)) === content.length) {
      // whoever wrote it may not have come to flush its name yet
      await flushDirectory(directory)
      return
    }
    if (!this.#known.has(directory)) {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      await flushDirectory(this.#directory)
      this.#known.add(directory)
    }
    const temporary = join(this.#directory, 'tmp', randomUUID())
    try {
      const handle = await open(temporary, 'wx', 0o600)
      try {
        await handle.writeFile(content)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(temporary, path)
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {}) // the first error is what matters
      throw error
    }
    await flushDirectory(directory)
  }

  #path(hash: string): string {
    return join(this.#directory, hash.slice(0, 2), hash)
  }
}

/** Flushes what was renamed into a directory or removed from it. */
export async function flushDirectory(path: string): Promise<void> {
  // Windows has no handle on a directory to flush: there NTFS's journal keeps the order
  if (process.platform === 'win32') return
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** -1 when there is no such file. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return -1
    throw error
  }
}

/**
 * A stream over an open file: whoever removes the file meanwhile does not disturb it. Reading begins soon or never: a
 * file that nobody has begun to read after a while is closed.
 */
function piecesOf(handle: FileHandle): AsyncIterable<Uint8Array> {
  const unread = setTimeout(() => {
    handle.close().catch(() => {}) // nobody is left to be told
  }, BEGUN_WITHIN_MS)
  unread.unref()
  return {
    [Symbol.asyncIterator]: () => {
      clearTimeout(unread)
      return handle.createReadStream({ highWaterMark: 64 * 1024 })[Symbol.asyncIterator]()
    },
  }
}
