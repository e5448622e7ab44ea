// CONDSTORE (RFC 7162 §3.1): every message has a mod-sequence that rises with each change, so that a client asks for what has
// changed, and changes only what has not.
import { switchOn } from '../commands/messages.ts'
import type {
  Extension,
  FetchItem,
  FetchModifier,
  SearchKeySpec,
  SelectParam,
  StatusItemSpec,
  StoreModifier,
} from '../extension.ts'
import { NEEDS_META } from '../fetched.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { modSequence, modSequenceOrZero } from '../grammar/mod-sequence.ts'

const ON = { modseq: true } as const

const item: FetchItem = {
  name: 'MODSEQ',
  rfc: '7162 §3.1.4.2',
  enables: ON,
  needs: () => NEEDS_META,
  write: (w, message) => void w.raw(`MODSEQ (${message.modseq})`),
}

const changedSince: FetchModifier<number> = {
  name: 'CHANGEDSINCE',
  rfc: '7162 §3.1.4.1',
  args: modSequence,
  apply(_cx, modseq, fetching) {
    fetching.changedSince = modseq
    // its naming is what switches mod-sequences on
    fetching.added.push('MODSEQ')
    return undefined
  },
}

const unchangedSince: StoreModifier<number> = {
  name: 'UNCHANGEDSINCE',
  rfc: '7162 §3.1.3',
  args: modSequenceOrZero,
  apply(cx, modseq) {
    switchOn(cx, ON)
    return { unchangedSince: modseq }
  },
}

// search-modsequence = "MODSEQ" [search-modseq-ext] SP mod-sequence-valzer
// search-modseq-ext = SP entry-name SP entry-type-req          entry-type-req = "priv" / "shared" / "all"
// There is one mod-sequence for all of a message: the entry changes nothing (RFC 7162 §3.1.5).
const since: Grammar<number> = {
  read(r, words) {
    if (r.peek() === 0x22) {
      r.string()
      const type = r.sp().keyword()
      if (type !== 'PRIV' && type !== 'SHARED' && type !== 'ALL') r.fail('priv, shared or all')
      r.sp()
    }
    return modSequenceOrZero.read(r, words)
  },
  write: modSequenceOrZero.write,
  samples: modSequenceOrZero.samples,
}

const key: SearchKeySpec<number> = {
  name: 'MODSEQ',
  rfc: '7162 §3.1.5',
  args: since,
  enables: ON,
  compile: atLeast => ({ key: 'modseq', atLeast }),
}

const status: StatusItemSpec = {
  name: 'HIGHESTMODSEQ',
  rfc: '7162 §3.1.7',
  item: 'highestModseq',
  enables: ON,
  write: (w, { highestModseq = 0 }) => void w.number(highestModseq),
}

const param: SelectParam = {
  name: 'CONDSTORE',
  rfc: '7162 §3.1.8',
  before: cx => cx.enable(ON),
}

export const condstore: Extension = {
  name: 'CONDSTORE',
  rfc: '7162',
  gate: { kind: 'supplies', items: ['modseq'] },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['CONDSTORE']),
  enables: ON,
  selectParams: [param],
  fetchItems: [item],
  fetchModifiers: [changedSince],
  storeModifiers: [unchangedSince],
  searchKeys: [key],
  statusItems: [status],
}
