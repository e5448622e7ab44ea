// PARTIAL (RFC 9394): a page of what SEARCH, SORT or UID FETCH would give.
import { PeerSyntaxError } from '../../base/errors.ts'
import { closedRanges, countOf, sliceOf } from '../../base/ranges.ts'
import { inOrder } from '../commands/placed.ts'
import type { Extension, FetchModifier, SearchReturn } from '../extension.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { formatSet } from '../grammar/sequence-set.ts'

/** Places in the result, from 1; from the end when negative. */
interface Page {
  readonly from: number
  readonly to: number
}

// partial-range = partial-range-first / partial-range-last
// partial-range-first = nz-number ":" nz-number        partial-range-last = MINUS nz-number ":" MINUS nz-number
const page: Grammar<Page> = {
  read(r) {
    const backwards = r.try('-')
    const a = r.nzNumber()
    r.expect(':')
    if (backwards) r.expect('-')
    const b = r.nzNumber()
    return backwards ? { from: -a, to: -b } : { from: a, to: b }
  },
  write: (w, { from, to }) => w.raw(`${from}:${to}`),
  samples: [
    { from: 1, to: 500 },
    { from: -1, to: -100 },
  ],
}

/** The half-open run of places, from 0, among so many. */
function placesOf({ from, to }: Page, count: number): readonly [start: number, end: number] {
  const [low, high] = [Math.min(Math.abs(from), Math.abs(to)), Math.max(Math.abs(from), Math.abs(to))]
  return from > 0
    ? [Math.min(low - 1, count), Math.min(high, count)]
    : [Math.max(0, count - high), Math.max(0, count - low + 1)]
}

const option: SearchReturn<Page> = {
  name: 'PARTIAL',
  rfc: '9394 §3.1',
  args: page,
  excludes: ['ALL', 'PARTIAL'],
  select: (count, args) => placesOf(args, count),
  // "PARTIAL" SP "(" partial-range SP partial-results ")"        partial-results = sequence-set / "NIL"
  write(w, { found, order }, args) {
    const [start, end] = placesOf(args, order ? order.length : countOf(found))
    const set = order ? inOrder(order.slice(start, end)) : formatSet(closedRanges(sliceOf(found, start, end)))
    w.raw(` PARTIAL (${args.from}:${args.to} ${set === '' ? 'NIL' : set})`)
  },
}

const modifier: FetchModifier<Page> = {
  name: 'PARTIAL',
  rfc: '9394 §3.3',
  args: page,
  apply(cx, args, fetching) {
    if (!cx.byUid) throw new PeerSyntaxError('PARTIAL belongs to UID FETCH')
    // a page that is too large is no page at all (RFC 9738 §3.1)
    const limit = cx.limits.imapMessageLimit
    if (Math.abs(args.to - args.from) >= limit) {
      return {
        status: 'NO',
        code: `MESSAGELIMIT ${limit}`,
        text: `A page has ${limit} messages at most`,
      }
    }
    fetching.uids = sliceOf(fetching.uids, ...placesOf(args, countOf(fetching.uids)))
    return undefined
  },
}

export const partial: Extension = {
  name: 'PARTIAL',
  rfc: '9394',
  gate: { kind: 'free' },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['PARTIAL']),
  searchReturns: [option as SearchReturn],
  fetchModifiers: [modifier],
}
