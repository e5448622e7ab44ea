// EXPUNGE (RFC 3501 §6.4.3), and what CLOSE and UID EXPUNGE share with it.
import { addRange, countOf, type FlatRanges, intersection } from '../../base/ranges.ts'
import { FLAGS, hasFlag, type MessageRef, metas, visitRefs } from '../../mailbox/index.ts'
import type { CommandContext } from '../context.ts'
import type { CommandSpec, Reply } from '../extension.ts'
import { nothing } from '../grammar/grammar.ts'
import { partly } from '../message-limit.ts'
import { batches, refsOf } from '../message-refs.ts'

const BATCH = 500

/**
 * Removes the messages that have \Deleted, of these UIDs or (null) of all. The news of it tells the client; what the tagged reply
 * says is given (undefined: nothing).
 */
export async function expungeDeleted(
  cx: CommandContext,
  among: FlatRanges | null,
): Promise<Reply | undefined> {
  const uids = among ?? cx.folder.view.all()
  const found = await deleted(cx, uids)
  if (found.length === 0) return undefined
  // EXPUNGE itself and CLOSE have no limit (RFC 9738 §3.1)
  const limit = among ? cx.limits.imapMessageLimit : found.length
  const doomed = found.slice(-limit)
  const code = found.length > limit ? `MESSAGELIMIT ${limit} ${doomed[0]!.uid}` : null
  const removed = await cx.mailbox.ask('expunge', [doomed.map(ref => ref.id)], {})
  return partly(cx, code, await goneReply(cx, doomed, removed?.modseq, 'EXPUNGE completed'), 'UID EXPUNGE')
}

/**
 * These are gone, by a command of the client's own. One that resynchronizes is told the folder's mod-sequence in the tagged reply
 * (RFC 7162 §3.2.7), behind the VANISHED.
 */
export async function goneReply(
  cx: CommandContext,
  refs: readonly MessageRef[],
  modseq: unknown,
  text: string,
): Promise<Reply | undefined> {
  const { folder } = cx
  folder.news.removed(refs.map(ref => ref.uid))
  if (!cx.dialect.vanished || !folder.modseqs) return undefined
  let highest = modseq
  if (highest === undefined && cx.mailbox.handles('status')) {
    highest = (await cx.mailbox.ask('status', [folder.name], { items: ['highestModseq'] })).highestModseq
  }
  if (typeof highest !== 'number' || !Number.isSafeInteger(highest) || highest < 1) return undefined
  folder.modseqs.settle(highest)
  return { status: 'OK', code: `HIGHESTMODSEQ ${folder.modseqs.settled}`, text }
}

async function deleted(cx: CommandContext, uids: FlatRanges): Promise<readonly MessageRef[]> {
  if (uids.length === 0) return []
  if (cx.mailbox.handles('search')) {
    const answer = await cx.mailbox.ask('search', [{ key: 'flag', flag: FLAGS.Deleted, set: true }], {})
    const found: FlatRanges = []
    visitRefs('search', answer, uid => addRange(found, uid, uid))
    return refsOf(cx.mailbox, cx.folder, intersection(found, uids))
  }
  const out: MessageRef[] = []
  const total = countOf(uids)
  let done = 0
  for (const batch of batches(uids, BATCH)) {
    cx.progress(done, total)
    done += countOf(batch)
    const refs = await refsOf(cx.mailbox, cx.folder, batch)
    const known = await metas(cx.mailbox, refs, true)
    refs.forEach((ref, i) => {
      const meta = known[i]
      if (meta && hasFlag(meta.flags, FLAGS.Deleted)) out.push(ref)
    })
    const wait = cx.breathe()
    if (wait) await wait
  }
  return out
}

export const expunge: CommandSpec<null> = {
  name: 'EXPUNGE',
  rfc: '3501 §6.4.3',
  states: ['selected'],
  mayExpunge: true,
  literals: 'none',
  handlers: ['expunge'],
  writes: true,
  args: nothing,
  run: cx => expungeDeleted(cx, null),
}
