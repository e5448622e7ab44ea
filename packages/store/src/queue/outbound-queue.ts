// The durable outbound queue: delivery's queue port over the store. A message is a body like all others, referred to by
// its entry; an entry is claimed by a lease, so that work of whoever has died is taken over.
import { randomUUID } from 'node:crypto'
import {
  type ClaimedEntry,
  type ClaimOptions,
  type ContentSource,
  type DeliveryQueue,
  MailError,
  type QueueChange,
  type QueueEntry,
  Refusal,
} from 'email-server'
import type { MessageBody } from 'email-server/mailbox'
import type { Kysely, Selectable, Transaction } from 'kysely'
import type { Bodies, PreparedBody } from '../bodies/bodies.ts'
import type { Sweeper } from '../bodies/sweeper.ts'
import { noteUnused } from '../bodies/unused.ts'
import type { ChangeFeed } from '../changes.ts'
import type { Database } from '../database/database.ts'
import type { QueueEntriesTable, Tables } from '../database/schema.ts'
import { isNoSpace } from '../errors.ts'
import type { Gate } from '../gate.ts'
import type { ByteBudget } from '../messages/budget.ts'
import { type OwnedPlacement, placeOwned, publishPlaced } from '../messages/delivering.ts'

export interface QueueParts {
  readonly database: Database
  readonly bodies: Bodies
  readonly sweeper: Sweeper
  readonly changes: ChangeFeed
  readonly gate: Gate
  readonly budget: ByteBudget
}

/** Copies for people of the store that are made in the same step in which a message is taken. */
export interface Beside {
  readonly body: PreparedBody
  readonly where: (trx: Transaction<Tables>) => Promise<readonly OwnedPlacement[]>
}

/** Ids of messages that are done with are remembered for so long, ms: 3 days. */
const REMEMBERED_MS = 3 * 86_400_000
/** Old ids that are forgotten with each message that is done with; more than one, so that they get fewer. */
const FORGOTTEN_AT_ONCE = 4
/** How long a process waits at most before it looks what others have left in the queue, ms. */
const LOOK_AGAIN_MS = 60_000
/** What a message counts whose size is not known before it has been read. */
const STREAMED = 32 * 1024 * 1024
/** A message in memory from this size on waits for its share of memory. */
const LARGE = 1024 * 1024

export class OutboundQueue implements DeliveryQueue {
  readonly #parts: QueueParts
  readonly #beside = new Map<string, Beside>()

  constructor(parts: QueueParts) {
    this.#parts = parts
  }

  async add(entry: QueueEntry, content: ContentSource, leaseUntil: number): Promise<ClaimedEntry | null> {
    return this.#pass(() => {
      const { budget } = this.#parts
      const work = async (): Promise<ClaimedEntry | null> =>
        this.#add(entry, await whole(content), leaseUntil)
      if (!(content instanceof Uint8Array)) return budget.spend(STREAMED, work)
      return content.length < LARGE ? work() : budget.spend(content.length, work)
    })
  }

  async claim({ dueBy, now, leaseUntil, limit }: ClaimOptions): Promise<readonly ClaimedEntry[]> {
    const lease = randomUUID()
    const rows = await this.#write(async trx => {
      const due = await trx
        .selectFrom('queue_entries')
        .select('id')
        .where('due_at', '<=', dueBy)
        .where(({ or, eb }) => or([eb('lease', 'is', null), eb('due_at', '<=', now)]))
        .orderBy('due_at')
        .limit(limit)
        // what another process is about to claim
        .forUpdate()
        .skipLocked()
        .execute()
      if (due.length === 0) return []
      return trx
        .updateTable('queue_entries')
        .set({ lease, due_at: leaseUntil })
        .where(
          'id',
          'in',
          due.map(({ id }) => id),
        )
        .returningAll()
        .execute()
    })
    return rows.sort((a, b) => a.next_attempt - b.next_attempt).map(row => ({ ...entryOf(row), lease }))
  }

  /** Rejects with a MailError of a temporary kind when it cannot be read now; so does its stream. */
  async content(id: string): Promise<ContentSource> {
    const body = await this.#pass(() =>
      this.#parts.database.read(async db => {
        const row = await db
          .selectFrom('queue_entries')
          .select('body_id')
          .where('id', '=', id)
          .executeTakeFirst()
        return row ? this.#parts.bodies.readOf(db, row.body_id) : null
      }),
    )
    if (!body) throw later(new Error(`the queue has no message ${id}`))
    return sourceOf(body)
  }

  renew(id: string, lease: string, leaseUntil: number): Promise<boolean> {
    return this.#write(async trx => {
      const { numUpdatedRows } = await trx
        .updateTable('queue_entries')
        .set({ due_at: leaseUntil })
        .where('id', '=', id)
        .where('lease', '=', lease)
        .executeTakeFirst()
      return numUpdatedRows > 0
    })
  }

  async update(
    id: string,
    lease: string,
    change: QueueChange | null,
    release: boolean,
    forget: boolean = false,
  ): Promise<boolean> {
    if (change) return this.#write(trx => writeChange(trx, id, lease, change, release))
    const done = await this.#write(trx => remove(trx, id, lease, forget ? null : Date.now()))
    if (done) this.#parts.sweeper.wake()
    return done
  }

  async nextDue(): Promise<number | null> {
    const row = await this.#pass(() =>
      this.#parts.database.read(db =>
        db.selectFrom('queue_entries').select('due_at').orderBy('due_at').limit(1).executeTakeFirst(),
      ),
    )
    const due = row?.due_at ?? null
    if (!this.#parts.database.nodes) return due
    // others add to it as well, and may die: so whoever waits looks again
    const soon = Date.now() + LOOK_AGAIN_MS
    return due === null ? soon : Math.min(due, soon)
  }

  /** How many messages wait, or are being sent. */
  async count(): Promise<number> {
    const { count } = await this.#pass(() =>
      this.#parts.database.read(db =>
        db
          .selectFrom('queue_entries')
          .select(({ fn }) => fn.countAll<number>().as('count'))
          .executeTakeFirstOrThrow(),
      ),
    )
    return Number(count)
  }

  /** When `work` has a message of this id added, these copies are stored with it, in one step. */
  async beside<T>(id: string, beside: Beside, work: () => Promise<T>): Promise<T> {
    this.#beside.set(id, beside)
    try {
      return await work()
    } finally {
      this.#beside.delete(id)
    }
  }

  async #add(entry: QueueEntry, raw: Uint8Array, leaseUntil: number): Promise<ClaimedEntry | null> {
    const { database, bodies, changes } = this.#parts
    const lease = randomUUID()
    const body = bodies.prepare(raw)
    const beside = this.#beside.get(entry.id)
    const placed = await bodies.holding(beside ? [body, beside.body] : [body], () =>
      database.write(async trx => {
        const body_id = await bodies.insert(trx, body)
        const added = await trx
          .insertInto('queue_entries')
          .values({ ...rowOf(entry), body_id, lease, due_at: leaseUntil })
          .onConflict(conflict => conflict.doNothing())
          .returning('id')
          .executeTakeFirst()
        // Looked at behind the insertion, which has waited for whoever was removing an entry of this id. If the body is new, nobody wants it.
        if (!added || (await isDone(trx, entry.id))) {
          if (added) await trx.deleteFrom('queue_entries').where('id', '=', entry.id).execute()
          await noteUnused(trx, body_id)
          return null
        }
        return beside ? placeOwned(trx, bodies, beside.body, await beside.where(trx)) : []
      }),
    )
    if (!placed) return null
    publishPlaced(changes, placed)
    return { ...entry, lease }
  }

  #write<T>(work: (trx: Transaction<Tables>) => Promise<T>): Promise<T> {
    return this.#pass(() => this.#parts.database.write(work))
  }

  /** Failures of storage are failures that pass, in the words of SMTP. */
  async #pass<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.#parts.gate.pass(work)
    } catch (error) {
      throw error instanceof Refusal && error.code === 'UNAVAILABLE' ? later(error.cause ?? error) : error
    }
  }
}

/** What a process that is no more had claimed is free again; for stores that only one process has open. */
export async function freeClaims(database: Database): Promise<void> {
  await database.write(trx =>
    trx
      .updateTable('queue_entries')
      .set(({ ref }) => ({ lease: null, due_at: ref('next_attempt') }))
      .where('lease', 'is not', null)
      .execute(),
  )
}

async function isDone(db: Kysely<Tables>, id: string): Promise<boolean> {
  const row = await db.selectFrom('queue_done').select('id').where('id', '=', id).executeTakeFirst()
  return row !== undefined
}

async function writeChange(
  trx: Transaction<Tables>,
  id: string,
  lease: string,
  change: QueueChange,
  release: boolean,
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('queue_entries')
    .set({
      recipients: JSON.stringify(change.recipients),
      attempts: change.attempts,
      next_attempt: change.nextAttempt,
      warned: change.warned ? 1 : 0,
      ...(release && { lease: null, due_at: change.nextAttempt }),
    })
    .where('id', '=', id)
    .where('lease', '=', lease)
    .executeTakeFirst()
  return numUpdatedRows > 0
}

/** @param doneAt ms; null: the id may come again */
async function remove(
  trx: Transaction<Tables>,
  id: string,
  lease: string,
  doneAt: number | null,
): Promise<boolean> {
  const removed = await trx
    .deleteFrom('queue_entries')
    .where('id', '=', id)
    .where('lease', '=', lease)
    .returning('body_id')
    .executeTakeFirst()
  if (!removed) return false
  await noteUnused(trx, removed.body_id)
  if (doneAt === null) return true
  await trx
    .insertInto('queue_done')
    .values({ id, done_at: doneAt })
    .onConflict(conflict => conflict.doNothing())
    .execute()
  await trx
    .deleteFrom('queue_done')
    .where('id', 'in', old =>
      old
        .selectFrom('queue_done')
        .select('id')
        .where('done_at', '<', doneAt - REMEMBERED_MS)
        .orderBy('done_at')
        .limit(FORGOTTEN_AT_ONCE),
    )
    .execute()
  return true
}

function rowOf(entry: QueueEntry): Omit<Selectable<QueueEntriesTable>, 'body_id' | 'lease' | 'due_at'> {
  return {
    id: entry.id,
    message_id: entry.messageId,
    envelope: JSON.stringify(entry.envelope),
    recipients: JSON.stringify(entry.recipients),
    since: entry.since,
    attempts: entry.attempts,
    next_attempt: entry.nextAttempt,
    warned: entry.warned ? 1 : 0,
  }
}

function entryOf(row: Selectable<QueueEntriesTable>): QueueEntry {
  return {
    id: row.id,
    messageId: row.message_id,
    envelope: JSON.parse(row.envelope) as QueueEntry['envelope'],
    recipients: JSON.parse(row.recipients) as QueueEntry['recipients'],
    since: row.since,
    attempts: row.attempts,
    nextAttempt: row.next_attempt,
    warned: row.warned === 1,
  }
}

async function whole(content: ContentSource): Promise<Uint8Array> {
  if (content instanceof Uint8Array) return content
  const chunks: Uint8Array[] = []
  for await (const chunk of content) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function sourceOf(body: MessageBody): ContentSource {
  if (body instanceof Uint8Array) return body
  return body.stream instanceof Uint8Array ? body.stream : stream(body.stream)
}

/** A stream that breaks says, as everything here, that it may go better later. */
async function* stream(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* source
  } catch (error) {
    throw later(error)
  }
}

function later(cause: unknown): MailError {
  const facts = isNoSpace(cause)
    ? { responseCode: 452, enhancedCode: '4.3.1' }
    : { responseCode: 451, enhancedCode: '4.3.0' }
  return new MailError('EHANDLER', 'the mail store fails, try again later', {
    ...facts,
    permanent: false,
    cause,
  })
}
