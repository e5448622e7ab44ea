// A copy of an SQLite database while it is written to. Everything in the write-ahead log is moved into the database file; from then on
// checkpoints are put off, so that the file stays as it is while it is copied, outside of the event loop, and changes go into the log.
// The process has the file for itself, so nobody else moves anything.
import { constants, copyFile, open, rm } from 'node:fs/promises'
import { type Kysely, sql } from 'kysely'
import type { Tables } from './schema.ts'

/** Pages in the log after which SQLite moves them into the database by itself; its own default. */
const AUTO_CHECKPOINT = 1000

/**
 * @param target written anew
 * @param checkpoints how many there have been for other reasons; one of them would change the file under the copy
 */
export async function snapshot(
  kysely: Kysely<Tables>,
  file: string,
  target: string,
  checkpoints: () => number,
): Promise<void> {
  const before = checkpoints()
  await sql`pragma wal_autocheckpoint = 0`.execute(kysely)
  try {
    const { rows } = await sql<{ busy: number }>`pragma wal_checkpoint(truncate)`.execute(kysely)
    if (rows[0]?.busy !== 0) throw new Error('the write-ahead log cannot be moved into the database now')
    await copyFile(file, target, constants.COPYFILE_FICLONE)
    const copy = await open(target, 'r+')
    try {
      await copy.sync()
    } finally {
      await copy.close()
    }
    if (checkpoints() !== before) throw new Error('the disk failed while the database was copied')
  } catch (error) {
    await rm(target, { force: true }).catch(() => {}) // the first error is what matters
    throw error
  } finally {
    await sql`pragma wal_autocheckpoint = ${sql.lit(AUTO_CHECKPOINT)}`.execute(kysely)
  }
}
