// Domains and address literals as SMTP has them, strictly. RFC 5321 §4.1.2, §4.1.3; RFC 6531 §3.3 for U-labels.

import { domainToAscii, isAscii } from '../text/index.ts'

/** RFC 5321 §4.5.3.1.2, in octets. */
const DOMAIN_LIMIT = 255
/** RFC 1035 §2.3.4. */
const LABEL_LIMIT = 63

// Domain = sub-domain *("." sub-domain); sub-domain = Let-dig [Ldh-str] / U-label
/** True for a domain as MAIL, RCPT and EHLO allow it: no underscore, no trailing dot; U-labels only with `smtputf8`. */
export function isSmtpDomain(text: string, smtputf8 = false): boolean {
  if (!isAscii(text)) {
    // U-labels stand between plain dots; the other dots that IDNA maps to them are for what people type
    if (!smtputf8 || text.endsWith('.') || /[\u3002\uff0e\uff61]/.test(text)) return false
    const ascii = domainToAscii(text)
    return ascii !== '' && isSmtpDomain(ascii) && Buffer.byteLength(text) <= DOMAIN_LIMIT
  }
  if (text.length > DOMAIN_LIMIT) return false
  let label = 0
  let hyphen = false
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x2e) {
      if (label === 0 || hyphen) return false
      label = 0
      continue
    }
    hyphen = c === 0x2d
    if (!isLetterOrDigit(c) && !(hyphen && label > 0)) return false
    if (++label > LABEL_LIMIT) return false
  }
  return label > 0 && !hyphen
}

// address-literal = "[" ( IPv4-address-literal / IPv6-address-literal / General-address-literal ) "]"
/** True for `[192.0.2.1]`, `[IPv6:2001:db8::1]` and `[tag:content]`, with their brackets. */
export function isAddressLiteral(text: string): boolean {
  if (text.length < 3 || text.length > DOMAIN_LIMIT || text[0] !== '[' || !text.endsWith(']')) return false
  const content = text.slice(1, -1)
  const colon = content.indexOf(':')
  if (colon < 0) return isIpv4(content)
  const tag = content.slice(0, colon)
  const rest = content.slice(colon + 1)
  return tag.toLowerCase() === 'ipv6' ? isIpv6(rest) : isTag(tag) && isContent(rest)
}

// IPv4-address-literal = Snum 3("." Snum); Snum = 1*3DIGIT, 0 through 255
function isIpv4(text: string): boolean {
  const parts = text.split('.', 5)
  return parts.length === 4 && parts.every(isSnum)
}

function isSnum(text: string): boolean {
  if (text.length < 1 || text.length > 3) return false
  for (let i = 0; i < text.length; i++) if (!isDigit(text.charCodeAt(i))) return false
  return Number(text) <= 255
}

// IPv6-full, -comp, v4-full, v4-comp. "::" stands for at least two groups: with it at most 6 others, 4 before an IPv4 ending.
function isIpv6(text: string): boolean {
  const double = text.indexOf('::')
  if (double >= 0 && text.indexOf('::', double + 1) >= 0) return false
  const lastColon = text.lastIndexOf(':')
  const hasV4 = text.includes('.')
  if (hasV4 && (lastColon < 0 || !isIpv4(text.slice(lastColon + 1)))) return false
  // the IPv4 ending counts as the two groups it stands for
  const groupsText = hasV4 ? `${text.slice(0, lastColon + 1)}0:0` : text
  if (double < 0) return countGroups(groupsText) === 8
  const left = groupsText.slice(0, double)
  const right = groupsText.slice(double + 2)
  const count = (left === '' ? 0 : countGroups(left)) + (right === '' ? 0 : countGroups(right))
  return count <= 6
}

/** How many groups of 1–4 hexadecimal digits; a large number when it is not such a list. */
function countGroups(text: string): number {
  const groups = text.split(':', 10)
  return groups.every(isHexGroup) ? groups.length : 99
}

function isHexGroup(text: string): boolean {
  if (text.length < 1 || text.length > 4) return false
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (!isDigit(c) && !((c | 0x20) >= 0x61 && (c | 0x20) <= 0x66)) return false
  }
  return true
}

// Standardized-tag = Ldh-str = *( ALPHA / DIGIT / "-" ) Let-dig; one that begins with a letter, as every registered one will:
// otherwise an IPv6 address whose tag was forgotten would pass.
function isTag(text: string): boolean {
  if (text.length === 0 || text.endsWith('-') || !/^[A-Za-z]/.test(text)) return false
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (!isLetterOrDigit(c) && c !== 0x2d) return false
  }
  return true
}

// dcontent = %d33-90 / %d94-126
function isContent(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c < 33 || c > 126 || (c > 90 && c < 94)) return false
  }
  return text.length > 0
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39
}

function isLetterOrDigit(c: number): boolean {
  return isDigit(c) || ((c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a)
}
