// Contents that are read while the message is sent: each chunk is checked, counted, encoded and passed on.
import { CR, concat, EMPTY, fromUtf8, LF } from '../base/bytes.ts'
import { describe, MailError } from '../base/errors.ts'
import { Base64Encoder, base64Length, encodeQuotedPrintable } from '../text/index.ts'
import type { StreamSource } from './compose-content.ts'
import type { TransferEncoding } from './compose-options.ts'
import type { StreamPiece } from './compose-output.ts'
import { shapeOf, withCrlf } from './compose-shape.ts'

interface Filter {
  write(chunk: Uint8Array): Uint8Array
  end(): Uint8Array
}

/**
 * A stream on its way through a transfer encoding. `text`: its line breaks become CRLF, so that its length cannot be
 * known; `file`: what does not fit the encoding is an error.
 */
export function streamPiece(
  source: StreamSource,
  encoding: TransferEncoding,
  content: 'text' | 'file',
): StreamPiece {
  return {
    kind: 'stream',
    size: encodedSize(source.size, encoding, content),
    open: () => pump(source, filterFor(source.field, encoding, content)),
    release: () => source.release(),
  }
}

function encodedSize(
  size: number | null,
  encoding: TransferEncoding,
  content: 'text' | 'file',
): number | null {
  if (size === null || content === 'text' || encoding === 'quoted-printable') return null
  return encoding === 'base64' ? base64Length(size) : size
}

function filterFor(field: string, encoding: TransferEncoding, content: 'text' | 'file'): Filter {
  const last = lastFilter(field, encoding, content)
  return content === 'text' && encoding !== 'binary' ? new Chain(new CrlfFilter(), last) : last
}

function lastFilter(field: string, encoding: TransferEncoding, content: 'text' | 'file'): Filter {
  if (encoding === 'base64') return new Base64Encoder()
  if (encoding === 'quoted-printable') return new QuotedPrintableFilter(content === 'file')
  if (encoding === 'binary') return { write: chunk => chunk, end: () => EMPTY }
  return new LineCheck(field, encoding)
}

async function* pump(source: StreamSource, filter: Filter): AsyncGenerator<Uint8Array> {
  const { field, size } = source
  let total = 0
  const chunks = source.open()[Symbol.asyncIterator]()
  let ended = false
  try {
    for (;;) {
      const { done, value } = await nextOf(chunks, field)
      if (done) {
        ended = true
        break
      }
      const chunk = typeof value === 'string' ? fromUtf8(value) : value
      if (!(chunk instanceof Uint8Array)) {
        throw new MailError('ESTREAM', `${field} must yield bytes, not ${describe(value)}`)
      }
      total += chunk.length
      if (size !== null && total > size)
        throw new MailError('ESTREAM', `${field} yields more than its size of ${size} bytes`)
      const out = filter.write(chunk)
      if (out.length > 0) yield out
    }
    if (size !== null && total < size) {
      throw new MailError('ESTREAM', `${field} ended after ${total} of ${size} bytes`)
    }
    const out = filter.end()
    if (out.length > 0) yield out
  } finally {
    if (!ended) await chunks.return?.().catch(() => {}) // why we leave is what counts
  }
}

async function nextOf(
  chunks: AsyncIterator<Uint8Array | string>,
  field: string,
): Promise<IteratorResult<Uint8Array | string>> {
  try {
    return await chunks.next()
  } catch (cause) {
    if (cause instanceof MailError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new MailError('ESTREAM', `${field} failed: ${reason}`, { cause })
  }
}

class Chain implements Filter {
  readonly #first: Filter
  readonly #second: Filter

  constructor(first: Filter, second: Filter) {
    this.#first = first
    this.#second = second
  }

  write(chunk: Uint8Array): Uint8Array {
    return this.#second.write(this.#first.write(chunk))
  }

  end(): Uint8Array {
    return concat([this.#second.write(this.#first.end()), this.#second.end()])
  }
}

/** Line breaks to CRLF; a CR at the end of a chunk waits for what follows. */
class CrlfFilter implements Filter {
  #heldCr = false

  write(chunk: Uint8Array): Uint8Array {
    let bytes = this.#heldCr ? concat([Uint8Array.of(CR), chunk]) : chunk
    this.#heldCr = bytes.length > 0 && bytes[bytes.length - 1] === CR
    if (this.#heldCr) bytes = bytes.subarray(0, -1)
    return withCrlf(bytes, shapeOf(bytes).bareBreaks)
  }

  end(): Uint8Array {
    return this.#heldCr ? Uint8Array.of(CR, LF) : EMPTY
  }
}

/** How much of a line is held back while its end is not in sight; longer ones are cut by a soft line break. */
const HELD = 64 * 1024
const SOFT_BREAK: Uint8Array = Buffer.from('=\r\n', 'latin1')

/** Encodes whole lines; what is cut elsewhere is joined by soft line breaks (RFC 2045 §6.7 rule 5). */
class QuotedPrintableFilter implements Filter {
  readonly #binary: boolean
  #rest: Uint8Array = EMPTY

  constructor(binary: boolean) {
    this.#binary = binary
  }

  write(chunk: Uint8Array): Uint8Array {
    const bytes = concat([this.#rest, chunk])
    const lineEnd = this.#binary ? 0 : bytes.lastIndexOf(LF) + 1
    if (lineEnd > 0) {
      this.#rest = bytes.slice(lineEnd)
      return this.#encode(bytes.subarray(0, lineEnd))
    }
    if (bytes.length <= HELD) {
      this.#rest = bytes
      return EMPTY
    }
    this.#rest = bytes.slice(-1) // a CR may belong to the LF that follows
    return concat([this.#encode(bytes.subarray(0, -1)), SOFT_BREAK])
  }

  end(): Uint8Array {
    return this.#encode(this.#rest)
  }

  #encode(bytes: Uint8Array): Uint8Array {
    return encodeQuotedPrintable(bytes, { binary: this.#binary, protectLineStarts: true })
  }
}

/** RFC 5322 §2.1.1 */
const LINE_LIMIT = 998

/** Passes on what is 7bit or 8bit, and stops at what is not. */
class LineCheck implements Filter {
  readonly #field: string
  readonly #encoding: '7bit' | '8bit'
  #column = 0
  #afterCr = false

  constructor(field: string, encoding: '7bit' | '8bit') {
    this.#field = field
    this.#encoding = encoding
  }

  write(chunk: Uint8Array): Uint8Array {
    const limit = this.#encoding === '7bit' ? 0x7f : 0xff
    for (let i = 0; i < chunk.length; i++) {
      const c = chunk[i]!
      if (this.#afterCr !== (c === LF)) this.#fail('CR or LF that are not a CRLF')
      if (c === 0) this.#fail('NUL')
      if (c > limit) this.#fail('octets above 0x7F')
      this.#afterCr = c === CR
      if (c === LF) this.#column = 0
      else if (c !== CR && ++this.#column > LINE_LIMIT) this.#fail(`a line of more than ${LINE_LIMIT} octets`)
    }
    return chunk
  }

  end(): Uint8Array {
    if (this.#afterCr) this.#fail('CR or LF that are not a CRLF')
    return EMPTY
  }

  #fail(what: string): never {
    throw new MailError('EMESSAGE', `${this.#field} is not ${this.#encoding}: it has ${what}`)
  }
}
