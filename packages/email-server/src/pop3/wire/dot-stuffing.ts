// RFC 1939 §3: a multi-line response. Lines that begin with "." get another one, and ".CRLF" ends it all. What a POP3
// client sees are lines that end in CRLF, so that a bare LF of a stored message becomes one: a client that takes bare LF
// for a line end could otherwise be shown a false end of the message.
import { CR, CRLF, fromLatin1, LF } from '../../base/bytes.ts'

const DOT = 46
const ONE_DOT: Uint8Array = Uint8Array.of(DOT)
const END: Uint8Array = fromLatin1('.\r\n')
const LINE_AND_END: Uint8Array = fromLatin1('\r\n.\r\n')

export class DotStuffer {
  readonly #write: (piece: Uint8Array) => void
  #last = LF

  constructor(write: (piece: Uint8Array) => void) {
    this.#write = write
  }

  /** Writes the chunk in as few pieces as can be; nothing is copied. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    let from = 0
    if (this.#last === LF && chunk[0] === DOT) this.#write(ONE_DOT)
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, at + 1)) {
      if ((at > 0 ? chunk[at - 1] : this.#last) !== CR) {
        if (at > from) this.#write(chunk.subarray(from, at))
        this.#write(CRLF)
        from = at + 1
      }
      if (chunk[at + 1] === DOT) {
        if (at + 1 > from) this.#write(chunk.subarray(from, at + 1))
        this.#write(ONE_DOT)
        from = at + 1
      }
    }
    if (from < chunk.length) this.#write(from === 0 ? chunk : chunk.subarray(from))
    this.#last = chunk[chunk.length - 1]!
  }

  /** Ends the last line if it has no end, then the response. */
  end(): void {
    this.#write(this.#last === LF ? END : LINE_AND_END)
  }
}
