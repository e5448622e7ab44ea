// What SEARCH, SORT and THREAD have in common: the criteria, who evaluates them, and the ESEARCH response (RFC 4466 §2.6.2, RFC 4731).
import { PeerSyntaxError } from '../../base/errors.ts'
import {
  addRange,
  countOf,
  type FlatRanges,
  intersection,
  numbersIn,
  rangesOf,
  sliceOf,
  union,
} from '../../base/ranges.ts'
import { metas, type SearchKey, searchFolder, visitRefs } from '../../mailbox/index.ts'
import type { CommandContext } from '../context.ts'
import type { Found, Reply } from '../extension.ts'
import type { Named } from '../grammar/grammar.ts'
import type { SearchTerm } from '../grammar/search.ts'
import { SAVED_SET } from '../grammar/sequence-set.ts'
import { batches, refsOf } from '../message-refs.ts'
import { type SearchScope, scopeOf } from '../search-scope.ts'
import { beyondTheLast, sourceLimits, switchOn } from './messages.ts'

const CHARSETS = ['US-ASCII', 'UTF-8']
/** Numbers of a response that are written before the client is waited for. */
const PORTION = 5000
const BATCH = 500

/** Null: the charset is known here. Who has enabled UTF-8 has named it already (RFC 6855 §3). */
export function charsetRefusal(cx: CommandContext, charset: string | null): Reply | null {
  if (charset !== null && cx.dialect.utf8 && !cx.dialect.rev2)
    throw new PeerSyntaxError('CHARSET has no place when UTF-8 is enabled')
  if (charset === null || CHARSETS.includes(charset.toUpperCase())) return null
  return { status: 'NO', code: `BADCHARSET (${CHARSETS.join(' ')})`, text: 'That charset is not known here' }
}

/** The criteria as handlers see them: UIDs for numbers, nothing of the session left. */
export function criteriaOf(cx: CommandContext, term: SearchTerm): SearchKey {
  return compile(term, scopeOf(cx.folder, beyondTheLast), cx)
}

function compile(term: SearchTerm, scope: SearchScope, cx: CommandContext): SearchKey {
  switch (term.term) {
    case 'and':
      return { key: 'and', keys: term.of.map(each => compile(each, scope, cx)) }
    case 'or':
      return { key: 'or', keys: term.of.map(each => compile(each, scope, cx)) }
    case 'not':
      return { key: 'not', of: compile(term.of, scope, cx) }
    case 'sequence':
      if (cx.dialect.uidOnly && term.set !== SAVED_SET) {
        const text = 'message numbers have no place once UIDONLY is enabled'
        throw new PeerSyntaxError(text, -1, 'UIDREQUIRED')
      }
      return { key: 'uid', ranges: scope.sequences(term.set) }
    case 'key': {
      const spec = cx.words.searchKey(term.key.name)!
      if (spec.enables) switchOn(cx, spec.enables)
      return spec.compile(term.key.args, scope)
    }
  }
}

/** The UIDs in view that match. */
export async function matching(cx: CommandContext, criteria: SearchKey): Promise<FlatRanges> {
  const view = cx.folder.view.all()
  if (!cx.mailbox.handles('search')) {
    return searchFolder(cx.mailbox, criteria, view, {
      source: sourceLimits(cx),
      now: cx.clock.now,
      breathe: () => cx.breathe(),
      progress: (done, total) => cx.progress(done, total),
    })
  }
  const answer = await cx.mailbox.ask('search', [criteria], {})
  const found: FlatRanges = []
  visitRefs('search', answer, uid => addRange(found, uid, uid))
  return intersection(found, view)
}

/** Answers a command that has found this; `plain` is the name of the response that it has without RETURN. */
export async function answerFound(
  cx: CommandContext,
  plain: 'SEARCH' | 'SORT',
  { uids, order }: Found,
  criteria: SearchKey,
  returns: readonly Named[] | null,
): Promise<void> {
  const told = toldOf(cx, { uids, order }, returns ?? [])
  const modseq = asksModseq(criteria) ? await highestModseq(cx, told) : 0
  if (cx.over) return
  const { view } = cx.folder
  const numbered = cx.byUid ? order : (order?.map(uid => view.sequenceOf(uid)) ?? null)
  const found = cx.byUid ? uids : view.sequencesOf(uids)
  if (returns === null && !(cx.dialect.rev2 && plain === 'SEARCH')) {
    await writeNumbers(cx, plain, numbered ?? numbersIn(found), modseq)
    return
  }
  const asked = returns === null || returns.length === 0 ? [{ name: 'ALL', args: null }] : returns
  const options = asked.map(({ name, args }) => ({ option: cx.words.searchReturn(name)!, args }))
  if (options.some(({ option }) => option.saves)) cx.folder.saved = told
  const items = options.filter(({ option }) => option.write)
  if (items.length > 0) {
    const w = cx.out
    w.raw('* ESEARCH (TAG ')
      .string(cx.tag)
      .raw(cx.byUid ? ') UID' : ')')
    for (const { option, args } of items) option.write?.(w, { found, order: numbered }, args)
    if (modseq > 0) w.raw(` MODSEQ ${modseq}`)
    w.end()
  }
  for (const { option, args } of options) option.after?.(cx, { uids, order }, criteria, args)
}

/** Options that contradict each other, or themselves when they come twice (RFC 5267 §4.4). */
export function checkReturns(cx: CommandContext, returns: readonly Named[] | null): void {
  for (const [i, { name }] of (returns ?? []).entries()) {
    const option = cx.words.searchReturn(name)
    option?.check?.(cx)
    const excluded = option?.excludes ?? []
    if (returns?.some((other, j) => j !== i && excluded.includes(other.name)))
      throw new PeerSyntaxError(`${name} can not stand beside ${excluded.join(' or ')}`)
  }
}

/**
 * Where only MIN, MAX and a page are asked for, only those messages are meant (RFC 4731 §3.2, RFC 5182 §2.1, RFC 9394 §3.2); beside
 * COUNT or ALL, and of nothing at all, it is everything that was found.
 */
function toldOf(cx: CommandContext, { uids, order }: Found, returns: readonly Named[]): FlatRanges {
  const items = returns
    .map(({ name, args }) => ({ name, args, option: cx.words.searchReturn(name) }))
    .filter(({ option }) => option?.write)
  const some = items.every(({ name, option }) => name === 'MIN' || name === 'MAX' || option?.select)
  if (uids.length === 0 || items.length === 0 || !some) return uids
  let told: FlatRanges = []
  for (const { name, args, option } of items) {
    const count = countOf(uids)
    const places = option?.select?.(count, args) ?? (name === 'MIN' ? [0, 1] : [count - 1, count])
    const [start, end] = places as readonly [number, number]
    const page = order ? rangesOf(order.slice(start, end).sort((a, b) => a - b)) : sliceOf(uids, start, end)
    told = union(told, page)
  }
  return told
}

function asksModseq(key: SearchKey): boolean {
  if (key.key === 'and' || key.key === 'or') return key.keys.some(asksModseq)
  return key.key === 'not' ? asksModseq(key.of) : key.key === 'modseq'
}

/** The highest mod-sequence among these; 0 when there is none. */
async function highestModseq(cx: CommandContext, uids: FlatRanges): Promise<number> {
  let highest = 0
  for (const batch of batches(uids, BATCH)) {
    const known = await metas(cx.mailbox, await refsOf(cx.mailbox, cx.folder, batch))
    for (const meta of known) highest = Math.max(highest, meta?.modseq ?? 0)
    const wait = cx.breathe()
    if (wait) await wait
  }
  return highest
}

// "SEARCH" *(SP nz-number) [SP "(" "MODSEQ" SP mod-sequence-value ")"]; SORT alike
async function writeNumbers(
  cx: CommandContext,
  name: 'SEARCH' | 'SORT',
  numbers: Iterable<number>,
  modseq: number,
): Promise<void> {
  cx.out.raw(`* ${name}`)
  let written = 0
  for (const number of numbers) {
    cx.out.raw(` ${number}`)
    if (++written % PORTION > 0) continue
    cx.out.commit()
    const wait = cx.ready()
    if (wait) await wait
    if (cx.over) return
  }
  if (modseq > 0) cx.out.raw(` (MODSEQ ${modseq})`)
  cx.out.end()
}
