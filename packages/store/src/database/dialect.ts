// The few things that SQLite and PostgreSQL say differently (sqlite-dialect.ts, postgres-dialect.ts). Everything else is written once, in
// the query builder.
import type { ColumnDataType, CreateTableBuilder, Kysely, RawBuilder, Transaction } from 'kysely'
import type { Tables } from './schema.ts'

export type Range = readonly [from: number, to: number]

export interface Dialect {
  readonly idType: ColumnDataType
  readonly blobType: ColumnDataType
  /** A table of rows `lo`, `hi` made from ranges: one statement, however many ranges there are. */
  ranges(ranges: readonly Range[]): RawBuilder<{ lo: number; hi: number }>
  /** A table of rows `id` made from numbers. */
  ids(ids: readonly number[]): RawBuilder<{ id: number }>
  /**
   * One JSON array of arrays (or of values, for one column) instead of rows: several times faster to read in bulk.
   * @param order what the rows are ordered by
   * @param isGiven SQLite meets the rows in this order by itself, since it goes through the tables in the order of the statement
   */
  jsonRows(columns: readonly string[], order: RawBuilder<unknown>, isGiven?: 'isGiven'): RawBuilder<string>
  /** One JSON array of pairs: a number by which they ascend (as SQLite meets them), and a column that is JSON itself, passed on without being read. */
  jsonPairs(number: string, json: string): RawBuilder<string>
  /** Is the second text within the first? Letter case counts. */
  contains(text: RawBuilder<unknown>, part: string): RawBuilder<unknown>
  /** The index of texts: header and body of each message, folded, by the number of its body. */
  createTextIndex(trx: Transaction<Tables>): Promise<void>
  indexText(trx: Transaction<Tables>, bodyId: number, header: string, body: string): Promise<void>
  /** Has the body of this number one of the texts, in its header, its body, or anywhere? */
  hasText(
    bodyId: RawBuilder<unknown>,
    where: 'header' | 'body' | 'all',
    texts: readonly string[],
  ): RawBuilder<unknown>
  /** The texts that `hasText` is asked for instead of this one, which has one or two characters; null: more than `most`. */
  longerTexts(db: Kysely<Tables>, text: string, most: number): Promise<readonly string[] | null>
  /** Runs a statement, in which `old` is the row, whenever one was deleted. */
  afterDelete(
    trx: Transaction<Tables>,
    table: keyof Tables,
    name: string,
    statement: RawBuilder<unknown>,
  ): Promise<void>
  /** Makes a table that is kept in the order of its primary key, where the database can. */
  clustered<T extends string>(table: CreateTableBuilder<T>): CreateTableBuilder<T>
  /**
   * Until the transaction ends, no other process removes the body of this hash from its place, and none does anything here while one is
   * being removed (`whole`).
   */
  lockBody(trx: Transaction<Tables>, hash: string, mode: 'shared' | 'whole'): Promise<void>
}
