// Which account an address belongs to. Domains compare without regard to letter case and in their ASCII form; so do local
// parts here (RFC 5321 §2.4 leaves that to the host that owns them), after normalisation to NFC; `user+tag` is `user`.
import { domainToASCII } from 'node:url'

export interface LocalAddress {
  readonly localPart: string
  readonly domain: string
}

/** Parts of an address in their compared form; null when it is none that an account here can have. */
export function localAddress(address: string): LocalAddress | null {
  const at = address.lastIndexOf('@')
  if (at <= 0) return null
  const domain = domainName(address.slice(at + 1))
  const localPart = foldLocalPart(address.slice(0, at))
  return domain === null || localPart === null ? null : { localPart, domain }
}

/** The compared form of a domain, null when it is none. */
export function domainName(name: string): string | null {
  const ascii = domainToASCII(name.replace(/\.$/, ''))
  return /^[a-z0-9_](?:[a-z0-9_.-]{0,252}[a-z0-9_])?$/.test(ascii) && !ascii.includes('..') ? ascii : null
}

function foldLocalPart(text: string): string | null {
  const quoted = text.length > 1 && text.startsWith('"') && text.endsWith('"')
  const plain = quoted ? text.slice(1, -1).replace(/\\(.)/gs, '$1') : text
  // controls, white space and what is special in paths and routes is in no account's name
  if (plain === '' || plain.length > 256 || /[\p{Cc}\s"@%!:,;<>()[\]\\]/u.test(plain)) return null
  return plain.normalize('NFC').toLowerCase()
}

/** `user+tag` → `user`; null when there is no tag. */
export function withoutTag(localPart: string): string | null {
  const plus = localPart.indexOf('+')
  return plus > 0 ? localPart.slice(0, plus) : null
}
