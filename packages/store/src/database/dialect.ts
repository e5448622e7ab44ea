// The few things that SQLite and PostgreSQL say differently. Everything else is written once, in the query builder.
import { type ColumnDataType, type CreateTableBuilder, type RawBuilder, sql } from 'kysely'

export type Range = readonly [from: number, to: number]

export interface Dialect {
  readonly idType: ColumnDataType
  readonly blobType: ColumnDataType
  /** A table of rows `lo`, `hi` made from ranges: one parameter, however many ranges there are. */
  ranges(ranges: readonly Range[]): RawBuilder<{ lo: number; hi: number }>
  /** A table of rows `id` made from numbers. */
  ids(ids: readonly number[]): RawBuilder<{ id: number }>
  /** One JSON array of arrays (or of values, for one column) instead of rows: several times faster to read in bulk. */
  jsonRows(columns: readonly string[]): RawBuilder<string>
  /** Makes a table that is kept in the order of its primary key, where the database can. */
  clustered<T extends string>(table: CreateTableBuilder<T>): CreateTableBuilder<T>
}

export const sqliteDialect: Dialect = {
  idType: 'integer',
  blobType: 'blob',
  ranges: ranges =>
    sql`(select value ->> 0 as lo, value ->> 1 as hi from json_each(${JSON.stringify(ranges)}))`,
  ids: ids => sql`(select value as id from json_each(${JSON.stringify(ids)}))`,
  jsonRows: columns =>
    columns.length === 1
      ? sql`json_group_array(${sql.ref(columns[0]!)})`
      : sql`json_group_array(json_array(${sql.join(columns.map(column => sql.ref(column)))}))`,
  clustered: table => table.modifyEnd(sql`without rowid`),
}
