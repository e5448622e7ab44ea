// An SQLite file as the store's database: opened by one process at a time, checked, brought up to date, durable.
//
// Durability: WAL with synchronous=NORMAL means that a commit is written but not flushed; `flush` then flushes the WAL
// (fdatasync in the thread pool) before anybody is told. Together that is what synchronous=FULL does inside of each
// commit, but one flush serves all commits that came before it and the event loop does not stand still meanwhile.
// SQLite itself flushes the WAL's header when it begins anew, and WAL and database around each checkpoint.
import { type FileHandle, open, stat } from 'node:fs/promises'
import { Kysely, sql } from 'kysely'
import { codeOf, openError } from '../errors.ts'
import { Database } from './database.ts'
import { openDriver, type SqlDriver } from './driver.ts'
import { GroupedWrites } from './grouped-writes.ts'
import { MIGRATIONS, type Migration, migrate } from './migrations/index.ts'
import type { Tables } from './schema.ts'
import { snapshot } from './snapshot.ts'
import { StoreSqlite, sqliteDialect } from './sqlite-dialect.ts'

/** In the header of the file: 'Mail'. Tells our databases from those of other programs. */
const APPLICATION_ID = 0x4d61696c

/** Databases up to this size are checked as a whole at each start, which takes some tenths of a second at most. */
const CHECKED_AT_START = 64 * 1024 * 1024

/** Opens or makes the database. Throws ECONFIG with one line that says what is wrong. */
export async function openSqlite(
  file: string,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<Database> {
  let driver: SqlDriver
  try {
    driver = openDriver(file)
  } catch (error) {
    throw openError(`cannot open the mail database ${file}: ${lineOf(error)}`, error)
  }
  const kysely = new Kysely<Tables>({ dialect: new StoreSqlite(driver) })
  let ours = false
  try {
    claim(driver, file)
    ours = true
    await prepare(driver, file)
    await migrate(kysely, sqliteDialect, migrations)
  } catch (error) {
    if (ours) release(driver)
    else driver.close()
    throw explain(error, file)
  }
  const wal = new WalFile(`${file}-wal`, () => all(driver, 'pragma wal_checkpoint(truncate)'))
  return new Database({
    kysely,
    dialect: sqliteDialect,
    writes: new GroupedWrites(kysely, () => wal.flush()),
    nodes: null,
    snapshot: target => snapshot(kysely, file, target, () => wal.checkpoints),
    check: () => findDamage(kysely),
    close: async () => {
      await wal.close()
      release(driver)
    },
  })
}

/** What SQLite finds wrong with its own file, and references to rows that are not there. */
async function findDamage(kysely: Kysely<Tables>): Promise<string[]> {
  const { rows } = await sql<{ integrity_check: string }>`pragma integrity_check`.execute(kysely)
  const references = await sql<{
    table: string
    rowid: number | null
    parent: string
  }>`pragma foreign_key_check`.execute(kysely)
  return [
    ...rows.map(row => row.integrity_check).filter(text => text !== 'ok'),
    ...references.rows.map(
      row => `a row of ${row.table} (${row.rowid ?? 'by its key'}) refers to nothing in ${row.parent}`,
    ),
  ]
}

/** Locks the file and makes sure that it is a mail store's, or new; a file of others is not written to. */
function claim(driver: SqlDriver, file: string): void {
  // held from the first access to the end of the process, also when that is killed
  all(driver, 'pragma locking_mode = exclusive')
  const tables = all(driver, 'select count(*) as value from sqlite_master')
  const application = all(driver, 'pragma application_id')
  if (application === 0 && tables === 0) driver.exec(`pragma application_id = ${APPLICATION_ID}`)
  else if (application !== APPLICATION_ID) {
    throw openError(`${file} is the database of another program, not a mail store`)
  }
}

async function prepare(driver: SqlDriver, file: string): Promise<void> {
  if (all(driver, 'pragma journal_mode = wal') !== 'wal') {
    throw openError(`the mail database ${file} cannot be used: this file system has no write-ahead log`)
  }
  all(driver, 'pragma synchronous = normal')
  all(driver, 'pragma foreign_keys = on')
  all(driver, 'pragma cache_size = -32768')
  // what a killed process left in the log was perhaps never flushed: from here on it is safe
  all(driver, 'pragma wal_checkpoint(truncate)')
  const { size } = await stat(file)
  if (size <= CHECKED_AT_START && all(driver, 'pragma quick_check(1)') !== 'ok') {
    throw openError(`the mail database ${file} is damaged: restore it from a backup`)
  }
}

/** Closes the file and gives its lock back at once: statements not collected yet keep it open behind `close()`. */
function release(driver: SqlDriver): void {
  try {
    all(driver, 'pragma journal_mode = delete')
    all(driver, 'pragma locking_mode = normal')
    all(driver, 'select count(*) from sqlite_master')
  } catch {
    // the file is damaged or the disk full, which has been told; closing gives back what can be given back
  } finally {
    driver.close()
  }
}

/** Runs a statement; the first column of the first row, if there is one. */
function all(driver: SqlDriver, sql: string): unknown {
  const statement = driver.prepare(sql)
  const row = statement.reader ? statement.all([])[0] : statement.run([])
  return Object.values(row ?? {})[0]
}

function explain(error: unknown, file: string): unknown {
  switch (codeOf(error).split('_', 2).join('_')) {
    case 'ECONFIG':
      return error
    case 'SQLITE_BUSY':
      return openError(`the mail database ${file} is in use by another process`, error)
    case 'SQLITE_NOTADB':
      return openError(`${file} is not a database`, error)
    case 'SQLITE_CORRUPT':
      return openError(`the mail database ${file} is damaged: restore it from a backup`, error)
    default:
      return openError(`cannot use the mail database ${file}: ${lineOf(error)}`, error)
  }
}

function lineOf(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n', 1)[0] ?? ''
}

/** The write-ahead log's own flush. */
class WalFile {
  readonly #path: string
  readonly #checkpoint: () => unknown
  #handle: Promise<FileHandle> | null = null
  #failed = false
  #checkpoints = 0

  constructor(path: string, checkpoint: () => unknown) {
    this.#path = path
    this.#checkpoint = checkpoint
  }

  /** How often the log was moved into the database because a flush had failed. */
  get checkpoints(): number {
    return this.#checkpoints
  }

  async flush(): Promise<void> {
    // After a flush that failed the kernel may take pages for written that are not. So the next one does not trust the
    // log: it has everything copied into the database, which is flushed in its turn.
    if (this.#failed) {
      this.#checkpoints++
      this.#checkpoint()
      this.#failed = false
    }
    try {
      this.#handle ??= open(this.#path, 'r+')
      const handle = await this.#handle
      await handle.datasync()
    } catch (error) {
      this.#failed = true
      const handle = this.#handle
      this.#handle = null
      await handle?.then(opened => opened.close()).catch(() => {}) // it failed already, and that is what is told
      throw error
    }
  }

  async close(): Promise<void> {
    const handle = await this.#handle
    this.#handle = null
    await handle?.close()
  }
}
