// The first schema.
import type { Transaction } from 'kysely'
import type { Dialect } from '../dialect.ts'
import type { Tables } from '../schema.ts'

export async function initial(trx: Transaction<Tables>, dialect: Dialect): Promise<void> {
  const { schema } = trx
  await schema
    .createTable('domains')
    .addColumn('id', dialect.idType, column => column.primaryKey().autoIncrement())
    .addColumn('name', 'text', column => column.notNull().unique())
    .addColumn('created_at', 'bigint', column => column.notNull())
    .execute()
  await schema
    .createTable('accounts')
    .addColumn('id', dialect.idType, column => column.primaryKey().autoIncrement())
    .addColumn('domain_id', 'integer', column => column.notNull().references('domains.id'))
    .addColumn('local_part', 'text', column => column.notNull())
    .addColumn('password_hash', 'text', column => column.notNull())
    .addColumn('created_at', 'bigint', column => column.notNull())
    .addUniqueConstraint('accounts_address', ['domain_id', 'local_part'])
    .execute()
  await schema
    .createTable('folders')
    .addColumn('id', dialect.idType, column => column.primaryKey().autoIncrement())
    .addColumn('account_id', 'integer', column =>
      column.notNull().references('accounts.id').onDelete('cascade'),
    )
    .addColumn('name', 'text', column => column.notNull())
    .addColumn('special_use', 'text')
    .addColumn('uid_validity', 'bigint', column => column.notNull())
    .addColumn('uid_next', 'bigint', column => column.notNull().defaultTo(1))
    .addColumn('highest_modseq', 'bigint', column => column.notNull().defaultTo(1))
    .addColumn('total', 'integer', column => column.notNull().defaultTo(0))
    .addColumn('unread', 'integer', column => column.notNull().defaultTo(0))
    .addColumn('deleted', 'integer', column => column.notNull().defaultTo(0))
    .addColumn('size', 'bigint', column => column.notNull().defaultTo(0))
    .addUniqueConstraint('folders_name', ['account_id', 'name'])
    .execute()
  await dialect
    .clustered(schema.createTable('subscriptions'))
    .addColumn('account_id', 'integer', column =>
      column.notNull().references('accounts.id').onDelete('cascade'),
    )
    .addColumn('name', 'text', column => column.notNull())
    .addPrimaryKeyConstraint('subscriptions_key', ['account_id', 'name'])
    .execute()
  await dialect
    .clustered(schema.createTable('folder_keywords'))
    .addColumn('folder_id', 'integer', column =>
      column.notNull().references('folders.id').onDelete('cascade'),
    )
    .addColumn('folded', 'text', column => column.notNull())
    .addColumn('name', 'text', column => column.notNull())
    .addPrimaryKeyConstraint('folder_keywords_key', ['folder_id', 'folded'])
    .execute()
  await schema
    .createTable('bodies')
    .addColumn('id', dialect.idType, column => column.primaryKey().autoIncrement())
    .addColumn('hash', 'text', column => column.notNull().unique())
    .addColumn('size', 'integer', column => column.notNull())
    .addColumn('in_file', 'integer', column => column.notNull())
    .addColumn('envelope', 'text', column => column.notNull())
    .addColumn('structure', 'text', column => column.notNull())
    .addColumn('preview', 'text', column => column.notNull())
    .addColumn('subject', 'text', column => column.notNull())
    .addColumn('sent_at', 'bigint')
    .addColumn('sent_zone', 'integer', column => column.notNull())
    .addColumn('message_id', 'text')
    .addColumn('thread_references', 'text', column => column.notNull())
    .addColumn('has_attachments', 'integer', column => column.notNull())
    .execute()
  // beside the row, so that reading envelopes does not walk over the bytes of the messages
  await schema
    .createTable('body_contents')
    .addColumn('body_id', 'integer', column =>
      column.primaryKey().references('bodies.id').onDelete('cascade'),
    )
    .addColumn('content', dialect.blobType, column => column.notNull())
    .execute()
  await dialect
    .clustered(schema.createTable('messages'))
    .addColumn('folder_id', 'integer', column => column.notNull().references('folders.id'))
    .addColumn('uid', 'bigint', column => column.notNull())
    .addColumn('body_id', 'integer', column => column.notNull().references('bodies.id'))
    .addColumn('size', 'integer', column => column.notNull())
    .addColumn('internal_date', 'bigint', column => column.notNull())
    .addColumn('saved_at', 'bigint', column => column.notNull())
    .addColumn('modseq', 'bigint', column => column.notNull())
    .addColumn('system_flags', 'integer', column => column.notNull())
    .addColumn('keywords', 'text')
    .addPrimaryKeyConstraint('messages_key', ['folder_id', 'uid'])
    .execute()
  // counts the references of a body: one that no message refers to is removed
  await schema.createIndex('messages_body').on('messages').column('body_id').execute()
  await schema
    .createTable('unused_bodies')
    .addColumn('body_id', 'integer', column => column.primaryKey())
    .execute()
  await schema
    .createTable('unused_files')
    .addColumn('hash', 'text', column => column.primaryKey())
    .execute()
  await schema
    .createTable('counters')
    .addColumn('name', 'text', column => column.primaryKey())
    .addColumn('value', 'bigint', column => column.notNull())
    .execute()
}
