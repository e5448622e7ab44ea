// The PostgreSQL that the tests of the store run on (packages/store/test/postgres.ts, built).

interface Postgres {
  /** Why there is none here, in one line; null when there is. */
  whyNoPostgres(): Promise<string | null>
  /** A database, empty. */
  makeDatabase(): Promise<{ readonly url: string; readonly drop: () => void }>
}

const BUILT = new URL('../../../packages/store/build/test/postgres.js', import.meta.url)

export async function postgres(): Promise<Postgres> {
  return (await import(BUILT.href)) as Postgres
}
