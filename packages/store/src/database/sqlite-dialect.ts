// What SQLite says in its own way.
import {
  type QueryCompiler,
  type SelectModifierNode,
  type SqliteDatabase,
  SqliteDialect,
  SqliteQueryCompiler,
  sql,
} from 'kysely'
import type { Dialect } from './dialect.ts'

/** The query builder's side of it. */
export class StoreSqlite extends SqliteDialect {
  constructor(database: SqliteDatabase) {
    super({ database })
  }

  override createQueryCompiler(): QueryCompiler {
    return new Compiler()
  }
}

/** One process writes at a time: rows that a statement locks for itself need no lock here, and SQLite has no word for it. */
class Compiler extends SqliteQueryCompiler {
  protected override visitSelectModifier(node: SelectModifierNode): void {
    if (node.modifier === 'Distinct' || node.rawModifier) super.visitSelectModifier(node)
  }
}

export const sqliteDialect: Dialect = {
  idType: 'integer',
  blobType: 'blob',
  ranges: ranges =>
    sql`(select value ->> 0 as lo, value ->> 1 as hi from json_each(${JSON.stringify(ranges)}))`,
  ids: ids => sql`(select value as id from json_each(${JSON.stringify(ids)}))`,
  jsonRows: (columns, order, isGiven) => {
    const row =
      columns.length === 1
        ? sql.ref(columns[0]!)
        : sql`json_array(${sql.join(columns.map(column => sql.ref(column)))})`
    return isGiven ? sql`json_group_array(${row})` : sql`json_group_array(${row} order by ${order})`
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
  longerTexts: async (db, text, most) => {
    // the index has characters in threes; terms are in the order of their bytes, and no character has more of them than the last one
    const { rows } = await sql<{ term: string }>`select term from body_trigrams
      where term >= ${text} and term < ${`${text}\u{10ffff}\u{10ffff}`} limit ${most + 1}`.execute(db)
    return rows.length > most ? null : rows.map(row => row.term)
  },
  afterDelete: async (trx, table, name, statement) => {
    await sql`create trigger ${sql.ref(name)} after delete on ${sql.table(table)} begin ${statement}; end`.execute(
      trx,
    )
  },
  clustered: table => table.modifyEnd(sql`without rowid`),
  lockBody: async () => {}, // there is no other process
}
