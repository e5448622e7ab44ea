// STORE and UID STORE (RFC 3501 §6.4.6, with the conditions of RFC 7162 §3.1.3).
import { Refusal } from '../../base/errors.ts'
import { addRange, closedRanges, countOf, type FlatRanges } from '../../base/ranges.ts'
import {
  badAnswer,
  changeFlags,
  checkedFlags,
  type FlagsContext,
  hasFlag,
  type MessageMeta,
  type MessageRef,
  metas,
  systemFlag,
} from '../../mailbox/index.ts'
import type { CommandContext } from '../context.ts'
import type { CommandSpec, Reply } from '../extension.ts'
import { fetchStart, fetchStartWithUid } from '../fetch-start.ts'
import { storeFlags as flagsGrammar, wireFlag } from '../grammar/flags.ts'
import { type Grammar, type Named, parenthesized } from '../grammar/grammar.ts'
import { formatSet, type SequenceSet, sequenceSet } from '../grammar/sequence-set.ts'
import { partly, withinLimit } from '../message-limit.ts'
import { batches, refsOf } from '../message-refs.ts'
import { writeModseq } from '../modseqs.ts'
import { messagesOf, noteGone } from './messages.ts'

interface StoreArgs {
  readonly set: SequenceSet
  readonly modifiers: readonly Named[]
  readonly mode: FlagsContext['mode']
  readonly silent: boolean
  readonly flags: readonly string[]
}

const BATCH = 500

const modifiers = parenthesized((words, name) => words.storeModifier(name))

// store = "STORE" SP sequence-set [SP "(" store-modifier *(SP store-modifier) ")"] SP store-att-flags
// store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP (flag-list / (flag *(SP flag)))
const args: Grammar<StoreArgs> = {
  read(r, words) {
    const set = sequenceSet.read(r.sp(), words)
    const named = r.follows(' (') ? modifiers.read(r, words) : []
    r.sp()
    const mode = r.try('+') ? 'add' : r.try('-') ? 'remove' : 'set'
    const name = r.name()
    if (name !== 'FLAGS' && name !== 'FLAGS.SILENT') r.fail('FLAGS or FLAGS.SILENT')
    const flags = flagsGrammar.read(r.sp(), words)
    return { set, modifiers: named, mode, silent: name === 'FLAGS.SILENT', flags }
  },
  write(w, { set, modifiers: named, mode, silent, flags }, words) {
    const sign = mode === 'add' ? '+' : mode === 'remove' ? '-' : ''
    modifiers.write(w.raw(` ${formatSet(set)}`), named, words)
    w.raw(` ${sign}FLAGS${silent ? '.SILENT' : ''} `)
    flagsGrammar.write(w, flags, words)
  },
  samples: [
    { set: [[2, 4]], modifiers: [], mode: 'add', silent: false, flags: ['Deleted'] },
    { set: [[1, 1]], modifiers: [], mode: 'remove', silent: true, flags: ['Seen', '$Junk'] },
    {
      set: [[1, 1]],
      modifiers: [{ name: 'UNCHANGEDSINCE', args: 12121230045 }],
      mode: 'set',
      silent: false,
      flags: [],
    },
  ],
}

export const store: CommandSpec<StoreArgs> = {
  name: 'STORE',
  rfc: '3501 §6.4.6',
  states: ['selected'],
  uid: true,
  usesSequenceNumbers: true,
  mayExpunge: false,
  literals: 'none',
  handlers: ['setFlags'],
  writes: true,
  args,
  async run(cx, { set, modifiers: named, mode, silent, flags }) {
    const { uids, code } = withinLimit(cx, messagesOf(cx, set))
    const conditions = named.map(each => cx.words.storeModifier(each.name)!.apply(cx, each.args))
    const context: FlagsContext = { mode, changed: lasting(cx, flags), ...conditions[0] }
    const modified: FlatRanges = []
    const total = countOf(uids)
    let done = 0
    for (const batch of batches(uids, BATCH)) {
      cx.progress(done, total)
      done += countOf(batch)
      const refs = await refsOf(cx.mailbox, cx.folder, batch)
      const { news } = cx.folder
      // a client that wants silence must hear of what it could not know (RFC 3501 §6.4.6)
      const surprised = new Set(refs.filter(ref => news.overtake(ref.uid)).map(ref => ref.uid))
      const { stored, refused } = await change(cx, refs, context)
      for (const { uid } of refs) {
        const result = stored.get(uid) ?? refused.get(uid)
        if (!result) continue
        news.told(uid, result.flags)
        const isRefused = refused.has(uid)
        if (isRefused) addRange(modified, uid, uid)
        tell(cx, uid, result, !silent || isRefused || surprised.has(uid))
      }
      const wait = cx.ready() ?? cx.breathe()
      if (wait) await wait
      if (cx.over) return undefined
    }
    return partly(cx, code, modified.length === 0 ? undefined : modifiedReply(cx, modified), 'STORE')
  },
}

/** The messages that had changed, in the numbers that the client used (RFC 7162 §3.1.3). */
function modifiedReply(cx: CommandContext, uids: FlatRanges): Reply {
  const set = formatSet(closedRanges(cx.byUid ? uids : cx.folder.view.sequencesOf(uids)))
  return { status: 'OK', code: `MODIFIED ${set}`, text: 'Some messages have changed meanwhile' }
}

/** Flags that can be changed for good; others are ignored (RFC 3501 §7.1 PERMANENTFLAGS). */
function lasting(cx: CommandContext, flags: readonly string[]): readonly string[] {
  const { permanentFlags = [], newKeywords = true } = cx.folder.opened
  return flags.filter(flag => hasFlag(permanentFlags, flag) || (newKeywords && !systemFlag(flag)))
}

/** A message's flags as they are now; the mod-sequence is 0 when none is known. */
interface Flagged {
  readonly flags: readonly string[]
  readonly modseq: number
}

interface Changes {
  /** By UID. */
  readonly stored: ReadonlyMap<number, Flagged>
  /** Those that had changed since the client's mod-sequence, as they are. */
  readonly refused: ReadonlyMap<number, Flagged>
}

/** Changes the flags of these messages; messages with the same result are handed over together. */
async function change(
  cx: CommandContext,
  refs: readonly MessageRef[],
  context: FlagsContext,
): Promise<Changes> {
  const { unchangedSince } = context
  const groups = new Map<string, { readonly flags: readonly string[]; readonly refs: MessageRef[] }>()
  const gone: number[] = []
  const stored = new Map<number, Flagged>()
  const refused = new Map<number, Flagged>()
  const known =
    context.mode === 'set' && unchangedSince === undefined ? null : await metas(cx.mailbox, refs, true)
  refs.forEach((ref, i) => {
    const meta = known?.[i]
    if (known && !meta) {
      gone.push(ref.uid)
      return
    }
    if (meta && unchangedSince !== undefined && (meta.modseq ?? 0) > unchangedSince) {
      refused.set(ref.uid, flagged(meta))
      return
    }
    const flags = changeFlags(meta?.flags ?? [], context.mode, context.changed)
    if (flags.length > cx.limits.imapFlags) throw new Refusal('LIMIT', 'Too many flags for one message')
    const key = flags.join(' ')
    const group = groups.get(key)
    if (group) group.refs.push(ref)
    else groups.set(key, { flags, refs: [ref] })
  })
  noteGone(cx, gone)
  try {
    for (const group of groups.values()) await changeGroup(cx, group, context, stored, refused)
  } catch (error) {
    // the client hears NO: what was changed all the same is news to it
    for (const [uid, { flags, modseq }] of stored)
      cx.folder.news.add({ kind: 'flags', uid, flags, modseq: modseq || null })
    throw error
  }
  return { stored, refused }
}

async function changeGroup(
  cx: CommandContext,
  group: { readonly flags: readonly string[]; readonly refs: readonly MessageRef[] },
  context: FlagsContext,
  stored: Map<number, Flagged>,
  refused: Map<number, Flagged>,
): Promise<void> {
  const answer = await ask(cx, group.refs, group.flags, context)
  const unclear: MessageRef[] = []
  for (const ref of group.refs) {
    const result = answer?.get(ref.id)
    // a store that compares by itself leaves out what it has left alone
    if (!result && answer && context.unchangedSince !== undefined) unclear.push(ref)
    else stored.set(ref.uid, result ?? { flags: group.flags, modseq: 0 })
  }
  if (cx.dialect.modseq && cx.folder.modseqs) await learnModseqs(cx, group.refs, stored)
  if (unclear.length === 0) return
  const known = await metas(cx.mailbox, unclear, true)
  const gone: number[] = []
  unclear.forEach(({ uid }, i) => {
    const meta = known[i]
    if (meta) refused.set(uid, flagged(meta))
    else gone.push(uid)
  })
  noteGone(cx, gone)
}

/** What the backend has not answered with is asked for (RFC 7162 §3.1.3: the client is told in any case). */
async function learnModseqs(
  cx: CommandContext,
  refs: readonly MessageRef[],
  stored: Map<number, Flagged>,
): Promise<void> {
  const unknown = refs.filter(({ uid }) => stored.get(uid)?.modseq === 0)
  if (unknown.length === 0) return
  for (const meta of await metas(cx.mailbox, unknown, true)) if (meta) stored.set(meta.uid, flagged(meta))
}

function flagged({ flags, modseq = 0 }: MessageMeta): Flagged {
  return { flags, modseq }
}

/** Sets one message's flags, and gives what came out. */
export async function storeFlags(
  cx: CommandContext,
  ref: MessageRef,
  flags: readonly string[],
  context: FlagsContext,
): Promise<Flagged> {
  cx.folder.news.overtake(ref.uid)
  const stored = new Map<number, Flagged>()
  await changeGroup(cx, { flags, refs: [ref] }, context, stored, new Map())
  const result = stored.get(ref.uid) ?? { flags, modseq: 0 }
  cx.folder.news.told(ref.uid, result.flags)
  return result
}

/** What the backend says came out; null when it says nothing. */
async function ask(
  cx: CommandContext,
  refs: readonly MessageRef[],
  flags: readonly string[],
  context: FlagsContext,
): Promise<ReadonlyMap<unknown, Flagged> | null> {
  const answer: unknown = await cx.mailbox.ask('setFlags', [refs.map(ref => ref.id), flags], context)
  if (answer === undefined || answer === null) return null
  if (!Array.isArray(answer)) throw badAnswer('setFlags', 'nothing, or an array of { id, flags }', answer)
  const out = new Map<unknown, Flagged>()
  for (const entry of answer as readonly unknown[]) {
    if (typeof entry !== 'object' || entry === null)
      throw badAnswer('setFlags', 'entries { id, flags }', entry)
    const { id, flags: result, modseq = 0 } = entry as { id?: unknown; flags?: unknown; modseq?: unknown }
    if (typeof modseq !== 'number' || !Number.isSafeInteger(modseq) || modseq < 0)
      throw badAnswer('setFlags', 'a modseq from 1', modseq)
    out.set(id, { flags: checkedFlags(cx.mailbox, 'setFlags', result), modseq })
  }
  return out
}

/** `* n FETCH (…)`; a client that knows mod-sequences hears of them whatever it has asked (RFC 7162 §3.1.3, §3.2.4). */
function tell(cx: CommandContext, uid: number, { flags, modseq }: Flagged, withFlags: boolean): void {
  const { dialect, folder, out } = cx
  const modseqs = dialect.modseq && modseq > 0 ? folder.modseqs : null
  if (!withFlags && !modseqs) return
  const start = cx.byUid || dialect.modseq ? fetchStartWithUid : fetchStart
  out.raw(start(dialect, folder.view, uid))
  let space = ''
  if (withFlags) {
    const words = flags.map(wireFlag)
    if (uid >= folder.recentFrom && !dialect.rev2) words.push('\\Recent')
    out.raw(`FLAGS (${words.join(' ')})`)
    space = ' '
  }
  if (modseqs) writeModseq(out.raw(space), modseqs, modseq)
  out.raw(')').end()
}
