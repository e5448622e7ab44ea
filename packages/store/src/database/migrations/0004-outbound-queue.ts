// What waits to be sent, and the ids of what was sent.
import type { Transaction } from 'kysely'
import type { Dialect } from '../dialect.ts'
import type { Tables } from '../schema.ts'

export async function outboundQueue(trx: Transaction<Tables>, dialect: Dialect): Promise<void> {
  const { schema } = trx
  await schema
    .createTable('queue_entries')
    .addColumn('id', 'text', column => column.primaryKey())
    .addColumn('body_id', 'integer', column => column.notNull().references('bodies.id'))
    .addColumn('message_id', 'text')
    .addColumn('envelope', 'text', column => column.notNull())
    .addColumn('recipients', 'text', column => column.notNull())
    .addColumn('since', 'bigint', column => column.notNull())
    .addColumn('attempts', 'integer', column => column.notNull())
    .addColumn('next_attempt', 'bigint', column => column.notNull())
    .addColumn('warned', 'integer', column => column.notNull())
    .addColumn('lease', 'text')
    .addColumn('due_at', 'bigint', column => column.notNull())
    .execute()
  await schema.createIndex('queue_entries_due').on('queue_entries').column('due_at').execute()
  await schema.createIndex('queue_entries_body').on('queue_entries').column('body_id').execute()
  await dialect
    .clustered(schema.createTable('queue_done'))
    .addColumn('id', 'text', column => column.primaryKey())
    .addColumn('done_at', 'bigint', column => column.notNull())
    .execute()
  await schema.createIndex('queue_done_at').on('queue_done').column('done_at').execute()
}
