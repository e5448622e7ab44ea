// ESEARCH (RFC 4731): SEARCH says how many, the first, the last, or all as a set. With ESORT (RFC 5267 §3.1) SORT does too: the first
// and the last are those of its order.
import { closedRanges, countOf } from '../../base/ranges.ts'
import { inOrder } from '../commands/placed.ts'
import type { Extension, SearchReturn } from '../extension.ts'
import { formatSet } from '../grammar/sequence-set.ts'

const RFC = '4731 §3.1'

// MIN, MAX and ALL are left out when nothing was found; COUNT never is
const RETURNS: readonly SearchReturn[] = [
  {
    name: 'MIN',
    rfc: RFC,
    write(w, { found, order }) {
      if (found.length > 0) w.raw(` MIN ${order ? order[0] : found[0]}`)
    },
  },
  {
    name: 'MAX',
    rfc: RFC,
    write(w, { found, order }) {
      if (found.length > 0) w.raw(` MAX ${order ? order.at(-1) : found.at(-1)! - 1}`)
    },
  },
  {
    name: 'ALL',
    rfc: RFC,
    excludes: ['ALL'],
    write(w, { found, order }) {
      if (found.length > 0) w.raw(` ALL ${order ? inOrder(order) : formatSet(closedRanges(found))}`)
    },
  },
  { name: 'COUNT', rfc: RFC, write: (w, { found }) => void w.raw(` COUNT ${countOf(found)}`) },
]

export const esearch: Extension = {
  name: 'ESEARCH',
  rfc: '4731',
  gate: { kind: 'free' },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['ESEARCH']),
  searchReturns: RETURNS,
}
