// Tags of HTML in text: where they end, where silent elements end, what an attribute says. Each is one pass.
import { decodeReferences } from './html-references.ts'

/** Where the tag that begins at `open` ends (its `>`), quoted attribute values passed over; -1 when it does not. */
export function tagEnd(html: string, open: number): number {
  let quote = 0
  let value = false
  for (let i = open + 1; i < html.length; i++) {
    const c = html.charCodeAt(i)
    if (quote !== 0) {
      if (c === quote) quote = 0
    } else if (c === 0x3e) return i
    else if ((c === 0x22 || c === 0x27) && value) quote = c
    // A quote opens a value only behind an equals sign.
    if (c === 0x3d) value = true
    else if (!isHtmlSpace(c)) value = false
  }
  return -1
}

/** Behind the end tag of a silent element, or the end of the text. */
export function afterElement(html: string, name: string, from: number): number {
  for (let at = html.indexOf('</', from); at >= 0; at = html.indexOf('</', at + 2)) {
    const end = at + 2 + name.length
    if (html.slice(at + 2, end).toLowerCase() === name && !isNameChar(html.charCodeAt(end))) {
      const close = html.indexOf('>', end)
      return close < 0 ? html.length : close + 1
    }
  }
  return html.length
}

/** The value of an attribute in the text of a tag, references decoded; null when it is missing. */
export function attribute(text: string, name: string): string | null {
  let at = 0
  while (at < text.length) {
    while (at < text.length && (isHtmlSpace(text.charCodeAt(at)) || text.charCodeAt(at) === 0x2f)) at++
    const start = at
    while (at < text.length && !isHtmlSpace(text.charCodeAt(at)) && text.charCodeAt(at) !== 0x3d) at++
    const found = text.slice(start, at).toLowerCase()
    while (at < text.length && isHtmlSpace(text.charCodeAt(at))) at++
    let value = ''
    if (text.charCodeAt(at) === 0x3d) {
      at++
      while (at < text.length && isHtmlSpace(text.charCodeAt(at))) at++
      const quote = text.charCodeAt(at)
      if (quote === 0x22 || quote === 0x27) {
        const close = text.indexOf(text[at]!, at + 1)
        const end = close < 0 ? text.length : close
        value = text.slice(at + 1, end)
        at = end + 1
      } else {
        const from = at
        while (at < text.length && !isHtmlSpace(text.charCodeAt(at))) at++
        value = text.slice(from, at)
      }
    } else if (at === start) at++
    if (found === name) return decodeReferences(value)
  }
  return null
}

export function isLetter(c: number): boolean {
  return (c >= 0x61 && c <= 0x7a) || (c >= 0x41 && c <= 0x5a)
}

export function isNameChar(c: number): boolean {
  return isLetter(c) || (c >= 0x30 && c <= 0x39) || c === 0x2d || c === 0x3a || c === 0x5f
}

function isHtmlSpace(c: number): boolean {
  return c === 0x20 || c === 0x09 || c === 0x0a || c === 0x0d || c === 0x0c
}
