// What a composed message is made of when it leaves: pieces in order, most of them ready, some encoded on the way out, some
// read from streams. Lengths are known before anything is read wherever they can be.
import { fromLatin1 } from '../base/bytes.ts'
import { MailError, usageError } from '../base/errors.ts'
import type { ComposedMessage, MessageEnvelope } from './compose-options.ts'

/** Bytes that are made when they are needed. */
export interface LazyPiece {
  readonly kind: 'lazy'
  readonly size: number
  /** Writes `size` bytes at `at`. */
  writeTo(target: Buffer, at: number): void
  /** The same in chunks. */
  chunks(): Iterable<Uint8Array>
}

/** Bytes that come from outside. */
export interface StreamPiece {
  readonly kind: 'stream'
  readonly size: number | null
  open(): AsyncIterable<Uint8Array>
  /** Frees what was not opened. */
  release(): void
}

/** A string is ASCII text. */
export type Piece = string | Uint8Array | LazyPiece | StreamPiece

/** Small pieces are joined until they are worth a write. */
const CHUNK = 64 * 1024

export interface MessageFacts {
  readonly envelope: MessageEnvelope
  readonly messageId: string | null
  readonly smtputf8: boolean
  readonly bodyType: '7BIT' | '8BITMIME' | 'BINARYMIME'
}

export function composedMessage(facts: MessageFacts, pieces: readonly Piece[]): ComposedMessage {
  return new PieceMessage(facts, pieces)
}

class PieceMessage implements ComposedMessage {
  readonly envelope: MessageEnvelope
  readonly messageId: string | null
  readonly smtputf8: boolean
  readonly bodyType: '7BIT' | '8BITMIME' | 'BINARYMIME'
  readonly size: number | null
  readonly inMemory: boolean
  readonly #pieces: readonly Piece[]
  /** Streams can be read once; memory as often as one likes. */
  #taken = false

  constructor(facts: MessageFacts, pieces: readonly Piece[]) {
    this.envelope = facts.envelope
    this.messageId = facts.messageId
    this.smtputf8 = facts.smtputf8
    this.bodyType = facts.bodyType
    this.#pieces = pieces
    this.size = totalSize(pieces)
    this.inMemory = !pieces.some(isStreamPiece)
  }

  bytesSync(): Uint8Array {
    if (!this.inMemory)
      throw usageError('a message with streams cannot be had at once: use bytes() or stream()')
    const target = Buffer.allocUnsafe(this.size!)
    let at = 0
    for (const piece of this.#pieces) {
      if (typeof piece === 'string') at += target.write(piece, at, 'latin1')
      else if (piece instanceof Uint8Array) {
        target.set(piece, at)
        at += piece.length
      } else if (piece.kind === 'lazy') {
        piece.writeTo(target, at)
        at += piece.size
      }
    }
    return target
  }

  async bytes(): Promise<Uint8Array> {
    if (this.inMemory) return this.bytesSync()
    const chunks: Uint8Array[] = []
    for await (const chunk of this.stream()) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  async *stream(): AsyncGenerator<Uint8Array> {
    if (!this.inMemory) {
      if (this.#taken) throw new MailError('ESTREAM', 'the streams of this message have already been read')
      this.#taken = true
    }
    let ready: Uint8Array[] = []
    let length = 0
    try {
      for (const piece of this.#pieces) {
        for await (const chunk of chunksOf(piece)) {
          ready.push(chunk)
          length += chunk.length
          if (length < CHUNK) continue
          yield ready.length === 1 ? ready[0]! : Buffer.concat(ready, length)
          ready = []
          length = 0
        }
      }
      if (length > 0) yield Buffer.concat(ready, length)
    } finally {
      this.#release()
    }
  }

  discard(): void {
    if (this.inMemory || this.#taken) return
    this.#taken = true
    this.#release()
  }

  #release(): void {
    for (const piece of this.#pieces) if (isStreamPiece(piece)) piece.release()
  }
}

function isStreamPiece(piece: Piece): piece is StreamPiece {
  return typeof piece === 'object' && !(piece instanceof Uint8Array) && piece.kind === 'stream'
}

function totalSize(pieces: readonly Piece[]): number | null {
  let size = 0
  for (const piece of pieces) {
    const length = typeof piece === 'string' || piece instanceof Uint8Array ? piece.length : piece.size
    if (length === null) return null
    size += length
  }
  return size
}

function chunksOf(piece: Piece): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (typeof piece === 'string') return [fromLatin1(piece)]
  if (piece instanceof Uint8Array) return slices(piece)
  return piece.kind === 'lazy' ? piece.chunks() : piece.open()
}

function* slices(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK) yield bytes.subarray(at, at + CHUNK)
}
