// Address lists for header fields, written. RFC 5322 §3.4; names by RFC 2047 or, in UTF-8 mode, by RFC 6532.

import { hasLineBreak } from '../base/bytes.ts'
import { MailError } from '../base/errors.ts'
import { domainToAscii, encodeWords, isAscii } from '../text/index.ts'
import { isAtextCode } from './addr-spec.ts'
import { hidesInWord, localContent, localPartText, quote, splitAddress } from './spell.ts'
import type { Address } from './types.ts'

export interface WriteListOptions {
  /** The field that errors name, e.g. `to`. */
  readonly field: string
  /** Write UTF-8 bare (RFC 6532), for peers with SMTPUTF8. Default false: encoded words and A-labels. */
  readonly utf8?: boolean
  /** Of encoded words. Default: whichever makes shorter ones. */
  readonly encoding?: 'Q' | 'B' | null
}

/**
 * The list as a field's body on one line, to be folded at its spaces. Throws EMESSAGE when a name holds CR, LF or NUL, and EADDRESS when an
 * address is not `local@domain`, or cannot be written without UTF-8; both name the field.
 */
export function writeAddressList(list: readonly Address[], options: WriteListOptions): string {
  return list.map(entry => writeEntry(entry, options)).join(', ')
}

function writeEntry(entry: Address, options: WriteListOptions): string {
  if (entry.group === undefined) return writeMailbox(entry, options)
  // groups do not nest (RFC 5322 §3.4): members that are groups give their members
  const members = flatten(entry.group).map(member => writeMailbox(member, options))
  const name = writeName(entry.name, options) || '""'
  // RFC 2047 §5 (3): white space between an encoded word and a special
  const colon = name.endsWith('?=') ? ' :' : ':'
  return `${name}${colon}${members.length > 0 ? ` ${members.join(', ')}` : ''};`
}

function flatten(group: readonly Address[]): readonly Address[] {
  const out: Address[] = []
  const stack = [...group].reverse()
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    if (entry.group === undefined) out.push(entry)
    else for (let i = entry.group.length - 1; i >= 0; i--) stack.push(entry.group[i]!)
  }
  return out
}

function writeMailbox(entry: Address, options: WriteListOptions): string {
  const address = writeAddrSpec(entry.address, options)
  return entry.name === '' ? address : `${writeName(entry.name, options)} <${address}>`
}

/** One `local@domain` for a header field; see `writeAddressList` for what it throws. */
export function writeAddrSpec(address: string, { field, utf8 = false }: WriteListOptions): string {
  const { local, domain } = splitAddress(address)
  if (hasLineBreak(address))
    throw new MailError('EADDRESS', `${field}: the address must not contain CR, LF or NUL`)
  const literal = domain.startsWith('[') && domain.endsWith(']')
  const name = utf8 || literal ? domain : domainToAscii(domain)
  const plain = localContent(local)
  if (plain === null || domain === '' || !(literal ? isLiteralText(domain) : domainToAscii(domain) !== ''))
    throw new MailError('EADDRESS', `${field}: ${JSON.stringify(address)} is not an address`)
  if (hasControl(plain))
    throw new MailError('EADDRESS', `${field}: the address must not contain control characters`)
  if (!utf8 && !isAscii(plain))
    throw new MailError('EADDRESS', `${field}: ${JSON.stringify(address)} needs a peer with SMTPUTF8`)
  return `${hidesInWord(plain) ? quote(plain) : localPartText(plain)}@${name}`
}

function writeName(name: string, { field, utf8 = false, encoding = null }: WriteListOptions): string {
  if (hasLineBreak(name)) throw new MailError('EMESSAGE', `${field}: the name must not contain CR, LF or NUL`)
  if (name.includes('=?') || hasControl(name) || (!utf8 && !isAscii(name)))
    return encodeWords(name, { context: 'phrase', encoding })
  return isPhrase(name) ? name : quote(name)
}

// phrase = 1*word; here: atoms with single spaces between them, which every reader gives back unchanged.
function isPhrase(name: string): boolean {
  let afterSpace = true
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i)
    if (c === 0x20) {
      if (afterSpace) return false
      afterSpace = true
    } else {
      if (!isAtextCode(c)) return false
      afterSpace = false
    }
  }
  return !afterSpace
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c < 0x20 || c === 0x7f) return true
  }
  return false
}

function isLiteralText(literal: string): boolean {
  for (let i = 1; i < literal.length - 1; i++) {
    const c = literal.charCodeAt(i)
    if (c < 0x21 || c > 0x7e || (c >= 0x5b && c <= 0x5d)) return false
  }
  return literal.length > 2
}
