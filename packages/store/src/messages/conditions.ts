// Conditions for SQL, twice over: one that a message surely meets, one that it perhaps meets. Where they differ the message itself
// decides. What is known to be true or false stays a plain value, and is left out of the SQL.
import { type RawBuilder, sql } from 'kysely'

export type Sql = boolean | RawBuilder<unknown>

/** `surely` implies `perhaps`; both are the same object when SQL alone decides. */
export interface Condition {
  readonly surely: Sql
  readonly perhaps: Sql
}

export function exactly(condition: Sql): Condition {
  return { surely: condition, perhaps: condition }
}

export const UNDECIDED: Condition = { surely: false, perhaps: true }

export function isExact({ surely, perhaps }: Condition): boolean {
  return surely === perhaps
}

export function everyOf(conditions: readonly Condition[]): Condition {
  return combined(conditions, parts => joined(parts, true))
}

export function anyOf(conditions: readonly Condition[]): Condition {
  return combined(conditions, parts => joined(parts, false))
}

export function inverse(condition: Condition): Condition {
  if (isExact(condition)) return exactly(notSql(condition.surely))
  return { surely: notSql(condition.perhaps), perhaps: notSql(condition.surely) }
}

function combined(conditions: readonly Condition[], join: (parts: readonly Sql[]) => Sql): Condition {
  const surely = join(conditions.map(condition => condition.surely))
  if (conditions.every(isExact)) return exactly(surely)
  return { surely, perhaps: join(conditions.map(condition => condition.perhaps)) }
}

/** `empty` is what nothing comes to: true for "and", false for "or". */
function joined(parts: readonly Sql[], empty: boolean): Sql {
  if (parts.includes(!empty)) return !empty
  const left = parts.filter(part => part !== empty) as RawBuilder<unknown>[]
  if (left.length < 2) return left[0] ?? empty
  return sql`(${sql.join(left, empty ? sql` and ` : sql` or `)})`
}

function notSql(condition: Sql): Sql {
  return typeof condition === 'boolean' ? !condition : sql`not (${condition})`
}

/** As it stands in a statement. */
export function written(condition: Sql): RawBuilder<unknown> {
  if (typeof condition !== 'boolean') return condition
  return condition ? sql`1 = 1` : sql`1 = 0`
}
