// Where the bytes of a message go: into memory, up to a limit, or to a reader who takes them at its own pace.
import { concat, EMPTY } from '../../base/bytes.ts'
import { MailError } from '../../base/errors.ts'
import { PieceStream } from '../../base/piece-stream.ts'

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
export class MessageStream extends PieceStream implements BodySink {
  readonly #window: number
  readonly #onRoom: () => void

  /** @param window octets that wait unread before the server is stopped */
  constructor(window: number, onRoom: () => void) {
    super()
    this.#window = window
    this.#onRoom = onRoom
  }

  push(bytes: Uint8Array): boolean {
    this.add(bytes)
    return this.held < this.#window
  }

  override end(): void {
    super.end(null)
  }

  fail(error: MailError): void {
    super.end(error)
  }

  protected override taken(octets: number): void {
    if (this.held < this.#window && this.held + octets >= this.#window) this.#onRoom()
  }
}
