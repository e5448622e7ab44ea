// RFC 1939 §3: a multi-line response. Lines that begin with "." get another one, and ".CRLF" ends it all. What a POP3
// client sees are lines that end in CRLF, so that a bare LF of a stored message becomes one: a client that takes bare LF
// for a line end could otherwise be shown a false end of the message.
import { CR, CRLF, fromLatin1, indexOf, LF } from '../../base/bytes.ts'

const DOT = 46
const ONE_DOT: Uint8Array = Uint8Array.of(DOT)
const END: Uint8Array = fromLatin1('.\r\n')
const LINE_AND_END: Uint8Array = fromLatin1('\r\n.\r\n')

/** Changes in one chunk up to which it is written in pieces, none of them copied. */
const FEW_CHANGES = 32

export class DotStuffer {
  readonly #write: (piece: Uint8Array) => void
  #last = LF

  constructor(write: (piece: Uint8Array) => void) {
    this.#write = write
  }

  /** Writes the chunk in as few pieces as can be: mail as it usually is goes through uncopied. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    let from = 0
    let changes = 0
    if (this.#last === LF && chunk[0] === DOT) this.#write(ONE_DOT)
    for (let at = indexOf(chunk, LF); at >= 0; at = indexOf(chunk, LF, at + 1)) {
      const bare = (at > 0 ? chunk[at - 1] : this.#last) !== CR
      const dot = chunk[at + 1] === DOT
      if (!bare && !dot) continue
      if (changes++ === FEW_CHANGES) {
        this.#write(this.#changed(chunk, from))
        from = chunk.length
        break
      }
      const end = bare ? at : at + 1
      if (end > from) this.#write(chunk.subarray(from, end))
      if (bare) this.#write(CRLF)
      if (dot) this.#write(ONE_DOT)
      from = at + 1
    }
    if (from < chunk.length) this.#write(from === 0 ? chunk : chunk.subarray(from))
    this.#last = chunk[chunk.length - 1]!
  }

  /** The rest of the chunk, byte by byte: text of very short or odd lines would go into too many pieces. */
  #changed(chunk: Uint8Array, from: number): Uint8Array {
    // no byte becomes more than two
    const out = Buffer.allocUnsafe(2 * (chunk.length - from))
    let length = 0
    let last = from > 0 ? chunk[from - 1] : this.#last
    // a dot at `from` has been seen to
    let lineStart = false
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at]!
      if (byte === DOT && lineStart) out[length++] = DOT
      if (byte === LF && last !== CR) out[length++] = CR
      out[length++] = byte
      lineStart = byte === LF
      last = byte
    }
    return out.subarray(0, length)
  }

  /** Ends the last line if it has no end, then the response. */
  end(): void {
    this.#write(this.#last === LF ? END : LINE_AND_END)
  }
}
