// Where the bytes of a message go: into memory, up to a limit, or to a reader who takes them at its own pace.
import { concat, EMPTY } from '../../base/bytes.ts'
import { MailError } from '../../base/errors.ts'

/** Takes a multi-line response, its dots removed. */
export interface BodySink {
  /** False: give no more for now. Throws a MailError when it is too much. */
  push(bytes: Uint8Array): boolean
  end(): void
  fail(error: MailError): void
}

/** A message that is wanted whole. */
export class WholeBody implements BodySink {
  readonly #limit: number
  readonly #pieces: Uint8Array[] = []
  #length = 0

  /** @param limit octets; the limit itself is taken */
  constructor(limit: number) {
    this.#limit = limit
  }

  push(bytes: Uint8Array): boolean {
    this.#length += bytes.length
    if (this.#length > this.#limit) {
      throw new MailError('ELIMIT', `the message has more than ${this.#limit} octets (limits.messageSize)`)
    }
    this.#pieces.push(bytes)
    return true
  }

  end(): void {}

  fail(): void {}

  get bytes(): Uint8Array {
    return this.#pieces.length === 0 ? EMPTY : concat(this.#pieces)
  }
}

/**
 * The bytes of a message as they come. Whoever does not read on stops the server, and with it every command behind; leaving early
 * (`break`, `return()`) throws the rest of the message away and lets the session go on.
 */
export class MessageStream implements BodySink, AsyncIterableIterator<Uint8Array> {
  readonly #window: number
  readonly #onRoom: () => void
  #pieces: Uint8Array[] = []
  #held = 0
  #state: 'open' | 'ended' | 'left' = 'open'
  #error: MailError | null = null
  #waiting: {
    readonly resolve: (result: IteratorResult<Uint8Array>) => void
    readonly reject: (error: MailError) => void
  } | null = null

  /** @param window octets that wait unread before the server is stopped */
  constructor(window: number, onRoom: () => void) {
    this.#window = window
    this.#onRoom = onRoom
  }

  push(bytes: Uint8Array): boolean {
    if (this.#state === 'left') return true
    if (this.#waiting) {
      const { resolve } = this.#waiting
      this.#waiting = null
      resolve({ value: bytes, done: false })
      return true
    }
    this.#pieces.push(bytes)
    this.#held += bytes.length
    return this.#held < this.#window
  }

  end(): void {
    if (this.#state === 'open') this.#state = 'ended'
    this.#waiting?.resolve({ value: undefined, done: true })
    this.#waiting = null
  }

  fail(error: MailError): void {
    if (this.#state !== 'open') return
    this.#state = 'ended'
    if (this.#waiting) this.#waiting.reject(error)
    else this.#error = error
    this.#waiting = null
  }

  /** Rejects with the MailError that has ended the session. */
  next(): Promise<IteratorResult<Uint8Array>> {
    const piece = this.#pieces.shift()
    if (piece) {
      const full = this.#held >= this.#window
      this.#held -= piece.length
      if (full && this.#held < this.#window) this.#onRoom()
      return Promise.resolve({ value: piece, done: false })
    }
    if (this.#error) {
      const error = this.#error
      this.#error = null
      return Promise.reject(error)
    }
    if (this.#state !== 'open') return Promise.resolve({ value: undefined, done: true })
    if (this.#waiting) return Promise.reject(new MailError('EUSAGE', 'one reads a message at a time'))
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    if (this.#state === 'open') this.#state = 'left'
    this.#pieces = []
    this.#held = 0
    this.#error = null
    this.#waiting?.resolve({ value: undefined, done: true })
    this.#waiting = null
    this.#onRoom()
    return Promise.resolve({ value: undefined, done: true })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
