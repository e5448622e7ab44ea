// Writing header fields: names and values checked, encoded and folded. RFC 5322 §2.2 and §3.2.2 (folding; 78 characters asked,
// 998 octets allowed), RFC 2047 (encoded words), RFC 2231 (parameters), RFC 6532 (UTF-8 where the way allows it).
import { fromUtf8, hasLineBreak } from '../base/bytes.ts'
import { MailError, optionError } from '../base/errors.ts'
import {
  type EncodedWordOptions,
  encodeParameter,
  encodeWords,
  isAscii,
  isToken,
  needsEncodedWords,
} from '../text/index.ts'

/** RFC 5322 §2.1.1 */
const LINE_ASKED = 78
const LINE_LIMIT = 998
/** RFC 2047 §2: a line that has encoded words. */
const WORD_LINE = 76

/** Refuses what could break out of a field; `field` is the option that is to blame. */
export function checkText(text: string, field: string): void {
  if (hasLineBreak(text)) throw new MailError('EMESSAGE', `${field} must not contain CR, LF or NUL`)
}

/** An option that is text, if it is there: null when it is missing or empty. */
export function textOption(value: unknown, field: string): string | null {
  if (value === undefined || value === null || value === false || value === '') return null
  if (typeof value !== 'string') throw optionError(field, 'a string', value)
  return value
}

// field-name = 1*ftext ; ftext = %d33-57 / %d59-126                                          RFC 5322 §3.6.8
export function checkFieldName(name: string, field: string): void {
  if (!/^[\x21-\x39\x3b-\x7e]{1,200}$/.test(name)) {
    throw new MailError(
      'EMESSAGE',
      `${field}: ${JSON.stringify(name.slice(0, 60))} is not a header field name (RFC 5322 §3.6.8)`,
    )
  }
}

export interface HeaderRules {
  /** Non-ASCII text stands as UTF-8 (RFC 6532) instead of encoded words. */
  readonly utf8: boolean
  /** For encoded words; null: the shorter one. */
  readonly textEncoding: 'Q' | 'B' | null
  readonly rename: ((key: string, value: string) => string) | null
}

/** The header of a message or of a part, field by field. */
export class HeaderWriter {
  readonly rules: HeaderRules
  readonly #counts = new Map<string, number>()
  #text = ''
  #ascii = true

  constructor(rules: HeaderRules) {
    this.rules = rules
  }

  /** The fields written so far, each with its CRLF. */
  get text(): string {
    return this.#text
  }

  /** False when UTF-8 had to be written. */
  get isAscii(): boolean {
    return this.#ascii
  }

  count(name: string): number {
    return this.#counts.get(name.toLowerCase()) ?? 0
  }

  /** An unstructured value (RFC 5322 §3.2.5): any text on one line. */
  unstructured(name: string, value: string, field: string): void {
    checkText(value, field)
    this.folded(name, this.encode(value, 'text', name.length + 2), field)
  }

  /** A finished value on one line, folded at its spaces where it is too long. */
  folded(name: string, value: string, field: string): void {
    checkText(value, field)
    this.#write(name, value, field, true)
  }

  /** A finished value with its own folding: CRLF only where white space and more follows. */
  prepared(name: string, value: string, field: string): void {
    const lines = value.split('\r\n')
    for (const [i, line] of lines.entries()) {
      checkText(line, field)
      if (i > 0 && !/^[ \t]+[^ \t]/.test(line)) {
        throw new MailError('EMESSAGE', `${field} must not contain CRLF, except before white space`)
      }
    }
    this.#write(name, value, field, false)
  }

  /**
   * A value with parameters, one to a line where they do not fit on one (RFC 2045 §5.1). Where UTF-8 may stand, parameters still have the form
   * of RFC 2231, which more readers know.
   */
  parameters(
    name: string,
    value: string,
    params: readonly (readonly [name: string, value: string])[],
    field: string,
  ): void {
    const pieces = [value]
    for (const [key, text] of params) {
      checkText(text, `${field} (${key})`)
      if (!isToken(key)) throw optionError(field, 'a value with parameters named by tokens', key)
      pieces.push(...encodeParameter(key, text))
    }
    let line = `${name}: `
    let out = ''
    for (const [i, piece] of pieces.entries()) {
      const text = i + 1 < pieces.length ? `${piece};` : piece
      if (i > 0 && line.length + 1 + text.length > LINE_ASKED) {
        out += `${line}\r\n`
        line = ` ${text}`
      } else line += i > 0 ? ` ${text}` : text
    }
    this.#write(name, (out + line).slice(name.length + 2), field, false)
  }

  /**
   * Text as encoded words where it needs them, or as UTF-8. White space at its ends would be lost, and is encoded. `taken`: how
   * much of the first line is used.
   */
  encode(text: string, context: 'text' | 'phrase', taken = 0): string {
    const loose = /^[ \t]|[ \t]$/.test(text)
    if (cannotFold(text)) return encodeWords(text, { ...this.#words(context, taken), all: true })
    if (!loose && !needsEncodedWords(text)) return text
    if (this.rules.utf8 && !loose && !/[\x00-\x08\x0a-\x1f\x7f]|=\?/.test(text)) return text
    const options = { ...this.#words(context, taken), all: loose }
    if (!loose || needsEncodedWords(text) || text.trim() === '') return encodeWords(text, options)
    // only the words at the ends, with the white space that they must keep
    let first = 0
    while (isBlank(text, first)) first++
    if (first > 0) while (first < text.length && !isBlank(text, first)) first++
    let last = text.length
    while (isBlank(text, last - 1)) last--
    if (last < text.length) while (last > first && !isBlank(text, last - 1)) last--
    // white space between encoded words would be lost
    if (text.slice(first, last).trim() === '') return encodeWords(text, options)
    const head = first > 0 ? encodeWords(text.slice(0, first), options) : ''
    return head + text.slice(first, last) + (last < text.length ? encodeWords(text.slice(last), options) : '')
  }

  #words(context: 'text' | 'phrase', taken: number): EncodedWordOptions {
    return { context, encoding: this.rules.textEncoding, firstWidth: WORD_LINE - taken }
  }

  // phrase = 1*word ; word = atom / quoted-string                                                 RFC 5322 §3.2.5
  phrase(text: string): string {
    if (
      /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/.test(text) &&
      !text.includes('=?')
    )
      return text
    const encoded = this.encode(text, 'phrase')
    return encoded === text ? `"${text.replace(/[\\"]/g, '\\$&')}"` : encoded
  }

  /** The inside of a comment (RFC 5322 §3.2.2). */
  comment(text: string): string {
    const encoded = this.encode(text, 'phrase')
    return encoded === text ? text.replace(/[\\()]/g, '\\$&') : encoded
  }

  #write(name: string, value: string, field: string, foldIt: boolean): void {
    checkFieldName(name, field)
    let key = name
    if (this.rules.rename) {
      key = textOption(this.rules.rename(name, value), 'normalizeHeaderKey') ?? name
      checkFieldName(key, 'normalizeHeaderKey')
    }
    const ascii = isAscii(value)
    if (!ascii && !this.rules.utf8) {
      throw new MailError(
        'EMESSAGE',
        `${field} must be ASCII, or the way must support SMTPUTF8 (smtpProfile.smtputf8)`,
      )
    }
    if (!ascii) this.#ascii = false
    const lines = foldIt ? fold(`${key}:`, value) : `${key}: ${value}`
    if (lines.length > LINE_LIMIT || !ascii) checkLines(lines, field)
    this.#text += `${lines}\r\n`
    this.#counts.set(name.toLowerCase(), this.count(name) + 1)
  }
}

/** True when a word, or a run of white space, is too long for a line; encoded words are not. */
function cannotFold(text: string): boolean {
  if (text.length < LINE_LIMIT / 4) return false
  let start = 0
  for (let i = 1; i <= text.length; i++) {
    const starts = i === text.length || (isBlank(text, i) && !isBlank(text, i - 1))
    if (!starts) continue
    // in UTF-8 a character has up to three octets for each of its UTF-16 units
    if (
      (i - start) * 3 > LINE_LIMIT &&
      fromUtf8(text.slice(start, i)).length > (start === 0 ? LINE_LIMIT - 1 : LINE_LIMIT)
    )
      return true
    start = i
  }
  return false
}

function isBlank(text: string, at: number): boolean {
  return text[at] === ' ' || text[at] === '\t'
}

/** A line break before the white space where a line would exceed 78 characters, never one that leaves a blank line. */
function fold(name: string, value: string): string {
  const asked = value.includes('=?') ? WORD_LINE : LINE_ASKED
  if (name.length + 1 + value.length <= asked) return `${name} ${value}`
  const words = value.split(/(?<=[^ \t])(?=[ \t])/)
  let out = ''
  let line = name
  let blank = true
  for (const [i, word] of words.entries()) {
    const text = i === 0 ? ` ${word}` : word
    // behind the bare name a break helps only when the word then fits, or must be saved from the limit of 998
    const fits = line.length + text.length <= asked
    const helps = !blank || text.length <= asked || line.length + text.length > LINE_LIMIT
    if (fits || !helps || text.trim() === '') line += text
    else {
      out += `${line}\r\n`
      line = text
    }
    blank = false
  }
  return out + line
}

function checkLines(lines: string, field: string): void {
  for (const line of lines.split('\r\n')) {
    if (line.length > LINE_LIMIT || (line.length > LINE_LIMIT / 4 && fromUtf8(line).length > LINE_LIMIT)) {
      throw new MailError(
        'EMESSAGE',
        `${field} has more than ${LINE_LIMIT} octets that cannot be folded (RFC 5322 §2.1.1)`,
      )
    }
  }
}
