// The few things that SQLite and PostgreSQL say differently. Everything else is written once, in the query builder.
import {
  type ColumnDataType,
  type CreateTableBuilder,
  type Kysely,
  type RawBuilder,
  sql,
  type Transaction,
} from 'kysely'
import type { Tables } from './schema.ts'

export type Range = readonly [from: number, to: number]

export interface Dialect {
  readonly idType: ColumnDataType
  readonly blobType: ColumnDataType
  /** A table of rows `lo`, `hi` made from ranges: one parameter, however many ranges there are. */
  ranges(ranges: readonly Range[]): RawBuilder<{ lo: number; hi: number }>
  /** A table of rows `id` made from numbers. */
  ids(ids: readonly number[]): RawBuilder<{ id: number }>
  /**
   * One JSON array of arrays (or of values, for one column) instead of rows: several times faster to read in bulk.
   * @param order what the rows are ordered by; absent: nothing
   */
  jsonRows(columns: readonly string[], order?: RawBuilder<unknown>): RawBuilder<string>
  /** One JSON array of pairs: a number, and a column that is JSON itself, which is passed on without being read. */
  jsonPairs(number: string, json: string): RawBuilder<string>
  /** Is the second text within the first? Letter case counts. */
  contains(text: RawBuilder<unknown>, part: string): RawBuilder<unknown>
  /** The index of texts: header and body of each message, folded, by the number of its body. */
  createTextIndex(trx: Transaction<Tables>): Promise<void>
  indexText(trx: Transaction<Tables>, bodyId: number, header: string, body: string): Promise<void>
  /** Has the body of this number one of the texts, in its header, its body, or anywhere? They have at least three characters each. */
  hasText(
    bodyId: RawBuilder<unknown>,
    where: 'header' | 'body' | 'all',
    texts: readonly string[],
  ): RawBuilder<unknown>
  /** All three characters in a row, in any text of the index, that begin with these one or two; null: more than `most`. */
  trigramsFrom(db: Kysely<Tables>, beginning: string, most: number): Promise<readonly string[] | null>
  /** Runs a statement, in which `old` is the row, whenever one was deleted. */
  afterDelete(
    trx: Transaction<Tables>,
    table: keyof Tables,
    name: string,
    statement: RawBuilder<unknown>,
  ): Promise<void>
  /** Makes a table that is kept in the order of its primary key, where the database can. */
  clustered<T extends string>(table: CreateTableBuilder<T>): CreateTableBuilder<T>
}

export const sqliteDialect: Dialect = {
  idType: 'integer',
  blobType: 'blob',
  ranges: ranges =>
    sql`(select value ->> 0 as lo, value ->> 1 as hi from json_each(${JSON.stringify(ranges)}))`,
  ids: ids => sql`(select value as id from json_each(${JSON.stringify(ids)}))`,
  jsonRows: (columns, order) => {
    const row =
      columns.length === 1
        ? sql.ref(columns[0]!)
        : sql`json_array(${sql.join(columns.map(column => sql.ref(column)))})`
    return order ? sql`json_group_array(${row} order by ${order})` : sql`json_group_array(${row})`
  },
  jsonPairs: (number, json) =>
    sql`'[' || coalesce(group_concat('[' || ${sql.ref(number)} || ',' || ${sql.ref(json)} || ']'), '') || ']'`,
  contains: (text, part) => sql`instr(${text}, ${part}) > 0`,
  createTextIndex: async trx => {
    // Trigrams find parts of words, which is what IMAP asks for. Texts are folded before they come here.
    await sql`create virtual table body_text using fts5(
      header, body, content = '', contentless_delete = 1, tokenize = 'trigram case_sensitive 1')`.execute(trx)
    await sql`create virtual table body_trigrams using fts5vocab(body_text, row)`.execute(trx)
    await sqliteDialect.afterDelete(
      trx,
      'bodies',
      'bodies_text_goes',
      sql`delete from body_text where rowid = old.id`,
    )
  },
  indexText: async (trx, bodyId, header, body) => {
    await sql`insert into body_text (rowid, header, body) values (${bodyId}, ${header}, ${body})`.execute(trx)
  },
  hasText: (bodyId, where, texts) => {
    const phrases = texts.map(text => `"${text.replaceAll('"', '""')}"`).join(' OR ')
    const query = where === 'all' ? phrases : `${where} : (${phrases})`
    // Listed at once: looking up each body by itself takes a hundred times as long, even when there are few.
    return sql`${bodyId} in (select rowid from body_text where body_text match ${query})`
  },
  trigramsFrom: async (db, beginning, most) => {
    // terms are in the order of their bytes, and no character has more of them than the last one
    const { rows } = await sql<{ term: string }>`select term from body_trigrams
      where term >= ${beginning} and term < ${`${beginning}\u{10ffff}\u{10ffff}`} limit ${most + 1}`.execute(
      db,
    )
    return rows.length > most ? null : rows.map(row => row.term)
  },
  afterDelete: async (trx, table, name, statement) => {
    await sql`create trigger ${sql.ref(name)} after delete on ${sql.table(table)} begin ${statement}; end`.execute(
      trx,
    )
  },
  clustered: table => table.modifyEnd(sql`without rowid`),
}
