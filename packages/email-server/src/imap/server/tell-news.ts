// Tells the client what is new in the open folder (RFC 3501 §7.3, §7.4.1). Called where the standard allows it: in IDLE,
// at the end of commands, and between them for who has said NOTIFY; EXPUNGE only when `mayExpunge`.
import { addRange, closedRanges, type FlatRanges, intersection, numbersIn, union } from '../../base/ranges.ts'
import { type MailboxSession, metas, resolve } from '../../mailbox/index.ts'
import { fetchNew } from '../commands/fetch.ts'
import { matching } from '../commands/searching.ts'
import type { CommandContext } from '../context.ts'
import { type ContextChange, contextChange, tellContext } from '../contexts.ts'
import { fetchStartWithUid } from '../fetch-start.ts'
import { wireFlag } from '../grammar/flags.ts'
import type { Named } from '../grammar/grammar.ts'
import { formatSet } from '../grammar/sequence-set.ts'
import { batches, refsOf } from '../message-refs.ts'
import { writeModseq } from '../modseqs.ts'
import type { SelectedFolder } from '../selected.ts'
import { type OpenWatch, USUAL_WATCH } from '../watching.ts'
import type { Core } from './core.ts'

export interface Teller {
  readonly core: Core
  readonly cx: CommandContext
  readonly mailbox: MailboxSession
  readonly folder: SelectedFolder
}

const BATCH = 500

export async function tellNews(to: Teller, mayExpunge: boolean): Promise<void> {
  const { news } = to.folder
  const watch = openWatch(to.core)
  /** Changes whose mod-sequence the backend has not told. */
  let unknown: FlatRanges = []
  for (;;) {
    if (mayExpunge) await tellVanished(to, !watch.counts)
    for (const [uid, { flags, modseq }] of watch.flags ? news.takeFlags() : []) {
      if (to.core.dialect.modseq && to.folder.modseqs && modseq === null) addRange(unknown, uid, uid)
      else tellFlags(to, uid, flags, modseq ?? 0)
      const wait = to.core.output.ready()
      if (wait) await wait
    }
    await askFlags(to, union(unknown, watch.flags ? news.takeChanged() : []))
    unknown = []
    if (to.core.over) return
    const more = news.takeExists(!watch.counts)
    const fresh = more ? await newMessages(to) : []
    if (to.core.over) return
    await tellMatches(to, fresh, watch.items)
    if (!more || to.core.over) break
  }
  if (!to.core.over) correctModseq(to)
}

/** What is told of the open folder. */
export function openWatch(core: Core): OpenWatch {
  return core.dialect.watching?.open ?? USUAL_WATCH
}

async function newMessages(to: Teller): Promise<FlatRanges> {
  try {
    return await lookForNew(to)
  } catch (error) {
    // new mail that could not be looked for is looked for again
    to.folder.news.lookForNew()
    throw error
  }
}

/** Which messages a search that is kept up to date finds now is told behind their FETCH (RFC 5465 §7), and that of new ones. */
async function tellMatches(to: Teller, fresh: FlatRanges, items: readonly Named[]): Promise<void> {
  const { cx, folder } = to
  const { news, view } = folder
  const looked =
    folder.contexts.length === 0 ? [] : union(intersection(news.takeTouched(), view.all()), fresh)
  const changes: ContextChange[] = []
  if (looked.length > 0) {
    const among = { key: 'uid', ranges: closedRanges(looked) } as const
    for (const context of folder.contexts) {
      const found = await matching(cx, { key: 'and', keys: [among, context.criteria] })
      if (to.core.over) return
      changes.push(contextChange(context, looked, found))
    }
  }
  const others = fresh.length === 0 ? fresh : news.withoutOwn(fresh)
  for (const portion of wantedOf(others, items, changes)) {
    await fetchNew(cx, portion.uids, portion.items)
    if (to.core.over) return
  }
  for (const change of changes) tellContext(cx.out, view, change)
}

interface Portion {
  readonly uids: FlatRanges
  readonly items: readonly Named[]
}

/** What is to be fetched of which new messages: for NOTIFY, and for the searches that have found them, each item once. */
function wantedOf(
  fresh: FlatRanges,
  items: readonly Named[],
  changes: readonly ContextChange[],
): readonly Portion[] {
  const choosy = changes.filter(({ context }) => context.items.length > 0)
  if (choosy.length === 0) return items.length === 0 || fresh.length === 0 ? [] : [{ uids: fresh, items }]
  const portions = new Map<string, Portion>()
  for (const uid of numbersIn(fresh)) {
    const found = choosy.filter(({ added }) => intersection(added, [uid, uid + 1]).length > 0)
    const wanted = new Map<string, Named>()
    for (const item of [...items, ...found.flatMap(({ context }) => context.items)])
      wanted.set(JSON.stringify(item), item)
    if (wanted.size === 0) continue
    const key = [...wanted.keys()].join()
    const portion = portions.get(key) ?? { uids: [], items: [...wanted.values()] }
    portions.set(key, portion)
    addRange(portion.uids, uid, uid)
  }
  return [...portions.values()]
}

/** What the client may take for the highest mod-sequence, where it would take a wrong one (RFC 7162 §3.2). */
function correctModseq({ core, folder }: Teller): void {
  if (!core.dialect.modseq || !folder.modseqs) return
  const highest = folder.modseqs.correction(folder.news.pending)
  if (highest !== null) core.out.raw(`* OK [HIGHESTMODSEQ ${highest}] The highest`).end()
}

async function tellVanished(to: Teller, onlyOwn: boolean): Promise<void> {
  const uids = to.folder.news.takeVanished(onlyOwn)
  if (uids.length === 0) return
  // before the numbers change (RFC 5267 §4.3.4)
  for (const context of to.folder.contexts) {
    const removed = intersection(context.results, intersection(uids, to.folder.view.all()))
    tellContext(to.core.out, to.folder.view, { context, added: [], removed })
  }
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
  const { view } = to.folder
  if (view.sequenceOf(uid) === 0) return
  const words = flags.map(wireFlag)
  if (uid >= to.folder.recentFrom && !dialect.rev2) words.push('\\Recent')
  out.raw(`${fetchStartWithUid(dialect, view, uid)}FLAGS (${words.join(' ')})`)
  if (modseqs) writeModseq(out.raw(' '), modseqs, modseq)
  out.raw(')').end()
}

/** Flag changes that were too many to be kept, or not told whole. */
async function askFlags(to: Teller, uids: FlatRanges): Promise<void> {
  if (uids.length === 0) return
  for (const batch of batches(uids, BATCH)) {
    const refs = await refsOf(to.mailbox, to.folder, batch)
    for (const meta of await metas(to.mailbox, refs, true))
      if (meta) tellFlags(to, meta.uid, meta.flags, meta.modseq ?? 0)
    const wait = to.core.output.ready()
    if (wait) await wait
    if (to.core.over) return
  }
}

/** Asks for the messages behind the last one, tells how many there are now, and gives the new ones. */
async function lookForNew(to: Teller): Promise<FlatRanges> {
  const { view } = to.folder
  const before = view.count
  const next = view.nextUid
  const recent = to.folder.recent()
  const plain = await resolve(to.mailbox, [[view.nextUid, Number.POSITIVE_INFINITY]], uid => {
    if (uid >= view.nextUid) view.append(uid)
  })
  if (!plain) to.folder.idsAreUids = false
  if (view.count === before || to.core.over) return []
  to.core.out.raw(`* ${view.count} EXISTS`).end()
  if (to.folder.recent() !== recent) tellRecent(to)
  return view.uidsIn([[next, view.lastUid]])
}

function tellRecent(to: Teller): void {
  if (!to.core.dialect.rev2) to.core.out.raw(`* ${to.folder.recent()} RECENT`).end()
}
