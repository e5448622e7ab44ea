// What several processes with one database tell each other: NOTIFY carries news, LISTEN hears them, on one connection for each process. It comes
// back by itself; whoever listens is told that something may have been missed, and looks. The same connection holds the locks of works that
// only one process does at a time, so that a process that dies gives them back.
import { createHash, randomBytes } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type pg from 'pg'
import type { Nodes } from './database.ts'
import { named } from './postgres-errors.ts'
import type { Tables } from './schema.ts'

const CHANNEL = 'email_server'
/** First half of the keys of our advisory locks: 'mail'. */
const LOCKS = 0x6d61696c
/** PostgreSQL takes less than 8000 octets. */
const LONGEST_NEWS = 7900
/** News in one statement. */
const TOLD_AT_ONCE = 200
/** News that wait while the database is away; when there are more, the others are told to look for themselves. */
const MOST_WAITING = 5000
/** Tells those who hear it that they must look for themselves. */
const LOOK = '?'
/** A process may die between its commit and its news, and a connection without a word: so all look this often, ms. */
const LOOK_EVERY_MS = 15_000
const ANSWER_WITHIN_MS = 10_000
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 2000

export class PostgresNodes implements Nodes {
  readonly #kysely: Kysely<Tables>
  readonly #makeClient: () => pg.Client
  /** Tells our own news from those of others. */
  readonly #self: string = randomBytes(8).toString('hex')
  #client: pg.Client | null = null
  #connecting: Promise<void> | null = null
  #asking: Promise<unknown> = Promise.resolve()
  #heard: (news: string) => void = () => {}
  #missed: (isLost: boolean) => void = () => {}
  #untold = new Set<string>()
  #telling: Promise<void> | null = null
  #timer: ReturnType<typeof setInterval> | null = null
  #closed = false

  constructor(kysely: Kysely<Tables>, makeClient: () => pg.Client) {
    this.#kysely = kysely
    this.#makeClient = makeClient
  }

  /** Rejects when the first connection fails; later ones are made by themselves. */
  async start(): Promise<void> {
    await this.#connect()
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS)
    this.#timer.unref()
  }

  listen(heard: (news: string) => void, missed: (isLost: boolean) => void): void {
    this.#heard = heard
    this.#missed = missed
  }

  tell(news: string): void {
    const isLong = Buffer.byteLength(news) > LONGEST_NEWS - this.#self.length
    if (this.#untold.size >= MOST_WAITING) this.#untold = new Set([LOOK])
    this.#untold.add(isLong ? LOOK : news)
    this.#telling ??= this.#tellAll()
  }

  async alone(name: string, work: () => Promise<void>): Promise<boolean> {
    const client = this.#client
    if (!client) return false
    const key = createHash('sha256').update(name).digest().readInt32BE()
    const got = await this.#ask(client, 'select pg_try_advisory_lock($1, $2) as answer', [LOCKS, key])
    if (got !== true) return false
    try {
      await work()
    } finally {
      // when the connection is gone, so is the lock
      await this.#ask(client, 'select pg_advisory_unlock($1, $2) as answer', [LOCKS, key]).catch(() => {})
    }
    return true
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#timer) clearInterval(this.#timer)
    await this.#telling
    await this.#connecting
    const client = this.#client
    this.#client = null
    await client?.end().catch(() => {}) // it is of no more use in any case
  }

  async #connect(): Promise<void> {
    const client = this.#makeClient()
    let isOurs = true
    const lost = (): void => {
      if (!isOurs) return
      isOurs = false
      if (this.#client !== client) return
      this.#client = null
      client.end().catch(() => {}) // it is lost
      if (!this.#closed) this.#connecting = this.#reconnect()
    }
    client.on('error', lost)
    client.on('end', lost)
    client.on('notification', ({ payload = '' }) => this.#hear(payload))
    try {
      await client.connect()
      await client.query(`listen ${CHANNEL}`)
    } catch (error) {
      isOurs = false
      client.end().catch(() => {}) // the first error is what matters
      throw named(error)
    }
    this.#client = client
  }

  /** Never rejects; ends when the connection is back, or no more wanted. */
  async #reconnect(): Promise<void> {
    for (let pause = FIRST_PAUSE_MS; !this.#closed; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      await new Promise(resolve => setTimeout(resolve, pause * (0.5 + Math.random() / 2)))
      try {
        await this.#connect()
      } catch {
        continue // whoever works with the database says so as well
      }
      this.#missed(true)
      if (this.#untold.size > 0) this.#telling ??= this.#tellAll()
      return
    }
  }

  /** One after the other: that is all that the connection does at a time. */
  #ask(client: pg.Client, text: string, values: readonly unknown[]): Promise<unknown> {
    const asked = this.#asking.then(async () => {
      const { rows } = await client.query<{ answer: unknown }>(text, [...values])
      return rows[0]?.answer
    })
    this.#asking = asked.catch(() => {}) // who asked is told
    return asked.catch(error => {
      throw named(error)
    })
  }

  #hear(payload: string): void {
    const colon = payload.indexOf(':')
    if (payload.slice(0, colon) === this.#self) return
    const news = payload.slice(colon + 1)
    if (news === LOOK) this.#missed(true)
    else this.#heard(news)
  }

  /** Is the connection alive? And what has come without being told? */
  #look(): void {
    const client = this.#client
    if (!client) return
    const late = setTimeout(() => {
      ;(client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
    }, ANSWER_WITHIN_MS)
    this.#ask(client, 'select 1 as answer', []).then(
      () => {
        clearTimeout(late)
        this.#missed(false)
      },
      () => clearTimeout(late), // the connection ends, which is heard of
    )
  }

  /**
   * News are told after the commit, in statements of their own: inside of transactions NOTIFY makes all commits wait for each other. Such a
   * statement writes nothing, so that nothing has to be flushed for it.
   */
  async #tellAll(): Promise<void> {
    // what else is told in this turn of the event loop goes with it
    await new Promise(resolve => setImmediate(resolve))
    while (this.#untold.size > 0) {
      const some = [...this.#untold].slice(0, TOLD_AT_ONCE)
      for (const news of some) this.#untold.delete(news)
      try {
        await sql`select pg_notify(${CHANNEL}, ${`${this.#self}:`} || news)
          from unnest(${some}::text[]) as told(news)`.execute(this.#kysely)
      } catch {
        // whoever listens hears it when the connection is back
        for (const news of some) this.#untold.add(news)
        break
      }
    }
    this.#telling = null
    // the connection for listening may be alive while that for telling was lost
    if (this.#untold.size > 0 && this.#client && !this.#closed) {
      setTimeout(() => (this.#telling ??= this.#tellAll()), FIRST_PAUSE_MS * 4).unref()
    }
  }
}
