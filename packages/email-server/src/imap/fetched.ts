// A message as the items of FETCH see it: what was asked of the backend for them, and what is computed from its bytes.

import type { MessageMeta } from '../mailbox/index.ts'
import type { BodyStructure, Envelope, MessagePart } from '../mime/index.ts'
import { bodyStructureOf, extractEnvelope, scanMessage } from '../mime/index.ts'
import type { Writer } from './wire/writer.ts'

/** How much of a message an item needs, each bit by itself. */
export const NEEDS_META = 1
export const NEEDS_ENVELOPE = 2
export const NEEDS_STRUCTURE = 4
/** The bytes up to the end of the header. */
export const NEEDS_HEADER = 8
/** All bytes, in memory. */
export const NEEDS_BYTES = 16
/** The bytes as they come: a run of the whole message, which the item writes itself as the last thing. */
export const NEEDS_STREAM = 32
/** The beginning of the text; its bytes, when the backend keeps none. */
export const NEEDS_PREVIEW = 64
/** What the backend may leave out of the meta when nobody asks: preview and thread. */
export const NEEDS_MORE_META = 128
export type Need = number

export class FetchedMessage {
  readonly uid: number
  readonly meta: MessageMeta | null
  /** \Recent in this session. */
  readonly recent: boolean
  /** As they are now; STORE's and the implicit \Seen's result. */
  flags: readonly string[]
  /** As it is now; 0 when none is known. */
  modseq: number
  #envelope: Envelope | null
  #structure: BodyStructure | null
  #bytes: Uint8Array | null = null
  #tree: MessagePart | null = null

  constructor(
    uid: number,
    meta: MessageMeta | null,
    recent: boolean,
    envelope: Envelope | null,
    structure: BodyStructure | null,
  ) {
    this.uid = uid
    this.meta = meta
    this.recent = recent
    this.flags = meta?.flags ?? []
    this.modseq = meta?.modseq ?? 0
    this.#envelope = envelope
    this.#structure = structure
  }

  /** The message's bytes, or those of its header. */
  set bytes(bytes: Uint8Array) {
    this.#bytes = bytes
    this.length = bytes.length
  }

  get bytes(): Uint8Array {
    return this.#bytes!
  }

  get hasEnvelope(): boolean {
    return this.#envelope !== null
  }

  get hasStructure(): boolean {
    return this.#structure !== null
  }

  get envelope(): Envelope {
    this.#envelope ??= extractEnvelope(this.bytes)
    return this.#envelope
  }

  get structure(): BodyStructure {
    this.#structure ??= bodyStructureOf(this.tree)
    return this.#structure
  }

  /** Octets of the message; known when its bytes are, or its stream is open. */
  length = 0
  /** A run of the stream that was announced and must be sent now. */
  announced: { readonly start: number; readonly size: number } | null = null

  /** Writes octets of the whole message as a literal; those of a stream are only announced. */
  writeRun(w: Writer, start: number, length: number): void {
    if (this.#bytes) {
      w.literal(this.#bytes.subarray(start, start + length))
      return
    }
    const size = Math.max(0, Math.min(length, this.length - start))
    w.announce(size)
    this.announced = { start, size }
  }

  /** The parts of the message, scanned once. */
  get tree(): MessagePart {
    this.#tree ??= scanMessage(this.bytes)
    return this.#tree
  }
}
