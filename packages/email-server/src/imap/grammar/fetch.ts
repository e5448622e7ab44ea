// The arguments of FETCH (RFC 3501 §6.4.5, §9). Which items there are is said by the registry.

import type { Reader } from '../wire/reader.ts'
import { type Grammar, type Named, parenthesized, type Vocabulary } from './grammar.ts'
import { formatSet, type SequenceSet, sequenceSet } from './sequence-set.ts'

export interface FetchRequest {
  readonly set: SequenceSet
  readonly items: readonly Named[]
  readonly modifiers: readonly Named[]
}

/** Macros (RFC 3501 §6.4.5): a whole list by one name. */
const MACROS: ReadonlyMap<string, readonly string[]> = new Map([
  ['FAST', ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE']],
  ['ALL', ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE']],
  ['FULL', ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE', 'BODY']],
])

const modifiers = parenthesized((words, name) => words.fetchModifier(name))

// fetch = "FETCH" SP sequence-set SP ("ALL" / "FULL" / "FAST" / fetch-att / "(" fetch-att *(SP fetch-att) ")")
//         [SP "(" fetch-modifier *(SP fetch-modifier) ")"]
/** What follows FETCH, its space included. */
export const fetch: Grammar<FetchRequest> = {
  read(r, words) {
    const set = sequenceSet.read(r.sp(), words)
    const items = readItems(r.sp(), words)
    return { set, items, modifiers: modifiers.read(r, words) }
  },
  write(w, { set, items, modifiers: chosen }, words) {
    fetchAttributes.write(w.raw(` ${formatSet(set)} `), items, words)
    modifiers.write(w, chosen, words)
  },
  samples: [
    { set: [[1, 1]], items: [{ name: 'FLAGS', args: null }], modifiers: [] },
    {
      set: [[2, 4]],
      items: [
        { name: 'UID', args: null },
        { name: 'ENVELOPE', args: null },
        { name: 'BODY', args: null },
      ],
      modifiers: [{ name: 'CHANGEDSINCE', args: 12345 }],
    },
  ],
}

function readItems(r: Reader, words: Vocabulary): readonly Named[] {
  if (r.peek() !== 0x28) {
    for (const [macro, names] of MACROS) {
      if (r.tryKeyword(macro)) return names.map(name => ({ name, args: null }))
    }
    return [readItem(r, words)]
  }
  return fetchAttributes.read(r, words)
}

// "(" fetch-att *(SP fetch-att) ")"
export const fetchAttributes: Grammar<readonly Named[]> = {
  read(r, words) {
    const items: Named[] = []
    r.open()
    do {
      items.push(readItem(r, words))
      if (items.length > r.limits.imapFetchItems) r.fail('fewer items')
    } while (r.try(' '))
    r.close()
    return items
  },
  write(w, items, words) {
    w.list(items, ({ name, args }) => {
      w.raw(name)
      words.fetchItem(name)?.args?.write(w, args, words)
    })
  },
  samples: [[{ name: 'UID', args: null }]],
}

// fetch-att = "ENVELOPE" / … / "BODY" section ["<" number "." nz-number ">"] / …
function readItem(r: Reader, words: Vocabulary): Named {
  let name = r.name()
  if (r.try('[')) name += '['
  const term = words.fetchItem(name)
  if (!term) return r.fail('a known data item')
  return { name, args: term.args ? term.args.read(r, words) : null }
}
