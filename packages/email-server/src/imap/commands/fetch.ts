// FETCH and UID FETCH (RFC 3501 §6.4.5). The backend is asked for many messages at a time, and only for what the items
// need; bodies are opened one by one, and passed on as the client reads them.
import { MailError, Refusal } from '../../base/errors.ts'
import { addRange, closedRanges, countOf, type FlatRanges, intersection } from '../../base/ranges.ts'
import {
  changeFlags,
  collect,
  collectHeader,
  envelopes,
  FLAGS,
  hasFlag,
  type MessageRef,
  metas,
  type OpenBody,
  openBody,
  passOn,
  structures,
  visitRefs,
} from '../../mailbox/index.ts'
import type { CommandContext } from '../context.ts'
import type { CommandSpec, FetchItem, Fetching, Reply } from '../extension.ts'
import { fetchStart } from '../fetch-start.ts'
import {
  FetchedMessage,
  NEEDS_BYTES,
  NEEDS_ENVELOPE,
  NEEDS_HEADER,
  NEEDS_META,
  NEEDS_MORE_META,
  NEEDS_PREVIEW,
  NEEDS_STREAM,
  NEEDS_STRUCTURE,
  type Need,
} from '../fetched.ts'
import { type FetchRequest, fetch as fetchArgs } from '../grammar/fetch.ts'
import type { Named } from '../grammar/grammar.ts'
import { partly, withinLimit } from '../message-limit.ts'
import { batches, refsOf } from '../message-refs.ts'
import { writeModseq } from '../modseqs.ts'
import { writeFlags } from './fetch-items.ts'
import { messagesOf, noteGone, sourceLimits, switchOn } from './messages.ts'
import { storeFlags } from './store.ts'

const BATCH = 500

interface Asked {
  readonly item: FetchItem
  readonly args: unknown
}

/** What one FETCH wants of every message. */
interface Plan {
  readonly asked: readonly Asked[]
  readonly needs: Need
  /** Mark as seen what is not. */
  readonly seen: boolean
  readonly tellsFlags: boolean
  readonly tellsUid: boolean
  readonly tellsModseq: boolean
  /** Only messages that have changed since; null: all. */
  readonly changedSince: number | null
}

export const fetch: CommandSpec<FetchRequest> = {
  name: 'FETCH',
  rfc: '3501 §6.4.5',
  states: ['selected'],
  uid: true,
  usesSequenceNumbers: true,
  mayExpunge: false,
  literals: 'small',
  args: fetchArgs,
  async run(cx, { set, items, modifiers }) {
    const fetching: Fetching = {
      set,
      uids: messagesOf(cx, set),
      added: cx.byUid && !cx.dialect.uidOnly ? ['UID'] : [],
      changedSince: null,
    }
    const refusal = await modify(cx, fetching, modifiers)
    if (refusal) return refusal
    const added = fetching.added.filter(name => !items.some(each => each.name === name))
    const names = [...added.map(name => ({ name, args: null })), ...items]
    const asked = names.map(({ name, args }) => ({ item: cx.words.fetchItem(name)!, args }))
    for (const { item } of asked) if (item.enables) switchOn(cx, item.enables)
    if (cx.over) return undefined
    const { uids, code } = withinLimit(cx, fetching.uids)
    await fetchMessages(
      cx,
      await changed(cx, { ...fetching, uids }),
      planOf(cx, asked, fetching.changedSince),
    )
    return partly(cx, code, undefined, 'FETCH')
  },
}

/**
 * Tells of new messages, unasked (RFC 5465 §5.2, §7). Bodies are held and not passed on as they come: each response is written at
 * once, so that the session's own lines may come between any two.
 */
export async function fetchNew(cx: CommandContext, uids: FlatRanges, items: readonly Named[]): Promise<void> {
  const added =
    cx.dialect.modseq && !cx.dialect.uidOnly && !items.some(({ name }) => name === 'UID') ? ['UID'] : []
  const names = [...added.map(name => ({ name, args: null })), ...items]
  const asked = names.map(({ name, args }) => ({ item: cx.words.fetchItem(name)!, args }))
  const plan = planOf(cx, asked, null)
  const held = plan.needs & NEEDS_STREAM ? NEEDS_BYTES : 0
  await fetchMessages(cx, uids, { ...plan, needs: plan.needs | held })
}

/** One modifier may stand on another: they are looked at in the order of the registry. */
async function modify(
  cx: CommandContext,
  fetching: Fetching,
  modifiers: readonly Named[],
): Promise<Reply | undefined> {
  if (modifiers.length === 0) return undefined
  for (const { fetchModifiers = [] } of cx.extensions) {
    for (const modifier of fetchModifiers) {
      const named = modifiers.find(each => each.name === modifier.name)
      const reply = named && (await modifier.apply(cx, named.args, fetching))
      if (reply) return reply
    }
  }
  return undefined
}

/** Those of them that have changed since; a backend that searches knows, else each is looked at. */
async function changed(cx: CommandContext, { uids, changedSince }: Fetching): Promise<FlatRanges> {
  if (changedSince === null || uids.length === 0 || !cx.mailbox.handles('search')) return uids
  const found: FlatRanges = []
  const among = { key: 'uid', ranges: closedRanges(uids) } as const
  const later = { key: 'modseq', atLeast: changedSince + 1 } as const
  const answer = await cx.mailbox.ask('search', [{ key: 'and', keys: [among, later] }], {})
  visitRefs('search', answer, uid => addRange(found, uid, uid))
  return intersection(found, uids)
}

function planOf(cx: CommandContext, asked: readonly Asked[], changedSince: number | null): Plan {
  let needs = 0
  let streamed = 0
  for (const { item, args } of asked) {
    const need = item.needs(args)
    if (need & NEEDS_STREAM) streamed++
    needs |= need
  }
  // what is passed on can't be kept: whoever needs it twice, or in part, holds it
  if (streamed > 1 || (streamed === 1 && needs & (NEEDS_HEADER | NEEDS_BYTES))) needs |= NEEDS_BYTES
  const seen =
    asked.some(({ item }) => item.setsSeen) && !cx.folder.readOnly && cx.mailbox.handles('setFlags')
  if (seen || changedSince !== null) needs |= NEEDS_META
  // the item that may be passed on comes last: nothing can be taken back behind it
  const ordered = [...asked].sort((a, b) => streams(a) - streams(b))
  const tells = (name: string): boolean => asked.some(({ item }) => item.name === name)
  return {
    asked: ordered,
    needs,
    seen,
    tellsFlags: tells('FLAGS'),
    tellsUid: tells('UID'),
    tellsModseq: tells('MODSEQ'),
    changedSince,
  }
}

function streams({ item, args }: Asked): number {
  return item.needs(args) & NEEDS_STREAM ? 1 : 0
}

async function fetchMessages(cx: CommandContext, uids: FlatRanges, plan: Plan): Promise<void> {
  const total = countOf(uids)
  let done = 0
  for (const batch of batches(uids, BATCH)) {
    cx.progress(done, total)
    done += countOf(batch)
    const refs = await refsOf(cx.mailbox, cx.folder, batch)
    const known =
      plan.needs & NEEDS_META ? await metas(cx.mailbox, refs, !(plan.needs & NEEDS_MORE_META)) : null
    const kept = plan.needs & NEEDS_ENVELOPE ? await envelopes(cx.mailbox, refs) : null
    const shapes = plan.needs & NEEDS_STRUCTURE ? await structures(cx.mailbox, refs) : null
    const gone: number[] = []
    for (let i = 0; i < refs.length; i++) {
      const ref = refs[i]!
      if (known && !known[i]) {
        gone.push(ref.uid)
        continue
      }
      if (plan.changedSince !== null && (known?.[i]?.modseq ?? 0) <= plan.changedSince) continue
      const recent = ref.uid >= cx.folder.recentFrom && !cx.dialect.rev2
      const message = new FetchedMessage(
        ref.uid,
        known?.[i] ?? null,
        recent,
        kept?.[i] ?? null,
        shapes?.[i] ?? null,
      )
      const need = bodyNeed(plan, message)
      if (need === 0) writeMessage(cx, plan, message, false)
      else if (!(await fetchBody(cx, plan, message, ref, need))) gone.push(ref.uid)
      if (cx.over) return
      const wait = cx.ready()
      if (wait) await wait
      if (cx.over) return
    }
    noteGone(cx, gone)
  }
}

/** How much of the body this message needs, beyond what is known of it. */
function bodyNeed({ needs }: Plan, message: FetchedMessage): Need {
  let need = needs & (NEEDS_HEADER | NEEDS_BYTES | NEEDS_STREAM)
  if (needs & NEEDS_STRUCTURE && !message.hasStructure) need |= NEEDS_BYTES
  if (needs & NEEDS_ENVELOPE && !message.hasEnvelope) need |= NEEDS_HEADER
  if (needs & NEEDS_PREVIEW && message.meta?.preview === undefined) need |= NEEDS_BYTES
  return need
}

/** False: the message is gone. */
async function fetchBody(
  cx: CommandContext,
  plan: Plan,
  message: FetchedMessage,
  ref: MessageRef,
  need: Need,
): Promise<boolean> {
  const limits = sourceLimits(cx)
  let body: OpenBody
  try {
    body = await openBody(cx.mailbox, ref.id)
  } catch (error) {
    if (error instanceof Refusal && (error.code === 'EXPUNGEISSUED' || error.code === 'NONEXISTENT'))
      return false
    throw error
  }
  if (cx.over) return true
  message.length = body.length
  // a header is wanted besides the stream: then all of it is held
  if (need & NEEDS_BYTES || (need & NEEDS_STREAM && need & NEEDS_HEADER))
    message.bytes = await collect(body, limits)
  else if (need & NEEDS_HEADER) message.bytes = await collectHeader(body, limits)
  else if (body.bytes) message.bytes = body.bytes
  const marked = plan.seen && !hasFlag(message.flags, FLAGS.Seen) && (await markSeen(cx, message, ref))
  if (cx.over) return true
  writeMessage(cx, plan, message, marked)
  if (message.announced) {
    await passOn(body, message.announced, limits, piece => {
      if (cx.over) throw new MailError('ECONNECTION', 'the session is over')
      cx.out.bytes(piece)
      return cx.ready()
    })
    cx.out.raw(')').end()
  }
  return true
}

/** \Seen is set, or was not to be had: the latter costs the client nothing but the flag. */
async function markSeen(cx: CommandContext, message: FetchedMessage, ref: MessageRef): Promise<boolean> {
  const result = changeFlags(message.flags, 'add', [FLAGS.Seen])
  try {
    const stored = await storeFlags(cx, ref, result, { mode: 'add', changed: [FLAGS.Seen] })
    message.flags = stored.flags
    message.modseq = stored.modseq
    return true
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return false
  }
}

/** The whole response, or all of it up to the octets that are announced. */
function writeMessage(cx: CommandContext, plan: Plan, message: FetchedMessage, marked: boolean): void {
  const w = cx.out
  const { modseqs } = cx.folder
  w.raw(fetchStart(cx.dialect, cx.folder.view, message.uid))
  let first = true
  const space = (): void => {
    if (!first) w.raw(' ')
    first = false
  }
  if (marked) {
    // nobody has asked for what the implicit \Seen has changed (RFC 7162 §3.2.4)
    if (cx.dialect.modseq && !cx.dialect.uidOnly && !plan.tellsUid) {
      space()
      w.raw(`UID ${message.uid}`)
    }
    if (!plan.tellsFlags) {
      space()
      writeFlags(w, message)
    }
    if (cx.dialect.modseq && modseqs && message.modseq > 0 && !plan.tellsModseq) {
      space()
      writeModseq(w, modseqs, message.modseq)
    }
  }
  for (const { item, args } of plan.asked) {
    space()
    item.write(w, message, args)
  }
  if (plan.tellsModseq) modseqs?.tell(message.modseq)
  if (!message.announced) w.raw(')').end()
}
