// What a peer has sent and nobody has read yet. Framing takes lines or counted bytes from it; a line is looked for once,
// however many packets it comes in, and nothing is copied that arrived in one piece.
import { asBuffer, CR, EMPTY, LF, latin1 } from './bytes.ts'

/** A line grew beyond its limit before its end was seen. */
export const TOO_LONG: unique symbol = Symbol('line too long')

/** Packets below this size are gathered into blocks when others wait already, so that a byte costs about a byte. */
const GATHER_BELOW = 128
const BLOCK = 2048

export class InputQueue {
  #chunks: Uint8Array[] = []
  /** Index of the first chunk that has unread bytes; those before it are spent. */
  #head = 0
  /** First unread byte of that chunk. */
  #start = 0
  #length = 0
  /** Where the search for a line end goes on: what comes before this place of this chunk holds none. */
  #searchChunk = 0
  #searchAt = 0
  /** Unread bytes before that chunk. */
  #searchBase = 0
  /** The block of which the last chunk is the used part; null when the last chunk is a packet. */
  #block: Uint8Array | null = null

  /** Unread bytes. */
  get length(): number {
    return this.#length
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    const waits = this.#length > 0
    this.#length += chunk.length
    if (chunk.length < GATHER_BELOW && waits) this.#gather(chunk)
    else {
      this.#chunks.push(chunk)
      this.#block = null
    }
  }

  /**
   * The next line without its CRLF, or null when it has not arrived whole. A line may have `limit` bytes, CRLF
   * included (the limit itself is accepted). A bare LF or CR does not end a line.
   */
  takeLine(limit: number): Uint8Array | null | typeof TOO_LONG {
    const end = this.#findLineEnd()
    if (end < 0) return this.#length >= limit ? TOO_LONG : null
    if (end + 2 > limit) return TOO_LONG
    const line = this.take(end)
    this.drop(2)
    return line
  }

  /** As `takeLine`, the line as text of one character for each byte. */
  takeLineText(limit: number): string | null | typeof TOO_LONG {
    const end = this.#findLineEnd()
    if (end < 0) return this.#length >= limit ? TOO_LONG : null
    if (end + 2 > limit) return TOO_LONG
    const first = this.#chunks[this.#head]!
    const start = this.#start
    const isThere = first.length - start >= end
    const text = isThere ? latin1(first, start, start + end) : latin1(this.take(end))
    this.drop(isThere ? end + 2 : 2)
    return text
  }

  /** Exactly `count` bytes, which must be there. */
  take(count: number): Uint8Array {
    if (count === 0) return EMPTY
    const first = this.#chunks[this.#head]!
    let out: Uint8Array
    if (first.length - this.#start >= count) {
      out = first.subarray(this.#start, this.#start + count)
    } else {
      out = Buffer.allocUnsafe(count)
      let filled = 0
      for (let i = this.#head; filled < count; i++) {
        const from = i === this.#head ? this.#start : 0
        const part = this.#chunks[i]!.subarray(from, from + count - filled)
        out.set(part, filled)
        filled += part.length
      }
    }
    this.drop(count)
    return out
  }

  /** What is there in one piece, without taking it; null when the queue is empty. */
  peek(): Uint8Array | null {
    const first = this.#chunks[this.#head]
    if (!first) return null
    return this.#start === 0 ? first : first.subarray(this.#start)
  }

  /** What is there in one piece without copying, at most `most` bytes; null when the queue is empty. */
  takeSome(most: number = Number.POSITIVE_INFINITY): Uint8Array | null {
    const first = this.#chunks[this.#head]
    if (!first) return null
    const piece = first.subarray(this.#start, Math.min(first.length, this.#start + most))
    this.drop(piece.length)
    return piece
  }

  /** Forgets the first `count` unread bytes. */
  drop(count: number): void {
    this.#length -= count
    let left = count
    while (left > 0) {
      const available = this.#chunks[this.#head]!.length - this.#start
      if (left < available) {
        this.#start += left
        break
      }
      left -= available
      this.#start = 0
      this.#head++
    }
    if (this.#head === this.#chunks.length) {
      this.#chunks = []
      this.#head = 0
      this.#block = null
    } else if (this.#head >= 64 && this.#head * 2 >= this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#head)
      this.#head = 0
    }
    this.#searchChunk = this.#head
    this.#searchAt = this.#start
    this.#searchBase = 0
  }

  /** Forgets everything; returns how many bytes that were. */
  clear(): number {
    const count = this.#length
    this.drop(count)
    return count
  }

  /** Appends a small packet to the last block; bytes that have been handed out are never written again. */
  #gather(chunk: Uint8Array): void {
    const last = this.#chunks.length - 1
    const used = this.#block ? this.#chunks[last]!.length : BLOCK
    if (this.#block && used + chunk.length <= BLOCK) {
      this.#block.set(chunk, used)
      this.#chunks[last] = this.#block.subarray(0, used + chunk.length)
    } else {
      this.#block = Buffer.allocUnsafeSlow(BLOCK)
      this.#block.set(chunk)
      this.#chunks.push(this.#block.subarray(0, chunk.length))
    }
  }

  /** Offset of the next CRLF from the first unread byte, or -1. */
  #findLineEnd(): number {
    for (;;) {
      const chunk = this.#chunks[this.#searchChunk]
      if (!chunk) return -1
      const start = this.#searchChunk === this.#head ? this.#start : 0
      const buffer = asBuffer(chunk)
      for (let at = buffer.indexOf(LF, this.#searchAt); at >= 0; at = buffer.indexOf(LF, at + 1)) {
        const before = at > start ? chunk[at - 1] : this.#lastByteBefore(this.#searchChunk)
        if (before === CR) return this.#searchBase + at - start - 1
      }
      this.#searchAt = chunk.length
      // the last chunk may grow
      if (this.#searchChunk === this.#chunks.length - 1) return -1
      this.#searchBase += chunk.length - start
      this.#searchChunk++
      this.#searchAt = 0
    }
  }

  #lastByteBefore(index: number): number | undefined {
    return index > this.#head ? this.#chunks[index - 1]!.at(-1) : undefined
  }
}
