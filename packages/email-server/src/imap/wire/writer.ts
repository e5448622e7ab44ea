// Builds responses (and commands) as bytes. Every production checks what it is given: CR, LF and NUL reach the wire only
// inside literals, NUL only inside messages (RFC 3501 §9, RFC 9051 §9). Whole lines are kept until they are worth a
// write or `flush` is called; what of a line is not handed over yet can be taken back.
import { describe, usageError } from '../../base/errors.ts'
import { ASTRING_CHAR, ATOM_CHAR, isAll } from './chars.ts'

export interface Sink {
  /** The bytes are the sink's from then on. */
  write(bytes: Uint8Array): void
}

/** Longer strings are sent as literals: some clients keep lines in small buffers. */
const LONGEST_QUOTED = 1000
/** Literals up to this size are copied in between the text; larger ones are handed over as they are. */
const COPIED_BELOW = 16 * 1024
/** Whole lines are handed over when they come to this. */
const HAND_OVER_AT = 32 * 1024
const FIRST_BUFFER = 1024
const LARGEST_BUFFER = 64 * 1024
const NO_BUFFER = Buffer.alloc(0)

/** 1: may stand in a quoted string as it is; 2: with a backslash, or when it is a control character. */
const QUOTING = new Uint8Array(128).fill(1)
for (let c = 0; c < 0x20; c++) QUOTING[c] = 2
for (const c of [0x22, 0x5c, 0x7f]) QUOTING[c] = 2
for (const c of [0, 10, 13]) QUOTING[c] = 0

const QUOTABLE = /^[\x01-\x09\x0b\x0c\x0e-\x7f]*$/
const QUOTABLE_UTF8 = /^[^\0\r\n]*$/

export class Writer {
  /** UTF-8 may stand in quoted strings (RFC 6855, RFC 9051). */
  utf8 = false
  /** For commands: must the server say `+` before the octets of a literal (RFC 7888)? Null: responses. */
  synchronizing: ((size: number) => boolean) | null = null
  /** Called where the server's `+` has to be waited for; everything before it has been handed over. */
  onWait: (() => void) | null = null
  readonly #sink: Sink
  #buffer: Buffer = NO_BUFFER
  /** In the buffer: what is not handed over, and where the line at hand begins. */
  #start = 0
  #line = 0
  #at = 0
  /** Pieces of the line at hand that stand before `#start`. */
  #pieces: Uint8Array[] = []
  #torn = false

  constructor(sink: Sink) {
    this.#sink = sink
  }

  /** Protocol text as it stands; the caller vouches for it. */
  raw(text: string): this {
    const length = text.length
    if (this.#buffer.length - this.#at < length) this.#grow(length)
    const buffer = this.#buffer
    let at = this.#at
    for (let i = 0; i < length; i++) {
      const c = text.charCodeAt(i)
      if (c > 0x7f) return this.#rawUtf8(text)
      buffer[at++] = c
    }
    this.#at = at
    return this
  }

  atom(text: string): this {
    if (!isAll(text, ATOM_CHAR)) throw usageError(`${describe(text)} is not an IMAP atom`)
    return this.raw(text)
  }

  number(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0)
      throw usageError(`${describe(value)} is not an IMAP number`)
    return this.raw(String(value))
  }

  /** string = quoted / literal, whichever can hold it; NUL can't be said. */
  string(text: string): this {
    const length = text.length
    if (length > LONGEST_QUOTED) return this.#literalText(text)
    if (this.#buffer.length - this.#at < length + 2) this.#grow(length + 2)
    const buffer = this.#buffer
    let at = this.#at
    buffer[at++] = 0x22
    for (let i = 0; i < length; i++) {
      const c = text.charCodeAt(i)
      if (c > 0x7f || QUOTING[c] !== 1) return this.#quoted(text)
      buffer[at++] = c
    }
    buffer[at++] = 0x22
    this.#at = at
    return this
  }

  nstring(text: string | null): this {
    return text === null ? this.raw('NIL') : this.string(text)
  }

  /** astring = 1*ASTRING-CHAR / string */
  astring(text: string): this {
    return isAll(text, ASTRING_CHAR) && text.toUpperCase() !== 'NIL' ? this.raw(text) : this.string(text)
  }

  /** A literal and its octets. */
  literal(bytes: Uint8Array): this {
    this.#announce(bytes.length)
    if (bytes.length >= COPIED_BELOW) {
      this.#cut()
      this.#pieces.push(bytes)
      return this
    }
    if (this.#buffer.length - this.#at < bytes.length) this.#grow(bytes.length)
    this.#buffer.set(bytes, this.#at)
    this.#at += bytes.length
    return this
  }

  /** A literal, or a literal8 when the octets have a NUL (RFC 3516 §4.3). */
  literal8(bytes: Uint8Array): this {
    return (bytes.includes(0) ? this.raw('~') : this).literal(bytes)
  }

  /** Announces a literal whose octets the caller gives to `bytes` piece by piece. What is written so far leaves. */
  announce(size: number): this {
    this.raw(`{${size}}\r\n`)
    this.#line = this.#at
    this.flush()
    this.#torn = true
    return this
  }

  /** As `announce`, for a command: with what the server is owed before the octets. */
  announceCommand(size: number): this {
    this.#announce(size)
    return this
  }

  bytes(bytes: Uint8Array): void {
    this.#sink.write(bytes)
  }

  /** Part of a line has left already: it can only be ended, not taken back. */
  get torn(): boolean {
    return this.#torn
  }

  /** Nothing of a line is written: another may come before the next. */
  get betweenLines(): boolean {
    return !this.#torn && this.#at === this.#line && this.#pieces.length === 0
  }

  /** A parenthesized list. */
  list<T>(items: readonly T[], write: (item: T) => void): this {
    this.raw('(')
    for (let i = 0; i < items.length; i++) {
      if (i > 0) this.raw(' ')
      write(items[i]!)
    }
    return this.raw(')')
  }

  /** Ends the line. */
  end(): void {
    this.raw('\r\n')
    this.#line = this.#at
    this.#torn = false
    if (this.#pieces.length > 0 || this.#at - this.#start >= HAND_OVER_AT) this.flush()
  }

  /** Part of a long line may leave: from then on it can't be taken back. */
  commit(): void {
    this.#line = this.#at
    this.#torn = true
    if (this.#at - this.#start >= HAND_OVER_AT) this.flush()
  }

  /** Hands over the lines that are whole. */
  flush(): void {
    const pieces = this.#pieces
    if (pieces.length > 0) {
      this.#pieces = []
      for (const piece of pieces) this.#sink.write(piece)
    }
    if (this.#line > this.#start) {
      this.#sink.write(this.#buffer.subarray(this.#start, this.#line))
      this.#start = this.#line
    }
  }

  /** Forgets the line at hand: a value in it could not be said. */
  discard(): void {
    this.#pieces = []
    this.#at = this.#line
  }

  /** Nothing will be written for a while: an idle session holds no buffer. */
  rest(): void {
    this.flush()
    this.#buffer = NO_BUFFER
    this.#start = 0
    this.#line = 0
    this.#at = 0
  }

  // DQUOTE *QUOTED-CHAR DQUOTE with what needs a backslash, or a literal
  #quoted(text: string): this {
    if (!(this.utf8 ? QUOTABLE_UTF8 : QUOTABLE).test(text)) return this.#literalText(text)
    return this.raw(`"${text.replace(/["\\]/g, '\\$&')}"`)
  }

  #literalText(text: string): this {
    if (text.includes('\0')) throw usageError('an IMAP string holds no NUL')
    this.#announce(Buffer.byteLength(text))
    return this.raw(text)
  }

  #announce(size: number): void {
    const waits = this.synchronizing?.(size)
    this.raw(waits === false ? `{${size}+}\r\n` : `{${size}}\r\n`)
    if (!waits) return
    this.commit()
    this.flush()
    this.onWait?.()
  }

  #rawUtf8(text: string): this {
    const length = Buffer.byteLength(text)
    if (this.#buffer.length - this.#at < length) this.#grow(length)
    this.#at += this.#buffer.write(text, this.#at, 'utf8')
    return this
  }

  /** What of the line at hand is in the buffer becomes a piece. */
  #cut(): void {
    if (this.#pieces.length === 0 && this.#line > this.#start) {
      // the whole lines before it leave by themselves
      this.#sink.write(this.#buffer.subarray(this.#start, this.#line))
      this.#start = this.#line
    }
    this.#pieces.push(this.#buffer.subarray(this.#start, this.#at))
    this.#start = this.#at
    this.#line = this.#at
  }

  /** A new buffer with room for so much, which begins with what is not handed over. */
  #grow(needed: number): void {
    const kept = this.#buffer.subarray(this.#start, this.#at)
    const usual = Math.min(LARGEST_BUFFER, Math.max(FIRST_BUFFER, this.#buffer.length * 2))
    const larger = Buffer.allocUnsafeSlow(Math.max(usual, kept.length + needed))
    larger.set(kept)
    this.#line -= this.#start
    this.#at = kept.length
    this.#start = 0
    this.#buffer = larger
  }
}

/** What `write` writes, as bytes. */
export function written(write: (w: Writer) => void): Uint8Array {
  const pieces: Uint8Array[] = []
  const w = new Writer({ write: bytes => pieces.push(bytes) })
  write(w)
  w.commit()
  w.flush()
  return Buffer.concat(pieces)
}
