// A cursor over one framed command or response: synchronous, every production's characters checked, every failure a
// PeerSyntaxError with its position (RFC 3501 §9, RFC 9051 §9).
import { latin1, utf8 } from '../../base/bytes.ts'
import { PeerSyntaxError } from '../../base/errors.ts'
import type { Limits } from '../../base/limits.ts'
import { ASTRING_CHAR, ATOM_CHAR, DIGIT, isClass, NAME_CHAR, QUOTED_PLAIN } from './chars.ts'
import type { Framed, Literal } from './framer.ts'

const END = -1
const LITERAL = -2
const SP = 0x20
const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN = 0x28
const CLOSE = 0x29
const NOTHING: Framed = { lines: [new Uint8Array(0)], literals: [] }
/** The usual inside of a quoted string: nothing that wants a second look. */
const PLAIN_INSIDE = /^[ !#-[\]-~]*$/
const MOST_32 = 4294967295

/** How far what the peer writes may go. */
export type ReaderLimits = Pick<
  Limits,
  'imapDepth' | 'imapSetRanges' | 'imapSearchKeys' | 'imapFetchItems' | 'imapFlags' | 'imapLiterals'
>

export interface ReaderMark {
  readonly line: number
  readonly at: number
  readonly depth: number
}

export class Reader {
  /** Mailbox names are UTF-8 (RFC 6855, RFC 9051), not modified UTF-7. */
  utf8: boolean
  /** For what servers say: text that is not UTF-8 gets U+FFFD, and a backslash may stand before anything. */
  lenient = false
  readonly limits: ReaderLimits
  readonly #framed: Framed
  /** The line at hand, one character an octet. */
  #text: string
  #at = 0
  #line = 0
  #depth = 0

  constructor(framed: Framed, limits: ReaderLimits, utf8Allowed = false) {
    this.#framed = framed
    this.limits = limits
    this.utf8 = utf8Allowed
    this.#text = latin1(framed.lines[0]!)
  }

  /** Over a piece of a response, as `takeNested` gives it. */
  static over(text: string, limits: ReaderLimits): Reader {
    const reader = new Reader(NOTHING, limits)
    reader.#text = text
    return reader
  }

  /** Offset in the line at hand. */
  get position(): number {
    return this.#at
  }

  /** A place to come back to. */
  mark(): ReaderMark {
    return { line: this.#line, at: this.#at, depth: this.#depth }
  }

  reset(mark: ReaderMark): void {
    if (mark.line !== this.#line) this.#text = latin1(this.#framed.lines[mark.line]!)
    this.#line = mark.line
    this.#at = mark.at
    this.#depth = mark.depth
  }

  /** The rest of the line at hand, one character an octet. */
  rest(): string {
    const text = this.#text.slice(this.#at)
    this.#at = this.#text.length
    return text
  }

  /** Up to the next space or closing parenthesis, or the end of the line. */
  word(): string {
    const start = this.#at
    for (; this.#at < this.#text.length; this.#at++) {
      const c = this.#text.charCodeAt(this.#at)
      if (c === SP || c === 0x29 || c === 0x28) break
    }
    if (this.#at === start) this.fail('a word')
    return this.#text.slice(start, this.#at)
  }

  /** A value in parentheses, unread: its text with them. Null, and nothing is taken, when it is none, does not end, or has a literal in it. */
  takeNested(): string | null {
    const text = this.#text
    if (text.charCodeAt(this.#at) !== OPEN) return null
    let depth = 0
    for (let at = this.#at; at < text.length; at++) {
      const c = text.charCodeAt(at)
      if (c === QUOTE) {
        do at = text.indexOf('"', at + 1)
        while (at > 0 && isEscaped(text, at))
        if (at < 0) return null
      } else if (c === OPEN) depth++
      else if (c === CLOSE && --depth === 0) {
        const nested = text.slice(this.#at, at + 1)
        this.#at = at + 1
        return nested
      }
    }
    return null
  }

  /** Throws: the peer's grammar is wrong here. */
  fail(expected: string): never {
    throw new PeerSyntaxError(`expected ${expected}`, this.#at)
  }

  /** The octet at hand; -1 at the end of the command, -2 before a literal. */
  peek(): number {
    if (this.#at < this.#text.length) return this.#text.charCodeAt(this.#at)
    return this.#line < this.#framed.literals.length ? LITERAL : END
  }

  /** Does a literal begin here? */
  get atLiteral(): boolean {
    return this.peek() === LITERAL
  }

  atEnd(): boolean {
    return this.peek() === END
  }

  /** Nothing may follow. */
  end(): void {
    if (!this.atEnd()) this.fail('the end of the command')
  }

  /** Takes this character if it is at hand. */
  try(char: string): boolean {
    if (this.peek() !== char.charCodeAt(0)) return false
    this.#at++
    return true
  }

  /** Does this text (letters in upper case) stand here, in whatever case? Nothing is taken. */
  follows(text: string): boolean {
    return this.#text.slice(this.#at, this.#at + text.length).toUpperCase() === text
  }

  /** The octet so many after the one at hand, of the same line; -1 behind its end. */
  peekAt(offset: number): number {
    const at = this.#at + offset
    return at < this.#text.length ? this.#text.charCodeAt(at) : END
  }

  expect(char: string): this {
    if (!this.try(char)) this.fail(`"${char}"`)
    return this
  }

  sp(): this {
    if (this.peek() !== SP) this.fail('a space')
    this.#at++
    return this
  }

  /** "(" with its depth counted; `close` gives it back. */
  open(): this {
    this.expect('(')
    return this.deeper()
  }

  close(): this {
    this.expect(')')
    this.#depth--
    return this
  }

  /** One level down in something that nests without parentheses. */
  deeper(): this {
    if (++this.#depth > this.limits.imapDepth) throw new PeerSyntaxError('nested too deeply', this.#at)
    return this
  }

  shallower(): void {
    this.#depth--
  }

  /** One or more characters of these classes. */
  run(classes: number, expected: string): string {
    const start = this.#at
    while (this.#at < this.#text.length && isClass(this.#text.charCodeAt(this.#at), classes)) this.#at++
    if (this.#at === start) this.fail(expected)
    return this.#text.slice(start, this.#at)
  }

  /** atom = 1*ATOM-CHAR */
  atom(): string {
    return this.run(ATOM_CHAR, 'an atom')
  }

  /** An atom that is a keyword, in upper case. */
  keyword(): string {
    return this.atom().toUpperCase()
  }

  /** The name of a data item, in upper case: stops before "[", "<" and the like. */
  name(): string {
    return this.run(NAME_CHAR, 'a name').toUpperCase()
  }

  /** Takes this keyword (given in upper case) if it stands here as a whole. */
  tryKeyword(word: string): boolean {
    const end = this.#at + word.length
    const first = this.#text.charCodeAt(this.#at)
    if (first !== word.charCodeAt(0) && (first & 0xdf) !== word.charCodeAt(0)) return false
    if (this.#text.slice(this.#at, end).toUpperCase() !== word) return false
    if (end < this.#text.length && isClass(this.#text.charCodeAt(end), ATOM_CHAR)) return false
    this.#at = end
    return true
  }

  /** number = 1*DIGIT, 0…4294967295 */
  number(): number {
    const value = this.number64()
    if (value > MOST_32) this.fail('a number below 4294967296')
    return value
  }

  /** nz-number = digit-nz *DIGIT */
  nzNumber(): number {
    if (this.peek() === 0x30) this.fail('a number from 1')
    return this.number()
  }

  /** number64 = 1*DIGIT, 0…2^53-1 */
  number64(): number {
    const digits = this.run(DIGIT, 'a number')
    const value = Number(digits)
    if (digits.length > 16 || !Number.isSafeInteger(value)) this.fail('a smaller number')
    return value
  }

  /** string = quoted / literal, as UTF-8 text; octets that are not UTF-8 become U+FFFD. */
  string(): string {
    const next = this.peek()
    if (next === QUOTE) return this.#quoted()
    if (next === LITERAL) {
      const { bytes, binary } = this.literal()
      if (binary || bytes.includes(0)) this.fail('a literal without NUL')
      return utf8(bytes)
    }
    return this.fail('a string')
  }

  /** nstring = string / nil */
  nstring(): string | null {
    return this.tryKeyword('NIL') ? null : this.string()
  }

  /** astring = 1*ASTRING-CHAR / string */
  astring(): string {
    return isClass(this.peek(), ASTRING_CHAR) ? this.run(ASTRING_CHAR, 'a string') : this.string()
  }

  /** literal / literal8 */
  literal(): Literal {
    if (this.peek() !== LITERAL) this.fail('a literal')
    const literal = this.#framed.literals[this.#line]!
    this.#line++
    this.#text = latin1(this.#framed.lines[this.#line]!)
    this.#at = 0
    return literal
  }

  /** RFC 6855 §3: what is not UTF-8 is no string. */
  #utf8(bytes: Buffer): string {
    const text = bytes.toString('utf8')
    if (this.lenient) return text
    return Buffer.from(text).equals(bytes) ? text : this.fail('UTF-8')
  }

  // quoted = DQUOTE *QUOTED-CHAR DQUOTE       QUOTED-CHAR = TEXT-CHAR except quoted-specials / "\" quoted-specials
  #quoted(): string {
    const text = this.#text
    let start = ++this.#at
    const end = text.indexOf('"', start)
    const inside = end < 0 ? null : text.slice(start, end)
    if (inside !== null && PLAIN_INSIDE.test(inside)) {
      this.#at = end + 1
      return inside
    }
    let out = ''
    let wide = false
    for (;;) {
      const c = this.#at < text.length ? text.charCodeAt(this.#at) : END
      if (isClass(c, QUOTED_PLAIN)) {
        if (c > 0x7f) wide = true
        this.#at++
      } else if (c === QUOTE) {
        out += text.slice(start, this.#at++)
        return wide ? this.#utf8(Buffer.from(out, 'latin1')) : out
      } else if (c === BACKSLASH) {
        const escaped = text.charCodeAt(this.#at + 1)
        if (escaped !== QUOTE && escaped !== BACKSLASH && !this.lenient) this.fail('a quoted string')
        if (this.#at + 1 >= text.length) this.fail('the end of a quoted string')
        out += text.slice(start, this.#at)
        start = this.#at + 1
        this.#at += 2
      } else this.fail('the end of a quoted string')
    }
  }
}

/** Does an odd number of backslashes stand before it? */
function isEscaped(text: string, at: number): boolean {
  let count = 0
  while (text.charCodeAt(at - 1 - count) === BACKSLASH) count++
  return count % 2 === 1
}
