// Replies as values and on the wire (RFC 5321 §4.2, enhanced codes of RFC 2034 and RFC 3463).
import { hasLineBreak } from '../../base/bytes.ts'
import { usageError } from '../../base/errors.ts'

/** RFC 5321 §4.5.3.1.5: octets of a reply line with its code and CRLF. */
const LINE_LIMIT = 512

export interface Reply {
  /** 200–599. */
  readonly code: number
  /** `5.1.1`; null where RFC 2034 §4 wants none (greeting, EHLO, 3xx). */
  readonly enhanced: string | null
  /** One text, or the lines of a multi-line reply. */
  readonly text: string | readonly string[]
}

export function reply(code: number, enhanced: string | null, text: string | readonly string[]): Reply {
  return { code, enhanced, text }
}

/**
 * Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
 *
 * A text that is too long for one line goes on in the next; the enhanced code stands in each (RFC 2034 §3). What is
 * no textstring becomes `?`: control characters always, characters beyond ASCII unless `utf8` (RFC 6531 §3.7.4.2).
 * Throws `EUSAGE` for CR, LF and NUL, which nobody may put into a reply.
 */
export function writeReply(value: Reply, utf8 = false): string {
  const prefix = value.enhanced === null ? '' : `${value.enhanced} `
  if (typeof value.text === 'string' && value.text.length < 200) {
    return `${value.code} ${prefix}${textstring(value.text, utf8)}\r\n`
  }
  const lines: string[] = []
  for (const text of typeof value.text === 'string' ? [value.text] : value.text) {
    lines.push(...fold(textstring(text, utf8), LINE_LIMIT - prefix.length - 6))
  }
  let out = ''
  for (let i = 0; i < lines.length; i++) {
    out += `${value.code}${i === lines.length - 1 ? ' ' : '-'}${prefix}${lines[i]}\r\n`
  }
  return out
}

/** Anything but textstring = 1*(%d09 / %d32-126). */
const NOT_TEXT = /[^\t\x20-\x7e]/

function textstring(text: string, utf8: boolean): string {
  if (!NOT_TEXT.test(text)) return text
  if (hasLineBreak(text)) throw usageError('a reply text must not contain CR, LF or NUL')
  return text.replace(utf8 ? /[\x00-\x08\x0a-\x1f\x7f]/g : /[^\t\x20-\x7e]/g, '?')
}

/** Cuts at spaces where there are some; `most` is in octets. */
function fold(text: string, most: number): string[] {
  const lines: string[] = []
  let rest = text
  while (Buffer.byteLength(rest) > most) {
    let cut = Math.min(rest.length, most)
    while (Buffer.byteLength(rest.slice(0, cut)) > most) cut--
    // never between the halves of a surrogate pair
    const unit = rest.charCodeAt(cut)
    if (unit >= 0xdc00 && unit <= 0xdfff) cut--
    const space = rest.lastIndexOf(' ', cut)
    const end = space > cut / 2 ? space : cut
    lines.push(rest.slice(0, end))
    rest = rest.slice(end).trimStart()
  }
  lines.push(rest)
  return lines
}
