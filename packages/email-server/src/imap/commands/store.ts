// STORE and UID STORE (RFC 3501 §6.4.6).
import { Refusal } from '../../base/errors.ts'
import {
  badAnswer,
  changeFlags,
  checkedFlags,
  type FlagsContext,
  hasFlag,
  type MessageRef,
  metas,
  systemFlag,
} from '../../mailbox/index.ts'
import type { CommandContext } from '../context.ts'
import { storeFlags as flagsGrammar, wireFlag } from '../grammar/flags.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { formatSet, type SequenceSet, sequenceSet } from '../grammar/sequence-set.ts'
import { batches, refsOf } from '../message-refs.ts'
import type { CommandSpec } from '../registry.ts'
import { messagesOf, noteGone } from './messages.ts'

interface StoreArgs {
  readonly set: SequenceSet
  readonly mode: FlagsContext['mode']
  readonly silent: boolean
  readonly flags: readonly string[]
}

const BATCH = 500

// store = "STORE" SP sequence-set SP store-att-flags
// store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP (flag-list / (flag *(SP flag)))
const args: Grammar<StoreArgs> = {
  read(r, words) {
    const set = sequenceSet.read(r.sp(), words)
    r.sp()
    const mode = r.try('+') ? 'add' : r.try('-') ? 'remove' : 'set'
    const name = r.name()
    if (name !== 'FLAGS' && name !== 'FLAGS.SILENT') r.fail('FLAGS or FLAGS.SILENT')
    return { set, mode, silent: name === 'FLAGS.SILENT', flags: flagsGrammar.read(r.sp(), words) }
  },
  write(w, { set, mode, silent, flags }, words) {
    const sign = mode === 'add' ? '+' : mode === 'remove' ? '-' : ''
    w.raw(` ${formatSet(set)} ${sign}FLAGS${silent ? '.SILENT' : ''} `)
    flagsGrammar.write(w, flags, words)
  },
  samples: [
    { set: [[2, 4]], mode: 'add', silent: false, flags: ['Deleted'] },
    { set: [[1, 1]], mode: 'remove', silent: true, flags: ['Seen', '$Junk'] },
    { set: [[1, 1]], mode: 'set', silent: false, flags: [] },
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
  async run(cx, { set, mode, silent, flags }) {
    const uids = messagesOf(cx, set)
    const context: FlagsContext = { mode, changed: lasting(cx, flags) }
    for (const batch of batches(uids, BATCH)) {
      const refs = await refsOf(cx.mailbox, cx.folder, batch)
      const { news } = cx.folder
      // a client that wants silence must hear of what it could not know (RFC 3501 §6.4.6)
      const surprised = new Set(refs.filter(ref => news.overtake(ref.uid)).map(ref => ref.uid))
      const results = await change(cx, refs, context)
      for (const { uid } of refs) {
        const result = results.get(uid)
        if (!result) continue
        news.told(uid, result)
        if (!silent || surprised.has(uid)) tell(cx, uid, result)
      }
      const wait = cx.ready() ?? cx.breathe()
      if (wait) await wait
      if (cx.over) return undefined
    }
    return undefined
  },
}

/** Flags that can be changed for good; others are ignored (RFC 3501 §7.1 PERMANENTFLAGS). */
function lasting(cx: CommandContext, flags: readonly string[]): readonly string[] {
  const { permanentFlags = [], newKeywords = true } = cx.folder.opened
  return flags.filter(flag => hasFlag(permanentFlags, flag) || (newKeywords && !systemFlag(flag)))
}

/** Changes the flags of these messages; messages with the same result are handed over together. */
async function change(
  cx: CommandContext,
  refs: readonly MessageRef[],
  context: FlagsContext,
): Promise<ReadonlyMap<number, readonly string[]>> {
  const groups = new Map<string, { readonly flags: readonly string[]; readonly refs: MessageRef[] }>()
  const gone: number[] = []
  const known = context.mode === 'set' ? null : await metas(cx.mailbox, refs)
  refs.forEach((ref, i) => {
    const meta = known?.[i]
    if (known && !meta) {
      gone.push(ref.uid)
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
  const results = new Map<number, readonly string[]>()
  try {
    for (const group of groups.values()) {
      const answer = await ask(cx, group.refs, group.flags, context)
      for (const ref of group.refs) results.set(ref.uid, answer.get(ref.id) ?? group.flags)
    }
  } catch (error) {
    // the client hears NO: what was changed all the same is news to it
    for (const [uid, flags] of results) cx.folder.news.add({ kind: 'flags', uid, flags, modseq: null })
    throw error
  }
  return results
}

/** Sets one message's flags, and gives what came out. */
export async function storeFlags(
  cx: CommandContext,
  ref: MessageRef,
  flags: readonly string[],
  context: FlagsContext,
): Promise<readonly string[]> {
  cx.folder.news.overtake(ref.uid)
  const result = (await ask(cx, [ref], flags, context)).get(ref.id) ?? flags
  cx.folder.news.told(ref.uid, result)
  return result
}

/** What the backend says came out, where it says so. */
async function ask(
  cx: CommandContext,
  refs: readonly MessageRef[],
  flags: readonly string[],
  context: FlagsContext,
): Promise<ReadonlyMap<unknown, readonly string[]>> {
  const answer: unknown = await cx.mailbox.ask('setFlags', [refs.map(ref => ref.id), flags], context)
  const out = new Map<unknown, readonly string[]>()
  if (answer === undefined || answer === null) return out
  if (!Array.isArray(answer)) throw badAnswer('setFlags', 'nothing, or an array of { id, flags }', answer)
  for (const entry of answer as readonly unknown[]) {
    if (typeof entry !== 'object' || entry === null)
      throw badAnswer('setFlags', 'entries { id, flags }', entry)
    const changed = entry as { readonly id?: unknown; readonly flags?: unknown }
    out.set(changed.id, checkedFlags(cx.mailbox, 'setFlags', changed.flags))
  }
  return out
}

function tell(cx: CommandContext, uid: number, flags: readonly string[]): void {
  const words = flags.map(wireFlag)
  if (uid >= cx.folder.recentFrom && !cx.dialect.rev2) words.push('\\Recent')
  const id = cx.byUid ? `UID ${uid} ` : ''
  cx.out.raw(`* ${cx.folder.view.sequenceOf(uid)} FETCH (${id}FLAGS (${words.join(' ')}))`).end()
}
