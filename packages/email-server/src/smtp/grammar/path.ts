// Path (RFC 5321 §4.1.2), with the source route that must be accepted and ignored, and UTF-8 (RFC 6531 §3.3).
//
//   Path    = "<" [ A-d-l ":" ] Mailbox ">"
//   A-d-l   = At-domain *( "," At-domain )
//   Mailbox = Local-part "@" ( Domain / address-literal )
import { PeerSyntaxError } from '../../base/errors.ts'

export interface Path {
  /** `local@domain`; '' for the null path `<>`; the local part alone for `<Postmaster>`. */
  readonly address: string
  readonly domain: string
}

const ATOMS =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\u{10ffff}-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\u{10ffff}-]+)*$/u
const DOMAIN =
  /^[A-Za-z0-9\u0080-\u{10ffff}](?:[A-Za-z0-9\u0080-\u{10ffff}-]*[A-Za-z0-9\u0080-\u{10ffff}])?$/u
const LITERAL = /^\[[A-Za-z0-9.:-]+\]$/

export function readPath(text: string, from: number): { path: Path; end: number } {
  if (text[from] !== '<') throw new PeerSyntaxError('a path begins with "<"', from)
  let at = from + 1
  if (text[at] === '>') return { path: { address: '', domain: '' }, end: at + 1 }
  if (text[at] === '@') {
    const colon = text.indexOf(':', at)
    if (colon < 0) throw new PeerSyntaxError('a source route without its mailbox', at)
    for (const hop of text.slice(at, colon).split(',')) {
      if (hop[0] !== '@' || !isDomain(hop.slice(1))) throw new PeerSyntaxError('a malformed source route', at)
    }
    at = colon + 1
  }
  let local: string
  if (text[at] === '"') {
    const start = at++
    for (; text[at] !== '"'; at++) {
      if (text[at] === '\\') at++
      if (at >= text.length) throw new PeerSyntaxError('a quoted string without its end', start)
    }
    local = text.slice(start, ++at)
  } else {
    const start = at
    while (at < text.length && !'@> '.includes(text[at]!)) at++
    local = text.slice(start, at)
    if (!ATOMS.test(local)) throw new PeerSyntaxError('a malformed local part', start)
  }
  if (text[at] === '>' && local.toLowerCase() === 'postmaster') {
    return { path: { address: local, domain: '' }, end: at + 1 }
  }
  if (text[at] !== '@') throw new PeerSyntaxError('a mailbox has a domain', at)
  const end = text.indexOf('>', at)
  const domain = text.slice(at + 1, end)
  if (end < 0 || !isDomain(domain)) throw new PeerSyntaxError('a malformed domain', at + 1)
  return { path: { address: `${local}@${domain}`, domain }, end: end + 1 }
}

function isDomain(text: string): boolean {
  return LITERAL.test(text) || text.split('.').every(label => DOMAIN.test(label))
}
