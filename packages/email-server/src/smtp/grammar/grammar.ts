// What a production of the grammar is: reader, writer and samples together, so that one test can prove that they are
// each other's inverse.

export interface Grammar<T> {
  /** The production's name and where it is defined, e.g. `xtext (RFC 3461 §4)`. */
  readonly name: string
  /** Reads the whole text. Throws `PeerSyntaxError`, and nothing else. */
  read(text: string): T
  /** Throws `EUSAGE` for a value that the production cannot carry. */
  write(value: T): string
  readonly samples: readonly T[]
}
