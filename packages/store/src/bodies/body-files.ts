// Message bodies as files, named by their SHA-256: `bodies/ab/ab12…`. A body is written under a temporary name, flushed,
// renamed, and the directory flushed, before the database mentions it; it is removed after the database has forgotten it.
import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { MessageBody } from 'email-server/mailbox'
import { codeOf, openError } from '../errors.ts'
import { type BodyPlace, isHash, type PlacedBody } from './body-place.ts'

/** Bodies up to this size are read at once; longer ones are streamed. */
const READ_AT_ONCE = 256 * 1024
const BEGUN_WITHIN_MS = 60_000

export class BodyFiles implements BodyPlace {
  readonly #directory: string
  readonly #known = new Set<string>()

  constructor(directory: string) {
    this.#directory = directory
  }

  async makeDirectories(): Promise<void> {
    await mkdir(join(this.#directory, 'tmp'), { recursive: true, mode: 0o700 })
    await flushDirectory(this.#directory)
  }

  /**
   * Removes what a killed process left half written.
   * @param youngest ms: what is younger may be another process's, which is writing it; 0 when there is none
   */
  async removeUnfinished(youngest: number = 0): Promise<void> {
    const temporary = join(this.#directory, 'tmp')
    for (const name of await readdir(temporary)) {
      const path = join(temporary, name)
      const isYoung = youngest > 0 && (await modifiedAt(path)) > Date.now() - youngest
      if (!isYoung) await rm(path, { force: true })
    }
  }

  /**
   * Makes sure that this is the place of this store's bodies, for all processes that have it open.
   * @param isKnown the store has a place already: an empty one would be another
   */
  async claim(owner: string, isKnown: boolean): Promise<void> {
    const path = join(this.#directory, 'owner')
    let found: string
    try {
      found = await readFile(path, 'utf8')
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
      if (isKnown) {
        throw openError(
          `${this.#directory} is not where this store keeps its bodies: all processes share one directory (or a bucket)`,
        )
      }
      await this.#write(path, Buffer.from(owner))
      await flushDirectory(this.#directory)
      return
    }
    if (found !== owner) throw openError(`another store keeps its bodies in ${this.#directory}`)
  }

  async has(hash: string): Promise<boolean> {
    return (await sizeOf(this.#path(hash))) >= 0
  }

  async remove(hash: string): Promise<void> {
    await rm(this.#path(hash), { force: true })
  }

  /** The bytes: whole when they are few, else as a stream that closes its file when it ends or is left. */
  async read(hash: string): Promise<MessageBody> {
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

  async *list(): AsyncIterable<PlacedBody> {
    for (const directory of await namesIn(this.#directory)) {
      if (!/^[0-9a-f]{2}$/.test(directory)) continue
      for (const hash of await namesIn(join(this.#directory, directory))) {
        if (!isHash(hash)) continue
        const found = await stat(this.#path(hash)).catch(() => null) // removed meanwhile
        if (found) yield { hash, size: found.size, modifiedAt: found.mtimeMs }
      }
    }
  }

  async put(hash: string, content: Uint8Array): Promise<void> {
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
    await this.#write(path, content)
    await flushDirectory(directory)
  }

  /** All or nothing; the name is not flushed yet. */
  async #write(path: string, content: Uint8Array): Promise<void> {
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

async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort()
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return []
    throw error
  }
}

/** When the file was written, ms; 0 when it is gone. */
async function modifiedAt(path: string): Promise<number> {
  const found = await stat(path).catch(() => null)
  return found?.mtimeMs ?? 0
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
