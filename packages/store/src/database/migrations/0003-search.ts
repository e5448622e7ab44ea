// What SEARCH, SORT and THREAD ask in SQL (the facts of each body, its thread, the index of its text); quotas, notes on folders
// (METADATA), who else may use them (ACL); aliases, app passwords, keys for SCRAM, accounts that are switched off.
import { type Kysely, sql, type Transaction } from 'kysely'
import { FACT_COLUMNS, factsOfEnvelope } from '../../messages/facts.ts'
import { threadOf } from '../../messages/threads.ts'
import type { Dialect } from '../dialect.ts'
import type { Tables } from '../schema.ts'

/** Bodies whose facts are made in one step. */
const BATCH = 500

export async function searchAndMore(trx: Transaction<Tables>, dialect: Dialect): Promise<void> {
  await bodyTables(trx, dialect)
  await accountTables(trx, dialect)
  await folderTables(trx, dialect)
  await describeBodies(trx)
}

async function bodyTables(trx: Transaction<Tables>, dialect: Dialect): Promise<void> {
  const { schema } = trx
  await schema
    .alterTable('bodies')
    .addColumn('thread_id', 'integer', column => column.notNull().defaultTo(0))
    .execute()
  await schema.createIndex('bodies_thread').on('bodies').column('thread_id').execute()
  // apart from `bodies`, so that going through a hundred thousand of them does not walk over envelopes and previews
  const facts = schema
    .createTable('body_facts')
    .addColumn('body_id', 'integer', column =>
      column.primaryKey().references('bodies.id').onDelete('cascade'),
    )
    .addColumn('sent_at', 'bigint')
    .addColumn('sent_day', 'integer')
  await FACT_COLUMNS.reduce((table, name) => table.addColumn(name, 'text'), facts).execute()
  await dialect
    .clustered(schema.createTable('thread_names'))
    .addColumn('message_id', 'text', column => column.notNull())
    .addColumn('thread_id', 'integer', column => column.notNull())
    .addPrimaryKeyConstraint('thread_names_key', ['message_id'])
    .execute()
  await schema.createIndex('thread_names_thread').on('thread_names').column('thread_id').execute()
  await schema
    .createTable('text_gaps')
    .addColumn('body_id', 'integer', column =>
      column.primaryKey().references('bodies.id').onDelete('cascade'),
    )
    .addColumn('is_beginning', 'integer', column => column.notNull())
    .execute()
  await dialect.createTextIndex(trx)
  await dialect.afterDelete(
    trx,
    'bodies',
    'bodies_thread_ends',
    sql`delete from thread_names where thread_id = old.thread_id
      and not exists (select 1 from bodies where thread_id = old.thread_id)`,
  )
}

async function accountTables(trx: Transaction<Tables>, dialect: Dialect): Promise<void> {
  const { schema } = trx
  await schema
    .alterTable('accounts')
    .addColumn('enabled', 'integer', column => column.notNull().defaultTo(1))
    .execute()
  await schema.alterTable('accounts').addColumn('scram_keys', 'text').execute()
  await schema.alterTable('accounts').addColumn('storage_limit', 'bigint').execute()
  await schema.alterTable('accounts').addColumn('message_limit', 'bigint').execute()
  await dialect
    .clustered(schema.createTable('aliases'))
    .addColumn('domain_id', 'integer', column => column.notNull().references('domains.id'))
    .addColumn('local_part', 'text', column => column.notNull())
    .addColumn('account_id', 'integer', column =>
      column.notNull().references('accounts.id').onDelete('cascade'),
    )
    .addPrimaryKeyConstraint('aliases_key', ['domain_id', 'local_part', 'account_id'])
    .execute()
  await schema
    .createTable('app_passwords')
    .addColumn('id', dialect.idType, column => column.primaryKey().autoIncrement())
    .addColumn('account_id', 'integer', column =>
      column.notNull().references('accounts.id').onDelete('cascade'),
    )
    .addColumn('name', 'text', column => column.notNull())
    .addColumn('hash', 'text', column => column.notNull().unique())
    .addColumn('created_at', 'bigint', column => column.notNull())
    .addUniqueConstraint('app_passwords_name', ['account_id', 'name'])
    .execute()
}

async function folderTables(trx: Transaction<Tables>, dialect: Dialect): Promise<void> {
  const { schema } = trx
  await schema
    .createTable('metadata')
    .addColumn('account_id', 'integer', column => column.notNull())
    .addColumn('folder_id', 'integer', column => column.notNull())
    .addColumn('name', 'text', column => column.notNull())
    .addColumn('value', dialect.blobType, column => column.notNull())
    .addPrimaryKeyConstraint('metadata_key', ['folder_id', 'account_id', 'name'])
    .execute()
  await dialect
    .clustered(schema.createTable('folder_rights'))
    .addColumn('folder_id', 'integer', column =>
      column.notNull().references('folders.id').onDelete('cascade'),
    )
    .addColumn('identifier', 'text', column => column.notNull())
    .addColumn('rights', 'text', column => column.notNull())
    .addPrimaryKeyConstraint('folder_rights_key', ['folder_id', 'identifier'])
    .execute()
  await schema.createIndex('folder_rights_identifier').on('folder_rights').column('identifier').execute()
}

/** Facts and threads of what is there already; its text is read later, in the background. */
async function describeBodies(trx: Transaction<Tables>): Promise<void> {
  await sql`insert into text_gaps (body_id, is_beginning) select id, 0 from bodies`.execute(trx)
  for (let last = 0; ; ) {
    const rows = await (trx as Kysely<Tables>)
      .selectFrom('bodies')
      .select(['id', 'envelope', 'sent_at', 'sent_zone', 'message_id', 'thread_references'])
      .where('id', '>', last)
      .orderBy('id')
      .limit(BATCH)
      .execute()
    if (rows.length === 0) return
    for (const row of rows) {
      const facts = factsOfEnvelope(JSON.parse(row.envelope), row.sent_at, row.sent_zone)
      await trx
        .insertInto('body_facts')
        .values({ body_id: row.id, ...facts })
        .execute()
      const references = JSON.parse(row.thread_references) as string[]
      const threadId = await threadOf(trx, row.id, row.message_id, references)
      await trx.updateTable('bodies').set({ thread_id: threadId }).where('id', '=', row.id).execute()
      last = row.id
    }
  }
}
