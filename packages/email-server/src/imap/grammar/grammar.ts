// A production of the grammar: how it is read, how it is written, and examples, together under its ABNF. A server reads
// commands with `read` and writes responses with `write`; a client the other way round.
import type { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'

/** Named items whose set extensions widen: what follows a name is read and written by its own grammar. */
export interface Term {
  readonly name: string
  /** Absent: nothing follows the name. */
  readonly args?: Grammar<unknown>
}

/** The items that may be named in the session at hand; the registry's open ones. */
export interface Vocabulary {
  fetchItem(name: string): Term | undefined
  searchKey(name: string): Term | undefined
  statusItem(name: string): Term | undefined
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

/** Nothing. */
export const nothing: Grammar<null> = {
  read: () => null,
  write: () => {},
  samples: [null],
}
