// Schema migrations: numbered, each run once, in a transaction with the note that it ran. A step that was published is
// never changed; a new one is added behind it.
import type { Kysely, Transaction } from 'kysely'
import { openError } from '../../errors.ts'
import type { Dialect } from '../dialect.ts'
import type { Tables } from '../schema.ts'
import { initial } from './0001-initial.ts'
import { removals } from './0002-removals.ts'
import { searchAndMore } from './0003-search.ts'
import { outboundQueue } from './0004-outbound-queue.ts'
import { transferMarks } from './0005-transfer-marks.ts'

export interface Migration {
  readonly version: number
  readonly name: string
  readonly up: (trx: Transaction<Tables>, dialect: Dialect) => Promise<void>
}

export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: 'initial', up: initial },
  { version: 2, name: 'removals', up: removals },
  { version: 3, name: 'search', up: searchAndMore },
  { version: 4, name: 'outbound queue', up: outboundQueue },
  { version: 5, name: 'transfer marks', up: transferMarks },
]

/** Brings the schema up to date. Throws ECONFIG when it was made by a later version of this program. */
export async function migrate(
  database: Kysely<Tables>,
  dialect: Dialect,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  await database.schema
    .createTable('migrations')
    .ifNotExists()
    .addColumn('version', 'integer', column => column.primaryKey())
    .addColumn('name', 'text', column => column.notNull())
    .addColumn('applied_at', 'bigint', column => column.notNull())
    .execute()
  const done = await database.selectFrom('migrations').select('version').orderBy('version').execute()
  const known = new Set(migrations.map(migration => migration.version))
  const unknown = done.find(row => !known.has(row.version))
  if (unknown) {
    throw openError(
      `this mail store was written by a later version of the program (schema ${unknown.version})`,
    )
  }
  const applied = new Set(done.map(row => row.version))
  for (const { version, name, up } of migrations) {
    if (applied.has(version)) continue
    await database.transaction().execute(async trx => {
      await up(trx, dialect)
      await trx.insertInto('migrations').values({ version, name, applied_at: Date.now() }).execute()
    })
  }
}
