// Tells the client what is new in the open folder (RFC 3501 §7.3, §7.4.1). Called where the standard allows it: in IDLE,
// and at the end of commands; EXPUNGE only when `mayExpunge`.
import { addRange, closedRanges, type FlatRanges, union } from '../../base/ranges.ts'
import { type MailboxSession, metas, resolve } from '../../mailbox/index.ts'
import { wireFlag } from '../grammar/flags.ts'
import { formatSet } from '../grammar/sequence-set.ts'
import { batches, refsOf } from '../message-refs.ts'
import { writeModseq } from '../modseqs.ts'
import type { SelectedFolder } from '../selected.ts'
import type { Core } from './core.ts'

export interface Teller {
  readonly core: Core
  readonly mailbox: MailboxSession
  readonly folder: SelectedFolder
}

const BATCH = 500

export async function tellNews(to: Teller, mayExpunge: boolean): Promise<void> {
  const { news } = to.folder
  /** Changes whose mod-sequence the backend has not told. */
  let unknown: FlatRanges = []
  for (;;) {
    if (mayExpunge) await tellVanished(to)
    for (const [uid, { flags, modseq }] of news.takeFlags()) {
      if (to.core.dialect.modseq && to.folder.modseqs && modseq === null) addRange(unknown, uid, uid)
      else tellFlags(to, uid, flags, modseq ?? 0)
      const wait = to.core.output.ready()
      if (wait) await wait
    }
    await askFlags(to, union(unknown, news.takeChanged()))
    unknown = []
    if (to.core.over) return
    if (!news.takeExists()) break
    try {
      await lookForNew(to)
    } catch (error) {
      // new mail that could not be looked for is looked for again
      news.lookForNew()
      throw error
    }
    if (to.core.over) return
  }
  correctModseq(to)
}

/** What the client may take for the highest mod-sequence, where it would take a wrong one (RFC 7162 §3.2). */
function correctModseq({ core, folder }: Teller): void {
  if (!core.dialect.modseq || !folder.modseqs) return
  const highest = folder.modseqs.correction(folder.news.pending)
  if (highest !== null) core.out.raw(`* OK [HIGHESTMODSEQ ${highest}] The highest`).end()
}

async function tellVanished(to: Teller): Promise<void> {
  const uids = to.folder.news.takeVanished()
  if (uids.length === 0) return
  const recent = to.folder.recent()
  const gone = to.folder.view.remove(uids)
  if (to.core.dialect.uidOnly || (to.core.dialect.vanished && to.folder.modseqs)) {
    if (gone.length > 0) to.core.out.raw(`* VANISHED ${formatSet(closedRanges(uids))}`).end()
  } else {
    // each number counts without those that were told before it
    for (let i = 0; i < gone.length; i++) {
      to.core.out.raw(`* ${gone[i]! - i} EXPUNGE`).end()
      const wait = to.core.output.ready()
      if (wait) await wait
      if (to.core.over) return
    }
  }
  if (to.folder.recent() !== recent) tellRecent(to)
}

function tellFlags(to: Teller, uid: number, flags: readonly string[], modseq: number): void {
  const { dialect, out } = to.core
  const modseqs = dialect.modseq && modseq > 0 ? to.folder.modseqs : null
  const sequence = to.folder.view.sequenceOf(uid)
  if (sequence === 0) return
  const words = flags.map(wireFlag)
  if (uid >= to.folder.recentFrom && !dialect.rev2) words.push('\\Recent')
  out.raw(`* ${sequence} FETCH (UID ${uid} FLAGS (${words.join(' ')})`)
  if (modseqs) writeModseq(out.raw(' '), modseqs, modseq)
  out.raw(')').end()
}

/** Flag changes that were too many to be kept, or not told whole. */
async function askFlags(to: Teller, uids: FlatRanges): Promise<void> {
  if (uids.length === 0) return
  for (const batch of batches(uids, BATCH)) {
    const refs = await refsOf(to.mailbox, to.folder, batch)
    for (const meta of await metas(to.mailbox, refs))
      if (meta) tellFlags(to, meta.uid, meta.flags, meta.modseq ?? 0)
    const wait = to.core.output.ready()
    if (wait) await wait
    if (to.core.over) return
  }
}

/** Asks for the messages behind the last one, and tells how many there are now. */
async function lookForNew(to: Teller): Promise<void> {
  const { view } = to.folder
  const before = view.count
  const recent = to.folder.recent()
  const plain = await resolve(to.mailbox, [[view.nextUid, Number.POSITIVE_INFINITY]], uid => {
    if (uid >= view.nextUid) view.append(uid)
  })
  if (!plain) to.folder.idsAreUids = false
  if (view.count === before || to.core.over) return
  to.core.out.raw(`* ${view.count} EXISTS`).end()
  if (to.folder.recent() !== recent) tellRecent(to)
}

function tellRecent(to: Teller): void {
  if (!to.core.dialect.rev2) to.core.out.raw(`* ${to.folder.recent()} RECENT`).end()
}
