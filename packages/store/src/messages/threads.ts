// The thread of a message, found when it comes and never changed (THREADID, RFC 8474 §5.2): that of a message which it
// answers, or which answers it. Each identifier that a message has or refers to belongs to the thread in which it was first seen.
import type { Transaction } from 'kysely'
import type { Tables } from '../database/schema.ts'
import { statement } from '../database/statement.ts'

/** References that are looked at: the first, and so many of the last. */
const MOST_REFERENCES = 20
/** Longer identifiers are nobody's, octets: RFC 5322 §2.1.1 has no longer lines. */
const LONGEST_ID = 998

const findName = statement((db, { message_id }: { message_id: string }) =>
  db.selectFrom('thread_names').selectAll().where('message_id', '=', message_id),
)

const insertName = statement((db, { message_id, thread_id }: { message_id: string; thread_id: number }) =>
  db.insertInto('thread_names').values({ message_id, thread_id }),
)

/** The thread of this body; a new one has the number of the body that began it. */
export async function threadOf(
  trx: Transaction<Tables>,
  bodyId: number,
  messageId: string | null,
  references: readonly string[],
): Promise<number> {
  const ancestors = [...references.slice(0, 1), ...references.slice(1).slice(-MOST_REFERENCES)]
  // the nearest is asked first
  const names = [...new Set([...ancestors.reverse(), ...(messageId === null ? [] : [messageId])])].filter(
    name => Buffer.byteLength(name) <= LONGEST_ID,
  )
  if (names.length === 0) return bodyId
  const rows =
    names.length === 1
      ? await findName.all(trx, { message_id: names[0]! })
      : await trx.selectFrom('thread_names').selectAll().where('message_id', 'in', names).execute()
  const known = new Map(rows.map(row => [row.message_id, row.thread_id]))
  const nearest = names.find(name => known.has(name))
  const threadId = nearest === undefined ? bodyId : known.get(nearest)!
  const fresh = names.filter(name => !known.has(name))
  if (fresh.length === 1) await insertName.all(trx, { message_id: fresh[0]!, thread_id: threadId })
  else if (fresh.length > 0) {
    await trx
      .insertInto('thread_names')
      .values(fresh.map(message_id => ({ message_id, thread_id: threadId })))
      .execute()
  }
  return threadId
}
