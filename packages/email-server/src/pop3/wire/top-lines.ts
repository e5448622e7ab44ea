// RFC 1939 §7 TOP: the header, the empty line behind it, and so many lines of the body.
import { CR, indexOf, LF } from '../../base/bytes.ts'

export class TopLines {
  #left: number
  #inBody = false
  /** Is the line that is being read empty so far? */
  #lineEmpty = true

  constructor(bodyLines: number) {
    this.#left = bodyLines
  }

  /** How many bytes of this chunk belong to the answer; fewer than there are means that it is complete. */
  take(chunk: Uint8Array): number {
    if (this.#inBody && this.#left === 0) return 0
    let start = 0
    for (let at = indexOf(chunk, LF); at >= 0; at = indexOf(chunk, LF, start)) {
      const empty = this.#lineEmpty && isEmptyLine(chunk, start, at)
      start = at + 1
      this.#lineEmpty = true
      if (this.#inBody) this.#left--
      else if (empty) this.#inBody = true
      if (this.#inBody && this.#left === 0) return start
    }
    if (!isEmptyLine(chunk, start, chunk.length)) this.#lineEmpty = false
    return chunk.length
  }

  /** True when nothing more belongs to the answer. */
  get complete(): boolean {
    return this.#inBody && this.#left === 0
  }
}

/** Nothing, or a CR, between two offsets. */
function isEmptyLine(chunk: Uint8Array, from: number, to: number): boolean {
  return to === from || (to === from + 1 && chunk[from] === CR)
}
