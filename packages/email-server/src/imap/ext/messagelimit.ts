// MESSAGELIMIT and SAVELIMIT (RFC 9738): how many messages one command may look at. `limits.imapMessageLimit` and `limits.imapSaveLimit`
// switch them on; the commands ask message-limit.ts.
import { NO_MESSAGE_LIMIT } from '../../base/limits.ts'
import type { Extension, SearchKeySpec } from '../extension.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { isLimited } from '../message-limit.ts'

const RFC = '9738 §3.2'

const uid: Grammar<number> = {
  read: r => r.nzNumber(),
  write: (w, value) => w.number(value),
  samples: [1, 25000, NO_MESSAGE_LIMIT],
}

// greater or less, and nothing else: `n:*` would be the last message even when its UID is below n
const after: SearchKeySpec<number> = {
  name: 'UIDAFTER',
  rfc: RFC,
  args: uid,
  compile: from => ({ key: 'uid', ranges: [[from + 1, Number.POSITIVE_INFINITY]] }),
}

const before: SearchKeySpec<number> = {
  name: 'UIDBEFORE',
  rfc: RFC,
  args: uid,
  compile: to => ({ key: 'uid', ranges: to === 1 ? [] : [[1, to - 1]] }),
}

export const messagelimit: Extension = {
  name: 'MESSAGELIMIT',
  rfc: '9738',
  gate: { kind: 'limits', names: ['imapMessageLimit', 'imapSaveLimit'] },
  capabilities({ state, limits }) {
    if (state === 'notAuthenticated') return []
    return [
      isLimited(limits, 'imapMessageLimit')
        ? `MESSAGELIMIT=${limits.imapMessageLimit}`
        : `SAVELIMIT=${limits.imapSaveLimit}`,
    ]
  },
  searchKeys: [after, before] as readonly SearchKeySpec[],
}
