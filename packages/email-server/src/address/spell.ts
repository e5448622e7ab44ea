// Spelling of single addresses: quoting of local parts, splitting, comparison, what an ASCII-only peer can be told. RFC 5321 §2.4, §4.1.2; RFC 6531.

import { domainToAscii, isAscii } from '../text/index.ts'
import { isAtextCode, isDotAtom } from './addr-spec.ts'

/**
 * `local@domain`, the local part quoted when it has characters that cannot stand bare, or a part that a reader would take for an encoded word;
 * stray dots stay as they are.
 */
export function addrSpecText(local: string, domain: string): string {
  return `${isBareLocal(local) && !hidesInWord(local) ? local : quote(local)}@${domain}`
}

/** True when, bare, a part of the local part would be taken for an encoded word and torn from the rest: `=?x?q?a?=b`. */
export function hidesInWord(local: string): boolean {
  const open = local.indexOf('=?')
  if (open < 0) return false
  const close = local.indexOf('?=', open + 2)
  return close >= 0 && close + 2 !== local.length
}

/** The local part as RFC 5321 and RFC 5322 want it written: dot-atom, or else a quoted string. */
export function localPartText(local: string): string {
  return isDotAtom(local) ? local : quote(local)
}

/** A quoted string with the backslashes it needs. RFC 5322 §3.2.4. */
export function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&')}"`
}

function isBareLocal(local: string): boolean {
  for (let i = 0; i < local.length; i++) {
    const c = local.charCodeAt(i)
    if (c !== 0x2e && !isAtextCode(c)) return false
  }
  return local.length > 0
}

/**
 * Splits at the `@` before the domain: `user@host` → `{ local: 'user', domain: 'host' }`. A quoted local part keeps its quotes and may
 * hold an `@` itself. Without `@` the domain is empty.
 */
export function splitAddress(address: string): { local: string; domain: string } {
  // only an address literal can hold an @ behind the one that counts
  const literal = address.endsWith(']') ? address.lastIndexOf('@[') : -1
  const at = literal >= 0 ? literal : address.lastIndexOf('@')
  if (at < 0) return { local: address, domain: '' }
  return { local: address.slice(0, at), domain: address.slice(at + 1) }
}

/**
 * The form in which two addresses are compared: domain as lower-case A-labels, needless quotes of the local part removed, its case kept (RFC
 * 5321 §2.4: only the receiving host may know that case does not matter). A domain that is not valid is only put in lower case.
 */
export function comparableAddress(address: string): string {
  const { local, domain } = splitAddress(address)
  const ascii = domainToAscii(domain) || domain.toLowerCase()
  const plain = localPartText(unquoteLocal(local))
  return domain === '' ? plain : `${plain}@${ascii.endsWith('.') ? ascii.slice(0, -1) : ascii.toLowerCase()}`
}

/** The content of a quoted local part; another is given back as it is. */
export function unquoteLocal(local: string): string {
  return local.startsWith('"') ? (quotedContent(local) ?? local) : local
}

/** What a local part as written stands for, bare or quoted; null when it is neither. */
export function localContent(local: string): string | null {
  if (local.startsWith('"')) return quotedContent(local)
  return isBareLocal(local) ? local : null
}

// Null unless the closing quote is the last character and no other.
function quotedContent(local: string): string | null {
  if (local.length < 2 || !local.endsWith('"')) return null
  let content = ''
  for (let i = 1; i < local.length - 1; i++) {
    if (local[i] === '"') return null
    if (local[i] === '\\' && ++i === local.length - 1) return null
    content += local[i]
  }
  return content
}

/** True when the address can only be used with a peer that has SMTPUTF8: its local part is not ASCII, or its domain has no A-label form. RFC 6531 §3.2. */
export function addressNeedsSmtputf8(address: string): boolean {
  if (isAscii(address)) return false
  return addressForAsciiOnlyPeer(address) === null
}

/** The address with its domain as A-labels, for a peer without SMTPUTF8; null when its local part or its domain makes that impossible. */
export function addressForAsciiOnlyPeer(address: string): string | null {
  if (isAscii(address)) return address
  const { local, domain } = splitAddress(address)
  const ascii = isAscii(local) ? domainToAscii(domain) : ''
  return ascii === '' ? null : `${local}@${ascii}`
}
