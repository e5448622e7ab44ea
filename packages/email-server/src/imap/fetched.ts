// A message as the items of FETCH see it: what was asked of the backend for them, and what is computed from its bytes.
import type { BodyStructure, Envelope, MessagePart } from '../mime/index.ts'
import { extractBodyStructure, extractEnvelope, scanMessage } from '../mime/index.ts'
import type { MessageMeta } from '../mailbox/index.ts'

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
export type Need = number

export class FetchedMessage {
  readonly uid: number
  readonly meta: MessageMeta | null
  /** \Recent in this session. */
  readonly recent: boolean
  /** As they are now; STORE's and the implicit \Seen's result. */
  flags: readonly string[]
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
    this.#envelope = envelope
    this.#structure = structure
  }

  /** The message's bytes, or those of its header. */
  set bytes(bytes: Uint8Array) {
    this.#bytes = bytes
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
    this.#structure ??= extractBodyStructure(this.tree)
    return this.#structure
  }

  /** The parts of the message, scanned once. */
  get tree(): MessagePart {
    this.#tree ??= scanMessage(this.bytes)
    return this.#tree
  }
}
