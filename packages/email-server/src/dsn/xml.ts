// As much of XML as reports are made of: elements and text. One pass, each character looked at a constant number of times. A document type
// declaration ends it, so that there are no entities but the five of the standard, and nothing is ever fetched or multiplied.

export interface XmlLimits {
  /** Elements inside one another. */
  readonly maxDepth: number
  /** Elements in all. */
  readonly maxElements: number
}

export interface XmlEvents {
  /** `name` without its prefix. */
  open(name: string): void
  /** `text`: what stands directly in it, blanks at its ends removed; '' for an element that holds others. */
  close(text: string): void
}

/** Characters of one text; what is longer is cut. */
const TEXT_LIMIT = 10_000
/** Characters of a reference such as `&#x10FFFF;`. */
const REFERENCE_LIMIT = 12
const NAMED: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
])

/** False when the document is not well formed, has a document type, or passes a limit; events may have come before. */
export function readXml(source: string, events: XmlEvents, limits: XmlLimits): boolean {
  const open: string[] = []
  /** Text of the element that is open, while no element has come in it; and whether one has. */
  let text = ''
  let holds = true
  let elements = 0
  let at = 0
  while (at < source.length) {
    const mark = source.indexOf('<', at)
    const end = mark < 0 ? source.length : mark
    if (!holds && end > at && text.length < TEXT_LIMIT)
      text += decodeReferences(source.slice(at, Math.min(end, at + TEXT_LIMIT)))
    if (mark < 0) break
    const next = source[mark + 1]
    if (next === '?') at = behind(source, '?>', mark)
    else if (next === '!') {
      if (source.startsWith('<!--', mark)) at = behind(source, '-->', mark + 4)
      else if (source.startsWith('<![CDATA[', mark)) {
        at = behind(source, ']]>', mark)
        if (at > 0 && !holds && text.length < TEXT_LIMIT)
          text += source.slice(mark + 9, Math.min(at - 3, mark + 9 + TEXT_LIMIT))
      } else return false
    } else if (next === '/') {
      at = behind(source, '>', mark)
      if (at < 0 || source.slice(mark + 2, at - 1).trimEnd() !== open.pop()) return false
      events.close(text.trim())
      text = ''
      holds = true
    } else {
      const tag = readTag(source, mark + 1)
      if (tag === null || open.length >= limits.maxDepth || ++elements > limits.maxElements) return false
      if (open.length === 0 && elements > 1) return false
      events.open(tag.name.slice(tag.name.indexOf(':') + 1))
      text = ''
      holds = tag.empty
      if (tag.empty) events.close('')
      else open.push(tag.name)
      at = tag.end
    }
    if (at < 0) return false
  }
  return open.length === 0 && elements > 0
}

function behind(source: string, mark: string, from: number): number {
  const found = source.indexOf(mark, from)
  return found < 0 ? -1 : found + mark.length
}

interface Tag {
  readonly name: string
  readonly empty: boolean
  readonly end: number
}

/** From behind `<`; attributes are passed over. */
function readTag(source: string, start: number): Tag | null {
  let at = start
  while (at < source.length && !isNameEnd(source.charCodeAt(at))) at++
  const name = source.slice(start, at)
  if (name === '' || name.length > 100) return null
  while (at < source.length) {
    const c = source[at]
    if (c === '>') return { name, empty: source[at - 1] === '/', end: at + 1 }
    if (c === '<') return null
    if (c === '"' || c === "'") {
      at = source.indexOf(c, at + 1)
      if (at < 0) return null
    }
    at++
  }
  return null
}

function isNameEnd(c: number): boolean {
  return c <= 0x20 || c === 0x2f || c === 0x3e || c === 0x3c
}

/** What is no reference stays as it is: org_name has a bare `&` in more reports than one would think. */
function decodeReferences(text: string): string {
  let amp = text.indexOf('&')
  if (amp < 0) return text
  let out = ''
  let from = 0
  while (amp >= 0) {
    const end = text.slice(amp + 1, amp + REFERENCE_LIMIT).indexOf(';')
    const decoded = end < 0 ? null : reference(text.slice(amp + 1, amp + 1 + end))
    if (decoded !== null) {
      out += text.slice(from, amp) + decoded
      from = amp + end + 2
    }
    amp = text.indexOf('&', Math.max(from, amp + 1))
  }
  return out + text.slice(from)
}

function reference(name: string): string | null {
  const named = NAMED.get(name)
  if (named !== undefined) return named
  const match = /^#(?:x([0-9A-Fa-f]{1,6})|(\d{1,7}))$/.exec(name)
  if (match === null) return null
  const code = match[1] === undefined ? Number(match[2]) : Number.parseInt(match[1], 16)
  // XML 1.0 §2.2: no NUL, no surrogates
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return null
  return String.fromCodePoint(code)
}
