// Bare CR and bare LF (RFC 5321 §2.3.8: they never occur in mail).
import { asBuffer, CR, LF } from '../../base/bytes.ts'
import { late } from '../../base/late.ts'
import { type LineBreakScan, makeLineBreakScan } from './line-break-kernel.ts'

/** Pieces below this size are not worth a copy. */
const SCAN_FROM = 512

/** A constant that is made for the first piece that is worth it. */
const scan = late(() => makeLineBreakScan() ?? searchLineBreaks)

/** As `LineBreakScan`, by what is fastest for a piece of this size. */
export function scanLineBreaks(piece: Uint8Array, before: number): boolean {
  return piece.length < SCAN_FROM ? searchLineBreaks(piece, before) : scan()(piece, before)
}

export class LineBreakCheck {
  readonly #search: LineBreakScan | null
  #bare = false
  #endsInCr = false

  /** @param search looks through all pieces, whatever their size; default: what is fastest here */
  constructor(search: LineBreakScan | null = null) {
    this.#search = search
  }

  /** A CR without LF, or an LF without CR, has been seen; a CR at the very end counts after `end`. */
  get bare(): boolean {
    return this.#bare
  }

  push(piece: Uint8Array): void {
    if (this.#bare || piece.length === 0) return
    const before = this.#endsInCr ? CR : 0
    this.#bare = (this.#search ?? scanLineBreaks)(piece, before)
    this.#endsInCr = piece[piece.length - 1] === CR
  }

  /** Nothing more comes. */
  end(): void {
    if (this.#endsInCr) this.#bare = true
  }
}

/** The same as `makeLineBreakScan` gives, by two native searches for each line. */
export const searchLineBreaks: LineBreakScan = (bytes, before) => {
  if ((before === CR) !== (bytes[0] === LF)) return true
  const buffer = asBuffer(bytes)
  const last = bytes.length - 1
  let at = before === CR ? 1 : 0
  for (;;) {
    const lf = buffer.indexOf(LF, at)
    const cr = buffer.indexOf(CR, at)
    if (lf < 0) return cr >= 0 && cr !== last
    if (cr < 0 || cr !== lf - 1) return true
    at = lf + 1
  }
}
