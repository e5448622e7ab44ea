// Removals, remembered for clients that come back (RFC 7162 §3.2): runs of UIDs with the mod-sequence at which they went.
// A folder remembers a bounded number of runs; who asks for what was forgotten is told every UID that is not there.
import { type Kysely, sql, type Transaction } from 'kysely'
import type { Dialect, Range } from '../database/dialect.ts'
import type { Tables } from '../database/schema.ts'
import { rangesOf, uidsIn } from './reading.ts'

/** Runs that a folder remembers at most; when there are more, half of them are forgotten. */
export const MOST_RUNS = 10_000

/** Remembers that these UIDs went at this mod-sequence; in the transaction that removes them. */
export async function noteRemoval(
  trx: Transaction<Tables>,
  dialect: Dialect,
  folderId: number,
  modseq: number,
  uids: readonly number[],
): Promise<void> {
  const runs = rangesOf(uids)
  await sql`
    insert into removals (folder_id, modseq, first_uid, last_uid)
    select ${folderId}, ${modseq}, lo, hi from ${dialect.ranges(runs)} as runs`.execute(trx)
  const { removal_runs: count } = await trx
    .updateTable('folders')
    .set({ removal_runs: sql`removal_runs + ${runs.length}` })
    .where('id', '=', folderId)
    .returning('removal_runs')
    .executeTakeFirstOrThrow()
  if (count > MOST_RUNS) await forgetOldest(trx, folderId, count - MOST_RUNS / 2)
}

/** Forgets as many runs, and all others of the same mod-sequences: half of a removal would be told for all of it. */
async function forgetOldest(trx: Transaction<Tables>, folderId: number, count: number): Promise<void> {
  const { modseq } = await trx
    .selectFrom('removals')
    .select('modseq')
    .where('folder_id', '=', folderId)
    .orderBy('modseq')
    .orderBy('first_uid')
    .offset(count - 1)
    .limit(1)
    .executeTakeFirstOrThrow()
  const { numDeletedRows } = await trx
    .deleteFrom('removals')
    .where('folder_id', '=', folderId)
    .where('modseq', '<=', modseq)
    .executeTakeFirst()
  await trx
    .updateTable('folders')
    .set({ forgotten_modseq: modseq, removal_runs: sql`removal_runs - ${Number(numDeletedRows)}` })
    .where('id', '=', folderId)
    .execute()
}

/** The UIDs in these ranges that went after this mod-sequence; more, when that is too long ago. Ascending. */
export async function vanishedSince(
  db: Kysely<Tables>,
  dialect: Dialect,
  folderId: number,
  ranges: readonly Range[],
  modseq: number,
): Promise<Range[]> {
  const folder = await db
    .selectFrom('folders')
    .select(['uid_next', 'highest_modseq', 'forgotten_modseq'])
    .where('id', '=', folderId)
    .executeTakeFirst()
  if (!folder || modseq >= folder.highest_modseq) return []
  const asked = ranges.flatMap(([from, to]): Range[] => {
    const last = Math.min(to, folder.uid_next - 1)
    return from <= last ? [[from, last]] : []
  })
  if (modseq < folder.forgotten_modseq) {
    return without(asked, rangesOf(await uidsIn(db, dialect, folderId, asked)))
  }
  const { rows } = await sql<{ first: number; last: number }>`
    select first_uid as first, last_uid as last from removals
    where folder_id = ${folderId} and modseq > ${modseq} order by first_uid`.execute(db)
  return common(
    rows.map(({ first, last }): Range => [first, last]),
    asked,
  )
}

/** What is in both lists; each ascends and has no overlaps. */
function common(a: readonly Range[], b: readonly Range[]): Range[] {
  const out: Range[] = []
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [from, to] = [Math.max(a[i]![0], b[j]![0]), Math.min(a[i]![1], b[j]![1])]
    if (from <= to) out.push([from, to])
    if (a[i]![1] < b[j]![1]) i++
    else j++
  }
  return out
}

/** What is in the first list and not in the second; each ascends and has no overlaps. */
function without(all: readonly Range[], there: readonly Range[]): Range[] {
  const out: Range[] = []
  let at = 0
  for (const [from, to] of all) {
    let next = from
    while (at < there.length && there[at]![1] < from) at++
    for (let i = at; i < there.length && there[i]![0] <= to; i++) {
      if (there[i]![0] > next) out.push([next, there[i]![0] - 1])
      next = there[i]![1] + 1
    }
    if (next <= to) out.push([next, to])
  }
  return out
}
