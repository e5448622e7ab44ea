// EXPUNGE (RFC 3501 §6.4.3), and what CLOSE and UID EXPUNGE share with it.
import { addRange, type FlatRanges, intersection } from '../../base/ranges.ts'
import { FLAGS, hasFlag, type MessageRef, metas, visitRefs } from '../../mailbox/index.ts'
import type { CommandContext } from '../context.ts'
import { nothing } from '../grammar/grammar.ts'
import { batches, refsOf } from '../message-refs.ts'
import type { CommandSpec } from '../registry.ts'

const BATCH = 500

/** Removes the messages that have \Deleted, of these UIDs or (null) of all. The news of it tells the client. */
export async function expungeDeleted(cx: CommandContext, among: FlatRanges | null): Promise<void> {
  const uids = among ?? cx.folder.view.all()
  const doomed = await deleted(cx, uids)
  if (doomed.length === 0) return
  await cx.mailbox.ask('expunge', [doomed.map(ref => ref.id)], {})
  cx.folder.news.add({ kind: 'vanished', uids: doomed.map(ref => ref.uid) })
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
  for (const batch of batches(uids, BATCH)) {
    const refs = await refsOf(cx.mailbox, cx.folder, batch)
    const known = await metas(cx.mailbox, refs)
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
  async run(cx) {
    await expungeDeleted(cx, null)
    return undefined
  },
}
