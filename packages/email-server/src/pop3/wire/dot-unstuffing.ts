// RFC 1939 §3, from the client's side: takes the dots off a multi-line response as its bytes come, and finds its end. Only CRLF ends a
// line here: a server that stores bare LF cannot be made to end a message early.
import { asBuffer, CR, fromLatin1, LF } from '../../base/bytes.ts'

const DOT = 46
const LINE_AND_DOT = fromLatin1('\r\n.')
const ONE_CR: Uint8Array = Uint8Array.of(CR)

export class DotUnstuffer {
  readonly #write: (piece: Uint8Array) => void
  /** `start`: a line begins. `dot`, `dotCr`: it has begun with these. `text`: in a line; `cr`: the same, its last byte was CR. */
  #state: 'start' | 'dot' | 'dotCr' | 'text' | 'cr' | 'end' = 'start'

  constructor(write: (piece: Uint8Array) => void) {
    this.#write = write
  }

  /** The final dot has been read. */
  get ended(): boolean {
    return this.#state === 'end'
  }

  /** How many bytes of the chunk belong to the response; fewer than there are means that it has ended. */
  push(chunk: Uint8Array): number {
    let at = 0
    while (at < chunk.length && this.#state !== 'end') {
      switch (this.#state) {
        case 'start':
          if (chunk[at] === DOT) {
            this.#state = 'dot'
            at++
          } else this.#state = 'text'
          break
        case 'dot':
          // a line of one dot is the end; of any other the dot was put there by the server
          if (chunk[at] === CR) {
            this.#state = 'dotCr'
            at++
          } else this.#state = 'text'
          break
        case 'dotCr':
          if (chunk[at] === LF) {
            this.#state = 'end'
            at++
          } else {
            this.#write(ONE_CR)
            this.#state = 'cr'
          }
          break
        case 'cr':
          if (chunk[at] === LF) {
            this.#write(chunk.subarray(at, at + 1))
            this.#state = 'start'
            at++
          } else this.#state = 'text'
          break
        default:
          at = this.#text(chunk, at)
      }
    }
    return at
  }

  /** From inside a line to the next dot at a line's beginning, in one piece. */
  #text(chunk: Uint8Array, from: number): number {
    const found = asBuffer(chunk).indexOf(LINE_AND_DOT, from)
    const to = found < 0 ? chunk.length : found + 2
    this.#write(from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to))
    const last = chunk[to - 1]
    if (last === LF && to - from >= 2 && chunk[to - 2] === CR) this.#state = 'start'
    else this.#state = last === CR ? 'cr' : 'text'
    return to
  }
}
