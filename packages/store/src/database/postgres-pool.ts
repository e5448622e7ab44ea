// Connections to PostgreSQL, as the query builder wants them: opened when they are needed, thrown away when they are broken, with the
// statements that come again and again prepared.
import type { PostgresPool, PostgresPoolClient } from 'kysely'
import type pg from 'pg'
import { endsConnection, named } from './postgres-errors.ts'

/** Statements that each connection keeps prepared; searches come in as many shapes as clients ask for, all others are few. */
const PREPARED = 200
/** A statement is prepared when it comes for this time. */
const PREPARED_AT = 3
/** Statements that are counted. */
const COUNTED = 2000
/** A server that has not answered for so long is given up, ms: the network between may be gone without a word. */
const ANSWER_WITHIN_MS = 120_000

type Client = pg.PoolClient & { readonly connection?: { readonly stream?: { destroy(): void } } }

export class Connections implements PostgresPool {
  readonly #pool: pg.Pool
  readonly #counts = new Map<string, number>()
  readonly #names = new Map<string, string>()
  readonly #ready = new WeakSet<object>()
  #ending: Promise<void> | null = null

  constructor(pool: pg.Pool) {
    this.#pool = pool
    // a connection that breaks while nobody uses it is replaced when it is needed; who needs it then is told if that fails
    pool.on('error', () => {})
  }

  async connect(): Promise<PostgresPoolClient> {
    const client = await this.#take()
    let broken = false
    const query = async (text: string, values: readonly unknown[]): Promise<unknown> => {
      // there is nothing left to undo, and that must not hide why
      if (broken && text === 'rollback') return { command: 'ROLLBACK', rowCount: 0, rows: [] }
      try {
        return await this.#query(client, text, values)
      } catch (error) {
        const known = named(error)
        broken ||= endsConnection(known)
        throw known
      }
    }
    return {
      query,
      release: () => client.release(broken),
    } as unknown as PostgresPoolClient
  }

  end(): Promise<void> {
    this.#ending ??= this.#pool.end()
    return this.#ending
  }

  async #take(): Promise<Client> {
    let client: Client
    try {
      client = (await this.#pool.connect()) as Client
    } catch (error) {
      throw named(error)
    }
    if (this.#ready.has(client)) return client
    // also while it is in use: then the query that is under way fails, and whoever asked it is told
    client.on('error', () => {})
    try {
      await this.#query(client, SETTINGS, [])
      this.#ready.add(client)
      return client
    } catch (error) {
      client.release(true)
      throw named(error)
    }
  }

  async #query(client: Client, text: string, values: readonly unknown[]): Promise<unknown> {
    const late = setTimeout(() => client.connection?.stream?.destroy(), ANSWER_WITHIN_MS)
    late.unref()
    const name = this.#nameOf(text)
    try {
      return await client.query({ text, values: values.map(storable), ...(name !== null && { name }) })
    } finally {
      clearTimeout(late)
    }
  }

  #nameOf(text: string): string | null {
    const known = this.#names.get(text)
    if (known !== undefined) return known
    if (this.#names.size >= PREPARED || !/^(?:select|insert|update|delete|with)\b/.test(text.trimStart()))
      return null
    if (this.#counts.size >= COUNTED) this.#counts.clear()
    const count = (this.#counts.get(text) ?? 0) + 1
    this.#counts.set(text, count)
    if (count < PREPARED_AT) return null
    this.#counts.delete(text)
    const name = `mail_${this.#names.size}`
    this.#names.set(text, name)
    return name
  }
}

/**
 * Where commits are not flushed by default they are here; a stronger setting than that stays. Of what a mailbox is asked nearly all
 * is a few rows of large tables: the server takes "between two UIDs" for a ninth of all messages, and would read whole tables for ten of them.
 */
const SETTINGS = `select set_config('enable_seqscan', 'off', false), set_config('jit', 'off', false),
  set_config('max_parallel_workers_per_gather', '0', false),
  case when current_setting('synchronous_commit') = 'off' then set_config('synchronous_commit', 'on', false) end`

/** PostgreSQL has no NUL in texts. None of what is compared has one; what is shown has a sign for it instead. */
function storable(value: unknown): unknown {
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\ufffd') : value
}
