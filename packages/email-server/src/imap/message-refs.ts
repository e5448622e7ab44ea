// From UIDs in view to what handlers call the messages.
import { closedRanges, countOf, type FlatRanges, numbersIn } from '../base/ranges.ts'
import { type MailboxSession, type MessageRef, resolve } from '../mailbox/index.ts'
import type { SelectedFolder } from './selected.ts'

/**
 * What the backend calls the messages of these UIDs, ascending. Where ids are UIDs nothing is asked; else those that are
 * gone are missing.
 */
export async function refsOf(
  mailbox: MailboxSession,
  folder: SelectedFolder,
  uids: FlatRanges,
): Promise<readonly MessageRef[]> {
  const refs: MessageRef[] = []
  if (folder.idsAreUids) for (const uid of numbersIn(uids)) refs.push({ id: uid, uid })
  else if (uids.length > 0) await resolve(mailbox, closedRanges(uids), (uid, id) => refs.push({ id, uid }))
  return refs
}

/** The same UIDs in portions of at most `size`. */
export function* batches(uids: FlatRanges, size: number): Generator<FlatRanges> {
  if (countOf(uids) <= size) {
    yield uids
    return
  }
  let batch: FlatRanges = []
  let room = size
  for (let i = 0; i < uids.length; i += 2) {
    for (let from = uids[i]!; from < uids[i + 1]!; ) {
      const to = Math.min(uids[i + 1]!, from + room)
      batch.push(from, to)
      room -= to - from
      from = to
      if (room === 0) {
        yield batch
        batch = []
        room = size
      }
    }
  }
  if (batch.length > 0) yield batch
}
