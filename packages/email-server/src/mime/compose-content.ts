// Contents as the caller gives them (text, bytes, streams, data: URIs of RFC 2397, the caller's own reader) made into
// one of three kinds of source. Nothing is read here: streams are opened when the message is.
import { asBuffer, fromUtf8 } from '../base/bytes.ts'
import { MailError, optionError } from '../base/errors.ts'
import type { MessageContent, MessageOptions, PartInput, PartOptions } from './compose-options.ts'

export interface TextSource {
  readonly kind: 'text'
  readonly text: string
}

export interface BytesSource {
  readonly kind: 'bytes'
  readonly bytes: Uint8Array
}

/** Read once; `release` frees what was not read. */
export interface StreamSource {
  readonly kind: 'stream'
  /** The option that it came from. */
  readonly field: string
  /** Bytes that it promises to yield, null when nobody knows. */
  readonly size: number | null
  open(): AsyncIterable<Uint8Array | string>
  release(): void
}

export type Source = TextSource | BytesSource | StreamSource

/** The source of a part, and what its data: URI said of its type. */
export interface PartSource {
  readonly source: Source
  readonly contentType: string | null
}

/** True for content itself, false for an object that describes it. */
export function isContent(value: unknown): value is MessageContent {
  return typeof value === 'string' || ArrayBuffer.isView(value) || isStream(value)
}

/** The object form of a part, whichever form it was given in. */
export function asPartOptions<T extends PartOptions>(value: PartInput | T, field: string): T | PartOptions {
  if (isContent(value)) return { content: value }
  if (typeof value === 'object' && value !== null) return value
  throw optionError(field, 'text, bytes, a stream or an object that holds one', value)
}

/** The content of a part. An absent one is empty. */
export function partSource(part: PartOptions, field: string, options: MessageOptions): PartSource {
  const size = checkedSize(part.size, field)
  if (part.content !== undefined && part.content !== null) {
    return { source: contentSource(part.content, part.encoding, `${field}.content`, size), contentType: null }
  }
  const location = part.path || part.href
  if (!location) return { source: { kind: 'text', text: '' }, contentType: null }
  const name = part.path ? `${field}.path` : `${field}.href`
  if (typeof location !== 'string') throw optionError(name, 'text', location)
  if (/^data:/i.test(location)) {
    const data = parseDataUri(location)
    if (!data) throw new MailError('EMESSAGE', `${name} is not a data: URI`)
    return { source: { kind: 'bytes', bytes: data.bytes }, contentType: data.contentType }
  }
  return { source: readSource(location, !part.path, name, size, options), contentType: null }
}

/** Content in any of its forms. `encoding` says what a string holds when it is not the text itself. */
export function contentSource(
  content: MessageContent,
  encoding: string | undefined,
  field: string,
  size: number | null = null,
): Source {
  if (typeof content === 'string') {
    if (encoding !== undefined && encoding !== null && typeof encoding !== 'string') {
      throw optionError(field.replace(/content$/, 'encoding'), 'a string', encoding)
    }
    if (!encoding || /^(utf-?8|us-ascii|ascii)$/i.test(encoding)) return { kind: 'text', text: content }
    if (!Buffer.isEncoding(encoding)) {
      throw optionError(field.replace(/content$/, 'encoding'), 'an encoding that Buffer knows', encoding)
    }
    return { kind: 'bytes', bytes: Buffer.from(content, encoding) }
  }
  if (ArrayBuffer.isView(content)) {
    return {
      kind: 'bytes',
      bytes:
        content instanceof Uint8Array
          ? content
          : new Uint8Array(
              (content as DataView).buffer,
              (content as DataView).byteOffset,
              (content as DataView).byteLength,
            ),
    }
  }
  if (isStream(content)) return streamSource(content, field, size)
  throw optionError(field, 'text, bytes or a stream of bytes', content)
}

/** The same stream for two readers: the first to come reads it to memory. */
export function shareStream(source: StreamSource): StreamSource {
  let whole: Promise<Uint8Array> | null = null
  return {
    ...source,
    async *open() {
      whole ??= readAll(source.open())
      yield await whole
    },
    release() {
      if (!whole) source.release()
    },
  }
}

async function readAll(stream: AsyncIterable<Uint8Array | string>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(typeof chunk === 'string' ? fromUtf8(chunk) : chunk)
  return Buffer.concat(chunks)
}

interface StreamLike {
  [Symbol.asyncIterator]?(): AsyncIterator<Uint8Array | string>
  getReader?(): {
    read(): Promise<{ done: boolean; value?: Uint8Array | string }>
    cancel(): Promise<void>
  }
  on?(event: 'error', listener: () => void): unknown
  destroy?(): unknown
  cancel?(): Promise<unknown>
}

function isStream(value: unknown): value is AsyncIterable<Uint8Array | string> {
  if (typeof value !== 'object' || value === null) return false
  const stream = value as StreamLike
  return typeof stream[Symbol.asyncIterator] === 'function' || typeof stream.getReader === 'function'
}

function streamSource(stream: StreamLike, field: string, size: number | null): StreamSource {
  let opened = false
  // A Node stream may fail before its turn comes; its iterator will say so then, and nobody may crash now.
  stream.on?.('error', () => {})
  return {
    kind: 'stream',
    field,
    size,
    open() {
      if (opened) throw new MailError('ESTREAM', `${field} has already been read`)
      opened = true
      if (stream[Symbol.asyncIterator]) return stream as AsyncIterable<Uint8Array | string>
      return readWebStream(stream)
    },
    release() {
      if (opened) return
      opened = true
      if (stream.destroy) stream.destroy()
      else if (stream.cancel)
        void stream.cancel().catch(() => {}) // nobody is left to be told
      else
        void stream[Symbol.asyncIterator]!()
          .return?.()
          ?.catch(() => {})
    },
  }
}

async function* readWebStream(stream: StreamLike): AsyncGenerator<Uint8Array | string> {
  const reader = stream.getReader!()
  let ended = false
  try {
    while (!ended) {
      const { done, value } = await reader.read()
      ended = done
      if (!done && value !== undefined) yield value
    }
  } finally {
    if (!ended) await reader.cancel().catch(() => {}) // the reason why we left is what counts
  }
}

function readSource(
  location: string,
  isHref: boolean,
  field: string,
  size: number | null,
  options: MessageOptions,
): Source {
  const isUrl = isHref || /^https?:/i.test(location)
  if (isUrl ? options.disableUrlAccess : options.disableFileAccess) {
    throw new MailError(
      'EMESSAGE',
      `${field} is refused: ${isUrl ? 'disableUrlAccess' : 'disableFileAccess'} is set`,
    )
  }
  if (!options.reader) {
    throw new MailError(
      'EMESSAGE',
      `${field} needs a reader: give the option "reader", or the content itself`,
    )
  }
  const content = options.reader({ path: isUrl ? null : location, href: isUrl ? location : null })
  if (content instanceof Promise) return promisedSource(content, field, size)
  return contentSource(content, undefined, field, size)
}

function promisedSource(promise: Promise<MessageContent>, field: string, size: number | null): StreamSource {
  promise.catch(() => {}) // told when its turn comes
  let opened = false
  return {
    kind: 'stream',
    field,
    size,
    async *open() {
      opened = true
      const source = contentSource(await promise, undefined, field, size)
      if (source.kind === 'stream') yield* source.open()
      else yield source.kind === 'text' ? source.text : source.bytes
    },
    release() {
      if (opened) return
      opened = true
      promise.then(
        content => {
          const source = contentSource(content, undefined, field)
          if (source.kind === 'stream') source.release()
        },
        () => {}, // it failed, so there is nothing to release
      )
    },
  }
}

function checkedSize(size: number | undefined, field: string): number | null {
  if (size === undefined) return null
  if (!Number.isSafeInteger(size) || size < 0) throw optionError(`${field}.size`, 'a number of bytes', size)
  return size
}

/** RFC 2397: `data:[<mediatype>][;base64],<data>`; null when there is no comma. Linear in the URI's length. */
export function parseDataUri(uri: string): { contentType: string; bytes: Uint8Array } | null {
  const comma = uri.indexOf(',')
  if (comma < 0) return null
  const parts = uri.slice('data:'.length, comma).split(';')
  const last = parts[parts.length - 1]!
  const isBase64 = parts.length > 1 && last.trim().toLowerCase() === 'base64'
  if (isBase64) parts.pop()
  const contentType = parts.join(';').trim() || 'text/plain;charset=US-ASCII'
  const data = unescapePercent(uri.slice(comma + 1))
  return { contentType, bytes: isBase64 ? Buffer.from(data.toString('latin1'), 'base64') : data }
}

function unescapePercent(text: string): Buffer {
  const bytes = asBuffer(fromUtf8(text))
  if (!bytes.includes(0x25)) return bytes
  const out = Buffer.allocUnsafe(bytes.length)
  let length = 0
  for (let i = 0; i < bytes.length; i++) {
    const high = bytes[i] === 0x25 ? hexDigit(bytes[i + 1]) : -1
    const low = high < 0 ? -1 : hexDigit(bytes[i + 2])
    if (low < 0) out[length++] = bytes[i]!
    else {
      out[length++] = high * 16 + low
      i += 2
    }
  }
  return out.subarray(0, length)
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}
