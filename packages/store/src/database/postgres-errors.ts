// What PostgreSQL and the way to it answer when something goes wrong, in codes that errors.ts sorts: `PG_53100` is SQLSTATE 53100 (the
// disk is full), `EPGLOST` a connection that is no more.

/** Gives an error its code. Codes of the system (ECONNREFUSED) stay. */
export function named(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { code, severity } = error as { code?: unknown; severity?: unknown }
  // only what the server says has a severity, and a SQLSTATE
  if (severity !== undefined && /^[0-9A-Z]{5}$/.test(String(code)))
    Object.assign(error, { code: `PG_${code}` })
  // the library has no code for a connection that ends or does not come
  else if (code === undefined && LOST.test(error.message)) Object.assign(error, { code: 'EPGLOST' })
  return error
}

const LOST =
  /connection terminated|timeout exceeded when trying to connect|timeout expired|client has encountered a connection error|not queryable|connection ended unexpectedly|client was closed/i

/** Is the connection of no more use after this error? */
export function endsConnection(error: unknown): boolean {
  const code = (error as { code?: unknown }).code
  if (typeof code !== 'string') return true
  // 08: connection exceptions; 57P: the server is stopped or starts; "cached plan must not change result type" stays for the connection
  return (
    code.startsWith('PG_08') || code.startsWith('PG_57P') || code === 'PG_0A000' || !code.startsWith('PG_')
  )
}

/**
 * Two transactions were in each other's way, and the same once more may do: serialization failures and deadlocks; a unique value that another
 * has just written, which the next attempt will find; a row that another has just removed.
 */
const IN_THE_WAY: ReadonlySet<unknown> = new Set(['PG_40001', 'PG_40P01', 'PG_23505', 'PG_23503'])

export function isInTheWay(error: unknown): boolean {
  return IN_THE_WAY.has((error as { code?: unknown } | null)?.code)
}
