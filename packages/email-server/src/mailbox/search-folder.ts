// Searching the open folder without a `search` handler: the messages are read and the reference evaluator decides. It
// reads no more than it must: facts first, then headers, then whole messages.

import { Refusal } from '../base/errors.ts'
import { addRange, closedRanges, type FlatRanges, intersection } from '../base/ranges.ts'
import { collect, collectHeader, type SourceLimits } from './body-source.ts'
import type { MessageRef } from './contract.ts'
import { evaluate, searchDepth } from './evaluate.ts'
import { metas, openBody, resolve } from './read.ts'
import type { SearchKey } from './search.ts'
import type { MailboxSession } from './session.ts'

const BATCH = 500
/** Bodies that are one portion of work. */
const PORTION = 5

export interface SearchOptions {
  readonly source: SourceLimits
  /** Ms since the epoch. */
  readonly now: number
  /** Asked after each portion of work; a promise lets others go on first. */
  readonly breathe: () => Promise<void> | null
  /** Told before each portion how many messages have been looked at. */
  readonly progress: (done: number, total: number) => void
}

/** The UIDs that match, of those given; half-open runs. */
export async function searchFolder(
  session: MailboxSession,
  criteria: SearchKey,
  among: FlatRanges,
  options: SearchOptions,
): Promise<FlatRanges> {
  const found: FlatRanges = []
  const candidates = uidsInQuestion(criteria, among)
  if (candidates.length === 0) return found
  const refs: MessageRef[] = []
  await resolve(session, closedRanges(candidates), (uid, id) => refs.push({ id, uid }))
  const depth = searchDepth(criteria)
  let bodies = 0
  for (let start = 0; start < refs.length; start += BATCH) {
    options.progress(start, refs.length)
    const batch = refs.slice(start, start + BATCH)
    const known = await metas(session, batch)
    for (let i = 0; i < batch.length; i++) {
      const meta = known[i]
      if (!meta) continue
      let matches = evaluate(criteria, { meta, raw: null }, options.now)
      if (matches === null) {
        const raw = await read(session, batch[i]!, depth === 'body', options.source)
        matches = raw !== null && evaluate(criteria, { meta, raw }, options.now)
        if (++bodies % PORTION === 0) {
          options.progress(start + i, refs.length)
          await options.breathe()
        }
      }
      if (matches) addRange(found, meta.uid, meta.uid)
    }
    await options.breathe()
  }
  return found
}

/** Null: the message is gone. */
async function read(
  session: MailboxSession,
  ref: MessageRef,
  whole: boolean,
  limits: SourceLimits,
): Promise<Uint8Array | null> {
  try {
    const body = await openBody(session, ref.id)
    return await (whole ? collect(body, limits) : collectHeader(body, limits))
  } catch (error) {
    if (error instanceof Refusal && (error.code === 'EXPUNGEISSUED' || error.code === 'NONEXISTENT'))
      return null
    throw error
  }
}

/** The UIDs that the criteria leave in question when only their UID ranges are looked at. */
export function uidsInQuestion(criteria: SearchKey, among: FlatRanges): FlatRanges {
  if (criteria.key === 'and') return criteria.keys.reduce((left, key) => uidsInQuestion(key, left), among)
  if (criteria.key !== 'uid') return among
  const ranges: FlatRanges = []
  for (const [first, last] of criteria.ranges) addRange(ranges, first, last)
  return intersection(among, ranges)
}
