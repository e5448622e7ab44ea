// A database of PostgreSQL as the store's: made ready, brought up to date, shared by any number of processes.
import { Kysely, sql } from 'kysely'
import type pg from 'pg'
import { codeOf, openError, usageError } from '../errors.ts'
import { Database } from './database.ts'
import { MIGRATIONS, type Migration, migrate } from './migrations/index.ts'
import { ParallelWrites } from './parallel-writes.ts'
import { postgresDialect, StorePostgres } from './postgres-dialect.ts'
import { named } from './postgres-errors.ts'
import { PostgresNodes } from './postgres-nodes.ts'
import { Connections } from './postgres-pool.ts'
import type { Tables } from './schema.ts'

/** Connections of one process, besides the one that listens. */
export const CONNECTIONS = 10
/** Connections that writes leave to reads. */
const FOR_READS = 2
const CONNECT_WITHIN_MS = 10_000
/** Identity columns that stay, aggregates with an order, `pg_trgm` for whoever owns the database. */
const OLDEST_VERSION = 130_000
/** Held while the schema is brought up to date: by one process after the other. */
const MIGRATION_LOCK = '7881702224160842092'

/** Opens the database, and makes the tables when there are none. Throws ECONFIG with one line that says what is wrong. */
export async function openPostgres(
  url: string,
  connections: number = CONNECTIONS,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<Database> {
  const { default: library } = await import('pg')
  const config: pg.ClientConfig = {
    connectionString: url,
    application_name: 'email-server',
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    keepAlive: true,
    types: { getTypeParser: parserOf(library) },
  }
  let pool: Connections
  try {
    pool = new Connections(new library.Pool({ ...config, max: connections, Client: endingClient(library) }))
  } catch (error) {
    throw openError(`${nameOf(url)} is no address of a database: ${lineOf(error)}`, error)
  }
  const kysely = new Kysely<Tables>({ dialect: new StorePostgres(pool) })
  const nodes = new PostgresNodes(kysely, () => new library.Client(config))
  try {
    await kysely.connection().execute(db => prepare(db, url, migrations))
    await nodes.start()
  } catch (error) {
    await kysely.destroy()
    throw explain(named(error), url)
  }
  return new Database({
    kysely,
    dialect: postgresDialect,
    writes: new ParallelWrites(kysely, Math.max(1, connections - FOR_READS)),
    nodes,
    snapshot: async () => {
      throw usageError(
        'a store in PostgreSQL is backed up by the tools of PostgreSQL, and a copy of the place of its bodies behind that',
      )
    },
    check: async () => [], // the server looks after its files
    close: async () => {
      await nodes.close()
      await kysely.destroy()
    },
  })
}

async function prepare(db: Kysely<Tables>, url: string, migrations: readonly Migration[]): Promise<void> {
  const { rows } = await sql<{ version: number; encoding: string; schema: string | null }>`
    select current_setting('server_version_num')::bigint as version,
      current_setting('server_encoding') as encoding, current_schema() as schema`.execute(db)
  const { version, encoding, schema } = rows[0]!
  if (version < OLDEST_VERSION) {
    throw openError(`${nameOf(url)} is PostgreSQL ${Math.floor(version / 10_000)}: 13 or later is needed`)
  }
  if (encoding !== 'UTF8')
    throw openError(`the database ${nameOf(url)} has the encoding ${encoding}, not UTF8`)
  if (schema === null) throw openError(`the database ${nameOf(url)} has no schema where tables can be made`)
  await sql`select pg_advisory_lock(${MIGRATION_LOCK}::bigint)`.execute(db)
  try {
    const tables = await sql<{ name: string }>`select table_name as name from information_schema.tables
      where table_schema = current_schema()`.execute(db)
    const names = new Set(tables.rows.map(row => row.name))
    if (
      !names.has('migrations') &&
      ['accounts', 'domains', 'folders', 'messages'].some(name => names.has(name))
    ) {
      throw openError(`${nameOf(url)} is the database of another program, not a mail store`)
    }
    await migrate(db, postgresDialect, migrations)
    // what has changed in a folder is asked for with every change that another process makes
    await sql`create index if not exists messages_modseq on messages (folder_id, modseq)`.execute(db)
  } finally {
    await sql`select pg_advisory_unlock(${MIGRATION_LOCK}::bigint)`.execute(db)
  }
}

/** The library's, but that a connection which cannot be used is closed: the server would keep it for a minute, and this process with it. */
function endingClient({ Client }: typeof pg): typeof pg.Client {
  return class extends Client {
    override connect(): Promise<pg.Client>
    override connect(callback: (error: Error) => void): void
    override connect(callback?: (error: Error) => void): Promise<pg.Client> | undefined {
      if (!callback) return super.connect()
      super.connect((error: Error) => {
        if (error) super.end().catch(() => {}) // the first error is what matters
        callback(error)
      })
      return undefined
    }
  } as typeof pg.Client
}

/** Numbers are numbers: none of ours is larger than a number can be. */
function parserOf({ types }: typeof pg): pg.CustomTypesConfig['getTypeParser'] {
  const { INT8, NUMERIC } = types.builtins
  return ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8 || oid === NUMERIC
      ? Number
      : types.getTypeParser(oid, format as 'text')) as pg.CustomTypesConfig['getTypeParser']
}

function explain(error: unknown, url: string): unknown {
  switch (codeOf(error)) {
    case 'ECONFIG':
      return error
    case 'PG_28P01':
    case 'PG_28000':
      return openError(`the mail database ${nameOf(url)} does not let us in: ${lineOf(error)}`, error)
    case 'PG_42501':
      return openError(
        `the mail database ${nameOf(url)} cannot be made ready: ${lineOf(error)} (tables and the extension pg_trgm are needed)`,
        error,
      )
    default:
      return openError(`cannot open the mail database ${nameOf(url)}: ${lineOf(error)}`, error)
  }
}

/** Without the password. */
function nameOf(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url)
    return `${protocol}//${host}${pathname}`
  } catch {
    return 'postgres://…'
  }
}

function lineOf(error: unknown): string {
  // of several addresses that were tried, each has its own error
  const first = error instanceof AggregateError ? error.errors[0] : error
  return String(first instanceof Error ? first.message : first).split('\n', 1)[0] ?? ''
}
