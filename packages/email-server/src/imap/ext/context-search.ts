// CONTEXT=SEARCH (RFC 5267 §4): a search whose results are kept up to date, with what RFC 5465 §7 adds. PARTIAL is in ext/partial.ts.
// A sorted result is not kept up to date: CONTEXT=SORT is not advertised.
import { PeerSyntaxError } from '../../base/errors.ts'
import type { CommandSpec, Extension, SearchReturn } from '../extension.ts'
import { fetchAttributes } from '../grammar/fetch.ts'
import type { Grammar, Named } from '../grammar/grammar.ts'

const MOST_CONTEXTS = 16

// modifier-update = "UPDATE" ["(" fetch-att *(SP fetch-att) ")"]                   ; in its examples with a space before them
const update: SearchReturn<readonly Named[] | null> = {
  name: 'UPDATE',
  rfc: '5267 §4.3',
  args: fetchAttributes as Grammar<readonly Named[] | null>,
  optional: true,
  check(cx) {
    if (cx.folder.contexts.some(({ tag }) => tag === cx.tag)) throw new PeerSyntaxError('that tag is in use')
  },
  after(cx, { uids, order }, criteria, items) {
    const { folder } = cx
    if (order !== null || folder.contexts.length >= MOST_CONTEXTS) {
      cx.untagged('NO', 'This search is not kept up to date', `NOUPDATE "${cx.tag}"`)
      return
    }
    const context = { tag: cx.tag, byUid: cx.byUid, criteria, items: items ?? [], results: uids }
    folder.contexts = [...folder.contexts, context]
    folder.news.keepsTouched = true
  },
}

// command-select =/ "CANCELUPDATE" 1*(SP quoted)
const tags: Grammar<readonly string[]> = {
  read(r) {
    const out: string[] = []
    do {
      out.push(r.sp().string())
      if (out.length > MOST_CONTEXTS) r.fail('fewer tags')
    } while (r.peek() === 0x20)
    return out
  },
  write(w, named) {
    for (const tag of named) w.raw(' ').string(tag)
  },
  samples: [['B01'], ['a', 'b']],
}

const cancel: CommandSpec<readonly string[]> = {
  name: 'CANCELUPDATE',
  rfc: '5267 §4.3.5',
  states: ['selected'],
  mayExpunge: true,
  literals: 'small',
  args: tags,
  run(cx, named) {
    const { folder } = cx
    const known = folder.contexts.map(({ tag }) => tag)
    if (!named.every(tag => known.includes(tag)))
      throw new PeerSyntaxError('no search of that tag is kept up to date')
    folder.contexts = folder.contexts.filter(({ tag }) => !named.includes(tag))
    folder.news.keepsTouched = folder.contexts.length > 0
    return undefined
  },
}

export const contextSearch: Extension = {
  name: 'CONTEXT=SEARCH',
  rfc: '5267',
  gate: { kind: 'free' },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['CONTEXT=SEARCH']),
  // CONTEXT is a hint that the search will come again: nothing is kept for it
  searchReturns: [update as SearchReturn, { name: 'CONTEXT', rfc: '5267 §4.2' }],
  commands: [cancel] as readonly CommandSpec[],
}
