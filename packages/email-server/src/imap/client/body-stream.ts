// The body of a message as it comes in: read once, piece by piece. Whoever does not read it stops the server from sending (or lets go of it by
// leaving the loop), and nothing but a window is held.
import { usageError } from '../../base/errors.ts'
import { PieceStream } from '../../base/piece-stream.ts'

export interface BodyStreamOwner {
  /** Octets wait. */
  came(octets: number): void
  /** Somebody has begun to wait. */
  hungry(): void
  /** Octets that waited have been taken, or will never be. */
  taken(octets: number): void
}

export class BodyStream extends PieceStream {
  /** Octets of all of it; null when the server had nothing of the kind. */
  readonly size: number | null
  readonly #owner: BodyStreamOwner
  #begun = false

  constructor(size: number | null, owner: BodyStreamOwner) {
    super()
    this.size = size
    this.#owner = owner
  }

  /** For the session: a piece has come. */
  push(piece: Uint8Array): void {
    const before = this.held
    this.add(piece)
    this.#owner.came(this.held - before)
  }

  override [Symbol.asyncIterator](): this {
    if (this.#begun) throw usageError('the body of a message can be read once')
    this.#begun = true
    return this
  }

  protected override awaited(): void {
    this.#owner.hungry()
  }

  protected override taken(octets: number): void {
    this.#owner.taken(octets)
  }
}
