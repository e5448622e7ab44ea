// Bare CR and bare LF (RFC 5321 §2.3.8: they never occur in mail). Looks for each line end once, natively.
import { asBuffer, CR, LF } from '../../base/bytes.ts'

export class LineBreakCheck {
  #bare = false
  #endsInCr = false

  /** A CR without LF, or an LF without CR, has been seen; a CR at the very end counts after `end`. */
  get bare(): boolean {
    return this.#bare
  }

  push(piece: Uint8Array): void {
    if (this.#bare || piece.length === 0) return
    let at = 0
    if (this.#endsInCr) {
      if (piece[0] !== LF) {
        this.#bare = true
        return
      }
      at = 1
    }
    const buffer = asBuffer(piece)
    const last = piece.length - 1
    this.#endsInCr = last >= at && piece[last] === CR
    for (;;) {
      const lf = buffer.indexOf(LF, at)
      const cr = buffer.indexOf(CR, at)
      if (lf < 0) {
        this.#bare = cr >= 0 && cr !== last
        return
      }
      if (cr < 0 || cr !== lf - 1) {
        this.#bare = true
        return
      }
      at = lf + 1
    }
  }

  /** Nothing more comes. */
  end(): void {
    if (this.#endsInCr) this.#bare = true
  }
}
