// What SEARCH looks into (RFC 9051 §6.4.4: header fields, BODY, TEXT): text without transfer encodings, charsets, encoded
// words and markup, made piece by piece as far as the search goes.
import { type CharsetOptions, decodeEncodedWords } from '../text/index.ts'
import { partText } from './content.ts'
import { describePart } from './describe.ts'
import { fieldText } from './header.ts'
import { htmlToText } from './html-to-text.ts'
import type { MessagePart } from './part.ts'

/** The text of a message for searching; nothing is decoded before it is asked for, and everything only once. */
export class SearchableMessage {
  readonly #raw: Uint8Array
  readonly #tree: MessagePart
  readonly #options: CharsetOptions
  readonly #bodies: string[] = []
  #bodySource: Generator<string, void, void> | null = null

  constructor(raw: Uint8Array, tree: MessagePart, options: CharsetOptions = {}) {
    this.#raw = raw
    this.#tree = tree
    this.#options = options
  }

  /** The decoded values of a field of the message's header, in its order; `name` in any case. */
  header(name: string): string[] {
    const key = name.toLowerCase()
    const { header } = this.#tree
    return header.fields
      .filter(field => field.key === key)
      .map(field => decodeEncodedWords(fieldText(header, field), this.#options))
  }

  /** The message's header, a decoded `Name: value` at a time. */
  headers(): Generator<string, void, void> {
    return headerLines(this.#tree, this.#options)
  }

  /**
   * The body: the text of each text part (HTML without its markup), and the headers of parts and of messages within. It
   * may be asked for again: what was decoded is kept.
   */
  *bodies(): Generator<string, void, void> {
    this.#bodySource ??= bodyTexts(this.#raw, this.#tree, this.#options)
    for (let n = 0; ; n++) {
      if (n >= this.#bodies.length) {
        const next = this.#bodySource.next()
        if (next.done) return
        this.#bodies.push(next.value)
      }
      yield this.#bodies[n]!
    }
  }

  /** Headers and body: what the key TEXT means. */
  *texts(): Generator<string, void, void> {
    yield* this.headers()
    yield* this.bodies()
  }
}

function* headerLines(part: MessagePart, options: CharsetOptions): Generator<string, void, void> {
  const { header } = part
  for (const field of header.fields) {
    yield `${field.name}: ${decodeEncodedWords(fieldText(header, field), options)}`
  }
}

function* bodyTexts(
  raw: Uint8Array,
  tree: MessagePart,
  options: CharsetOptions,
): Generator<string, void, void> {
  const stack: MessagePart[] = [tree]
  while (stack.length > 0) {
    const part = stack.pop()!
    if (part !== tree) yield* headerLines(part, options)
    for (let i = part.parts.length - 1; i >= 0; i--) stack.push(part.parts[i]!)
    if (part.kind !== 'leaf' || (part.type !== 'text' && part.type !== 'message')) continue
    const facts = describePart(part, options)
    const text = partText(raw, part, facts, options)
    yield facts.contentType === 'text/html' ? htmlToText(text) : text
  }
}
