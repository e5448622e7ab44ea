// SORT (RFC 5256) with SORT=DISPLAY (RFC 5957) and ESORT (RFC 5267 §3), when the backend can.
import { rangesOf } from '../../base/ranges.ts'
import { badAnswer, type SortKey, uidsInQuestion, visitIds } from '../../mailbox/index.ts'
import { answerFound, charsetRefusal, checkReturns, criteriaOf } from '../commands/searching.ts'
import type { CommandContext } from '../context.ts'
import type { CommandSpec, Extension } from '../extension.ts'
import type { Grammar, Named } from '../grammar/grammar.ts'
import { type SearchTerm, searchKeys, searchReturns } from '../grammar/search.ts'
import { tooManyToOrder } from '../message-limit.ts'

interface SortArgs {
  readonly returns: readonly Named[] | null
  readonly keys: readonly SortKey[]
  readonly charset: string
  readonly criteria: SearchTerm
}

const MOST_KEYS = 32

const KEYS: ReadonlyMap<string, SortKey['by']> = new Map([
  ['ARRIVAL', 'arrival'],
  ['CC', 'cc'],
  ['DATE', 'date'],
  ['FROM', 'from'],
  ['SIZE', 'size'],
  ['SUBJECT', 'subject'],
  ['TO', 'to'],
  ['DISPLAYFROM', 'displayFrom'],
  ['DISPLAYTO', 'displayTo'],
])
const WORDS: ReadonlyMap<SortKey['by'], string> = new Map([...KEYS].map(([word, by]) => [by, word]))

// sort-criteria = "(" sort-criterion *(SP sort-criterion) ")"        sort-criterion = ["REVERSE" SP] sort-key
// sort-key = "ARRIVAL" / "CC" / "DATE" / "FROM" / "SIZE" / "SUBJECT" / "TO" / "DISPLAYFROM" / "DISPLAYTO"
const sortCriteria: Grammar<readonly SortKey[]> = {
  read(r) {
    const keys: SortKey[] = []
    r.open()
    do {
      let word = r.keyword()
      const reverse = word === 'REVERSE'
      if (reverse) word = r.sp().keyword()
      const by = KEYS.get(word)
      if (!by) return r.fail('a known sort key')
      keys.push({ by, reverse })
      if (keys.length > MOST_KEYS) r.fail('fewer sort keys')
    } while (r.try(' '))
    r.close()
    return keys
  },
  write(w, keys) {
    w.list(keys, ({ by, reverse }) => w.raw(`${reverse ? 'REVERSE ' : ''}${WORDS.get(by)!}`))
  },
  samples: [[{ by: 'subject', reverse: false }]],
}

// sort = ["UID" SP] "SORT" [SP search-return-opts] SP sort-criteria SP search-criteria      search-criteria = charset 1*(SP search-key)
const args: Grammar<SortArgs> = {
  read(r, words) {
    const returns = searchReturns.read(r.sp(), words)
    const keys = sortCriteria.read(r, words)
    const charset = r.sp().astring()
    return { returns, keys, charset, criteria: searchKeys.read(r.sp(), words) }
  },
  write(w, { returns, keys, charset, criteria }, words) {
    searchReturns.write(w.raw(' '), returns, words)
    sortCriteria.write(w, keys, words)
    searchKeys.write(w.raw(' ').astring(charset).raw(' '), criteria, words)
  },
  samples: [
    {
      returns: null,
      keys: [
        { by: 'subject', reverse: false },
        { by: 'date', reverse: true },
      ],
      charset: 'UTF-8',
      criteria: { term: 'key', key: { name: 'ALL', args: null } },
    },
    {
      returns: [{ name: 'COUNT', args: null }],
      keys: [{ by: 'displayFrom', reverse: true }],
      charset: 'US-ASCII',
      criteria: { term: 'sequence', set: [[1, 4]] },
    },
  ],
}

const command: CommandSpec<SortArgs> = {
  name: 'SORT',
  rfc: '5256 §3',
  states: ['selected'],
  uid: true,
  usesSequenceNumbers: true,
  mayExpunge: false,
  literals: 'small',
  args,
  async run(cx, { returns, keys, charset, criteria }) {
    checkReturns(cx, returns)
    const key = criteriaOf(cx, criteria)
    if (returns?.some(({ name }) => cx.words.searchReturn(name)?.saves)) cx.folder.saved = []
    const refusal = charsetRefusal(cx, charset)
    if (refusal) return refusal
    const tooMany = tooManyToOrder(cx, uidsInQuestion(key, cx.folder.view.all()))
    if (tooMany) return tooMany
    const answer: unknown = await cx.mailbox.ask('sort', [keys, key], {})
    const order = inView(cx, answer)
    await answerFound(cx, 'SORT', { uids: rangesOf([...order].sort((a, b) => a - b)), order }, key, returns)
    return undefined
  },
}

/** The UIDs in view, each once, in the order of the answer. */
function inView(cx: CommandContext, answer: unknown): readonly number[] {
  const order = new Set<number>()
  visitIds('sort', answer, uid => {
    if (order.has(uid)) throw badAnswer('sort', 'each message once', uid)
    if (cx.folder.view.sequenceOf(uid) > 0) order.add(uid)
  })
  return [...order]
}

export const sort: Extension = {
  name: 'SORT',
  rfc: '5256',
  gate: { kind: 'handlers', names: ['sort'] },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['SORT', 'SORT=DISPLAY', 'ESORT']),
  commands: [command],
}
