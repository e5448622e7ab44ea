// Takes one message in, whatever its framing: counts, looks for bare CR and LF, keeps it, and says at the end whether
// it may be offered. A message that is lost already is read to its end all the same, and thrown away.
import type { Limits } from '../../base/limits.ts'
import type { SpoolFile } from '../../base/runtime.ts'
import { LineBreakCheck } from './line-breaks.ts'
import { MessageBuffer } from './message-buffer.ts'
import { type Reply, reply } from './reply.ts'
import { countReceived } from './trace-count.ts'

const TOO_BIG = reply(552, '5.3.4', 'Message too big')
const BARE = reply(550, '5.6.0', 'Bare CR or LF in the message')
const LOOP = reply(554, '5.4.6', 'Too many hops: the message is going in circles')
const NO_SPACE = reply(452, '4.3.1', 'No space to hold the message')

export class ContentReceiver {
  readonly buffer: MessageBuffer
  readonly #limits: Limits
  readonly #breaks = new LineBreakCheck()
  readonly #onFailure: (error: unknown) => void
  readonly #watch: (piece: Uint8Array) => void
  #seen = 0
  #refused: Reply | null = null

  /** `watch` sees every piece of the message that is kept, as it comes. */
  constructor(
    limits: Limits,
    openSpool: (() => Promise<SpoolFile>) | null,
    onFailure: (error: unknown) => void,
    watch: (piece: Uint8Array) => void = () => {},
  ) {
    this.#limits = limits
    this.#onFailure = onFailure
    this.#watch = watch
    this.buffer = new MessageBuffer(limits.messageInMemory, openSpool)
  }

  /** Octets so far, also of what is thrown away. */
  get seen(): number {
    return this.#seen
  }

  take(piece: Uint8Array): void {
    this.#seen += piece.length
    if (this.#refused) return
    this.#breaks.push(piece)
    if (this.#seen > this.#limits.messageSize) this.#refuse(TOO_BIG)
    else if (this.#breaks.bare) this.#refuse(BARE)
    else {
      this.buffer.append(piece)
      this.#watch(piece)
    }
  }

  /** Null: go on. A promise: wait for it; never rejects. */
  relieve(): Promise<void> | null {
    return this.#refused ? null : this.#guard(this.buffer.relieve())
  }

  /** The message is whole; as `relieve`. */
  finish(): Promise<void> | null {
    this.#breaks.end()
    if (!this.#refused && this.#breaks.bare) this.#refuse(BARE)
    return this.#refused ? null : this.#guard(this.buffer.finish())
  }

  /** After `finish`: why the message cannot be taken; null when it can. */
  verdict(): Reply | null {
    if (!this.#refused && countReceived(this.buffer.header()) > this.#limits.receivedFields)
      this.#refuse(LOOP)
    return this.#refused
  }

  #refuse(why: Reply): void {
    this.#refused = why
    this.buffer.discard()
  }

  #guard(work: Promise<void> | null): Promise<void> | null {
    return (
      work?.catch(error => {
        this.#onFailure(error)
        this.#refuse(NO_SPACE)
      }) ?? null
    )
  }
}
