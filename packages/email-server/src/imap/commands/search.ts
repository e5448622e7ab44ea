// SEARCH and UID SEARCH (RFC 3501 §6.4.4); with RETURN the answer is ESEARCH (RFC 4731, in ext/esearch.ts).
import { addRange, type FlatRanges, intersection, numbersIn } from '../../base/ranges.ts'
import { metas, type SearchKey, searchFolder, visitRefs } from '../../mailbox/index.ts'
import type { CommandContext } from '../context.ts'
import { type SearchRequest, type SearchTerm, search as searchArgs } from '../grammar/search.ts'
import { batches, refsOf } from '../message-refs.ts'
import type { CommandSpec } from '../registry.ts'
import { type SearchScope, scopeOf } from '../search-scope.ts'
import { beyondTheLast, sourceLimits, switchOn } from './messages.ts'

const CHARSETS = ['US-ASCII', 'UTF-8']
/** Numbers of a response that are written before the client is waited for. */
const PORTION = 5000
const BATCH = 500

export const search: CommandSpec<SearchRequest> = {
  name: 'SEARCH',
  rfc: '3501 §6.4.4',
  states: ['selected'],
  uid: true,
  usesSequenceNumbers: true,
  mayExpunge: false,
  literals: 'small',
  args: searchArgs,
  async run(cx, { returns, charset, criteria }) {
    if (charset !== null && !CHARSETS.includes(charset.toUpperCase())) {
      return {
        status: 'NO',
        code: `BADCHARSET (${CHARSETS.join(' ')})`,
        text: 'That charset is not known here',
      }
    }
    const key = compile(criteria, scopeOf(cx.folder, beyondTheLast), cx)
    const uids = await matching(cx, key)
    const found = cx.byUid ? uids : cx.folder.view.sequencesOf(uids)
    const names = (returns ?? []).map(each => each.name)
    const modseq = asksModseq(key) ? await highestModseq(cx, toldOf(uids, names)) : 0
    if (returns === null && !cx.dialect.rev2) {
      await writeFound(cx, found, modseq)
      return undefined
    }
    const w = cx.out
    w.raw('* ESEARCH (TAG ')
      .string(cx.tag)
      .raw(cx.byUid ? ') UID' : ')')
    const wanted = returns === null || returns.length === 0 ? [{ name: 'ALL', args: null }] : returns
    for (const { name, args } of wanted) cx.words.searchReturn(name)?.write(w, { found }, args)
    if (modseq > 0) w.raw(` MODSEQ ${modseq}`)
    w.end()
    return undefined
  },
}

/** The criteria as handlers see them: UIDs for numbers, nothing of the session left. */
function compile(term: SearchTerm, scope: SearchScope, cx: CommandContext): SearchKey {
  switch (term.term) {
    case 'and':
      return { key: 'and', keys: term.of.map(each => compile(each, scope, cx)) }
    case 'or':
      return { key: 'or', keys: term.of.map(each => compile(each, scope, cx)) }
    case 'not':
      return { key: 'not', of: compile(term.of, scope, cx) }
    case 'sequence':
      return { key: 'uid', ranges: scope.sequences(term.set) }
    case 'key': {
      const spec = cx.words.searchKey(term.key.name)!
      if (spec.enables) switchOn(cx, spec.enables)
      return spec.compile(term.key.args, scope)
    }
  }
}

/** The UIDs in view that match. */
async function matching(cx: CommandContext, criteria: SearchKey): Promise<FlatRanges> {
  const view = cx.folder.view.all()
  if (!cx.mailbox.handles('search')) {
    return searchFolder(cx.mailbox, criteria, view, {
      source: sourceLimits(cx),
      now: cx.clock.now,
      breathe: () => cx.breathe(),
    })
  }
  const answer = await cx.mailbox.ask('search', [criteria], {})
  const found: FlatRanges = []
  visitRefs('search', answer, uid => addRange(found, uid, uid))
  return intersection(found, view)
}

function asksModseq(key: SearchKey): boolean {
  if (key.key === 'and' || key.key === 'or') return key.keys.some(asksModseq)
  return key.key === 'not' ? asksModseq(key.of) : key.key === 'modseq'
}

/** Whose mod-sequences count: of MIN and MAX alone only those two messages are told (RFC 4731 §3.2). */
function toldOf(uids: FlatRanges, returns: readonly string[]): FlatRanges {
  if (uids.length === 0 || returns.length === 0 || !returns.every(name => name === 'MIN' || name === 'MAX'))
    return uids
  const told: FlatRanges = []
  if (returns.includes('MIN')) addRange(told, uids[0]!, uids[0]!)
  if (returns.includes('MAX')) addRange(told, uids.at(-1)! - 1, uids.at(-1)! - 1)
  return told
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

// "SEARCH" *(SP nz-number) [SP "(" "MODSEQ" SP mod-sequence-value ")"]
async function writeFound(cx: CommandContext, found: FlatRanges, modseq: number): Promise<void> {
  cx.out.raw('* SEARCH')
  let written = 0
  for (const number of numbersIn(found)) {
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
