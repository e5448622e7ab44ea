// Whose name a message bears: the domains of its From field. RFC 9989 §5.3.1, §11.5. The strictest reading: every domain that some reader of
// the field could take for the author's counts, and a message of several authors is as good as the one that fares worst. A name in quotes is
// a name (§11.4: display names are out of scope), and what careless programs write (`Doe, John <j@x>`, `j@x <j@x>`) is no offence.
import { readAddressList } from '../../address/index.ts'
import { domainToAscii } from '../../text/index.ts'

export interface Authors {
  /** As A-labels in lower case, each once, at most ten. */
  readonly domains: readonly string[]
  /** Why the message cannot pass whatever its domains say; null when it can. */
  readonly fault: string | null
}

/** Domains that are evaluated; a message with more is not evaluated whole, and does not pass. */
const DOMAIN_LIMIT = 10
const ADDRESS_LIMIT = 100

/** From the bodies of all From fields of the header, in order. */
export function readAuthors(fields: readonly string[]): Authors {
  const domains = new Set<string>()
  let truncated = false
  for (const field of fields.slice(0, DOMAIN_LIMIT)) {
    const list = readAddressList(field, { maxMailboxes: ADDRESS_LIMIT })
    truncated ||= list.truncated
    for (const entry of list.entries) {
      for (const { local, domain } of entry.kind === 'group' ? entry.members : [entry]) {
        const plain = local === null || domain === null ? null : plainDomain(domain)
        if (plain !== null) domains.add(plain)
      }
    }
    for (const domain of exposedDomains(field)) domains.add(domain)
  }
  return {
    domains: [...domains].slice(0, DOMAIN_LIMIT),
    fault: faultOf(fields.length, domains.size, truncated),
  }
}

function faultOf(fields: number, domains: number, truncated: boolean): string | null {
  if (fields === 0) return 'the message has no From field'
  if (fields > 1) return 'the message has several From fields'
  if (domains === 0) return 'the From field has no address with a domain'
  if (truncated || domains > DOMAIN_LIMIT) return 'the From field has too many addresses'
  return null
}

/** Lower-case A-labels without the final dot; null for what is no domain, an address literal among them. */
export function plainDomain(domain: string): string | null {
  if (domain.startsWith('[')) return null
  const ascii = domainToAscii(domain)
  return (ascii.endsWith('.') ? ascii.slice(0, -1) : ascii) || null
}

/** The domains behind every `x@` outside of quoted strings and comments, wherever an address list has them. */
function exposedDomains(field: string): Set<string> {
  const domains = new Set<string>()
  // once one of them does not end, none is believed: nothing is hidden, and nothing is looked at twice
  const mayClose = { '"': true, '(': true }
  for (let i = 0; i < field.length && domains.size <= DOMAIN_LIMIT; i++) {
    const c = field[i]!
    if ((c === '"' || c === '(') && mayClose[c]) {
      const end = c === '"' ? endOfQuotes(field, i) : endOfComment(field, i)
      if (end < 0) mayClose[c] = false
      else i = end
    } else if (c === '@' && i > 0 && !isSpace(field[i - 1]!)) {
      const start = i + 1
      while (i + 1 < field.length && !isEdge(field[i + 1]!) && field[i + 1] !== '@') i++
      const text = field.slice(start, i + 1)
      const domain = text.includes('.') ? plainDomain(text) : null
      if (domain !== null) domains.add(domain)
    }
  }
  return domains
}

/** The offset of the closing quote, or -1. */
function endOfQuotes(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === '"') return i
  }
  return -1
}

function endOfComment(text: string, start: number): number {
  let depth = 0
  for (let i = start; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === '(') depth++
    else if (text[i] === ')' && --depth === 0) return i
  }
  return -1
}

/** True for what ends a domain: white space, control characters, the marks of an address list. */
function isEdge(character: string): boolean {
  return character <= ' ' || character === '\x7f' || '<>,;:()\\'.includes(character)
}

function isSpace(character: string): boolean {
  return character === ' ' || character === '\t' || character === '\r' || character === '\n'
}
