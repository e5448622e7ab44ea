// Takes one message in, whatever its framing: counts, looks for bare CR and LF, keeps it, and says at the end whether
// it may be offered. A message that is lost already is read to its end all the same, and thrown away.
import type { Limits } from '../../base/limits.ts'
import type { SpoolFile } from '../../base/runtime.ts'
import { countFields } from './field-count.ts'
import { LineBreakCheck } from './line-breaks.ts'
import { LineWriter } from './line-writer.ts'
import { MessageBuffer } from './message-buffer.ts'
import { type Reply, reply } from './reply.ts'

export const TOO_BIG: Reply = reply(552, '5.3.4', 'Message too big')
const BARE = reply(550, '5.6.0', 'Bare CR or LF in the message')
const LOOP = reply(554, '5.4.6', 'Too many hops: the message is going in circles')
const NO_SPACE = reply(452, '4.3.1', 'No space to hold the message')

/**
 * What becomes of a CR without LF and of an LF without CR: `refuse` the message, `normalize` each of them to CRLF, or `keep`
 * them, which is for binary content. None of these changes where a message ends.
 */
export type LineBreakPolicy = 'refuse' | 'normalize' | 'keep'

export interface ReceiverOptions {
  readonly limits: Limits
  readonly openSpool: (() => Promise<SpoolFile>) | null
  readonly onFailure: (error: unknown) => void
  /** Sees every piece of the message that is kept, as it is kept. */
  readonly watch?: (piece: Uint8Array) => void
  /** Default `refuse`. */
  readonly lineBreaks?: LineBreakPolicy
}

export class ContentReceiver {
  readonly buffer: MessageBuffer
  readonly #limits: Limits
  readonly #breaks: LineBreakCheck | null
  readonly #mender: LineWriter | null
  readonly #onFailure: (error: unknown) => void
  readonly #watch: ((piece: Uint8Array) => void) | null
  #seen = 0
  #refused: Reply | null = null

  constructor({ limits, openSpool, onFailure, watch, lineBreaks = 'refuse' }: ReceiverOptions) {
    this.#limits = limits
    this.#onFailure = onFailure
    this.#watch = watch ?? null
    this.#breaks = lineBreaks === 'refuse' ? new LineBreakCheck() : null
    this.#mender = lineBreaks === 'normalize' ? new LineWriter(piece => this.#keep(piece)) : null
    this.buffer = new MessageBuffer(limits.messageInMemory, openSpool)
  }

  /** Octets so far, also of what is thrown away. */
  get seen(): number {
    return this.#seen
  }

  /** Why the message is lost already; null: it is not. */
  get refused(): Reply | null {
    return this.#refused
  }

  /** So many octets are announced: what is too much is not even begun. */
  announce(octets: number): void {
    if (!this.#refused && this.#seen + octets > this.#limits.messageSize) this.refuse(TOO_BIG)
  }

  take(piece: Uint8Array): void {
    this.#seen += piece.length
    if (this.#refused) return
    if (this.#seen > this.#limits.messageSize) {
      this.refuse(TOO_BIG)
      return
    }
    if (this.#mender) {
      this.#mender.push(piece)
      // what was mended has grown
      if (this.buffer.size > this.#limits.messageSize) this.refuse(TOO_BIG)
      return
    }
    this.#breaks?.push(piece)
    if (this.#breaks?.bare) this.refuse(BARE)
    else this.#keep(piece)
  }

  /** Null: go on. A promise: wait for it; never rejects. */
  relieve(): Promise<void> | null {
    return this.#refused ? null : this.#guard(this.buffer.relieve())
  }

  /** The message is whole; as `relieve`. */
  finish(): Promise<void> | null {
    this.#breaks?.end()
    if (!this.#refused && this.#breaks?.bare) this.refuse(BARE)
    if (!this.#refused) this.#mender?.end()
    return this.#refused ? null : this.#guard(this.buffer.finish())
  }

  /** After `finish`: why the message cannot be taken; null when it can. */
  verdict(): Reply | null {
    if (!this.#refused && countFields(this.buffer.header(), 'received') > this.#limits.receivedFields)
      this.refuse(LOOP)
    return this.#refused
  }

  /** The message is lost; what comes of it is thrown away. */
  refuse(why: Reply): void {
    this.#refused = why
    this.buffer.discard()
  }

  #keep(piece: Uint8Array): void {
    this.buffer.append(piece)
    this.#watch?.(piece)
  }

  #guard(work: Promise<void> | null): Promise<void> | null {
    return (
      work?.catch(error => {
        this.#onFailure(error)
        this.refuse(NO_SPACE)
      }) ?? null
    )
  }
}
