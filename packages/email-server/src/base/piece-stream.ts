// Bytes that come piece by piece and are read once, at the reader's pace. How much may wait is for whoever fills it to say.
import { concat, EMPTY } from './bytes.ts'
import { MailError } from './errors.ts'

export abstract class PieceStream implements AsyncIterableIterator<Uint8Array> {
  #pieces: Uint8Array[] = []
  #held = 0
  #state: 'coming' | 'whole' | 'dropped' = 'coming'
  #error: MailError | null = null
  #waiting: {
    readonly resolve: (result: IteratorResult<Uint8Array>) => void
    readonly reject: (error: MailError) => void
  } | null = null

  /** Octets that are here and not taken. */
  get held(): number {
    return this.#held
  }

  /** Somebody waits for more. */
  get hungry(): boolean {
    return this.#waiting !== null
  }

  /** For whoever fills it: that was all; with an error: there will be no more of it. */
  end(error: MailError | null): void {
    if (this.#state !== 'coming') return
    this.#state = 'whole'
    const waiting = this.#waiting
    this.#waiting = null
    if (!waiting) this.#error = error
    else if (error) waiting.reject(error)
    else waiting.resolve({ value: undefined, done: true })
  }

  /** Lets go of it: what is here, and what comes, is thrown away. Safe to call twice. */
  cancel(): void {
    if (this.#state === 'dropped') return
    const held = this.#held
    this.#state = 'dropped'
    this.#pieces = []
    this.#held = 0
    this.#error = null
    this.#waiting?.resolve({ value: undefined, done: true })
    this.#waiting = null
    this.taken(held)
  }

  /** All of it at once. Rejects with a MailError when the connection ends first. */
  async bytes(): Promise<Uint8Array> {
    const pieces: Uint8Array[] = []
    for await (const piece of this) pieces.push(piece)
    return pieces.length === 0 ? EMPTY : concat(pieces)
  }

  /** Rejects with the MailError that has ended the session, and with EUSAGE for a second reader. */
  next(): Promise<IteratorResult<Uint8Array>> {
    const piece = this.#pieces.shift()
    if (piece) {
      this.#held -= piece.length
      this.taken(piece.length)
      return Promise.resolve({ value: piece, done: false })
    }
    if (this.#error) {
      const error = this.#error
      this.#error = null
      return Promise.reject(error)
    }
    if (this.#state !== 'coming') return Promise.resolve({ value: undefined, done: true })
    if (this.#waiting) return Promise.reject(new MailError('EUSAGE', 'one reads a message at a time'))
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.awaited()
    })
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.cancel()
    return Promise.resolve({ value: undefined, done: true })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** A piece has come. */
  protected add(piece: Uint8Array): void {
    if (this.#state !== 'coming') return
    const waiting = this.#waiting
    this.#waiting = null
    if (waiting) waiting.resolve({ value: piece, done: false })
    else {
      this.#pieces.push(piece)
      this.#held += piece.length
    }
  }

  /** Somebody has begun to wait. */
  protected awaited(): void {}

  /** Octets that were held have been taken, or will never be. */
  protected abstract taken(octets: number): void
}
