// The one header splitter (RFC 5322 §2.2, §3.6.8, §4.5.8): bytes of a header block to an ordered list of fields.
// Lenient where mail clients are: bare LF, white space before the colon, a leading mbox line, and lines that are no
// field at all. Such a line ends the header as MTAs do, unless a well-known field follows before the blank line.
import { asBuffer, CR, fromLatin1, LF, latin1, NUL, SP } from '../base/bytes.ts'
import { decodeUnlabelled, unfold } from '../text/index.ts'
import { knownKey } from './field-names.ts'
import { DEFAULT_LIMITS, type MimeLimits } from './limits.ts'

/** One field; offsets count from the start of its block, and `end` lies behind the line ending of its last line. */
export interface HeaderField {
  /** The name as the message has it. */
  readonly name: string
  /** The name in lower case. */
  readonly key: string
  readonly start: number
  /** Behind the colon. */
  readonly valueStart: number
  readonly end: number
}

/** A header block: its bytes as a string of one character a byte, and where its fields are. */
export interface HeaderBlock {
  /** Where the block begins in the message. */
  readonly offset: number
  /** The whole block, the blank line included, read as ISO-8859-1: character n is byte n. */
  readonly text: string
  /** Offset in `text` behind the last field: where the blank line begins. */
  readonly fieldsEnd: number
  readonly fields: readonly HeaderField[]
  /** True when every byte is below 0x80. */
  readonly ascii: boolean
}

/** Where a block ends, relative to its start. */
export interface HeaderEnd {
  readonly block: HeaderBlock
  /** Behind the blank line; or where the first line of the body begins when there is none. */
  readonly size: number
  /** A limit cut the block short, or not every field is listed. */
  readonly truncated: boolean
}

/** Says whether the line at `at` (beginning with `--`) ends the block: yes, no, or more bytes are needed. */
export type LineCheck = (buf: Buffer, at: number, final: boolean) => boolean | null

/** Splits the header at the front of `bytes`: a whole message, or a header block alone. Never throws. */
export function splitHeader(bytes: Uint8Array, limits: MimeLimits = DEFAULT_LIMITS): HeaderBlock {
  const reader = new HeaderReader(limits, null)
  reader.start(0, limits.maxHeaderSize, true, false)
  return reader.read(asBuffer(bytes), 0, true)!.block
}

//   field-name = 1*ftext; ftext = %d33-57 / %d59-126                                                  RFC 5322 §3.6.8
const IN_NAME: Uint8Array = new Uint8Array(256).fill(1, 0x21, 0x7f)
IN_NAME[0x3a] = 0

/** Reads one block after the other, each in as many calls as its bytes need; each byte is looked at once. */
export class HeaderReader {
  readonly #limits: MimeLimits
  readonly #check: LineCheck | null
  #offset = 0
  #maxSize = 0
  #mbox = false
  #checking = false
  /** start, end of name, start of value, end: four numbers a field. */
  readonly #fields: number[] = []
  /** How many of these are in use. */
  #used = 0
  /** The keys of those fields that nearly all mail has; empty for others. */
  readonly #keys: string[] = []
  #line = 0
  #scan = 0
  /** Where the first line that is no field begins, while no well-known field has followed; else -1. */
  #junk = -1
  /** What `#used` was when `#junk` was set. */
  #beforeJunk = 0
  #open = false
  #listed = true
  #high = 0

  constructor(limits: MimeLimits, check: LineCheck | null) {
    this.#limits = limits
    this.#check = check
  }

  /**
   * A new block begins at `offset` of the message. `mbox`: a first line `From …` is the mark of an mbox file and no reason
   * to end the header. `checking`: whether lines of two dashes are shown to the check.
   */
  start(offset: number, maxSize: number, mbox: boolean, checking: boolean): void {
    this.#offset = offset
    this.#maxSize = maxSize
    this.#mbox = mbox
    this.#checking = checking
    this.#used = 0
    this.#line = 0
    this.#scan = 0
    this.#junk = -1
    this.#beforeJunk = 0
    this.#open = false
    this.#listed = true
    this.#high = 0
  }

  /** `buf` from `at` on holds the block from its start; null when the end of the block is not there yet. */
  read(buf: Buffer, at: number, final: boolean): HeaderEnd | null {
    const limit = Math.min(buf.length, at + this.#maxSize)
    for (;;) {
      const start = at + this.#line
      let lf = at + this.#scan
      let high = this.#high
      while (lf < limit && buf[lf] !== LF) high |= buf[lf++]!
      this.#high = high
      if (lf >= limit) {
        this.#scan = lf - at
        // Too long: the line that passes the limit belongs to the body.
        if (limit < buf.length) return this.#finish(buf, at, start, start, true)
        if (!final) return null
        if (start >= limit) return this.#finish(buf, at, start, start, false)
        lf = limit - 1
      }
      const next = lf + 1
      if (lf === start ? buf[lf] === LF : lf === start + 1 && buf[start] === CR && buf[lf] === LF) {
        return this.#finish(buf, at, start, next, false)
      }
      if (this.#checking && buf[start] === 0x2d && buf[start + 1] === 0x2d) {
        const ends = this.#check!(buf, start, final)
        if (ends === null) {
          this.#scan = lf - at
          return null
        }
        if (ends) return this.#finish(buf, at, start, start, false)
      }
      this.#classify(buf, at, start, next)
      this.#line = this.#scan = next - at
    }
  }

  #classify(buf: Buffer, at: number, start: number, next: number): void {
    const fields = this.#fields
    const used = this.#used
    const first = buf[start]!
    if (first === 0x20 || first === 0x09) {
      if (this.#open) fields[used - 1] = next - at
      else if (this.#junk < 0 && (used === 0 || this.#listed)) this.#mark(start - at)
      return
    }
    let p = start
    while (p < next && IN_NAME[buf[p]!] === 1) p++
    const nameEnd = p
    while (p < next && (buf[p] === 0x20 || buf[p] === 0x09)) p++
    if (buf[p] !== 0x3a || p >= next || nameEnd === start) {
      this.#open = false
      if (start === at && this.#mbox && startsWithFrom(buf, start)) return
      if (this.#junk < 0) this.#mark(start - at)
      return
    }
    if (used >= this.#limits.maxFields * 4) {
      this.#listed = false
      this.#open = false
      return
    }
    this.#open = true
    this.#keys[used >> 2] = knownKey(buf, start, nameEnd)
    fields[used] = start - at
    fields[used + 1] = nameEnd - at
    fields[used + 2] = p + 1 - at
    fields[used + 3] = next - at
    this.#used = used + 4
    if (this.#junk >= 0 && isWellKnown(buf.toString('latin1', start, nameEnd).toLowerCase())) this.#junk = -1
  }

  #mark(at: number): void {
    this.#junk = at
    this.#beforeJunk = this.#used
  }

  #finish(buf: Buffer, at: number, fieldsEnd: number, end: number, cut: boolean): HeaderEnd {
    if (this.#junk >= 0) {
      this.#used = this.#beforeJunk
      fieldsEnd = end = at + this.#junk
      cut = false
    }
    const text = buf.toString('latin1', at, end)
    const marks = this.#fields
    const fields: HeaderField[] = new Array(this.#used >> 2)
    for (let i = 0, n = 0; i < this.#used; i += 4, n++) {
      const start = marks[i]!
      const name = text.slice(start, marks[i + 1]!)
      const key = this.#keys[n] || name.toLowerCase()
      fields[n] = { name, key, start, valueStart: marks[i + 2]!, end: marks[i + 3]! }
    }
    const block = {
      offset: this.#offset,
      text,
      fieldsEnd: fieldsEnd - at,
      fields,
      ascii: this.#high < 0x80,
    }
    return { block, size: end - at, truncated: cut || !this.#listed }
  }
}

function startsWithFrom(buf: Buffer, start: number): boolean {
  const at = buf[start] === 0x3e ? start + 1 : start
  return buf.toString('latin1', at, at + 5) === 'From '
}

const WELL_KNOWN: ReadonlySet<string> = new Set([
  'authentication-results',
  'bcc',
  'cc',
  'date',
  'delivered-to',
  'dkim-signature',
  'from',
  'in-reply-to',
  'message-id',
  'mime-version',
  'received',
  'references',
  'reply-to',
  'return-path',
  'sender',
  'subject',
  'to',
  'user-agent',
])

function isWellKnown(key: string): boolean {
  return WELL_KNOWN.has(key) || key.startsWith('content-') || key.startsWith('x-') || key.startsWith('list-')
}

/** The first field of that name (in lower case), or undefined. */
export function firstField(block: HeaderBlock, key: string): HeaderField | undefined {
  for (const field of block.fields) if (field.key === key) return field
  return undefined
}

/** A field's body as it stands, unfolded (RFC 5322 §2.2.3) and trimmed; 8-bit text is read as UTF-8, else windows-1252. */
export function fieldText(block: HeaderBlock, field: HeaderField): string {
  const { text } = block
  let start = field.valueStart
  let end = field.end
  while (start < end && isSpace(text.charCodeAt(start))) start++
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--
  const whole = withoutNul(unfold(text.slice(start, end)))
  return block.ascii ? whole : decodeUnlabelled(fromLatin1(whole))
}

/** `fieldText` of the first field of that name, or null. */
export function headerText(block: HeaderBlock, key: string): string | null {
  const field = firstField(block, key)
  return field === undefined ? null : fieldText(block, field)
}

/** The lines of a field as they stand, without the last line ending; one character a byte. */
export function fieldLines(block: HeaderBlock, field: HeaderField): string {
  let end = field.end
  if (block.text.charCodeAt(end - 1) === LF) end--
  if (end > field.start && block.text.charCodeAt(end - 1) === CR) end--
  return block.text.slice(field.start, end)
}

/** NUL, which no header may have, as a space. */
function withoutNul(text: string): string {
  if (!text.includes('\0')) return text
  // A million of them are replaced in bytes much sooner than in a string.
  const bytes = fromLatin1(text)
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === NUL) bytes[i] = SP
  return latin1(bytes)
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code <= 0x0d && code >= 0x09)
}
