// Bodies that have lost a message or an entry of the queue are noted, in the transaction in which that happens; whether something else refers
// to them is found out later (sweeper.ts).
import { type RawBuilder, sql, type Transaction } from 'kysely'
import type { Tables } from '../database/schema.ts'

/**
 * A note that is there already is written once more: so it is locked, and no other process takes it for done that does not see yet
 * what this transaction has done.
 */
export const NOTED_AGAIN: RawBuilder<unknown> = sql`on conflict (body_id) do update set body_id = excluded.body_id`

export async function noteUnused(trx: Transaction<Tables>, bodyId: number): Promise<void> {
  await sql`insert into unused_bodies (body_id) values (${bodyId}) ${NOTED_AGAIN}`.execute(trx)
}
