// The small interface to an SQLite library, and its two implementations: `node:sqlite` where the runtime has it ready,
// else libsql, which installs without a compiler. Both are synchronous; both get their statements cached here.
import { createRequire } from 'node:module'
import type { SqliteDatabase, SqliteStatement } from 'kysely'

/** One open database file, as Kysely's SqliteDialect wants it, and `exec` for what has no parameters. */
export interface SqlDriver extends SqliteDatabase {
  exec(sql: string): void
}

/** What both libraries offer under the same names. */
interface NativeStatement {
  all(...values: readonly unknown[]): unknown[]
  run(...values: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint }
}
interface NativeDatabase {
  prepare(sql: string): NativeStatement
  exec(sql: string): void
  close(): void
}

/** Statements kept ready, those used last. Searches come in as many shapes as clients ask for; all others are few. */
const CACHED_STATEMENTS = 256

/** Opens `file`; throws the library's error (`code` is SQLite's name of it). */
export function openDriver(file: string): SqlDriver {
  return withCache(openNodeSqlite(file) ?? openLibsql(file))
}

function openLibsql(file: string): NativeDatabase {
  const Database = load('libsql') as new (file: string, options: { timeout: number }) => LibsqlDatabase
  const database = new Database(file, { timeout: 0 })
  return {
    prepare: sql => {
      const statement = database.prepare(sql)
      return {
        // libsql ends the process when it meets a value that it cannot bind, or an array's absence: so both are seen to here
        all: (...values) => withBytes(statement.all(values.map(bindable))),
        run: (...values) => statement.run(values.map(bindable)),
      }
    },
    exec: sql => database.exec(sql),
    close: () => database.close(),
  }
}

/** libsql gives blobs as ArrayBuffers: bytes are Uint8Arrays here. */
function withBytes(rows: unknown[]): unknown[] {
  for (const row of rows as Record<string, unknown>[]) {
    for (const column in row) {
      const value = row[column]
      if (value instanceof ArrayBuffer) row[column] = new Uint8Array(value)
    }
  }
  return rows
}

interface LibsqlDatabase {
  prepare(sql: string): { all(values: readonly unknown[]): unknown[]; run(values: readonly unknown[]): never }
  exec(sql: string): void
  close(): void
}

/** Before Node 24 it is an experiment: it says so at each start, and stores empty blobs as NULL. */
const NODE_SQLITE_SINCE = 24

function openNodeSqlite(file: string): NativeDatabase | null {
  if (Number.parseInt(process.versions.node, 10) < NODE_SQLITE_SINCE) return null
  const sqlite = load('node:sqlite') as { DatabaseSync: new (file: string) => NativeDatabase } | null
  if (!sqlite) return null
  const database = named(() => new sqlite.DatabaseSync(file))
  return {
    prepare: sql => {
      const statement = named(() => database.prepare(sql))
      return {
        all: (...values) => named(() => statement.all(...values.map(bindable))),
        run: (...values) => named(() => statement.run(...values.map(bindable))),
      }
    },
    exec: sql => named(() => database.exec(sql)),
    close: () => database.close(),
  }
}

const RESULT_NAMES: ReadonlyMap<number, string> = new Map([
  [5, 'SQLITE_BUSY'],
  [8, 'SQLITE_READONLY'],
  [10, 'SQLITE_IOERR'],
  [11, 'SQLITE_CORRUPT'],
  [13, 'SQLITE_FULL'],
  [14, 'SQLITE_CANTOPEN'],
  [19, 'SQLITE_CONSTRAINT'],
  [26, 'SQLITE_NOTADB'],
])

/** node:sqlite says ERR_SQLITE_ERROR and a number: the number is given its name, so that both libraries say the same. */
function named<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    const number = (error as { errcode?: unknown }).errcode
    if (typeof number === 'number') {
      Object.assign(error as Error, { code: RESULT_NAMES.get(number & 0xff) ?? 'SQLITE_ERROR' })
    }
    throw error
  }
}

function load(name: string): unknown {
  try {
    return createRequire(import.meta.url)(name)
  } catch (error) {
    if (name === 'node:sqlite') return null
    throw error
  }
}

function bindable(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
    case 'bigint':
      return value
    case 'number':
      // a whole number stays one: bound as a double it would be stored as a double where a column has no type
      return Number.isSafeInteger(value) ? BigInt(value) : value
    case 'object':
      if (value === null || Buffer.isBuffer(value)) return value
      if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  }
  throw new TypeError(`a value of type ${typeof value} cannot be stored`)
}

function withCache(database: NativeDatabase): SqlDriver {
  const statements = new Map<string, SqliteStatement>()
  return {
    prepare: sql => {
      const known = statements.get(sql)
      if (known) {
        statements.delete(sql)
        statements.set(sql, known)
        return known
      }
      if (statements.size >= CACHED_STATEMENTS) statements.delete(statements.keys().next().value!)
      const statement = adapt(database.prepare(sql), sql)
      // data definitions are run once
      if (!/^\s*(?:create|alter|drop)\b/i.test(sql)) statements.set(sql, statement)
      return statement
    },
    exec: sql => database.exec(sql),
    close: () => {
      statements.clear()
      database.close()
    },
  }
}

function adapt(statement: NativeStatement, sql: string): SqliteStatement {
  const reader = /^\s*(?:select|with|pragma|values|explain)\b/i.test(sql) || /\breturning\b/i.test(sql)
  return {
    reader,
    all: values => statement.all(...values),
    run: values => (sql === 'rollback' ? rollback(statement) : statement.run(...values)),
    iterate: () => {
      throw new Error('rows are read in batches here, not one by one')
    },
  }
}

/** A full disk ends the transaction by itself; that there is nothing left to undo must not hide why. */
function rollback(statement: NativeStatement): ReturnType<NativeStatement['run']> {
  try {
    return statement.run()
  } catch (error) {
    if (/no transaction is active/.test(String(error))) return { changes: 0, lastInsertRowid: 0 }
    throw error
  }
}
