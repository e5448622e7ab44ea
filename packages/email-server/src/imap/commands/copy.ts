// COPY and UID COPY (RFC 3501 §6.4.7) with COPYUID (RFC 4315 §3).
import { countOf, type FlatRanges } from '../../base/ranges.ts'
import type { MessageRef } from '../../mailbox/index.ts'
import type { CommandContext } from '../context.ts'
import type { CommandSpec } from '../extension.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { mailbox } from '../grammar/mailbox.ts'
import { formatSet, type SequenceSet, sequenceSet } from '../grammar/sequence-set.ts'
import { tooManyToSave } from '../message-limit.ts'
import { refsOf } from '../message-refs.ts'
import { lookThere } from './append.ts'
import { messagesOf } from './messages.ts'
import { inOrder, placedUids } from './placed.ts'

export interface CopyArgs {
  readonly set: SequenceSet
  readonly destination: string
}

// copy = "COPY" SP sequence-set SP mailbox        move = "MOVE" SP sequence-set SP mailbox
export const copyArgs: Grammar<CopyArgs> = {
  read(r, words) {
    const set = sequenceSet.read(r.sp(), words)
    return { set, destination: mailbox.read(r.sp(), words) }
  },
  write(w, { set, destination }, words) {
    mailbox.write(w.raw(` ${formatSet(set)} `), destination, words)
  },
  samples: [
    { set: [[2, 4]], destination: 'MEETING' },
    { set: [[1, 1]], destination: 'Gelöschte Objekte' },
  ],
}

/** Puts messages into another folder; gives the messages and the COPYUID code, where the backend says enough for one. */
export async function place(
  cx: CommandContext,
  handler: 'copyMessages' | 'move',
  uids: FlatRanges,
  destination: string,
): Promise<{
  readonly refs: readonly MessageRef[]
  readonly code: string | undefined
  /** What the backend says of the folder that the messages have left. */
  readonly modseq?: number | undefined
}> {
  const refs = await refsOf(cx.mailbox, cx.folder, uids)
  if (refs.length === 0) return { refs, code: undefined }
  const placed = await cx.mailbox.ask(handler, [refs.map(ref => ref.id), destination], {})
  lookThere(cx, destination, placed)
  const there = placedUids(cx, handler, placed, refs.length)
  const modseq = placed?.modseq
  if (!there) return { refs, code: undefined, modseq }
  const [validity, to] = there.split(' ')
  return { refs, code: `COPYUID ${validity} ${inOrder(refs.map(ref => ref.uid))} ${to}`, modseq }
}

export const copy: CommandSpec<CopyArgs> = {
  name: 'COPY',
  rfc: '3501 §6.4.7',
  states: ['selected'],
  uid: true,
  usesSequenceNumbers: true,
  mayExpunge: true,
  literals: 'small',
  handlers: ['copyMessages'],
  args: copyArgs,
  async run(cx, { set, destination }) {
    const uids = messagesOf(cx, set)
    // all or none (RFC 9738 §3.1)
    const refusal = tooManyToSave(cx, countOf(uids), uids)
    if (refusal) return refusal
    const { code } = await place(cx, 'copyMessages', uids, destination)
    return { status: 'OK', code, text: 'COPY completed' }
  },
}
