// WITHIN (RFC 5032): SEARCH by age in seconds.

import type { Extension, SearchKeySpec } from '../extension.ts'
import type { Grammar } from '../grammar/grammar.ts'

const RFC = '5032 §3'

// search-key =/ ("OLDER" / "YOUNGER") SP nz-number
const interval: Grammar<number> = {
  read: r => r.nzNumber(),
  write: (w, seconds) => w.number(seconds),
  samples: [1, 259200],
}

function age(name: string, is: 'older' | 'younger'): SearchKeySpec<number> {
  return { name, rfc: RFC, args: interval, compile: seconds => ({ key: 'age', is, seconds }) }
}

export const within: Extension = {
  name: 'WITHIN',
  rfc: '5032',
  gate: { kind: 'free' },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['WITHIN']),
  searchKeys: [age('OLDER', 'older'), age('YOUNGER', 'younger')] as readonly SearchKeySpec[],
}
