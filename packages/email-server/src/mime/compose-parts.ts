// From the tree of parts to the pieces that leave: headers of parts, boundaries, transfer encodings of what contains them.
// RFC 2046 §5.1 (multipart), RFC 2045 §6.4 (a multipart is labelled as wide as its widest part), RFC 2387 (related).
import { asBuffer, fromUtf8 } from '../base/bytes.ts'
import { MailError, optionError } from '../base/errors.ts'
import { type Domain, type EncodedBody, type EncodingRules, encodeBody, wider } from './compose-encode.ts'
import { headerEntries, writeCustom } from './compose-fields.ts'
import { type HeaderRules, HeaderWriter } from './compose-header.ts'
import type { MessageOptions } from './compose-options.ts'
import type { Piece } from './compose-output.ts'
import { shapeOf, withCrlf } from './compose-shape.ts'
import { streamPiece } from './compose-stream.ts'
import type { LeafPart, MultiPart, Part, RawPart } from './compose-tree.ts'

interface EncodedLeaf {
  readonly kind: 'leaf'
  readonly part: LeafPart
  readonly body: EncodedBody
}

interface EncodedRaw {
  readonly kind: 'raw'
  readonly domain: Domain
  readonly pieces: readonly Piece[]
  readonly plain: Uint8Array | null
  readonly utf8Header: boolean
  readonly endsWithBreak: boolean
}

interface EncodedMulti {
  readonly kind: 'multipart'
  readonly part: MultiPart
  readonly domain: Domain
  readonly parts: readonly EncodedPart[]
}

export type EncodedPart = EncodedLeaf | EncodedRaw | EncodedMulti

export function domainOf(part: EncodedPart): Domain {
  return part.kind === 'leaf' ? part.body.domain : part.domain
}

export function encodeTree(part: Part, rules: EncodingRules, isRoot = true): EncodedPart {
  if (part.kind === 'leaf') return { kind: 'leaf', part, body: encodeBody(part, rules, isRoot) }
  if (part.kind === 'raw') return encodeRaw(part, rules)
  const parts = part.parts.map(child => encodeTree(child, rules, false))
  const domain = parts.reduce<Domain>((widest, child) => wider(widest, domainOf(child)), '7bit')
  return { kind: 'multipart', part, domain, parts }
}

/** What brings its own header goes as it is, with CRLF for line breaks. */
export function encodeRaw(part: RawPart, rules: EncodingRules): EncodedRaw {
  const { field, source } = part
  const { eightBitMime, binaryMime } = rules.profile
  if (source.kind === 'stream') {
    if (eightBitMime === false) {
      throw new MailError(
        'EMESSAGE',
        `${field} is a stream that may need 8BITMIME, which smtpProfile forbids: give its bytes`,
      )
    }
    const pieces = [streamPiece(source, '8bit', source.size === null ? 'text' : 'file')]
    return { kind: 'raw', domain: '8bit', pieces, plain: null, utf8Header: false, endsWithBreak: false }
  }
  const given = source.kind === 'text' ? fromUtf8(source.text) : source.bytes
  const bytes = withCrlf(given, shapeOf(given).bareBreaks)
  const shape = shapeOf(bytes)
  const domain: Domain =
    shape.hasNul || shape.longestLine > 998 ? 'binary' : shape.eightBit > 0 ? '8bit' : '7bit'
  if ((domain === '8bit' && eightBitMime === false) || (domain === 'binary' && binaryMime === false)) {
    throw new MailError('EMESSAGE', `${field} is ${domain}, which smtpProfile forbids`)
  }
  const endsWithBreak = shape.endsWithBreak || bytes.length === 0
  return {
    kind: 'raw',
    domain,
    pieces: [bytes],
    plain: bytes,
    utf8Header: hasUtf8Header(bytes),
    endsWithBreak,
  }
}

function hasUtf8Header(bytes: Uint8Array): boolean {
  const end = asBuffer(bytes).indexOf('\r\n\r\n')
  return shapeOf(end < 0 ? bytes : bytes.subarray(0, end)).eightBit > 0
}

/** Writes parts one after the other; keeps what the whole message must know of them. */
export class PartWriter {
  readonly pieces: Piece[] = []
  readonly #boundary: (n: number) => string
  readonly #rules: HeaderRules
  #multiparts = 0
  /** ASCII that waits for the next piece of another kind. */
  #pending = ''
  #utf8 = false

  constructor(boundary: (n: number) => string, rules: HeaderRules) {
    this.#boundary = boundary
    this.#rules = rules
  }

  /** True when a header of the message or of a part holds UTF-8. */
  get usesUtf8(): boolean {
    return this.#utf8
  }

  /** The whole message: `header` has the message's own fields. */
  writeMessage(header: HeaderWriter, root: EncodedPart): void {
    if (root.kind === 'raw') {
      // its header goes on where the message's own fields end
      this.#fields(header, header.text)
      this.#raw(root)
      if (!root.endsWithBreak) this.#ascii('\r\n')
    } else {
      this.#part(header, root)
      if (root.kind === 'leaf' && !root.body.endsWithBreak) this.#ascii('\r\n')
    }
    this.#flush()
  }

  #part(header: HeaderWriter, part: EncodedPart): void {
    if (part.kind === 'raw') this.#raw(part)
    else if (part.kind === 'leaf') this.#leaf(header, part)
    else this.#multipart(header, part)
  }

  #leaf(header: HeaderWriter, { part, body }: EncodedLeaf): void {
    const { field, media } = part
    header.parameters('Content-Type', body.type ?? media.type, media.params, `${field}.contentType`)
    if (part.disposition !== null) {
      const params: [string, string][] = part.filename === null ? [] : [['filename', part.filename]]
      header.parameters('Content-Disposition', part.disposition, params, `${field}.filename`)
    }
    if (part.cid !== null) header.folded('Content-ID', `<${part.cid}>`, `${field}.cid`)
    header.folded('Content-Transfer-Encoding', body.encoding, `${field}.contentTransferEncoding`)
    for (const { name, value, field: from } of headerEntries(part.headers, `${field}.headers`)) {
      if (/^content-(?:type|transfer-encoding|disposition)$/i.test(name)) {
        throw new MailError(
          'EMESSAGE',
          `${from} is written by itself: use contentType, contentTransferEncoding, contentDisposition`,
        )
      }
      if (part.cid === null || name.toLowerCase() !== 'content-id') writeCustom(header, name, value, from)
    }
    this.#header(header)
    for (const piece of body.pieces) this.#piece(piece)
  }

  #multipart(header: HeaderWriter, { part, domain, parts }: EncodedMulti): void {
    const boundary = this.#boundary(++this.#multiparts)
    const root = parts[0]
    const type: (readonly [string, string])[] =
      part.subtype === 'related' && root?.kind === 'leaf' ? [['type', root.part.media.type]] : []
    header.parameters(
      'Content-Type',
      `multipart/${part.subtype}`,
      [...type, ['boundary', boundary]],
      'boundary',
    )
    if (domain !== '7bit') header.folded('Content-Transfer-Encoding', domain, 'contentTransferEncoding')
    this.#header(header)
    for (const [i, child] of parts.entries()) {
      this.#ascii(i === 0 ? `--${boundary}\r\n` : `\r\n--${boundary}\r\n`)
      this.#part(new HeaderWriter(this.#rules), child)
    }
    this.#ascii(`\r\n--${boundary}--\r\n`)
  }

  #raw(part: EncodedRaw): void {
    if (part.utf8Header) this.#utf8 = true
    for (const piece of part.pieces) this.#piece(piece)
  }

  #header(header: HeaderWriter): void {
    this.#fields(header, `${header.text}\r\n`)
  }

  #fields(header: HeaderWriter, text: string): void {
    if (header.isAscii) this.#ascii(text)
    else {
      this.#utf8 = true
      this.#piece(fromUtf8(text))
    }
  }

  #ascii(text: string): void {
    this.#pending += text
  }

  #piece(piece: Piece): void {
    if (typeof piece === 'string') {
      this.#pending += piece
      return
    }
    this.#flush()
    this.pieces.push(piece)
  }

  #flush(): void {
    if (this.#pending !== '') this.pieces.push(this.#pending)
    this.#pending = ''
  }
}

/**
 * Boundaries for the multiparts of one message, by number. They begin with `=_`, which neither base64 nor quoted-printable can
 * contain (RFC 2045 §6.7), and what goes out unencoded is searched for them.
 */
export function boundaries(
  root: EncodedPart,
  options: MessageOptions,
  random: () => Uint8Array,
): (n: number) => string {
  const prefix = options.boundaryPrefix ?? '=_'
  checkBoundary(prefix, 'boundaryPrefix')
  if (options.baseBoundary !== undefined) checkBoundary(options.baseBoundary, 'baseBoundary')
  const plain: Uint8Array[] = []
  collectPlain(root, plain)
  for (let attempt = 0; attempt < 10; attempt++) {
    const base = options.baseBoundary ?? asBuffer(random()).toString('hex')
    const boundary = (n: number): string => `${prefix}${n}_${base}`
    const taken = plain.some(bytes => [1, 2, 3].some(n => asBuffer(bytes).includes(`--${boundary(n)}`)))
    if (!taken) return boundary
    if (options.baseBoundary !== undefined) break
  }
  throw new MailError('EMESSAGE', 'baseBoundary occurs in the content: no reader could tell the parts apart')
}

// boundary := 0*69<bchars> bcharsnospace                                                      RFC 2046 §5.1.1
function checkBoundary(text: string, field: string): void {
  if (typeof text !== 'string' || !/^[0-9A-Za-z'()+_,./:=?-]{0,32}$/.test(text)) {
    throw optionError(field, "at most 32 letters, digits and '()+_,-./:=?", text)
  }
}

function collectPlain(part: EncodedPart, plain: Uint8Array[]): void {
  if (part.kind === 'multipart') for (const child of part.parts) collectPlain(child, plain)
  else {
    const bytes = part.kind === 'leaf' ? part.body.plain : part.plain
    if (bytes) plain.push(bytes)
  }
}
