// The messages that a command names: sequence numbers, or UIDs in the UID variant (RFC 3501 §6.4.8).
import { PeerSyntaxError } from '../../base/errors.ts'
import type { FlatRanges } from '../../base/ranges.ts'
import type { SourceLimits } from '../../mailbox/index.ts'
import type { CommandContext } from '../context.ts'
import type { Dialect } from '../dialect.ts'
import { SAVED_SET, type SequenceSet } from '../grammar/sequence-set.ts'

/** The UIDs in view that the set names. A sequence number beyond the last message is an error, a UID that is not there none. */
export function messagesOf(cx: CommandContext, set: SequenceSet): FlatRanges {
  const { view } = cx.folder
  if (set === SAVED_SET) return cx.folder.savedInView()
  if (cx.byUid) return view.uidsIn(set)
  return view.uidsAt(set) ?? beyondTheLast()
}

export function beyondTheLast(): never {
  throw new PeerSyntaxError('there is no message of that number')
}

/** These messages turned out to be gone, whether the backend has said so or not. */
export function noteGone(cx: CommandContext, uids: readonly number[]): void {
  if (uids.length > 0) cx.folder.news.add({ kind: 'vanished', uids })
}

/** What naming an item switches on; mod-sequences only where the folder keeps them (RFC 7162 §3.1.2.2). */
export function switchOn(cx: CommandContext, change: Partial<Dialect>): void {
  if (change.modseq && !cx.folder.modseqs) throw new PeerSyntaxError('this mailbox keeps no mod-sequences')
  cx.enable(change)
}

/** How bodies are read in this session. */
export function sourceLimits(cx: CommandContext): SourceLimits {
  return { clock: cx.clock, pieceTime: cx.limits.handlerTime, inMemory: cx.limits.messageSize }
}
