// The one multipart splitter (RFC 2046 §5.1): bytes of a message, whole or in any pieces, to a tree of parts with
// offsets. One pass, iterative, memory for headers only; the tree is the same however the bytes are cut. It never
// throws: whatever the bytes are, they are some tree.
// A delimiter line is `--boundary` or `--boundary--` and white space, nothing else, of any multipart that is open.
import { asBuffer, CR, EMPTY, LF } from '../base/bytes.ts'
import { transferEncodingOf } from '../text/index.ts'
import { contentTypeOf, encodingOf } from './content-type.ts'
import { type HeaderBlock, HeaderReader } from './header.ts'
import { limitsFrom, type MimeLimits } from './limits.ts'
import { countLineFeeds } from './lines.ts'
import type { MessagePart } from './part.ts'

export interface ScanOptions extends Partial<MimeLimits> {
  /** Whether to count the lines of text and message parts; default true. */
  readonly countLines?: boolean
}

/** Is told of parts as they are found. `bytes` are valid during the call only when they came from `feed`'s caller. */
export interface ScanEvents {
  /** The header of a part is complete. Its body fields are not yet final. */
  partStart(part: MessagePart): void
  /** Bytes of the body of a leaf, in order. */
  body(part: MessagePart, bytes: Uint8Array): void
  partEnd(part: MessagePart): void
}

/** The part tree of a whole message in memory. */
export function scanMessage(bytes: Uint8Array, options: ScanOptions = {}): MessagePart {
  const scanner = new MessageScanner(options)
  return scanner.scan(bytes)
}

type Open = { -readonly [K in keyof MessagePart]: K extends 'parts' ? Open[] : MessagePart[K] }

interface Frame {
  readonly part: Open
  /** Empty for a message, and for a multipart behind its closing delimiter. */
  boundary: string
  /** Which frame the same boundary meant before this one was opened. */
  readonly shadowed: number | undefined
}

/** RFC 2046 says 70; a boundary must fit a line (RFC 5322 §2.1.1). */
const MAX_BOUNDARY = 998
/** White space that a delimiter line may carry: as much as fits a line. */
const MAX_PADDING = 998
const LINE_DASHES: Buffer = Buffer.from('\n--')

/** Feed it a message in pieces of any size, then call `end` for the tree. */
export class MessageScanner {
  readonly #limits: MimeLimits
  readonly #countLines: boolean
  readonly #events: ScanEvents | null
  /** Unconsumed bytes, and where the first of `#buf` lies in the message. */
  #buf: Buffer = asBuffer(EMPTY)
  #base = 0
  #pos = 0
  /** The growing store behind `#buf` while a header is incomplete. */
  #store: Buffer | null = null
  #final = false

  readonly #frames: Frame[] = []
  readonly #boundaries: Map<string, number> = new Map()
  /** Which frame is the innermost that has a boundary; any while none has. */
  #inner = 0
  #longest = 0
  #root: Open | null = null
  /** The open part that is not a container; null between parts. */
  #leaf: Open | null = null
  readonly #reader: HeaderReader
  #inHeader = true
  #digest = false
  /** True at the first byte of a line of the body where a delimiter may stand. */
  #lineStart = false
  #parts = 0
  #headerBytes = 0
  #lineFeeds = 0
  /** Open parts whose lines are counted. */
  #counting = 0
  /** Past the limit on parts nothing is looked for any more. */
  #opaque = false
  /** The delimiter line found last: of which frame, where its text ends and where the next line begins. */
  #found = -1
  #foundText = 0
  #foundEnd = 0
  #foundClose = false

  constructor(
    options: ScanOptions = {},
    events: ScanEvents | null = null,
    countLines: boolean = options.countLines !== false,
  ) {
    this.#limits = limitsFrom(options)
    this.#countLines = countLines
    this.#events = events
    this.#reader = new HeaderReader(this.#limits, (buf, at, final) => this.#isDelimiter(buf, at, final))
    this.#reader.start(0, this.#limits.maxHeaderSize, true, false)
  }

  /** The chunk is the caller's own again when this returns. */
  feed(chunk: Uint8Array): void {
    this.#append(chunk)
    this.#run()
    // What must wait for more bytes waits in a store of our own.
    if (this.#store === null && this.#pos < this.#buf.length) this.#append(EMPTY)
  }

  /** The whole message at once: `feed` and `end` in one. */
  scan(bytes: Uint8Array): MessagePart {
    this.#buf = asBuffer(bytes)
    return this.end()
  }

  /** No more bytes: closes every part and gives the tree. */
  end(): MessagePart {
    this.#final = true
    this.#run()
    const end = this.#base + this.#pos
    this.#closeLeaf(end)
    while (this.#frames.length > 0) this.#closeFrame(end)
    return this.#root!
  }

  #append(chunk: Uint8Array): void {
    const rest = this.#buf.length - this.#pos
    if (rest === 0) {
      this.#base += this.#pos
      this.#buf = asBuffer(chunk)
      this.#pos = 0
      this.#store = null
      return
    }
    const used = this.#buf.length
    if (this.#store !== null && this.#inHeader && this.#store.length - used >= chunk.length) {
      this.#store.set(chunk, used)
      this.#buf = this.#store.subarray(0, used + chunk.length)
      return
    }
    // A header may be long in coming, so its store doubles; of a body only the beginning of a line ever waits. Bytes
    // that were handed on are never overwritten: the store only grows, or is a new one.
    const size = rest + chunk.length
    const store = Buffer.allocUnsafe(!this.#inHeader ? size : Math.max(2 * size, 1024))
    this.#buf.copy(store, 0, this.#pos)
    store.set(chunk, rest)
    this.#store = store
    this.#base += this.#pos
    this.#pos = 0
    this.#buf = store.subarray(0, size)
  }

  #run(): void {
    while (this.#inHeader ? this.#readHeader() : this.#readBody());
  }

  #readHeader(): boolean {
    const result = this.#reader.read(this.#buf, this.#pos, this.#final)
    if (result === null) return false
    const start = this.#base + this.#pos
    this.#inHeader = false
    this.#headerBytes += result.size
    this.#consume(this.#pos + result.size)
    this.#openPart(result.block, start, result.truncated)
    return true
  }

  #openPart(block: HeaderBlock, start: number, cut: boolean): void {
    const { type, subtype, boundary } = contentTypeOf(block, this.#digest)
    const encoding = encodingOf(block)
    const bodyStart = this.#base + this.#pos
    const part: Open = {
      kind: 'leaf',
      header: block,
      headerStart: start,
      bodyStart,
      bodyEnd: bodyStart,
      lines: 0,
      type,
      subtype,
      encoding,
      parts: [],
      truncated: false,
    }
    this.#parts++
    const parent = this.#frames[this.#frames.length - 1]
    if (parent === undefined) this.#root = part
    else parent.part.parts.push(part)

    const nested =
      type === 'message' &&
      (subtype === 'rfc822' || subtype === 'global') &&
      transferEncodingOf(encoding) === 'identity'
    const multipart = type === 'multipart' && boundary !== '' && boundary.length <= MAX_BOUNDARY
    const container = nested || multipart
    const full =
      this.#frames.length >= this.#limits.maxDepth ||
      this.#parts >= this.#limits.maxParts ||
      this.#headerBytes >= this.#limits.maxTotalHeaderSize
    if (this.#countLines && (type === 'text' || type === 'message')) {
      this.#counting++
      part.lines = -this.#lineFeeds
    }
    if (cut || (container && full)) this.#truncate(part)
    this.#lineStart = this.#boundaries.size > 0
    if (!container || full || cut) {
      this.#leaf = part
      this.#events?.partStart(part)
      return
    }
    part.kind = nested ? 'message' : 'multipart'
    this.#events?.partStart(part)
    if (nested) {
      this.#frames.push({ part, boundary: '', shadowed: undefined })
      this.#startHeader(false, true)
      return
    }
    this.#frames.push({ part, boundary, shadowed: this.#boundaries.get(boundary) })
    this.#inner = this.#frames.length - 1
    this.#boundaries.set(boundary, this.#inner)
    if (boundary.length > this.#longest) this.#longest = boundary.length
    this.#lineStart = true
  }

  #startHeader(digest: boolean, mbox: boolean): void {
    this.#digest = digest
    const left = Math.max(0, this.#limits.maxTotalHeaderSize - this.#headerBytes)
    const maxSize = Math.min(this.#limits.maxHeaderSize, left)
    this.#reader.start(this.#base + this.#pos, maxSize, mbox, this.#boundaries.size > 0)
    this.#inHeader = true
  }

  /** Looks for the next delimiter line and acts on it; false when there is none in the bytes at hand. */
  #readBody(): boolean {
    const buf = this.#buf
    if (this.#opaque || this.#boundaries.size === 0) {
      this.#consume(buf.length)
      return false
    }
    if (this.#lineStart) {
      if (buf.length - this.#pos < 2 && !this.#final) {
        if (buf.length > this.#pos && buf[this.#pos] !== 0x2d) this.#lineStart = false
        else return false
      } else if (buf[this.#pos] === 0x2d && buf[this.#pos + 1] === 0x2d) {
        const found = this.#isDelimiter(buf, this.#pos, this.#final)
        if (found === null) return false
        if (found) return this.#delimit(this.#pos)
      }
      this.#lineStart = false
    }
    let from = this.#pos
    for (;;) {
      const lf = buf.indexOf(LINE_DASHES, from)
      if (lf < 0) break
      const found = this.#isDelimiter(buf, lf + 1, this.#final)
      const lineEnd = lf > this.#pos && buf[lf - 1] === CR ? lf - 1 : lf
      if (found === null) {
        this.#consume(lineEnd)
        return false
      }
      if (found) return this.#delimit(lineEnd)
      from = lf + 1
    }
    this.#consume(this.#final ? buf.length : heldFrom(buf, this.#pos))
    return false
  }

  /** Whether a delimiter line of an open multipart begins at `at`, where `--` stands; null when its end is not there. */
  #isDelimiter(buf: Buffer, at: number, final: boolean): boolean | null {
    const start = at + 2
    const limit = Math.min(buf.length, start + this.#longest + 2 + MAX_PADDING + 2)
    let end = start
    while (end < limit && buf[end] !== LF) end++
    const next = end + 1
    if (end === limit) {
      if (limit < buf.length || limit === start + this.#longest + 2 + MAX_PADDING + 2) return false
      if (!final) return null
    } else if (end > start && buf[end - 1] === CR) end--
    const lineText = end
    while (end > start && (buf[end - 1] === 0x20 || buf[end - 1] === 0x09)) end--
    const length = end - start
    if (length > this.#longest + 2) return false
    if (!this.#matchesInner(buf, start, length) && !this.#matchesAny(buf, start, end)) return false
    this.#foundText = lineText
    this.#foundEnd = Math.min(next, buf.length)
    return true
  }

  /** The usual case: the delimiter of the innermost multipart. */
  #matchesInner(buf: Buffer, start: number, length: number): boolean {
    const { boundary } = this.#frames[this.#inner]!
    const rest = length - boundary.length
    if (rest !== 0 && !(rest === 2 && buf[start + length - 1] === 0x2d && buf[start + length - 2] === 0x2d))
      return false
    for (let i = 0; i < boundary.length; i++) if (buf[start + i] !== boundary.charCodeAt(i)) return false
    this.#found = this.#inner
    this.#foundClose = rest === 2
    return true
  }

  #matchesAny(buf: Buffer, start: number, end: number): boolean {
    if (this.#boundaries.size === 1) return false
    const text = buf.toString('latin1', start, end)
    let frame = this.#boundaries.get(text)
    this.#foundClose = frame === undefined && text.endsWith('--')
    if (this.#foundClose) frame = this.#boundaries.get(text.slice(0, -2))
    if (frame === undefined) return false
    this.#found = frame
    return true
  }

  /** Acts on the delimiter just found; the parts before it end at `end`. */
  #delimit(end: number): true {
    const depth = this.#found
    const close = this.#foundClose
    this.#consume(end)
    const at = this.#base + end
    this.#closeLeaf(at)
    while (this.#frames.length - 1 > depth) this.#closeFrame(at)
    const frame = this.#frames[depth]!
    if (!close && this.#parts >= this.#limits.maxParts) {
      this.#truncate(frame.part)
      this.#opaque = true
      return true
    }
    if (close) {
      // Its line ending may already belong to the next delimiter.
      this.#consume(this.#foundText)
      this.#forget(frame)
      return true
    }
    this.#consume(this.#foundEnd)
    this.#startHeader(frame.part.subtype === 'digest', false)
    return true
  }

  /** Passes over the bytes up to `to`: counts their lines and hands a leaf's body on. */
  #consume(to: number): void {
    const from = this.#pos
    if (to <= from) return
    if (this.#counting > 0) this.#lineFeeds += countLineFeeds(this.#buf, from, to)
    if (this.#events !== null && this.#leaf !== null)
      this.#events.body(this.#leaf, this.#buf.subarray(from, to))
    this.#pos = to
  }

  #closeLeaf(at: number): void {
    const leaf = this.#leaf
    if (leaf === null) return
    this.#leaf = null
    this.#close(leaf, at)
  }

  #closeFrame(at: number): void {
    const frame = this.#frames[this.#frames.length - 1]!
    this.#forget(frame)
    this.#frames.pop()
    this.#close(frame.part, at)
  }

  #close(part: Open, at: number): void {
    part.bodyEnd = Math.max(at, part.bodyStart)
    if (this.#countLines && (part.type === 'text' || part.type === 'message')) {
      part.lines += this.#lineFeeds
      this.#counting--
    }
    this.#events?.partEnd(part)
  }

  /** The multipart's boundary means nothing any more; an outer multipart of the same boundary has it back. */
  #forget(frame: Frame): void {
    if (frame.boundary === '') return
    if (frame.shadowed === undefined) this.#boundaries.delete(frame.boundary)
    else this.#boundaries.set(frame.boundary, frame.shadowed)
    frame.boundary = ''
    while (this.#inner > 0 && this.#frames[this.#inner]!.boundary === '') this.#inner--
  }

  #truncate(part: Open): void {
    part.truncated = true
    for (const frame of this.#frames) frame.part.truncated = true
  }
}

/** From where on `buf` could be the beginning of a line ending and `--`, so that it must wait for more. */
function heldFrom(buf: Buffer, from: number): number {
  const end = buf.length
  let at = end
  if (at > from && buf[at - 1] === 0x2d && at - 1 > from && buf[at - 2] === LF) at -= 2
  else if (at > from && buf[at - 1] === LF) at -= 1
  else return at > from && buf[at - 1] === CR ? at - 1 : at
  return at > from && buf[at - 1] === CR ? at - 1 : at
}
