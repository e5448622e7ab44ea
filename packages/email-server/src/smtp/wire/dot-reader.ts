// The end of DATA and the dots (RFC 5321 §4.5.2). Only CRLF.CRLF ends a message (§4.1.1.4); whatever else looks like
// a line end changes nothing about where it ends. Works at every split, searches natively, copies nothing.
import { asBuffer, CR, LF } from '../../base/bytes.ts'

const DOT = 46
const LINE_THEN_DOT = Buffer.from('\r\n.')
const BARE_CR = Uint8Array.of(CR)

/** What came last: nothing of note, CR, CRLF (or the start), the dot of a line, that dot and CR. */
type After = 'text' | 'cr' | 'line' | 'dot' | 'dot-cr'

export class DotReader {
  readonly #give: (piece: Uint8Array) => void
  #after: After = 'line'
  #done = false

  /** `give` gets the message in pieces, its dots removed, the CRLF before the final dot included. */
  constructor(give: (piece: Uint8Array) => void) {
    this.#give = give
  }

  /** The final dot has been read. */
  get done(): boolean {
    return this.#done
  }

  /** Reads on and returns how many bytes were of the message: all of them until the final dot. */
  push(chunk: Uint8Array): number {
    const buffer = asBuffer(chunk)
    let start = 0
    let at = 0
    while (at < chunk.length) {
      switch (this.#after) {
        case 'text': {
          const found = buffer.indexOf(LINE_THEN_DOT, at)
          if (found < 0) {
            this.#after = endOf(chunk, at)
            at = chunk.length
          } else {
            at = found + 2
            this.#after = 'line'
          }
          break
        }
        case 'cr':
          if (chunk[at] === LF) this.#after = 'line'
          else if (chunk[at] !== CR) this.#after = 'text'
          at++
          break
        case 'line':
          if (chunk[at] === DOT) {
            this.#handOver(chunk, start, at)
            start = ++at
            this.#after = 'dot'
          } else this.#after = 'text'
          break
        case 'dot':
          if (chunk[at] === CR) {
            this.#after = 'dot-cr'
            start = ++at
          } else this.#after = 'text'
          break
        case 'dot-cr':
          if (chunk[at] === LF) {
            this.#done = true
            return at + 1
          }
          this.#give(BARE_CR)
          this.#after = 'cr'
          break
      }
    }
    this.#handOver(chunk, start, chunk.length)
    return chunk.length
  }

  #handOver(chunk: Uint8Array, start: number, end: number): void {
    if (end > start) this.#give(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end))
  }
}

/** `from` is where text began: a CR before it has been judged already. */
function endOf(chunk: Uint8Array, from: number): After {
  const last = chunk.length - 1
  if (chunk[last] === CR) return 'cr'
  return chunk[last] === LF && last > from && chunk[last - 1] === CR ? 'line' : 'text'
}
