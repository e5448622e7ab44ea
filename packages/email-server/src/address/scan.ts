// Tokens of structured header fields that hold addresses. RFC 5322 §3.2, §4.1; RFC 6532 §3.2 (all above U+007F is atext).
// One pass, no recursion; what is not closed is text.

/** `mark` is one of `< > , ; : @ . ` as a token of its own; `literal` is `[…]` with its brackets. */
export interface Token {
  readonly kind: 'atom' | 'quoted' | 'comment' | 'literal' | 'mark' | 'end'
  /** Content without quotes, parentheses and backslashes; a literal keeps its brackets and backslashes, but not its white space. */
  readonly text: string
  /** White space stands before it. */
  readonly spaced: boolean
  /** Offset of its first character in the source. */
  readonly start: number
}

// Four kinds of characters. An atom of real mail is everything but white space, marks, and what begins another token.
const ATOM = 0
const SPACE = 1
const MARK = 2
const OPENING = 3
const CLASS: Uint8Array = new Uint8Array(128)
for (const c of ' \t\r\n') CLASS[c.charCodeAt(0)] = SPACE
for (const c of '<>,;:@.') CLASS[c.charCodeAt(0)] = MARK
for (const c of '"([') CLASS[c.charCodeAt(0)] = OPENING

function classOf(c: number): number {
  return c < 128 ? CLASS[c]! : ATOM
}

/** Comments nested deeper than this are not comments any more: the parenthesis is text. */
const COMMENT_DEPTH = 50

export class Scanner {
  /** Where the next token is looked for. */
  position = 0
  readonly #text: string
  /** From here on, there is no closing mark any more: the opening one is text. Found out once, so that time stays linear. */
  #noQuoteFrom = Number.POSITIVE_INFINITY
  #noCommentFrom = Number.POSITIVE_INFINITY
  #noLiteralFrom = Number.POSITIVE_INFINITY
  /** A stretch without white space in which no encoded word ends. */
  #noWordEndFrom = 0
  #noWordEndTo = 0

  constructor(text: string) {
    this.#text = text
  }

  next(): Token {
    const text = this.#text
    let i = this.position
    while (i < text.length && classOf(text.charCodeAt(i)) === SPACE) i++
    const spaced = i > this.position || i === 0
    if (i === text.length) {
      this.position = i
      return { kind: 'end', text: '', spaced, start: i }
    }
    const c = text.charCodeAt(i)
    if (classOf(c) === MARK) {
      this.position = i + 1
      return { kind: 'mark', text: text[i]!, spaced, start: i }
    }
    if (c === 0x22) return this.#quoted(i, spaced) ?? this.#atom(i, spaced)
    if (c === 0x28) return this.#comment(i, spaced) ?? this.#atom(i, spaced)
    if (c === 0x5b) return this.#literal(i, spaced) ?? this.#atom(i, spaced)
    return this.#atom(i, spaced)
  }

  #quoted(start: number, spaced: boolean): Token | null {
    if (start >= this.#noQuoteFrom) return null
    const text = this.#text
    let content = ''
    let from = start + 1
    for (let i = start + 1; i < text.length; i++) {
      const c = text.charCodeAt(i)
      if (c === 0x22) {
        this.position = i + 1
        return { kind: 'quoted', text: withoutLineEnds(content + text.slice(from, i)), spaced, start }
      }
      if (c === 0x5c && i + 1 < text.length) {
        content += text.slice(from, i)
        from = ++i
      }
    }
    this.#noQuoteFrom = start
    return null
  }

  #comment(start: number, spaced: boolean): Token | null {
    if (start >= this.#noCommentFrom) return null
    const text = this.#text
    let content = ''
    let from = start + 1
    let depth = 1
    for (let i = start + 1; i < text.length; i++) {
      const c = text.charCodeAt(i)
      if (c === 0x28) {
        if (++depth > COMMENT_DEPTH) break
      } else if (c === 0x29) {
        if (--depth === 0) {
          this.position = i + 1
          return { kind: 'comment', text: withoutLineEnds(content + text.slice(from, i)), spaced, start }
        }
      } else if (c === 0x5c && i + 1 < text.length) {
        content += text.slice(from, i)
        from = ++i
      }
    }
    this.#noCommentFrom = start
    return null
  }

  #literal(start: number, spaced: boolean): Token | null {
    if (start >= this.#noLiteralFrom) return null
    const text = this.#text
    let content = '['
    for (let i = start + 1; i < text.length; i++) {
      const c = text.charCodeAt(i)
      if (c === 0x5d) {
        this.position = i + 1
        return { kind: 'literal', text: `${content}]`, spaced, start }
      }
      if (c === 0x5b) return null
      if (c === 0x5c && i + 1 < text.length) content += text[i++]
      if (!isSpace(text.charCodeAt(i))) content += text[i]
    }
    this.#noLiteralFrom = start
    return null
  }

  #atom(start: number, spaced: boolean): Token {
    const text = this.#text
    let i = this.#encodedWordEnd(start)
    // the first character is taken whatever it is: here it is an opening mark that nothing closes, or atext
    if (i < 0) for (i = start + 1; i < text.length && classOf(text.charCodeAt(i)) === ATOM; i++);
    this.position = i
    return { kind: 'atom', text: text.slice(start, i), spaced, start }
  }

  // Mailers leave commas, dots and at-signs bare inside encoded words; an encoded word is one atom whatever it holds.
  #encodedWordEnd(start: number): number {
    const text = this.#text
    if (text.charCodeAt(start) !== 0x3d || text.charCodeAt(start + 1) !== 0x3f) return -1
    let marks = 0
    let i = start + 2
    for (; i < text.length && marks < 2; i++) {
      const c = text.charCodeAt(i)
      if (isSpace(c) || i - start > 80) return -1
      if (c === 0x3f) marks++
    }
    // white space ends the search: an illegal blank inside the word is then repaired when the name is decoded
    if (i >= this.#noWordEndFrom && i < this.#noWordEndTo) return -1
    for (let k = i; ; k++) {
      if (text.charCodeAt(k) === 0x3f && text.charCodeAt(k + 1) === 0x3d) return k + 2
      if (k < text.length && !isSpace(text.charCodeAt(k))) continue
      this.#noWordEndFrom = i
      this.#noWordEndTo = k
      return -1
    }
  }
}

// Inside quotes and comments, line ends are folding (RFC 5322 §3.2.2), and would otherwise reach a line of somebody's protocol.
export function withoutLineEnds(text: string): string {
  return text.includes('\r') || text.includes('\n') ? text.replace(/[\r\n]/g, '') : text
}

function isSpace(c: number): boolean {
  return classOf(c) === SPACE
}

export function isMark(token: Token, text: string): boolean {
  return token.kind === 'mark' && token.text === text
}
