// Text on its way out: every line ends in CRLF and nowhere else is a CR or an LF (RFC 5321 §2.3.8), whatever the message had.
// What looked like the end of a message to somebody who takes bare CR or LF for a line end is then a line like others,
// and its dot is stuffed.
import { CR, CRLF, LF } from '../../base/bytes.ts'
import { scanLineBreaks } from './line-breaks.ts'

export class LineWriter {
  readonly #give: (piece: Uint8Array) => void
  /** The last octet was a CR, which is held back until it is known what it belongs to. */
  #heldCr = false
  #atLineStart = true
  #bare = false

  constructor(give: (piece: Uint8Array) => void) {
    this.#give = give
  }

  /** A CR without LF, or an LF without CR, has been seen (and mended). */
  get bare(): boolean {
    return this.#bare
  }

  /** Text as it should be goes through uncopied. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    if (scanLineBreaks(chunk, this.#heldCr ? CR : 0)) {
      this.#bare = true
      this.#mend(chunk)
      return
    }
    const from = this.#heldCr ? 1 : 0
    if (this.#heldCr) this.#say(CRLF)
    this.#heldCr = chunk[chunk.length - 1] === CR
    const end = this.#heldCr ? chunk.length - 1 : chunk.length
    if (end > from) this.#say(from === 0 && end === chunk.length ? chunk : chunk.subarray(from, end))
  }

  /** Nothing more comes: the last line gets its end when it has none. */
  end(): void {
    if (this.#heldCr) this.#bare = true
    if (this.#heldCr || !this.#atLineStart) this.#say(CRLF)
    this.#heldCr = false
  }

  #say(piece: Uint8Array): void {
    this.#atLineStart = piece[piece.length - 1] === LF
    this.#give(piece)
  }

  #mend(chunk: Uint8Array): void {
    // no octet becomes more than two, and a CR may have been held
    const out = Buffer.allocUnsafe(2 * chunk.length + 2)
    let length = 0
    let held = this.#heldCr
    for (let at = 0; at < chunk.length; at++) {
      const octet = chunk[at]!
      if (held || octet === LF) {
        out[length++] = CR
        out[length++] = LF
      }
      held = octet === CR
      if (octet !== CR && octet !== LF) out[length++] = octet
    }
    this.#heldCr = held
    if (length > 0) this.#say(out.subarray(0, length))
  }
}
