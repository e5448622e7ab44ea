// utf-8-addr-xtext and utf-8-addr-unitext: internationalized addresses in ORCPT and in delivery reports. RFC 6533 §3.

import { hexValue } from './hex.ts'
import { toWellFormed } from './utf-wide.ts'

// utf-8-addr-xtext = 1*(QCHAR / EmbeddedUnicodeChar); utf-8-addr-unitext = 1*(QUCHAR / EmbeddedUnicodeChar)
// QCHAR = %x21-2a / %x2c-3c / %x3e-5b / %x5d-7e; QUCHAR adds all above U+007F; EmbeddedUnicodeChar = "\x{" HEXPOINT "}"

/**
 * Writes an address for a parameter: SP, backslash, plus, equals sign and controls as `\x{HEX}`, and characters above U+007F too unless `utf8` (which
 * needs a peer with SMTPUTF8, or a message/global-delivery-status).
 */
export function encodeUnitext(address: string, utf8 = false): string {
  let out = ''
  for (const character of toWellFormed(address)) {
    const c = character.codePointAt(0)!
    if (c > 0x7f ? utf8 : isQchar(c)) out += character
    else out += `\\x{${c.toString(16).toUpperCase().padStart(2, '0')}}`
  }
  return out
}

/** The address that is meant, whichever of the two forms it has; null when it is neither. */
export function decodeUnitext(text: string): string | null {
  let out = ''
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c !== 0x5c) {
      if (c <= 0x7f && !isQchar(c)) return null
      out += text[i]
      continue
    }
    const close = text.indexOf('}', i)
    if (text[i + 1] !== 'x' || text[i + 2] !== '{' || close < 0 || close > i + 9) return null
    const code = hexPoint(text.slice(i + 3, close))
    if (code < 0) return null
    out += String.fromCodePoint(code)
    i = close
  }
  return out
}

function isQchar(c: number): boolean {
  return c >= 0x21 && c <= 0x7e && c !== 0x5c && c !== 0x2b && c !== 0x3d
}

// HEXPOINT: two to six digits, no needless zero, no surrogate, and nothing that could have stood for itself; -1 when it is not one.
function hexPoint(digits: string): number {
  if (digits.length < 2 || digits.length > 6 || (digits.length > 2 && digits[0] === '0')) return -1
  let code = 0
  for (let i = 0; i < digits.length; i++) {
    const value = hexValue(digits.charCodeAt(i))
    if (value < 0) return -1
    code = code * 16 + value
  }
  // NUL, CR and LF are in the range of the controls, and in no address
  if (code === 0 || code === 10 || code === 13 || (code <= 0x7f && isQchar(code))) return -1
  return code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? -1 : code
}
