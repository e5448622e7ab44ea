// `openStore`: from a URL to a store that is ready. `sqlite:DIR` is a directory with the database and the bodies; `postgres://…` a database
// that any number of processes share, with the bodies in a directory or a bucket that they share as well.
import { randomInt } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { MailError } from 'email-server'
import { Bodies, SMALL_BODY } from './bodies/bodies.ts'
import { BodyFiles, flushDirectory } from './bodies/body-files.ts'
import { type BodyPlace, LargeBodies } from './bodies/body-place.ts'
import { openBucket } from './bodies/s3-bucket.ts'
import type { S3Options } from './bodies/s3-options.ts'
import { Sweeper } from './bodies/sweeper.ts'
import type { Database } from './database/database.ts'
import { openPostgres } from './database/postgres.ts'
import { openSqlite } from './database/sqlite.ts'
import { codeOf, openError } from './errors.ts'
import { freeClaims } from './queue/outbound-queue.ts'
import { Store } from './store.ts'
import { unmark } from './upkeep/backup.ts'

export interface StoreOptions {
  /** Hears of failures of disk and database, whose sessions are told "try again later". Default: a process warning. */
  readonly onError?: (error: unknown) => void
  /** Bodies up to so many bytes are kept in the database, larger ones in files. Default 65536. */
  readonly smallBody?: number
  /**
   * Where larger bodies are: `s3://BUCKET/PREFIX` in an S3-compatible service, which no other store uses. A store in PostgreSQL needs this, or a
   * directory that all its processes share; one in SQLite has a directory of its own.
   */
  readonly bodies?: string
  /** How to get to the bucket. */
  readonly s3?: S3Options
  /** Connections to PostgreSQL, besides one that listens. Default 10; at least 2. */
  readonly connections?: number
  /**
   * Keep keys for SCRAM (RFC 5802, RFC 7677) beside the hash of each password: they are made when a password is set, and at the
   * first login that shows it. Server option `auth.mechanisms` must name SCRAM. Default false.
   */
  readonly scram?: boolean
}

/** Half written files of others are left alone for so long, ms: a day. */
const YOUNG_MS = 86_400_000

/**
 * Opens a store, and makes it when there is none: `sqlite:./data`, which one process at a time has open, or
 * `postgres://user:password@host/database`, which several may. Throws a MailError ECONFIG, whose message is one line for the person who started the
 * program, when the place cannot be used, is in use, damaged, not a mail store, or written by a later version.
 */
export async function openStore(url: string, options: StoreOptions = {}): Promise<Store> {
  const smallBody = options.smallBody ?? SMALL_BODY
  if (!Number.isSafeInteger(smallBody) || smallBody < 0) {
    throw openError(`option smallBody must be a number of bytes, not ${smallBody}`)
  }
  const opened = /^postgres(?:ql)?:\/\//.test(url)
    ? await openShared(url, options)
    : await openDirectory(url, options)
  const onError =
    options.onError ?? (error => process.emitWarning(error instanceof Error ? error : String(error)))
  const { database } = opened
  const large = new LargeBodies(opened.place)
  const sweeper = new Sweeper(database, large, onError)
  sweeper.wake()
  return new Store({
    database,
    bodies: new Bodies(large, smallBody, database),
    sweeper,
    large,
    keepsScramKeys: options.scram === true,
    onError,
  })
}

interface Opened {
  readonly database: Database
  readonly place: BodyPlace
}

async function openDirectory(url: string, options: StoreOptions): Promise<Opened> {
  const match = /^sqlite:(?:\/\/(?=\/))?(.+)$/.exec(url)
  if (!match?.[1]) {
    throw openError(
      `a store is opened as sqlite:DIRECTORY or postgres://USER:PASSWORD@HOST/DATABASE, not as ${JSON.stringify(url)}`,
    )
  }
  const directory = resolve(match[1])
  const files = new BodyFiles(join(directory, 'bodies'))
  await prepareDirectory(directory, files)
  const database = await openSqlite(join(directory, 'mail.sqlite'))
  try {
    const place =
      options.bodies === undefined
        ? files
        : await openBucket(options.bodies, options.s3, await ownName(database))
    await flushDirectory(directory)
    // only now is it sure that no other process is writing bodies here
    await files.removeUnfinished()
    await freeClaims(database)
    await unmark(directory)
    return { database, place }
  } catch (error) {
    await database.close()
    throw error instanceof MailError ? error : unusable(directory, error)
  }
}

async function openShared(url: string, { bodies, s3, connections }: StoreOptions): Promise<Opened> {
  if (bodies === undefined || bodies === '') {
    throw openError('a store in PostgreSQL needs option bodies: a directory or s3://BUCKET/PREFIX')
  }
  if (connections !== undefined && !(Number.isSafeInteger(connections) && connections >= 2)) {
    throw openError(`option connections must be a whole number of at least 2, not ${connections}`)
  }
  const database = await openPostgres(url, connections)
  try {
    const owner = await ownName(database)
    const place = bodies.startsWith('s3:')
      ? await openBucket(bodies, s3, owner)
      : await sharedDirectory(database, resolve(bodies), owner)
    return { database, place }
  } catch (error) {
    await database.close()
    throw error
  }
}

async function sharedDirectory(database: Database, directory: string, owner: string): Promise<BodyFiles> {
  const files = new BodyFiles(directory)
  await prepareDirectory(directory, files)
  try {
    await files.claim(owner, await hasCounter(database, 'body files'))
    await counter(database, 'body files', 1)
    await files.removeUnfinished(YOUNG_MS)
  } catch (error) {
    throw error instanceof MailError ? error : unusable(directory, error)
  }
  return files
}

/** What tells this store from others in a place that several could use. */
async function ownName(database: Database): Promise<string> {
  const value = await counter(database, 'store', randomInt(2 ** 48 - 1))
  return value.toString(16).padStart(12, '0')
}

/** The number of this name; the first one that is given stays. */
function counter(database: Database, name: string, first: number): Promise<number> {
  return database.write(async trx => {
    await trx
      .insertInto('counters')
      .values({ name, value: first })
      .onConflict(conflict => conflict.doNothing())
      .execute()
    const row = await trx
      .selectFrom('counters')
      .select('value')
      .where('name', '=', name)
      .executeTakeFirstOrThrow()
    return row.value
  })
}

async function hasCounter(database: Database, name: string): Promise<boolean> {
  const row = await database.read(db =>
    db.selectFrom('counters').select('value').where('name', '=', name).executeTakeFirst(),
  )
  return row !== undefined
}

async function prepareDirectory(directory: string, files: BodyFiles): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await files.makeDirectories()
  } catch (error) {
    throw unusable(directory, error)
  }
}

function unusable(directory: string, error: unknown): Error {
  const reason = codeOf(error) || (error instanceof Error ? error.message : String(error))
  return openError(`mail cannot be stored in ${directory}: ${REASONS.get(reason) ?? reason}`, error)
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'no permission to write there'],
  ['EPERM', 'no permission to write there'],
  ['EROFS', 'the file system is read-only'],
  ['ENOTDIR', 'it is not a directory'],
  ['EEXIST', 'it is not a directory'],
  ['ENOSPC', 'no room is left on the disk'],
])
