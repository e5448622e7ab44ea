// Removing a large body from its place, when nothing refers to it any more. Another process may be about to refer to it again: it locks the
// hash before it looks whether the body is there (bodies.ts), and we lock it before we look whether it is mentioned.
import type { Kysely } from 'kysely'
import type { Database } from '../database/database.ts'
import type { Tables } from '../database/schema.ts'
import type { LargeBodies } from './body-place.ts'

/** True: it is gone; false: it is needed. */
export function removeLarge(database: Database, large: LargeBodies, hash: string): Promise<boolean> {
  if (!database.nodes) return large.remove(hash, () => database.read(db => isMentioned(db, hash)))
  return database.write(async trx => {
    await database.dialect.lockBody(trx, hash, 'whole')
    return large.remove(hash, () => isMentioned(trx, hash))
  })
}

async function isMentioned(db: Kysely<Tables>, hash: string): Promise<boolean> {
  const row = await db
    .selectFrom('bodies')
    .select('id')
    .where('hash', '=', hash)
    .where('in_file', '=', 1)
    .executeTakeFirst()
  return row !== undefined
}
