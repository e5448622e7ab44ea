// One message on its way: read once, signed once for each form in which it is sent (as it is, or encoded for 7 bits).
// RFC 6376 §5.3 (what is signed is what is sent), RFC 6409 §8 (what a submission server adds), RFC 8689 §3 (TLS-Required).
import { readAddresses, splitAddress } from '../address/index.ts'
import { concat, fromLatin1 } from '../base/bytes.ts'
import type { Runtime } from '../base/runtime.ts'
import { fieldText, type HeaderBlock } from '../mime/index.ts'
import { writeMailDate } from '../text/index.ts'
import type { DkimKey, DkimSignOptions } from '../trust/index.ts'
import {
  type CollectOptions,
  type Content,
  type ContentFacts,
  type ContentSource,
  collect,
} from './content.ts'
import { LONGEST_LINE, toSevenBit } from './downgrade.ts'

/** How a message is signed: see DkimSignOptions. */
export type Signing = Omit<DkimSignOptions, 'keys' | 'now'> & { readonly keys: readonly DkimKey[] }

export interface PrepareOptions extends Omit<CollectOptions, 'openSpool'> {
  readonly runtime: Pick<Runtime, 'now' | 'random' | 'openSpool'>
  /** Called with the domain of From, as it stands; null, and null as its answer: not signed. */
  readonly signing: ((domain: string) => Promise<Signing | null>) | null
  /** Adds Date and Message-ID when they are missing (RFC 6409 §8.2, §8.3), at this domain; null: nothing is added. */
  readonly complete: string | null
}

/** Mailboxes of From that are looked at. */
const AUTHOR_LIMIT = 100

/** What goes to one server. */
export interface Sendable {
  readonly content: ContentSource
  readonly size: number
  readonly body: '7BIT' | '8BITMIME'
}

export class OutgoingMessage {
  /** With its angle brackets; null when it has none. */
  readonly messageId: string | null
  readonly header: HeaderBlock
  /** The header is UTF-8: only servers with SMTPUTF8 take it. */
  readonly utf8Header: boolean
  /** `TLS-Required: No` (RFC 8689 §3). */
  readonly tlsOptional: boolean
  readonly #content: Content
  readonly #facts: ContentFacts
  readonly #sign: (content: Content) => Promise<Sendable>
  #asIs: Promise<Sendable> | null = null
  #sevenBit: Promise<Sendable> | null = null

  private constructor(content: Content, facts: ContentFacts, sign: (content: Content) => Promise<Sendable>) {
    this.#content = content
    this.#facts = facts
    this.#sign = sign
    this.header = facts.header
    this.utf8Header = facts.utf8Header
    this.messageId = firstText(facts.header, 'message-id')
    this.tlsOptional = firstText(facts.header, 'tls-required')?.toLowerCase() === 'no'
  }

  /** Reads the message. Rejects with EMESSAGE, ESTREAM, ECONFIG (a signing key that is none). */
  static async prepare(source: ContentSource, options: PrepareOptions): Promise<OutgoingMessage> {
    const { runtime } = options
    const collecting: CollectOptions = {
      openSpool: () => runtime.openSpool(),
      inMemory: options.inMemory,
      mostBytes: options.mostBytes,
    }
    let { content, facts } = await collect(source, collecting)
    const edited = editHeader(facts.header, options)
    if (edited) {
      const old = content
      const rest = withHeader(old, facts.header, edited)
      ;({ content, facts } = await collect(rest, collecting).finally(() => old.discard()))
    }
    const author = options.signing ? authorDomain(facts.header) : null
    const signing = author === null ? null : await options.signing!(author)
    return new OutgoingMessage(content, facts, form => signed(form, signing, runtime.now(), facts.eightBit))
  }

  /** Octets as it is, signatures not counted. */
  get size(): number {
    return this.#content.size
  }

  /** As it is, unsigned: for a queue that keeps it. */
  original(): ContentSource {
    return rereadable(this.#content)
  }

  /** All of it, unsigned, in memory: for reports that return it. */
  bytes(): Uint8Array {
    return this.#content.bytes()
  }

  /** The form for a server with or without 8BITMIME. Rejects with EMESSAGE when there is none (5.6.3). */
  sendable(eightBitMime: boolean): Promise<Sendable> {
    const asItIs = this.#facts.longestLine <= LONGEST_LINE && (eightBitMime || !this.#facts.eightBit)
    if (asItIs) {
      this.#asIs ??= this.#sign(this.#content)
      return this.#asIs
    }
    this.#sevenBit ??= this.#encode()
    return this.#sevenBit
  }

  discard(): void {
    this.#content.discard()
  }

  async #encode(): Promise<Sendable> {
    const bytes = toSevenBit(this.#content.bytes())
    const content: Content = { size: bytes.length, read: () => bytes, bytes: () => bytes, discard() {} }
    return { ...(await this.#sign(content)), body: '7BIT' }
  }
}

async function signed(
  content: Content,
  signing: Signing | null,
  now: number,
  eightBit: boolean,
): Promise<Sendable> {
  const body = eightBit ? '8BITMIME' : '7BIT'
  const source = content.read()
  if (!signing || signing.keys.length === 0) return { content: rereadable(content), size: content.size, body }
  // the room of signatures is loaded by whoever signs
  const { DkimSigner } = await import('../trust/index.ts')
  const signer = new DkimSigner({ ...signing, now })
  if (source instanceof Uint8Array) signer.write(source)
  else for await (const chunk of source) signer.write(chunk)
  const fields = fromLatin1(signer.end())
  const size = fields.length + content.size
  if (source instanceof Uint8Array) return { content: concat([fields, source]), size, body }
  return { content: rereadable(content, fields), size, body }
}

/** An iterable that begins anew for each server. */
function rereadable(content: Content, front?: Uint8Array): ContentSource {
  const source = content.read()
  if (source instanceof Uint8Array) return source
  return {
    async *[Symbol.asyncIterator]() {
      if (front) yield front
      yield* content.read() as AsyncIterable<Uint8Array>
    },
  }
}

/** The header with what was missing and without what nobody else may see; null: it stays as it is. */
function editHeader(header: HeaderBlock, options: PrepareOptions): Uint8Array | null {
  const hidden = header.fields.filter(({ key }) => key === 'bcc' || key === 'resent-bcc')
  const missing = options.complete === null ? '' : missingFields(header, options.complete, options.runtime)
  if (hidden.length === 0 && missing === '') return null
  let text = ''
  let at = 0
  for (const field of hidden) {
    text += header.text.slice(at, field.start)
    at = field.end
  }
  return fromLatin1(
    text + header.text.slice(at, header.fieldsEnd) + missing + header.text.slice(header.fieldsEnd),
  )
}

function missingFields(
  header: HeaderBlock,
  domain: string,
  runtime: Pick<Runtime, 'now' | 'random'>,
): string {
  const has = (key: string): boolean => header.fields.some(field => field.key === key)
  const date = has('date') ? '' : `Date: ${writeMailDate(runtime.now())}\r\n`
  if (has('message-id')) return date
  return `${date}Message-ID: <${Buffer.from(runtime.random(16)).toString('hex')}@${domain}>\r\n`
}

async function* withHeader(
  content: Content,
  old: HeaderBlock,
  header: Uint8Array,
): AsyncGenerator<Uint8Array, void, void> {
  yield header
  let skip = old.text.length
  const source = content.read()
  if (source instanceof Uint8Array) {
    yield source.subarray(skip)
    return
  }
  for await (const chunk of source) {
    const rest = chunk.subarray(Math.min(skip, chunk.length))
    skip -= chunk.length - rest.length
    if (rest.length > 0) yield rest
  }
}

function firstText(header: HeaderBlock, key: string): string | null {
  const field = header.fields.find(other => other.key === key)
  return field ? fieldText(header, field).trim() : null
}

/** The domain of the one From field, as it stands; null when there is none that can be read. */
function authorDomain(header: HeaderBlock): string | null {
  const from = header.fields.filter(({ key }) => key === 'from')
  if (from.length !== 1) return null
  const authors = readAddresses(fieldText(header, from[0]!), { maxMailboxes: AUTHOR_LIMIT })
  const address = authors.flatMap(author => author.group ?? [author]).find(author => author.address !== '')
  return address ? splitAddress(address.address).domain : null
}

/** A message that is read when the first connection for it is there; then it stays until nobody needs it. */
export class LazyMessage {
  readonly #read: () => Promise<OutgoingMessage>
  #message: Promise<OutgoingMessage> | null = null

  constructor(read: () => Promise<OutgoingMessage>) {
    this.#read = read
  }

  /** Rejects with what reading it rejects with, each time. */
  get(): Promise<OutgoingMessage> {
    this.#message ??= this.#read()
    return this.#message
  }

  discard(): void {
    this.#message?.then(
      message => message.discard(),
      () => {},
    )
  }
}
