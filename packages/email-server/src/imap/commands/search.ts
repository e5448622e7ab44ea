// SEARCH and UID SEARCH (RFC 3501 §6.4.4); with RETURN the answer is ESEARCH (RFC 4731, in ext/esearch.ts).
import { addRange, type FlatRanges, intersection, numbersIn } from '../../base/ranges.ts'
import { type SearchKey, searchFolder, visitRefs } from '../../mailbox/index.ts'
import type { CommandContext } from '../context.ts'
import { type SearchRequest, type SearchTerm, search as searchArgs } from '../grammar/search.ts'
import type { CommandSpec, Words } from '../registry.ts'
import { type SearchScope, scopeOf } from '../search-scope.ts'
import { beyondTheLast, sourceLimits } from './messages.ts'

const CHARSETS = ['US-ASCII', 'UTF-8']
/** Numbers of a response that are written before the client is waited for. */
const PORTION = 5000

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
    const key = compile(criteria, scopeOf(cx.folder, beyondTheLast), cx.words)
    const found = asNumbers(cx, await matching(cx, key))
    if (returns === null && !cx.dialect.rev2) {
      await writeFound(cx, found)
      return undefined
    }
    const w = cx.out
    w.raw('* ESEARCH (TAG ')
      .string(cx.tag)
      .raw(cx.byUid ? ') UID' : ')')
    const wanted = returns === null || returns.length === 0 ? [{ name: 'ALL', args: null }] : returns
    for (const { name, args } of wanted) cx.words.searchReturn(name)?.write(w, { found }, args)
    w.end()
    return undefined
  },
}

/** The criteria as handlers see them: UIDs for numbers, nothing of the session left. */
function compile(term: SearchTerm, scope: SearchScope, words: Words): SearchKey {
  switch (term.term) {
    case 'and':
      return { key: 'and', keys: term.of.map(each => compile(each, scope, words)) }
    case 'or':
      return { key: 'or', keys: term.of.map(each => compile(each, scope, words)) }
    case 'not':
      return { key: 'not', of: compile(term.of, scope, words) }
    case 'sequence':
      return { key: 'uid', ranges: scope.sequences(term.set) }
    case 'key':
      return words.searchKey(term.key.name)!.compile(term.key.args, scope)
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

/** UIDs, or their sequence numbers. */
function asNumbers(cx: CommandContext, uids: FlatRanges): FlatRanges {
  if (cx.byUid) return uids
  const out: FlatRanges = []
  const { view } = cx.folder
  for (let i = 0; i < uids.length; i += 2) {
    const first = view.sequenceOf(uids[i]!)
    addRange(out, first, first + uids[i + 1]! - uids[i]! - 1)
  }
  return out
}

// "SEARCH" *(SP nz-number)
async function writeFound(cx: CommandContext, found: FlatRanges): Promise<void> {
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
  cx.out.end()
}
