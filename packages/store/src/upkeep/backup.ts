// A backup while the store is in use: a directory that is a store itself. The database as it was at one moment, and every large body that
// it mentions. A backup into the directory of an earlier one copies what is new, and until it is whole the earlier one stands.
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BodyFiles, flushDirectory } from '../bodies/body-files.ts'
import type { LargeBodies } from '../bodies/body-place.ts'
import type { Sweeper } from '../bodies/sweeper.ts'
import type { Database } from '../database/database.ts'
import { codeOf, usageError } from '../errors.ts'
import { bytesOf } from './body-bytes.ts'

/** Tells a backup from a store in use, which must not be written over. */
export const BACKUP_MARK = 'backup.json'

export interface BackupProgress {
  /** Large bodies that are in the backup. */
  readonly bodies: number
  /** Those of them that had to be copied. */
  readonly copied: number
  /** Octets copied, of bodies. */
  readonly bytes: number
  /** Large bodies that it will have. */
  readonly total: number
}

export interface BackupOptions {
  readonly onProgress?: (progress: BackupProgress) => void
  /** Ends between two bodies; the earlier backup stands. Rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

export interface BackupParts {
  readonly database: Database
  readonly large: LargeBodies
  readonly sweeper: Sweeper
}

const PAGE = 500

export async function backup(
  { database, large, sweeper }: BackupParts,
  directory: string,
  { onProgress, signal }: BackupOptions,
): Promise<BackupProgress> {
  await prepare(directory)
  const files = new BodyFiles(join(directory, 'bodies'))
  await files.makeDirectories()
  await files.removeUnfinished()
  // a body that is removed after the copy of the database was made would be missing in the backup
  return sweeper.paused(async () => {
    const draft = join(directory, 'mail.sqlite.new')
    await database.snapshot(draft)
    const there = new Map<string, number>()
    for await (const { hash, size } of files.list()) there.set(hash, size)
    const { total, last } = await database.read(async db => {
      const row = await db
        .selectFrom('bodies')
        .select(({ fn }) => [fn.countAll<number>().as('total'), fn.max('id').as('last')])
        .where('in_file', '=', 1)
        .executeTakeFirstOrThrow()
      return { total: Number(row.total), last: row.last ?? 0 }
    })
    let progress: BackupProgress = { bodies: 0, copied: 0, bytes: 0, total }
    for (let after = 0; ; ) {
      const page = await largeBodies(database, after, last)
      for (const { id, hash, size } of page) {
        signal?.throwIfAborted()
        after = id
        const isNew = there.get(hash) !== size
        if (isNew) await files.put(hash, await bytesOf(await large.place.read(hash)))
        there.delete(hash)
        progress = {
          bodies: progress.bodies + 1,
          copied: progress.copied + (isNew ? 1 : 0),
          bytes: progress.bytes + (isNew ? size : 0),
          total,
        }
      }
      if (page.length === 0) break
      onProgress?.(progress)
    }
    await rename(draft, join(directory, 'mail.sqlite'))
    await flushDirectory(directory)
    // of the earlier backup, and no longer mentioned
    for (const hash of there.keys()) await files.remove(hash)
    return progress
  })
}

function largeBodies(
  database: Database,
  after: number,
  last: number,
): Promise<{ id: number; hash: string; size: number }[]> {
  return database.read(db =>
    db
      .selectFrom('bodies')
      .select(['id', 'hash', 'size'])
      .where('id', '>', after)
      .where('id', '<=', last)
      .where('in_file', '=', 1)
      .orderBy('id')
      .limit(PAGE)
      .execute(),
  )
}

/** Throws EUSAGE for a directory that is in use for something else. */
async function prepare(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const mark = join(directory, BACKUP_MARK)
  if (await isThere(mark)) return
  if ((await readdir(directory)).length > 0) {
    throw usageError(`${directory} is not empty, and no backup: a backup wants a directory of its own`)
  }
  await writeFile(mark, `${JSON.stringify({ kind: 'email-server backup', version: 1 })}\n`, { mode: 0o600 })
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

/** A backup that is opened as a store is one, and no longer a place for backups. */
export async function unmark(directory: string): Promise<void> {
  await rm(join(directory, BACKUP_MARK), { force: true })
}
