// The criteria of SEARCH (RFC 3501 §6.4.4, §9; RETURN of RFC 4466 §2.6.1). Which keys there are, and what follows them,
// is said by the registry; here is how they are put together.
import type { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'
import type { Grammar, Named, Vocabulary } from './grammar.ts'
import { formatSet, type SequenceSet, sequenceSet } from './sequence-set.ts'

export type SearchTerm =
  | { readonly term: 'and'; readonly of: readonly SearchTerm[] }
  | { readonly term: 'or'; readonly of: readonly [SearchTerm, SearchTerm] }
  | { readonly term: 'not'; readonly of: SearchTerm }
  | { readonly term: 'sequence'; readonly set: SequenceSet }
  | { readonly term: 'key'; readonly key: Named }

export interface SearchRequest {
  /** Result options; null when there was no RETURN. */
  readonly returns: readonly Named[] | null
  /** As the client called it; null when it did not say. */
  readonly charset: string | null
  readonly criteria: SearchTerm
}

// search = "SEARCH" [SP search-return-opts] [SP "CHARSET" SP astring] 1*(SP search-key)
/** What follows SEARCH, its space included. */
export const search: Grammar<SearchRequest> = {
  read(r, words) {
    const returns = searchReturns.read(r.sp(), words)
    let charset: string | null = null
    if (r.tryKeyword('CHARSET')) {
      charset = r.sp().astring()
      r.sp()
    }
    return { returns, charset, criteria: searchKeys.read(r, words) }
  },
  write(w, { returns, charset, criteria }, words) {
    searchReturns.write(w.raw(' '), returns, words)
    if (charset !== null) w.raw('CHARSET ').astring(charset).raw(' ')
    searchKeys.write(w, criteria, words)
  },
  samples: [
    { returns: null, charset: null, criteria: { term: 'sequence', set: [[1, 5]] } },
    { returns: [], charset: 'UTF-8', criteria: key('ALL') },
    {
      returns: null,
      charset: null,
      criteria: {
        term: 'and',
        of: [
          key('SEEN'),
          { term: 'not', of: { term: 'or', of: [key('DRAFT'), { term: 'not', of: key('FLAGGED') }] } },
          { term: 'and', of: [key('DELETED'), { term: 'sequence', set: [[2, 2]] }] },
        ],
      },
    },
  ],
}

function key(name: string): SearchTerm {
  return { term: 'key', key: { name, args: null } }
}

/** The keys up to the end of the command: 1*(SP search-key) without the first space. */
export const searchKeys: Grammar<SearchTerm> = {
  read(r, words) {
    const criteria = readKeys(r, words, { left: r.limits.imapSearchKeys })
    r.end()
    return criteria
  },
  write(w, criteria, words) {
    if (criteria.term === 'and') writeAll(w, criteria.of, words)
    else writeTerm(w, criteria, words)
  },
  samples: [key('ALL')],
}

/** `RETURN (…) ` with the space behind it; null: there is none. */
export const searchReturns: Grammar<readonly Named[] | null> = {
  read(r, words) {
    if (!r.tryKeyword('RETURN')) return null
    const returns = readReturns(r, words)
    r.sp()
    return returns
  },
  write(w, returns, words) {
    if (!returns) return
    w.raw('RETURN ')
      .list(returns, ({ name, args }) => {
        w.raw(name)
        if (args !== null) writeArgs(w, words.searchReturn(name)?.args, args, words)
      })
      .raw(' ')
  },
  samples: [],
}

// search-return-opts = "RETURN" SP "(" [search-return-opt *(SP search-return-opt)] ")"
function readReturns(r: Reader, words: Vocabulary): readonly Named[] {
  const returns: Named[] = []
  r.sp().open()
  if (r.peek() !== 0x29) {
    do {
      const name = r.name()
      const term = words.searchReturn(name)
      if (!term) return r.fail('a known result option')
      const given = term.args && (!term.optional || r.follows(' ('))
      returns.push({ name, args: given ? term.args.read(r.sp(), words) : null })
    } while (r.try(' '))
  }
  r.close()
  return returns
}

interface Budget {
  left: number
}

function readKeys(r: Reader, words: Vocabulary, budget: Budget): SearchTerm {
  const first = readKey(r, words, budget)
  if (!r.try(' ')) return first
  const of = [first]
  do of.push(readKey(r, words, budget))
  while (r.try(' '))
  return { term: 'and', of }
}

// search-key = … / "NOT" SP search-key / "OR" SP search-key SP search-key / sequence-set /
//              "(" search-key *(SP search-key) ")"
function readKey(r: Reader, words: Vocabulary, budget: Budget): SearchTerm {
  if (--budget.left < 0) r.fail('fewer search keys')
  const next = r.peek()
  if (next === 0x28) {
    r.open()
    const inner = readKeys(r, words, budget)
    r.close()
    return inner.term === 'and' ? inner : { term: 'and', of: [inner] }
  }
  if (next === 0x2a || next === 0x24 || (next >= 0x31 && next <= 0x39)) {
    return { term: 'sequence', set: sequenceSet.read(r, words) }
  }
  const name = r.name()
  if (name === 'NOT') {
    r.sp().deeper()
    const of = readKey(r, words, budget)
    r.shallower()
    return { term: 'not', of }
  }
  if (name === 'OR') {
    r.sp().deeper()
    const left = readKey(r, words, budget)
    const right = readKey(r.sp(), words, budget)
    r.shallower()
    return { term: 'or', of: [left, right] }
  }
  const term = words.searchKey(name)
  if (!term) return r.fail('a known search key')
  return { term: 'key', key: { name, args: term.args ? term.args.read(r.sp(), words) : null } }
}

function writeAll(w: Writer, terms: readonly SearchTerm[], words: Vocabulary): void {
  terms.forEach((term, i) => {
    if (i > 0) w.raw(' ')
    writeTerm(w, term, words)
  })
}

function writeTerm(w: Writer, term: SearchTerm, words: Vocabulary): void {
  switch (term.term) {
    case 'and':
      w.raw('(')
      writeAll(w, term.of, words)
      w.raw(')')
      break
    case 'or':
      w.raw('OR ')
      writeAll(w, term.of, words)
      break
    case 'not':
      w.raw('NOT ')
      writeTerm(w, term.of, words)
      break
    case 'sequence':
      w.raw(formatSet(term.set))
      break
    case 'key':
      w.raw(term.key.name)
      writeArgs(w, words.searchKey(term.key.name)?.args, term.key.args, words)
      break
  }
}

function writeArgs(w: Writer, args: Grammar<unknown> | undefined, value: unknown, words: Vocabulary): void {
  if (args) args.write(w.raw(' '), value, words)
}
