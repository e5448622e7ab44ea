// The body of a message as it comes in: read once, piece by piece. Whoever does not read it stops the server from sending (or lets go of it by
// leaving the loop), and nothing but a window is held.
import { concat } from '../../base/bytes.ts'
import { MailError } from '../../base/errors.ts'

export interface BodyStreamOwner {
  came(octets: number): void
  /** Somebody has begun to wait. */
  hungry(): void
  /** Octets have been taken, or will never be. */
  taken(octets: number): void
}

export class BodyStream implements AsyncIterable<Uint8Array> {
  /** Octets of all of it; null when the server had nothing of the kind. */
  readonly size: number | null
  readonly #owner: BodyStreamOwner
  #pieces: Uint8Array[] = []
  #held = 0
  #state: 'coming' | 'whole' | 'dropped' = 'coming'
  #error: MailError | null = null
  #wake: (() => void) | null = null
  #begun = false

  constructor(size: number | null, owner: BodyStreamOwner) {
    this.size = size
    this.#owner = owner
  }

  /** Octets that are here and not taken. */
  get held(): number {
    return this.#held
  }

  /** Somebody waits for more. */
  get hungry(): boolean {
    return this.#wake !== null
  }

  /** Nobody will read it (any more): what comes is thrown away. */
  get dropped(): boolean {
    return this.#state === 'dropped'
  }

  /** For the session: a piece has come. */
  push(piece: Uint8Array): void {
    if (this.#state !== 'coming') return
    this.#owner.came(piece.length)
    this.#pieces.push(piece)
    this.#held += piece.length
    this.#signal()
  }

  /** For the session: that was all; with an error: there will be no more of it. */
  end(error: MailError | null): void {
    if (this.#state !== 'coming') return
    this.#state = 'whole'
    this.#error = error
    this.#signal()
  }

  /** Lets go of it: the rest is drained. Safe to call twice. */
  cancel(): void {
    if (this.#state === 'dropped') return
    const held = this.#held
    this.#pieces = []
    this.#held = 0
    this.#state = 'dropped'
    this.#signal()
    this.#owner.taken(held)
  }

  /** All of it at once. Rejects with a MailError when the connection ends first. */
  async bytes(): Promise<Uint8Array> {
    const pieces: Uint8Array[] = []
    for await (const piece of this) pieces.push(piece)
    return concat(pieces.length > 0 ? pieces : [new Uint8Array(0)])
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    if (this.#begun) throw new MailError('EUSAGE', 'the body of a message can be read once')
    this.#begun = true
    return {
      next: () => this.#next(),
      return: async () => {
        this.cancel()
        return { done: true, value: undefined }
      },
    }
  }

  async #next(): Promise<IteratorResult<Uint8Array>> {
    for (;;) {
      const piece = this.#pieces.shift()
      if (piece) {
        this.#held -= piece.length
        this.#owner.taken(piece.length)
        return { done: false, value: piece }
      }
      if (this.#error) throw this.#error
      if (this.#state !== 'coming') return { done: true, value: undefined }
      await new Promise<void>(resolve => {
        this.#wake = resolve
        this.#owner.hungry()
      })
    }
  }

  #signal(): void {
    const wake = this.#wake
    this.#wake = null
    wake?.()
  }
}
