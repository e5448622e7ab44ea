// Parsing a message that should not sit in memory: an async iterable of its parts as they arrive. A part's content is
// an async iterable of decoded bytes that may be read, left early or not touched at all: going on to the next part
// passes over what was not read. Memory holds the headers and what one chunk of the source brings, nothing else.
import { MailError } from '../base/errors.ts'
import {
  type ByteDecoder,
  type CharsetOptions,
  createTransferDecoder,
  decodeCharset,
  transferEncodingOf,
} from '../text/index.ts'
import { readable } from './content.ts'
import { describePart, type PartFacts } from './describe.ts'
import type { MessagePart } from './part.ts'
import { MessageScanner, type ScanEvents, type ScanOptions } from './scan.ts'
import type { RawParameters } from './structured.ts'

export type MessageSource = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>

/** A part of a message that is being read. `for await` over it gives its decoded content, once. */
export interface StreamedPart extends PartFacts, AsyncIterable<Uint8Array> {
  /** IMAP part number, `1.2`; empty for the message itself. The root of a message within has the number of its part. */
  readonly path: string
  /** 0 for the message itself. */
  readonly depth: number
  /** What the scanner knows; `bodyEnd` and `lines` are final when the part has been passed. */
  readonly part: MessagePart
  /** The whole decoded content; rejects with ELIMIT when it is longer than `maxLength` bytes (default 32 MiB). */
  bytes(maxLength?: number): Promise<Uint8Array>
  /** The same as text, decoded from the part's charset; lines end with LF, flowed paragraphs are whole. */
  text(maxLength?: number): Promise<string>
}

type Event =
  | { readonly kind: 'start'; readonly part: MessagePart; readonly path: string; readonly depth: number }
  | { readonly kind: 'body'; readonly part: MessagePart; readonly bytes: Uint8Array }
  | { readonly kind: 'end'; readonly part: MessagePart }

const DEFAULT_MAX_LENGTH = 32 * 1024 * 1024

/**
 * The parts of a message in the order in which they begin, containers before what they contain. Ending the loop early
 * ends the source. The generator's return value is the tree of the whole message.
 */
export async function* parseMessageStream(
  source: MessageSource,
  options: ScanOptions & CharsetOptions = {},
): AsyncGenerator<StreamedPart, MessagePart, void> {
  const feeder = new Feeder(source, options)
  try {
    for (;;) {
      const event = await feeder.next()
      if (event === null) return feeder.tree()
      if (event.kind === 'start') yield new LivePart(feeder, event, options)
    }
  } finally {
    await feeder.close()
  }
}

/** Feeds the scanner from the source, a chunk at a time, as events are asked for. */
class Feeder implements ScanEvents {
  readonly #scanner: MessageScanner
  readonly #source: AsyncIterator<Uint8Array | string> | Iterator<Uint8Array | string>
  #events: Event[] = []
  #at = 0
  #filling: Promise<void> | null = null
  #tree: MessagePart | null = null
  #ended = false
  /** Open containers: how many parts each has had, and its own number. */
  readonly #open: { readonly part: MessagePart; readonly path: string; children: number }[] = []

  constructor(source: MessageSource, options: ScanOptions) {
    this.#scanner = new MessageScanner(options, this)
    this.#source = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
  }

  tree(): MessagePart {
    return this.#tree!
  }

  /** The next event, or null behind the last. */
  async next(): Promise<Event | null> {
    const event = await this.peek()
    if (event !== null) this.#at++
    return event
  }

  async peek(): Promise<Event | null> {
    while (this.#at >= this.#events.length) {
      if (this.#tree !== null) return null
      this.#filling ??= this.#fill().finally(() => {
        this.#filling = null
      })
      await this.#filling
    }
    return this.#events[this.#at]!
  }

  /** Passes over the event that `peek` gave. */
  skip(): void {
    this.#at++
  }

  async close(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    await this.#source.return?.()
  }

  async #fill(): Promise<void> {
    this.#events = []
    this.#at = 0
    const { done, value } = await this.#source.next()
    if (done) {
      this.#ended = true
      this.#tree = this.#scanner.end()
    } else this.#scanner.feed(typeof value === 'string' ? Buffer.from(value, 'utf8') : value)
  }

  partStart(part: MessagePart): void {
    const parent = this.#open[this.#open.length - 1]
    let path = ''
    if (parent !== undefined) {
      const within = parent.part.kind === 'multipart'
      const number = within ? String(++parent.children) : ''
      path = parent.path !== '' && number !== '' ? `${parent.path}.${number}` : parent.path + number
    }
    this.#events.push({ kind: 'start', part, path, depth: this.#open.length })
    if (part.kind !== 'leaf') this.#open.push({ part, path, children: 0 })
  }

  body(part: MessagePart, bytes: Uint8Array): void {
    this.#events.push({ kind: 'body', part, bytes })
  }

  partEnd(part: MessagePart): void {
    if (part.kind !== 'leaf') this.#open.pop()
    this.#events.push({ kind: 'end', part })
  }
}

/** One part, reading from the feeder what belongs to it. */
class LivePart implements StreamedPart {
  readonly part: MessagePart
  readonly path: string
  readonly depth: number
  readonly contentType: string
  readonly parameters: RawParameters
  readonly dispositionParameters: RawParameters
  readonly charset: string | null
  readonly disposition: string | null
  readonly filename: string | null
  readonly contentId: string | null
  readonly isAttachment: boolean
  readonly #feeder: Feeder
  readonly #options: CharsetOptions
  #read = false

  constructor(
    feeder: Feeder,
    { part, path, depth }: Pick<StreamedPart, 'part' | 'path' | 'depth'>,
    options: CharsetOptions,
  ) {
    this.#feeder = feeder
    this.#options = options
    this.part = part
    this.path = path
    this.depth = depth
    const facts = describePart(part, options)
    this.contentType = facts.contentType
    this.parameters = facts.parameters
    this.dispositionParameters = facts.dispositionParameters
    this.charset = facts.charset
    this.disposition = facts.disposition
    this.filename = facts.filename
    this.contentId = facts.contentId
    this.isAttachment = facts.isAttachment
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    if (this.#read || this.part.kind !== 'leaf') return
    this.#read = true
    const decoder: ByteDecoder = createTransferDecoder(transferEncodingOf(this.part.encoding))
    for (;;) {
      const event = await this.#feeder.peek()
      // Another part's event: the loop over the parts has gone on, and what is left of this one is gone.
      if (event === null || event.part !== this.part) return
      this.#feeder.skip()
      if (event.kind === 'end') break
      if (event.kind !== 'body') continue
      const content = decoder.write(event.bytes)
      if (content.length > 0) yield content
    }
    const rest = decoder.end()
    if (rest.length > 0) yield rest
  }

  async bytes(maxLength: number = DEFAULT_MAX_LENGTH): Promise<Uint8Array> {
    const pieces: Uint8Array[] = []
    let length = 0
    for await (const piece of this) {
      length += piece.length
      if (length > maxLength) throw new MailError('ELIMIT', `the part is longer than ${maxLength} bytes`)
      pieces.push(piece)
    }
    return Buffer.concat(pieces)
  }

  async text(maxLength: number = DEFAULT_MAX_LENGTH): Promise<string> {
    return readable(decodeCharset(await this.bytes(maxLength), this.charset, this.#options), this)
  }
}
