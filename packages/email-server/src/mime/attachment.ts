// An attachment of a parsed message: what its header says at once, its content when it is read.
import { createHash } from '../base/crypto.ts'
import { type CharsetOptions, decodeCharset } from '../text/index.ts'
import { partBytes, readable } from './content.ts'
import type { PartFacts } from './describe.ts'
import { ParsedHeaders } from './parsed-headers.ts'
import type { MessagePart } from './part.ts'

export class Attachment {
  readonly type = 'attachment'
  readonly contentType: string
  /** IMAP part number such as `1.2`; null when the message itself is the attachment. */
  readonly partId: string | null
  /** Content-Disposition in lower case. */
  readonly contentDisposition: string | undefined
  /** As the sender wrote it, decoded: never to be used as a path unchecked. */
  readonly filename: string | undefined
  /** Content-ID with its angle brackets. */
  readonly contentId: string | undefined
  /** Content-ID without them, as `cid:` links have it. */
  readonly cid: string | undefined
  /** True when the part has a Content-ID and stands in a multipart/related. */
  readonly related: boolean
  readonly part: MessagePart
  readonly headers: ParsedHeaders
  readonly #raw: Uint8Array
  readonly #options: CharsetOptions
  readonly #facts: PartFacts
  readonly #algorithm: string | false
  #content: Uint8Array | null = null
  #checksum: string | undefined

  constructor(
    raw: Uint8Array,
    part: MessagePart,
    facts: PartFacts,
    place: { readonly partId: string | null; readonly related: boolean },
    checksum: string | false,
    options: CharsetOptions,
  ) {
    this.#raw = raw
    this.#algorithm = checksum
    this.#options = options
    this.#facts = facts
    this.part = part
    this.contentType = facts.contentType
    this.partId = place.partId
    this.contentDisposition = facts.disposition ?? undefined
    this.filename = facts.filename ?? undefined
    this.contentId = facts.contentId ?? undefined
    this.cid = facts.contentId?.replace(/^\s*<|>\s*$/g, '').trim()
    this.related = place.related && facts.contentId !== null
    this.headers = new ParsedHeaders(part.header, options)
  }

  /** The decoded bytes; a view of the message when nothing was encoded. */
  get content(): Uint8Array {
    this.#content ??= partBytes(this.#raw, this.part)
    return this.#content
  }

  /** The content as text, decoded from the part's charset. */
  text(): string {
    return readable(decodeCharset(this.content, this.#facts.charset, this.#options), this.#facts)
  }

  /** Decoded size in bytes. */
  get size(): number {
    return this.content.length
  }

  /** Hash of the content in hex, MD5 unless `checksumAlgo` says otherwise; undefined when that is false. */
  get checksum(): string | undefined {
    if (this.#algorithm === false) return undefined
    this.#checksum ??= createHash(this.#algorithm).update(this.content).digest('hex')
    return this.#checksum
  }

  toJSON(): Record<string, unknown> {
    const { type, contentType, partId, contentDisposition, filename, contentId, cid, related } = this
    const { content, size, checksum } = this
    const headers = Object.fromEntries(this.headers)
    return {
      type,
      contentType,
      partId,
      contentDisposition,
      filename,
      contentId,
      cid,
      related,
      headers,
      content,
      size,
      checksum,
    }
  }
}
