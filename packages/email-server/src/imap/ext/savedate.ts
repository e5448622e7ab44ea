// SAVEDATE (RFC 8514): when a message was put into the folder that it is in.
import { type SearchKey, timeOf } from '../../mailbox/index.ts'
import { writeInternalDate } from '../../text/index.ts'
import type { Extension, FetchItem, SearchKeySpec } from '../extension.ts'
import { NEEDS_META } from '../fetched.ts'
import { date } from '../grammar/date-time.ts'

const RFC = '8514 §4.3'

const item: FetchItem = {
  name: 'SAVEDATE',
  rfc: '8514 §4.2',
  needs: () => NEEDS_META,
  write(w, { meta }) {
    const saved = meta!.saveDate
    w.raw(
      saved === null || saved === undefined
        ? 'SAVEDATE NIL'
        : `SAVEDATE "${writeInternalDate(timeOf(saved))}"`,
    )
  },
}

function saved(name: string, is: 'before' | 'on' | 'since'): SearchKeySpec<number> {
  return { name, rfc: RFC, args: date, compile: day => ({ key: 'date', of: 'saved', is, day }) }
}

export const savedate: Extension = {
  name: 'SAVEDATE',
  rfc: '8514',
  gate: { kind: 'supplies', items: ['saveDate'] },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['SAVEDATE']),
  fetchItems: [item],
  searchKeys: [
    saved('SAVEDBEFORE', 'before'),
    saved('SAVEDON', 'on'),
    saved('SAVEDSINCE', 'since'),
    { name: 'SAVEDATESUPPORTED', rfc: RFC, compile: (): SearchKey => ({ key: 'all' }) },
  ] as readonly SearchKeySpec[],
}
