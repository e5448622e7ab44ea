// Transparency (RFC 5321 §4.5.2): a line that begins with a dot gets another one. The text has CRLF and no other line
// breaks (LineWriter sees to that); it may come in any pieces.
import { asBuffer, LF } from '../../base/bytes.ts'

const DOT = 46
const ONE_DOT: Uint8Array = Uint8Array.of(DOT)
const LINE_END_THEN_DOT = Buffer.from('\n.')

/** Dots in one chunk up to which it is given in pieces, none of them copied. */
const FEW_DOTS = 32

export class DotStuffer {
  readonly #give: (piece: Uint8Array) => void
  #last = LF

  constructor(give: (piece: Uint8Array) => void) {
    this.#give = give
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    if (this.#last === LF && chunk[0] === DOT) this.#give(ONE_DOT)
    this.#last = chunk[chunk.length - 1]!
    const buffer = asBuffer(chunk)
    let from = 0
    let dots = 0
    for (let at = buffer.indexOf(LINE_END_THEN_DOT); at >= 0; ) {
      if (dots++ === FEW_DOTS) {
        this.#give(stuffed(buffer, from))
        return
      }
      this.#give(chunk.subarray(from, at + 1))
      this.#give(ONE_DOT)
      from = at + 1
      at = buffer.indexOf(LINE_END_THEN_DOT, from)
    }
    this.#give(from === 0 ? chunk : chunk.subarray(from))
  }
}

/** The rest of a chunk in one piece; a dot at `from` has been seen to. */
function stuffed(chunk: Buffer, from: number): Uint8Array {
  // no octet becomes more than two
  const out = Buffer.allocUnsafe(2 * (chunk.length - from))
  let length = 0
  for (let at = from; at < chunk.length; at++) {
    const octet = chunk[at]!
    if (octet === DOT && at > from && chunk[at - 1] === LF) out[length++] = DOT
    out[length++] = octet
  }
  return out.subarray(0, length)
}
