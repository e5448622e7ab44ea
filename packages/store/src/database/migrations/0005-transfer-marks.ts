// How far folders have come in from other servers, and gone out to them.
import type { Transaction } from 'kysely'
import type { Dialect } from '../dialect.ts'
import type { Tables } from '../schema.ts'

export async function transferMarks(trx: Transaction<Tables>, dialect: Dialect): Promise<void> {
  await dialect
    .clustered(trx.schema.createTable('transfer_marks'))
    .addColumn('folder_id', 'integer', column =>
      column.notNull().references('folders.id').onDelete('cascade'),
    )
    .addColumn('direction', 'text', column => column.notNull())
    .addColumn('place', 'text', column => column.notNull())
    .addColumn('remote_folder', 'text', column => column.notNull())
    .addColumn('uid_validity', 'bigint', column => column.notNull())
    .addColumn('uid', 'bigint', column => column.notNull())
    .addPrimaryKeyConstraint('transfer_marks_key', ['folder_id', 'direction', 'place', 'remote_folder'])
    .execute()
}
