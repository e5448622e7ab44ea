// Where a message waits while it comes in: in memory up to a limit, beyond that in a spool. Large pieces are kept as
// they came; small ones are gathered, so that a byte in a packet of its own costs a byte.
import { asBuffer, CR, concat, EMPTY, LF } from '../../base/bytes.ts'
import { usageError } from '../../base/errors.ts'
import type { SpoolFile } from '../../base/runtime.ts'

const GATHER_BELOW = 1024
const GATHER_INTO = 16 * 1024
/** What goes to an open spool at a time. */
const SPOOL_AT = 256 * 1024
/** What is looked at to find the end of a header. */
const HEADER_LIMIT = 1024 * 1024
/** Octets of a message: from `start` to before `end`. */
export interface Range {
  readonly start: number
  readonly end: number
}

const HEADER_END = Buffer.from('\r\n\r\n')

export class MessageBuffer {
  readonly #inMemory: number
  readonly #openSpool: (() => Promise<SpoolFile>) | null
  #pieces: Uint8Array[] = []
  /** Octets in `#pieces`. */
  #held = 0
  #size = 0
  #gathering: Uint8Array | null = null
  #gathered = 0
  #spool: SpoolFile | null = null
  #header: Uint8Array | null = null
  #discarded = false
  #removed: readonly Range[] = []

  constructor(inMemory: number, openSpool: (() => Promise<SpoolFile>) | null) {
    this.#inMemory = inMemory
    this.#openSpool = openSpool
  }

  /** Octets so far. */
  get size(): number {
    return this.#size
  }

  append(piece: Uint8Array): void {
    this.#size += piece.length
    this.#held += piece.length
    if (piece.length >= GATHER_BELOW) {
      this.#endGathering()
      this.#pieces.push(piece)
      return
    }
    if (this.#gathering === null && this.#pieces.length === 0) {
      // most messages are one piece
      this.#pieces.push(piece)
      return
    }
    for (let from = 0; from < piece.length; ) {
      this.#gathering ??= Buffer.allocUnsafe(GATHER_INTO)
      const part = piece.subarray(from, from + GATHER_INTO - this.#gathered)
      this.#gathering.set(part, this.#gathered)
      this.#gathered += part.length
      from += part.length
      if (this.#gathered === GATHER_INTO) this.#endGathering()
    }
  }

  /** Null: go on appending. A promise: what is too much for memory is on its way to the spool; rejects when that fails. */
  relieve(): Promise<void> | null {
    if (!this.#openSpool) return null
    const limit = this.#spool ? Math.min(SPOOL_AT, this.#inMemory) : this.#inMemory
    return this.#held > limit ? this.#spill(this.#openSpool) : null
  }

  /** The message is whole. Null, or a promise as `relieve` gives. */
  finish(): Promise<void> | null {
    this.#endGathering()
    return this.#spool && this.#openSpool && this.#held > 0 ? this.#spill(this.#openSpool) : null
  }

  /** The header section with the empty line that ends it; when that is not in the first megabyte, about the first megabyte. */
  header(): Uint8Array {
    if (!this.#header) {
      this.#endGathering()
      this.#header = headerOf(this.#pieces)
    }
    return this.#header
  }

  /** Everything at once. Throws `EUSAGE` after `discard`. */
  bytes(): Uint8Array {
    this.#mustBeThere()
    if (this.#spool) return concat([...without(this.#spool.readAll(), 0, this.#removed)])
    this.#endGathering()
    if (this.#pieces.length > 1) this.#pieces = [concat(this.#pieces)]
    return this.#pieces[0] ?? EMPTY
  }

  /** Everything in pieces. Throws `EUSAGE` after `discard`. */
  async *stream(): AsyncGenerator<Uint8Array, void, undefined> {
    this.#mustBeThere()
    if (this.#spool) {
      let at = 0
      for await (const piece of this.#spool.stream()) {
        yield* without(piece, at, this.#removed)
        at += piece.length
      }
      return
    }
    this.#endGathering()
    for (const piece of [...this.#pieces]) yield piece
  }

  /** The pieces, when all of them are in memory. */
  pieces(): readonly Uint8Array[] | null {
    this.#mustBeThere()
    if (this.#spool) return null
    this.#endGathering()
    return this.#pieces
  }

  /** The message is whole, and goes on without these octets of its header: in ascending order, apart from each other. Once. */
  remove(ranges: readonly Range[]): void {
    if (ranges.length === 0) return
    this.#header = concat([...without(this.header(), 0, ranges)])
    for (const { start, end } of ranges) this.#size -= end - start
    if (this.#spool) this.#removed = ranges
    else {
      let at = 0
      this.#pieces = this.#pieces.flatMap(piece => {
        const left = [...without(piece, at, ranges)]
        at += piece.length
        return left
      })
    }
  }

  /** The message has been answered for: frees the spool. What is in memory stays readable while somebody holds it. */
  release(): void {
    if (this.#spool) this.discard()
  }

  /** Frees everything; safe to call twice. */
  discard(): void {
    this.#discarded = true
    this.#pieces = []
    this.#gathering = null
    this.#spool?.discard()
  }

  #mustBeThere(): void {
    if (this.#discarded) throw usageError('the message has been answered for and is no longer held')
  }

  #endGathering(): void {
    if (this.#gathering === null) return
    // what is gathered is often far less than the block: keep no block for a few bytes
    const block = this.#gathering
    const used = this.#gathered
    this.#pieces.push(
      used * 2 > GATHER_INTO ? block.subarray(0, used) : Uint8Array.prototype.slice.call(block, 0, used),
    )
    this.#gathering = null
    this.#gathered = 0
  }

  async #spill(openSpool: () => Promise<SpoolFile>): Promise<void> {
    this.header()
    this.#endGathering()
    const batch = concat(this.#pieces)
    this.#pieces = []
    this.#held = 0
    if (!this.#spool) {
      const spool = await openSpool()
      if (this.#discarded) {
        spool.discard()
        return
      }
      this.#spool = spool
    }
    await this.#spool.append(batch)
  }
}

/** What is left of `piece`, which begins at offset `at`, without these ranges. */
function* without(piece: Uint8Array, at: number, ranges: readonly Range[]): Generator<Uint8Array> {
  let from = 0
  for (const { start, end } of ranges) {
    const to = Math.min(Math.max(start - at, from), piece.length)
    if (to > from) yield piece.subarray(from, to)
    from = Math.max(from, Math.min(end - at, piece.length))
  }
  if (from < piece.length) yield from === 0 ? piece : piece.subarray(from)
}

function headerOf(pieces: readonly Uint8Array[]): Uint8Array {
  // The first piece usually holds it all; joined pieces double, so that nothing is searched often.
  let bytes: Uint8Array = EMPTY
  for (let count = 1; bytes.length < HEADER_LIMIT; count *= 2) {
    bytes = concat(pieces.slice(0, count))
    if (bytes[0] === CR && bytes[1] === LF) return bytes.subarray(0, 2)
    const end = asBuffer(bytes).indexOf(HEADER_END)
    if (end >= 0) return bytes.subarray(0, end + 4)
    if (count >= pieces.length) break
  }
  return bytes.subarray(0, HEADER_LIMIT)
}
