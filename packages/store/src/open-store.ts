// `openStore`: from a URL to a store that is ready. `sqlite:DIR` is a directory with the database and the bodies.
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
  /** Larger bodies are kept in a bucket of an S3-compatible service instead: `s3://BUCKET/PREFIX`, which no other store uses. */
  readonly bodies?: string
  /** How to get there. */
  readonly s3?: S3Options
  /**
   * Keep keys for SCRAM (RFC 5802, RFC 7677) beside the hash of each password: they are made when a password is set, and at the
   * first login that shows it. Server option `auth.mechanisms` must name SCRAM. Default false.
   */
  readonly scram?: boolean
}

/**
 * Opens a store, and makes it when there is none: `sqlite:./data`. One process at a time has it open. Throws a MailError
 * ECONFIG, whose message is one line for the person who started the program, when the place cannot be used, is in use,
 * damaged, not a mail store, or written by a later version.
 */
export async function openStore(url: string, options: StoreOptions = {}): Promise<Store> {
  const match = /^sqlite:(?:\/\/(?=\/))?(.+)$/.exec(url)
  if (!match?.[1]) throw openError(`a store is opened as sqlite:DIRECTORY, not as ${JSON.stringify(url)}`)
  const smallBody = options.smallBody ?? SMALL_BODY
  if (!Number.isSafeInteger(smallBody) || smallBody < 0) {
    throw openError(`option smallBody must be a number of bytes, not ${smallBody}`)
  }
  const directory = resolve(match[1])
  const onError =
    options.onError ?? (error => process.emitWarning(error instanceof Error ? error : String(error)))
  const files = new BodyFiles(join(directory, 'bodies'))
  await prepareDirectory(directory, files)
  const database = await openSqlite(join(directory, 'mail.sqlite'))
  let place: BodyPlace = files
  try {
    if (options.bodies !== undefined) {
      place = await openBucket(options.bodies, options.s3, await ownName(database))
    }
    await flushDirectory(directory)
    // only now is it sure that no other process is writing bodies here
    await files.removeUnfinished()
    await freeClaims(database)
    await unmark(directory)
  } catch (error) {
    await database.close()
    throw error instanceof MailError ? error : unusable(directory, error)
  }
  const large = new LargeBodies(place)
  const sweeper = new Sweeper(database, large, onError)
  sweeper.wake()
  return new Store({
    database,
    bodies: new Bodies(large, smallBody),
    sweeper,
    large,
    keepsScramKeys: options.scram === true,
    onError,
  })
}

/** What tells this store from others in a place that several could use. */
async function ownName(database: Database): Promise<string> {
  const value = await database.write(async trx => {
    await trx
      .insertInto('counters')
      .values({ name: 'store', value: randomInt(2 ** 48 - 1) })
      .onConflict(conflict => conflict.doNothing())
      .execute()
    const row = await trx
      .selectFrom('counters')
      .select('value')
      .where('name', '=', 'store')
      .executeTakeFirstOrThrow()
    return row.value
  })
  return value.toString(16).padStart(12, '0')
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
