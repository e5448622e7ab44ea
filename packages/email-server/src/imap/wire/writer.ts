// Builds responses (and commands) as text, with the bytes of bodies between. Every production checks what it is given:
// CR, LF and NUL reach the wire only inside literals, NUL only inside literal8 and messages (RFC 3501 §9, RFC 9051 §9).
import { fromUtf8 } from '../../base/bytes.ts'
import { describe, usageError } from '../../base/errors.ts'
import { ASTRING_CHAR, ATOM_CHAR, isAll } from './chars.ts'

export interface Sink {
  write(data: string | Uint8Array): void
}

/** Longer strings are sent as literals: some clients keep lines in small buffers. */
const LONGEST_QUOTED = 1000
const PLAIN = /^[ !#-[\]-~]*$/
const QUOTABLE = /^[\x01-\x09\x0b\x0c\x0e-\x7f]*$/
const QUOTABLE_UTF8 = /^[^\0\r\n]*$/
const MOST = Number.MAX_SAFE_INTEGER

export class Writer {
  /** UTF-8 may stand in quoted strings (RFC 6855, RFC 9051). */
  utf8 = false
  readonly #sink: Sink
  #text = ''
  /** Text and bytes before `#text`, not let go yet. */
  #pieces: (string | Uint8Array)[] = []
  #torn = false

  constructor(sink: Sink) {
    this.#sink = sink
  }

  /** Protocol text as it stands; the caller vouches for it. */
  raw(text: string): this {
    this.#text += text
    return this
  }

  atom(text: string): this {
    if (!isAll(text, ATOM_CHAR)) throw usageError(`${describe(text)} is not an IMAP atom`)
    this.#text += text
    return this
  }

  number(value: number): this {
    if (!Number.isInteger(value) || value < 0 || value > MOST) {
      throw usageError(`${describe(value)} is not an IMAP number`)
    }
    this.#text += value
    return this
  }

  /** string = quoted / literal, whichever can hold it; NUL can't be said. */
  string(text: string): this {
    if (text.length <= LONGEST_QUOTED) {
      if (PLAIN.test(text)) {
        this.#text += `"${text}"`
        return this
      }
      if ((this.utf8 ? QUOTABLE_UTF8 : QUOTABLE).test(text)) {
        this.#text += `"${text.replace(/["\\]/g, '\\$&')}"`
        return this
      }
    }
    if (text.includes('\0')) throw usageError('an IMAP string holds no NUL')
    this.#text += `{${Buffer.byteLength(text)}}\r\n${text}`
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
    this.#text += `{${bytes.length}}\r\n`
    this.#pieces.push(this.#text, bytes)
    this.#text = ''
    return this
  }

  /** Announces a literal whose octets the caller gives to `bytes` piece by piece. What is written so far leaves. */
  announce(size: number): this {
    this.#text += `{${size}}\r\n`
    this.commit()
    this.#torn = true
    return this
  }

  bytes(bytes: Uint8Array): void {
    this.#sink.write(bytes)
  }

  /** Part of a line has left already: it can only be ended, not taken back. */
  get torn(): boolean {
    return this.#torn
  }

  /** A parenthesized list. */
  list<T>(items: Iterable<T>, write: (item: T) => void): this {
    this.#text += '('
    let first = true
    for (const item of items) {
      if (first) first = false
      else this.#text += ' '
      write(item)
    }
    this.#text += ')'
    return this
  }

  /** Ends the line and lets it go. */
  end(): void {
    this.#text += '\r\n'
    this.commit()
    this.#torn = false
  }

  /** Lets go what is written. */
  commit(): void {
    if (this.#pieces.length > 0) {
      for (const piece of this.#pieces) this.#sink.write(piece)
      this.#pieces = []
    }
    const text = this.#text
    this.#text = ''
    this.#sink.write(text)
  }

  /** Forgets what has not been let go: a value in it could not be said. */
  discard(): void {
    this.#text = ''
    this.#pieces = []
  }
}

/** What `write` writes, as bytes. */
export function written(write: (w: Writer) => void): Uint8Array {
  const pieces: Uint8Array[] = []
  const w = new Writer({ write: data => pieces.push(typeof data === 'string' ? fromUtf8(data) : data) })
  write(w)
  w.commit()
  return Buffer.concat(pieces)
}
