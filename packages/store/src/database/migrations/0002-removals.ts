// What QRESYNC needs: removals are remembered with their mod-sequence (RFC 7162 §3.2); and STATUS DELETED-STORAGE.
import { sql, type Transaction } from 'kysely'
import type { Dialect } from '../dialect.ts'
import type { Tables } from '../schema.ts'

export async function removals(trx: Transaction<Tables>, dialect: Dialect): Promise<void> {
  const { schema } = trx
  await schema
    .alterTable('folders')
    .addColumn('deleted_size', 'bigint', column => column.notNull().defaultTo(0))
    .execute()
  await schema
    .alterTable('folders')
    .addColumn('removal_runs', 'integer', column => column.notNull().defaultTo(0))
    .execute()
  await schema
    .alterTable('folders')
    .addColumn('forgotten_modseq', 'bigint', column => column.notNull().defaultTo(0))
    .execute()
  // of what was removed until now nothing is known
  await sql`update folders set forgotten_modseq = highest_modseq, deleted_size = coalesce(
    (select sum(messages.size) from messages where folder_id = folders.id and system_flags & 8 <> 0), 0)`.execute(
    trx,
  )
  await dialect
    .clustered(schema.createTable('removals'))
    .addColumn('folder_id', 'integer', column =>
      column.notNull().references('folders.id').onDelete('cascade'),
    )
    .addColumn('modseq', 'bigint', column => column.notNull())
    .addColumn('first_uid', 'bigint', column => column.notNull())
    .addColumn('last_uid', 'bigint', column => column.notNull())
    .addPrimaryKeyConstraint('removals_key', ['folder_id', 'modseq', 'first_uid'])
    .execute()
}
