// The value of ORCPT (RFC 3461 §4.2, RFC 6533 §3).
//
//   original-recipient-address = addr-type ";" xtext
//   utf-8-type-addr            = "utf-8;" 1*( QUCHAR / EmbeddedUnicodeChar )
//   EmbeddedUnicodeChar        = "\x" "{" HEXPOINT "}"
import { hasLineBreak } from '../../base/bytes.ts'
import { PeerSyntaxError, usageError } from '../../base/errors.ts'
import { decodeXtext, encodeUnitext, encodeXtext, isAscii } from '../../text/index.ts'
import type { Grammar } from './grammar.ts'

const TYPE = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,60}$/
const HEXPOINT = /^\{([0-9A-F]{2,6})\}/

/** As text, decoded, the type in lower case: `rfc822;bob@example.org`. */
export const originalRecipient: Grammar<string> = {
  name: 'original-recipient-address (RFC 3461 §4.2)',
  read(text) {
    const semicolon = text.indexOf(';')
    const type = text.slice(0, semicolon).toLowerCase()
    const encoded = text.slice(semicolon + 1)
    if (semicolon < 0 || !TYPE.test(type) || encoded === '') throw new PeerSyntaxError('malformed ORCPT')
    const address = type === 'utf-8' ? decodeUnitext(encoded) : decodeXtext(encoded)
    if (address === null || hasLineBreak(address)) throw new PeerSyntaxError('malformed ORCPT')
    return `${type};${address}`
  },
  write(value) {
    const semicolon = value.indexOf(';')
    const type = value.slice(0, semicolon).toLowerCase()
    const address = value.slice(semicolon + 1)
    if (semicolon < 0 || !TYPE.test(type) || address === '' || hasLineBreak(address)) {
      throw usageError('an original recipient is a type, ";" and an address')
    }
    // the 7-bit form, which every server understands
    if (type === 'utf-8') return `${type};${encodeUnitext(address)}`
    if (!isAscii(address)) throw usageError('an original recipient beyond ASCII is of the type utf-8')
    return `${type};${encodeXtext(address)}`
  },
  samples: [
    'rfc822;Bob@Example.COM',
    'rfc822;a+b=c@example.com',
    'utf-8;zoë@bücher.example',
    'utf-8;a+b\\c@x',
    'x400;/S=x/',
  ],
}

/**
 * Takes more than `decodeUnitext` of text/ does, which keeps to the grammar: needless zeros are no reason to refuse a recipient. Null when a
 * backslash begins no EmbeddedUnicodeChar, or when there is a character that must be embedded.
 */
function decodeUnitext(text: string): string | null {
  let out = ''
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!
    if (c !== '\\') {
      if (c <= ' ' || c === '+' || c === '=' || c === '\x7f') return null
      out += c
      continue
    }
    const match = text[i + 1] === 'x' ? HEXPOINT.exec(text.slice(i + 2, i + 10)) : null
    const point = match ? Number.parseInt(match[1]!, 16) : -1
    if (!match || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return null
    out += String.fromCodePoint(point)
    i += 1 + match[0].length
  }
  return out
}
