// Fields of a value and parameters: Content-Type, Content-Disposition (RFC 2045 §5.1, RFC 2183 §2), read as mail has
// them: comments anywhere, values with blanks but no quotes, missing semicolons, quotes that are never closed.
import { type CharsetOptions, decodeParameters } from '../text/index.ts'

export type RawParameters = readonly (readonly [name: string, value: string])[]

export interface StructuredField {
  /** What stands before the first semicolon, without comments; as written. */
  readonly value: string
  /** Names and values as written, quotes removed; RFC 2231 forms not joined, not decoded. */
  readonly parameters: RawParameters
}

//   parameter := attribute "=" value        value := token / quoted-string                            RFC 2045 §5.1
/** Reads an unfolded field body. Never fails. */
export function readStructured(text: string): StructuredField {
  return readUsual(text) ?? readAny(text)
}

const USUAL_VALUE = /[^\s;()"\\]+(?=;|$)/y
const USUAL_PARAMETER = /;[ \t]*([A-Za-z0-9*_.-]+)=(?:"([^"\\]*)"|([^\s;()"\\]+))(?=;|$)/y

/** As nearly all mail has them: no comments, no backslashes, nothing forgotten. Null for others. */
function readUsual(text: string): StructuredField | null {
  USUAL_VALUE.lastIndex = 0
  const value = USUAL_VALUE.exec(text)
  if (value === null) return null
  const parameters: [string, string][] = []
  let at = USUAL_VALUE.lastIndex
  while (at < text.length) {
    USUAL_PARAMETER.lastIndex = at
    const found = USUAL_PARAMETER.exec(text)
    if (found === null || parameters.length === MAX_PARAMETERS) return null
    parameters.push([found[1]!, found[2] ?? found[3]!])
    at = USUAL_PARAMETER.lastIndex
  }
  return { value: value[0], parameters }
}

function readAny(text: string): StructuredField {
  const cursor = { at: 0, comments: true }
  const value = plainValue(text, cursor)
  const parameters: [string, string][] = []
  while (cursor.at < text.length && parameters.length < MAX_PARAMETERS) {
    skipBetween(text, cursor)
    const start = cursor.at
    while (cursor.at < text.length && !isNameEnd(text.charCodeAt(cursor.at))) cursor.at++
    const name = text.slice(start, cursor.at)
    skipBlank(text, cursor)
    if (text.charCodeAt(cursor.at) !== EQUALS) {
      // No equals sign: nothing that means anything. At least one character is passed, so that this ends.
      if (cursor.at === start) cursor.at++
      continue
    }
    cursor.at++
    skipBlank(text, cursor)
    const quoted = text.charCodeAt(cursor.at) === QUOTE
    const content = quoted ? quotedString(text, cursor) : plainValue(text, cursor)
    if (name !== '') parameters.push([name, content])
  }
  return { value, parameters }
}

/** One parameter, joined and decoded (RFC 2231); `name` in lower case. Null when missing. */
export function parameterOf(
  parameters: RawParameters,
  name: string,
  options?: CharsetOptions,
): string | null {
  let plain: string | null = null
  for (const [raw, value] of parameters) {
    if (raw.length < name.length) continue
    const lower = raw.toLowerCase()
    if (lower === name) plain ??= value
    else if (lower.startsWith(name) && lower.charCodeAt(name.length) === STAR) {
      return decodeParameters(parameters, options).parameters.find(one => one.name === name)?.value ?? null
    }
  }
  if (plain?.includes('=?')) return decodeParameters([[name, plain]], options).parameters[0]!.value
  return plain
}

/** More parameters than that are nobody's: the rest is not read. */
const MAX_PARAMETERS = 1000

interface Cursor {
  at: number
  /** False once a comment was found not to end: parentheses are then characters like others. */
  comments: boolean
}

const QUOTE = 0x22
const OPEN = 0x28
const CLOSE = 0x29
const STAR = 0x2a
const SEMICOLON = 0x3b
const EQUALS = 0x3d
const BACKSLASH = 0x5c

/** Up to the semicolon, or to blanks behind which a parameter begins; comments that end it are dropped. */
function plainValue(text: string, cursor: Cursor): string {
  skipBlank(text, cursor)
  const start = cursor.at
  let end = start
  let at = start
  while (at < text.length) {
    const c = text.charCodeAt(at)
    if (c === SEMICOLON) break
    const blank = isBlank(c)
    if (!blank && !(c === OPEN && cursor.comments && (at === start || isBlank(text.charCodeAt(at - 1))))) {
      end = ++at
      continue
    }
    if (blank) {
      while (at < text.length && isBlank(text.charCodeAt(at))) at++
      if (beginsParameter(text, at)) break
      continue
    }
    const close = commentEnd(text, at)
    if (close < 0) {
      cursor.comments = false
      continue
    }
    // A comment counts as one only at the end of the value: `my file (1).pdf` has none.
    let after = close
    while (after < text.length && isBlank(text.charCodeAt(after))) after++
    if (after < text.length && text.charCodeAt(after) !== SEMICOLON && at !== start) end = close
    at = close
  }
  cursor.at = at
  return withoutLeadingComments(text.slice(start, end), cursor)
}

function withoutLeadingComments(value: string, cursor: Cursor): string {
  if (!cursor.comments || value.charCodeAt(0) !== OPEN) return value
  const inner: Cursor = { at: 0, comments: true }
  skipBlank(value, inner)
  return value.slice(inner.at)
}

function quotedString(text: string, cursor: Cursor): string {
  let at = cursor.at + 1
  let from = at
  let out = ''
  while (at < text.length) {
    const c = text.charCodeAt(at)
    if (c === QUOTE) break
    if (c === BACKSLASH && at + 1 < text.length) {
      out += text.slice(from, at)
      from = at + 1
      at += 2
    } else at++
  }
  cursor.at = at + 1
  return out + text.slice(from, at)
}

/** Blanks and comments. */
function skipBlank(text: string, cursor: Cursor): void {
  for (;;) {
    while (cursor.at < text.length && isBlank(text.charCodeAt(cursor.at))) cursor.at++
    if (!cursor.comments || text.charCodeAt(cursor.at) !== OPEN) return
    const close = commentEnd(text, cursor.at)
    if (close < 0) {
      cursor.comments = false
      return
    }
    cursor.at = close
  }
}

function skipBetween(text: string, cursor: Cursor): void {
  do {
    skipBlank(text, cursor)
  } while (text.charCodeAt(cursor.at) === SEMICOLON && ++cursor.at > 0)
}

/** Behind the comment that begins at `at`, or -1 when it does not end. */
function commentEnd(text: string, at: number): number {
  let depth = 0
  for (let i = at; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === BACKSLASH) i++
    else if (c === OPEN) depth++
    else if (c === CLOSE && --depth === 0) return i + 1
  }
  return -1
}

/** `name=`: a sender forgot the semicolon. */
function beginsParameter(text: string, at: number): boolean {
  let end = at
  while (end < text.length && end - at < 64 && isAttributeChar(text.charCodeAt(end))) end++
  return end > at && text.charCodeAt(end) === EQUALS
}

function isAttributeChar(c: number): boolean {
  return (
    (c >= 0x61 && c <= 0x7a) ||
    (c >= 0x41 && c <= 0x5a) ||
    (c >= 0x30 && c <= 0x39) ||
    c === STAR ||
    c === 0x2d
  )
}

function isNameEnd(c: number): boolean {
  return c === EQUALS || c === SEMICOLON || isBlank(c) || c === OPEN
}

function isBlank(c: number): boolean {
  return c === 0x20 || c === 0x09
}
