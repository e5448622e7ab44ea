// IMAP's modified UTF-7 for mailbox names, both directions. RFC 3501 §5.1.3 (on the base of RFC 2152).

import { isAscii } from './idna.ts'

/** The wire form of a mailbox name (`Entwürfe` → `Entw&APw-rfe`). Every string has exactly one. */
export function encodeImapUtf7(name: string): string {
  if (isAscii(name) && isPrintable(name)) return name.includes('&') ? name.replaceAll('&', '&-') : name
  let out = ''
  let i = 0
  while (i < name.length) {
    const c = name.charCodeAt(i)
    if (c >= 0x20 && c <= 0x7e) {
      out += c === 0x26 ? '&-' : name[i]
      i++
      continue
    }
    let end = i
    while (end < name.length && !isPrintableCode(name.charCodeAt(end))) end++
    const utf16 = Buffer.from(name.slice(i, end), 'utf16le').swap16()
    out += `&${utf16.toString('base64').replace(/=+$/, '').replaceAll('/', ',')}-`
    i = end
  }
  return out
}

/**
 * The name that a wire form stands for, or null when it is not exactly what an encoder must write: 8-bit or control
 * characters, an unfinished or needless shift, stray bits, half a surrogate pair.
 */
export function decodeImapUtf7(wire: string): string | null {
  if (!isAscii(wire) || !isPrintable(wire)) return null
  if (!wire.includes('&')) return wire
  let out = ''
  let i = 0
  while (i < wire.length) {
    const shift = wire.indexOf('&', i)
    if (shift < 0) return out + wire.slice(i)
    out += wire.slice(i, shift)
    const end = wire.indexOf('-', shift)
    if (end < 0) return null
    if (end === shift + 1) out += '&'
    else {
      const part = decodeShifted(wire.slice(shift + 1, end))
      // one run of characters is one shift: `&APw-&APw-` is refused (RFC 3501 §5.1.3, "superfluous shifts")
      if (part === null || (wire[end + 1] === '&' && wire[end + 2] !== '-')) return null
      out += part
    }
    i = end + 1
  }
  return out
}

function decodeShifted(base64: string): string | null {
  for (let i = 0; i < base64.length; i++) if (!isShiftedCode(base64.charCodeAt(i))) return null
  const standard = base64.replaceAll(',', '/')
  const bytes = Buffer.from(standard, 'base64')
  if (bytes.length % 2 !== 0 || bytes.length === 0) return null
  // stray bits or characters would not come back
  if (bytes.toString('base64').replace(/=+$/, '') !== standard) return null
  const text = bytes.swap16().toString('utf16le')
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (isPrintableCode(c)) return null
    if (c >= 0xd800 && c <= 0xdbff) {
      const next = text.charCodeAt(++i)
      if (!(next >= 0xdc00 && next <= 0xdfff)) return null
    } else if (c >= 0xdc00 && c <= 0xdfff) return null
  }
  return text
}

function isPrintableCode(c: number): boolean {
  return c >= 0x20 && c <= 0x7e
}

function isPrintable(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (!isPrintableCode(text.charCodeAt(i))) return false
  return true
}

function isShiftedCode(c: number): boolean {
  return (
    (c >= 0x41 && c <= 0x5a) ||
    (c >= 0x61 && c <= 0x7a) ||
    (c >= 0x30 && c <= 0x39) ||
    c === 0x2b ||
    c === 0x2c
  )
}
