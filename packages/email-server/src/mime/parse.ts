// parseMessage: a whole message in memory, as people mean it: who wrote to whom, the text, the HTML, the attachments.
// The scanner runs at once; every value is decoded when it is first read, and kept. The keys are mailparser's.
import { asBuffer } from '../base/bytes.ts'
import { createHash } from '../base/crypto.ts'
import { optionError } from '../base/errors.ts'
import type { AddressField } from './address-field.ts'
import type { Attachment } from './attachment.ts'
import { partBytes } from './content.ts'
import { describePart } from './describe.ts'
import type { ParseOptions } from './parse-options.ts'
import { type HeaderLine, ParsedHeaders, type ParsedHeaderValue } from './parsed-headers.ts'
import type { MessagePart } from './part.ts'
import { MessageScanner } from './scan.ts'
import { collectShown, joinHtml, joinText, type Shown } from './shown.ts'
import { parameterOf } from './structured.ts'
import { textToHtml } from './text-to-html.ts'

/** A text/calendar part (RFC 5545, RFC 6047). */
export interface CalendarPart {
  /** The `method` parameter in upper case, null when missing. */
  readonly method: string | null
  readonly content: string
}

const DEFAULT_INLINED = 20 * 1024 * 1024

/** Parses a message; never throws for what the message is. A string stands for its UTF-8 bytes. */
export function parseMessage(raw: Uint8Array | string, options: ParseOptions = {}): ParsedMessage {
  return new ParsedMessage(typeof raw === 'string' ? Buffer.from(raw, 'utf8') : checkedBytes(raw), options)
}

function checkedBytes(raw: Uint8Array): Uint8Array {
  if (raw instanceof Uint8Array) return raw
  throw optionError('raw', 'the bytes or the text of a message', raw)
}

function checkHash(algorithm: string): void {
  try {
    createHash(algorithm)
  } catch {
    throw optionError('checksumAlgo', 'a hash that this Node has', algorithm)
  }
}

/** A parsed message. Values are decoded when read; the bytes of the message must not change before that. */
export class ParsedMessage {
  /** Where everything is. */
  readonly tree: MessagePart
  readonly #raw: Uint8Array
  readonly #options: ParseOptions
  #headers: ParsedHeaders | null = null
  #collected: { readonly shown: readonly Shown[]; readonly attachments: readonly Attachment[] } | null = null
  #text: string[] | undefined | null = null
  #html: string | false | null = null

  constructor(raw: Uint8Array, options: ParseOptions) {
    this.#raw = raw
    this.#options = options
    if (options.checksumAlgo) checkHash(options.checksumAlgo)
    this.tree = new MessageScanner(options, null, false).scan(raw)
  }

  /** True when a limit was met and part of the message stayed opaque. */
  get truncated(): boolean {
    return this.tree.truncated
  }

  get headers(): ParsedHeaders {
    this.#headers ??= new ParsedHeaders(this.tree.header, this.#options)
    return this.#headers
  }

  get headerLines(): HeaderLine[] {
    return this.headers.lines()
  }

  get subject(): string | undefined {
    return this.#value<string>('subject')
  }

  get from(): AddressField | undefined {
    return this.#value<AddressField>('from')
  }

  get sender(): AddressField | undefined {
    return this.#value<AddressField>('sender')
  }

  get replyTo(): AddressField | undefined {
    return this.#value<AddressField>('reply-to')
  }

  /** An array when the message has several such fields. */
  get to(): AddressField | readonly AddressField[] | undefined {
    return this.#value<AddressField | readonly AddressField[]>('to')
  }

  get cc(): AddressField | readonly AddressField[] | undefined {
    return this.#value<AddressField | readonly AddressField[]>('cc')
  }

  get bcc(): AddressField | readonly AddressField[] | undefined {
    return this.#value<AddressField | readonly AddressField[]>('bcc')
  }

  /** Undefined when the field is missing or no date. */
  get date(): Date | undefined {
    const value = this.headers.get('date')
    return value instanceof Date ? value : undefined
  }

  /** With its angle brackets, like the identifiers below. */
  get messageId(): string | undefined {
    return this.#value<string>('message-id')
  }

  get inReplyTo(): string | undefined {
    return this.#value<string>('in-reply-to')
  }

  /** One identifier as a string, several as an array. */
  get references(): string | readonly string[] | undefined {
    return this.#value<string | readonly string[]>('references')
  }

  /** `high`, `normal` or `low`, when the message says so. */
  get priority(): string | undefined {
    return this.#value<string>('priority')
  }

  /** The plain text; made from the HTML when the message has no other. Lines end with LF. Undefined: no text at all. */
  get text(): string | undefined {
    return this.#pieces()?.join('\n')
  }

  /** The HTML of all parts that have some; false when none has. */
  get html(): string | false {
    if (this.#html === null) {
      const html = joinHtml(this.#collect().shown, this.#options)
      this.#html = html === null ? false : this.#withImages(html)
    }
    return this.#html
  }

  /** The plain text as HTML, with links. */
  get textAsHtml(): string | undefined {
    if (this.#options.skipTextToHtml === true) return this.#pieces() === undefined ? undefined : ''
    return this.#pieces()?.map(textToHtml).join('<br/>\n')
  }

  get attachments(): readonly Attachment[] {
    return this.#collect().attachments
  }

  /** The first text/calendar part; it is among the attachments too. */
  get calendar(): CalendarPart | undefined {
    for (const attachment of this.attachments) {
      if (attachment.contentType !== 'text/calendar') continue
      const method = parameterOf(describePart(attachment.part).parameters, 'method')
      return { method: method?.toUpperCase() ?? null, content: attachment.text() }
    }
    return undefined
  }

  /** The content of any leaf of `tree`, its transfer encoding undone; a view of the message when nothing was encoded. */
  contentOf(part: MessagePart): Uint8Array {
    return partBytes(this.#raw, part)
  }

  toJSON(): Record<string, unknown> {
    const {
      headerLines,
      subject,
      from,
      sender,
      replyTo,
      to,
      cc,
      bcc,
      date,
      messageId,
      inReplyTo,
      references,
    } = this
    const { text, html, textAsHtml, attachments, truncated } = this
    const headers = Object.fromEntries(this.headers)
    const head = {
      headers,
      headerLines,
      subject,
      from,
      sender,
      replyTo,
      to,
      cc,
      bcc,
      date,
      messageId,
      inReplyTo,
      references,
    }
    return { ...head, text, html, textAsHtml, attachments, truncated }
  }

  /** A header's value; which type it has, its name says. */
  #value<T extends ParsedHeaderValue>(key: string): T | undefined {
    return this.headers.get(key) as T | undefined
  }

  #collect(): { readonly shown: readonly Shown[]; readonly attachments: readonly Attachment[] } {
    this.#collected ??= collectShown(this.#raw, this.tree, this.#options)
    return this.#collected
  }

  #pieces(): string[] | undefined {
    if (this.#text === null) this.#text = joinText(this.#collect().shown, this.#options)
    return this.#text
  }

  #withImages(html: string): string {
    if (this.#options.keepCidLinks === true || !html.includes('cid:')) return html
    const images = new Map<string, Attachment>()
    for (const attachment of this.attachments) {
      const { cid, contentType } = attachment
      if (cid && /^image\/[\w.+-]+$/.test(contentType) && !images.has(cid)) images.set(cid, attachment)
    }
    const urls = new Map<string, string>()
    let room = this.#options.maxInlinedImagesSize ?? DEFAULT_INLINED
    return html.replace(/\bcid:([^'"\s>)]{1,256})/g, (link: string, cid: string) => {
      const image = images.get(cid)
      if (image === undefined) return link
      const known = urls.get(cid)
      if ((known?.length ?? (image.part.bodyEnd - image.part.bodyStart) / 2) > room) return link
      const url = known ?? `data:${image.contentType};base64,${asBuffer(image.content).toString('base64')}`
      urls.set(cid, url)
      if (url.length > room) return link
      room -= url.length
      return url
    })
  }
}
