// A production of the grammar: how it is read, how it is written, and examples, together under its ABNF. A server reads
// commands with `read` and writes responses with `write`; a client the other way round.
import type { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'

/** Named items whose set extensions widen: what follows a name is read and written by its own grammar. */
export interface Term {
  readonly name: string
  /** Absent: nothing follows the name. */
  readonly args?: Grammar<unknown>
  /** They begin with a parenthesis, and may be left out: then they are null. */
  readonly optional?: true
}

/** The items that may be named in the session at hand; the registry's open ones. */
export interface Vocabulary {
  fetchItem(name: string): Term | undefined
  searchKey(name: string): Term | undefined
  statusItem(name: string): Term | undefined
  selectParam(name: string): Term | undefined
  fetchModifier(name: string): Term | undefined
  storeModifier(name: string): Term | undefined
  appendItem(name: string): Term | undefined
  searchReturn(name: string): Term | undefined
  listSelection(name: string): Term | undefined
  listReturn(name: string): Term | undefined
}

export interface Grammar<T> {
  read(r: Reader, words: Vocabulary): T
  write(w: Writer, value: T, words: Vocabulary): void
  /** Values that the tests write, read back, and cut. */
  readonly samples: readonly T[]
}

/** A term and its arguments; `args` is undefined when it takes none. */
export interface Named {
  readonly name: string
  readonly args: unknown
}

/**
 * `SP "(" name [SP args] *(SP name [SP args]) ")"`, each name once (RFC 4466 §2): what SELECT, FETCH and STORE take besides their
 * arguments. Nothing at all is an empty list.
 */
export function parenthesized(
  look: (words: Vocabulary, name: string) => Term | undefined,
): Grammar<readonly Named[]> {
  return {
    read(r, words) {
      const named: Named[] = []
      if (r.peek() !== 0x20) return named
      r.sp().open()
      do {
        const name = r.name()
        const term = look(words, name) ?? r.fail('a known modifier')
        if (named.some(each => each.name === name)) r.fail('each modifier once')
        named.push({ name, args: term.args ? term.args.read(r.sp(), words) : null })
      } while (r.try(' '))
      r.close()
      return named
    },
    write(w, named, words) {
      if (named.length === 0) return
      w.raw(' ').list(named, ({ name, args }) => {
        const grammar = look(words, name)?.args
        w.raw(name)
        if (grammar) grammar.write(w.raw(' '), args, words)
      })
    },
    samples: [[]],
  }
}

/** Nothing. */
export const nothing: Grammar<null> = {
  read: () => null,
  write: () => {},
  samples: [null],
}
