// The header of a message whose bytes come in pieces: read by the one splitter, however it is cut.
import { asBuffer } from '../base/bytes.ts'
import { type HeaderBlock, HeaderReader } from './header.ts'
import { DEFAULT_LIMITS, type MimeLimits } from './limits.ts'

/** A header that is whole. */
export interface ReceivedHeader {
  readonly block: HeaderBlock
  /** A limit cut it short, or not every field is listed. */
  readonly truncated: boolean
  /** The first bytes of the body, as far as they came with the last of the header. */
  readonly rest: Uint8Array
}

/** Takes the bytes of a message until its header is whole. */
export class IncomingHeader {
  readonly #reader: HeaderReader
  #held: Buffer = Buffer.alloc(0)
  #size = 0

  constructor(limits: MimeLimits = DEFAULT_LIMITS) {
    this.#reader = new HeaderReader(limits, null)
    this.#reader.start(0, limits.maxHeaderSize, true, false)
  }

  /** The next bytes; null while the end of the header is not among them. Not called again after it was. */
  push(chunk: Uint8Array): ReceivedHeader | null {
    const bytes = asBuffer(chunk)
    if (this.#size === 0) {
      const found = this.#read(bytes, false)
      if (found === null) this.#hold(bytes)
      return found
    }
    this.#hold(bytes)
    return this.#read(this.#held.subarray(0, this.#size), false)
  }

  /** The message has ended, and all of it is header. */
  end(): ReceivedHeader {
    return this.#read(this.#held.subarray(0, this.#size), true)!
  }

  #read(all: Buffer, final: boolean): ReceivedHeader | null {
    const found = this.#reader.read(all, 0, final)
    if (found === null) return null
    return { block: found.block, truncated: found.truncated, rest: all.subarray(found.size) }
  }

  #hold(bytes: Buffer): void {
    if (this.#size + bytes.length > this.#held.length) {
      const larger = Buffer.allocUnsafe(Math.max(4096, (this.#size + bytes.length) * 2))
      this.#held.copy(larger, 0, 0, this.#size)
      this.#held = larger
    }
    this.#size += bytes.copy(this.#held, this.#size)
  }
}
