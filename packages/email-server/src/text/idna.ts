// Domain names with letters of all scripts. RFC 5890–5894 by way of UTS #46, which is what Node's URL machinery does.
// This is the one file that asks node:url for it.

import { domainToASCII, domainToUnicode as urlToUnicode } from 'node:url'

/** True when the text has no character above U+007F. */
export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}

/**
 * The A-label form of a domain, lower case (`bücher.example` → `xn--bcher-kva.example`). A trailing dot stays; an address literal
 * (`[192.0.2.1]`) is given back unchanged. The empty string when the domain is not valid: empty labels, characters that
 * no host name has, a label over 63 or a name over 253 octets, malformed Punycode.
 */
export function domainToAscii(domain: string): string {
  if (isLiteral(domain)) return domain
  const name = domain.endsWith('.') ? domain.slice(0, -1) : domain
  const lower = name.toLowerCase()
  const ascii = isPlainHostName(lower) && !hasPunycode(lower) ? lower : convert(name, domainToASCII)
  if (ascii === '' || !isPlainHostName(ascii) || (hasPunycode(ascii) && unicodeOf(ascii) === '')) return ''
  return domain.endsWith('.') ? `${ascii}.` : ascii
}

/**
 * The U-label form of a domain, lower case (`xn--bcher-kva.example` → `bücher.example`), for people to read. A trailing dot stays;
 * an address literal is given back unchanged. The empty string when the domain is not valid.
 */
export function domainToUnicode(domain: string): string {
  if (isLiteral(domain)) return domain
  const ascii = domainToAscii(domain)
  if (!hasPunycode(ascii)) return ascii
  const dot = ascii.endsWith('.')
  const unicode = unicodeOf(dot ? ascii.slice(0, -1) : ascii)
  return dot ? `${unicode}.` : unicode
}

// Malformed A-labels come back unchanged from some versions of Node and as something else from others; right ones survive the round trip.
function unicodeOf(ascii: string): string {
  const unicode = convert(ascii, urlToUnicode)
  return !hasPunycode(unicode) && convert(unicode, domainToASCII) === ascii ? unicode : ''
}

function isLiteral(domain: string): boolean {
  return domain.startsWith('[') && domain.endsWith(']')
}

function hasPunycode(domain: string): boolean {
  return domain.startsWith('xn--') || domain.includes('.xn--')
}

// node:url answers as for a URL's host: it would strip a port, a path or user information, decode %41 and read 0x7f.1 as
// an address. Whatever has such characters is refused before it is asked.
function convert(name: string, ask: (domain: string) => string): string {
  if (name.length === 0 || name.length > 1000) return ''
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i)
    if (c < 0x80 && !isHostNameCode(c) && c !== 0x2e) return ''
  }
  return ask(name)
}

// Letters, digits, hyphen and underscore (which names like _dmarc have), labels of 1–63, at most 253 in all.
function isPlainHostName(name: string): boolean {
  if (name.length === 0 || name.length > 253) return false
  let label = 0
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i)
    if (c === 0x2e) {
      if (label === 0) return false
      label = 0
    } else {
      if (!isHostNameCode(c) || ++label > 63) return false
    }
  }
  return label > 0
}

function isHostNameCode(c: number): boolean {
  return (
    (c >= 0x61 && c <= 0x7a) ||
    (c >= 0x30 && c <= 0x39) ||
    (c >= 0x41 && c <= 0x5a) ||
    c === 0x2d ||
    c === 0x5f
  )
}
