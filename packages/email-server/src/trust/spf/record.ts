// The text of an SPF record to its terms. RFC 7208 §4.5, §4.6.1, §5, §6, §12: a syntax error anywhere makes the whole record an error.
import { parseIp } from '../../base/ip.ts'
import { type MacroString, readDomainSpec, readMacroString } from './macro.ts'

export type SpfQualifier = 'pass' | 'fail' | 'softfail' | 'neutral'

export type Mechanism =
  | { readonly kind: 'all' }
  | { readonly kind: 'include' | 'exists'; readonly domain: MacroString }
  | { readonly kind: 'ptr'; readonly domain: MacroString | null }
  | {
      readonly kind: 'a' | 'mx'
      readonly domain: MacroString | null
      /** Bits of the network for each family. */
      readonly prefix4: number
      readonly prefix6: number
    }
  | { readonly kind: 'ip'; readonly network: Uint8Array; readonly prefix: number }

export interface Directive {
  readonly qualifier: SpfQualifier
  readonly mechanism: Mechanism
  /** As it is written, e.g. `-all`. */
  readonly text: string
}

export interface SpfRecord {
  readonly directives: readonly Directive[]
  readonly redirect: MacroString | null
  readonly explanation: MacroString | null
}

/** `error` names the term that is wrong. */
export type SpfRecordResult =
  | { readonly record: SpfRecord; readonly error: null }
  | { readonly record: null; readonly error: string }

const VERSION = 'v=spf1'
const QUALIFIERS: Readonly<Record<string, SpfQualifier>> = {
  '+': 'pass',
  '-': 'fail',
  '~': 'softfail',
  '?': 'neutral',
}

// record = version terms *SP; version = "v=spf1"
/** True for a TXT record that is an SPF record, right or wrong (RFC 7208 §4.5). */
export function isSpfRecord(text: string): boolean {
  return (
    text.slice(0, VERSION.length).toLowerCase() === VERSION &&
    (text.length === VERSION.length || text[VERSION.length] === ' ')
  )
}

// terms = *( 1*SP ( directive / modifier ) )
export function readSpfRecord(text: string): SpfRecordResult {
  const directives: Directive[] = []
  const modifiers = new Map<string, MacroString>()
  for (const term of text.slice(VERSION.length).split(' ')) {
    if (term === '') continue
    const problem = readTerm(term, directives, modifiers)
    if (problem !== null) return { record: null, error: `${problem}: ${shown(term)}` }
  }
  const record = {
    directives,
    redirect: modifiers.get('redirect') ?? null,
    explanation: modifiers.get('exp') ?? null,
  }
  return { record, error: null }
}

/** What is wrong with the term, or null. */
function readTerm(term: string, directives: Directive[], modifiers: Map<string, MacroString>): string | null {
  const at = firstOf(term, '=:/')
  if (term[at] !== '=') {
    const directive = readDirective(term)
    if (typeof directive === 'string') return directive
    directives.push(directive)
    return null
  }
  const name = term.slice(0, at).toLowerCase()
  const value = term.slice(at + 1)
  if (!isName(name)) return 'a modifier without a right name'
  if (name !== 'redirect' && name !== 'exp') {
    return readMacroString(value, true) && !value.includes(' ') ? null : 'a modifier with a wrong macro'
  }
  if (modifiers.has(name)) return `${name}= stands twice`
  const domain = readDomainSpec(value)
  if (!domain) return `${name}= has no right domain`
  modifiers.set(name, domain)
  return null
}

// directive = [ qualifier ] mechanism; mechanism = all / include / a / mx / ptr / ip4 / ip6 / exists
function readDirective(text: string): Directive | string {
  const sign = QUALIFIERS[text[0]!]
  const body = sign ? text.slice(1) : text
  const at = firstOf(body, ':/')
  const mechanism = readMechanism(body.slice(0, at).toLowerCase(), body.slice(at))
  if (typeof mechanism === 'string') return mechanism
  return { qualifier: sign ?? 'pass', mechanism, text }
}

function readMechanism(name: string, rest: string): Mechanism | string {
  switch (name) {
    case 'all':
      return rest === '' ? { kind: 'all' } : 'all takes no argument'
    case 'include':
    case 'exists': {
      const domain = rest.startsWith(':') ? readDomainSpec(rest.slice(1)) : null
      return domain ? { kind: name, domain } : `${name} has no right domain`
    }
    case 'ptr': {
      if (rest === '') return { kind: 'ptr', domain: null }
      const domain = rest.startsWith(':') ? readDomainSpec(rest.slice(1)) : null
      return domain ? { kind: 'ptr', domain } : 'ptr has no right domain'
    }
    case 'a':
    case 'mx':
      return readHosts(name, rest)
    case 'ip4':
      return readNetwork(rest, 4) ?? 'ip4 has no right network'
    case 'ip6':
      return readNetwork(rest, 16) ?? 'ip6 has no right network'
    default:
      return 'a mechanism that does not exist'
  }
}

// a = "a" [ ":" domain-spec ] [ dual-cidr-length ]; dual-cidr-length = [ ip4-cidr-length ] [ "/" ip6-cidr-length ]
function readHosts(kind: 'a' | 'mx', rest: string): Mechanism | string {
  const six = cutPrefix(rest, '//', 128)
  const four = cutPrefix(six.rest, '/', 32)
  if (six.prefix === null || four.prefix === null) return `${kind} has no right prefix length`
  const domain = four.rest === '' ? null : four.rest[0] === ':' ? readDomainSpec(four.rest.slice(1)) : null
  if (four.rest !== '' && !domain) return `${kind} has no right domain`
  return { kind, domain, prefix4: four.prefix, prefix6: six.prefix }
}

// ip4 = "ip4" ":" ip4-network [ ip4-cidr-length ]; ip6 alike
function readNetwork(rest: string, octets: 4 | 16): Mechanism | null {
  const { rest: address, prefix } = cutPrefix(rest, '/', octets * 8)
  const network = address.startsWith(':') ? parseIp(address.slice(1)) : null
  if (network?.length !== octets || prefix === null) return null
  return { kind: 'ip', network, prefix }
}

/**
 * Takes `mark` and digits off the end; `most` when they are not there, null when the number is out of range or has a leading zero.
 * `/24` is no prefix length behind `//`, nor `//64` one behind `/`.
 */
function cutPrefix(text: string, mark: '/' | '//', most: number): { rest: string; prefix: number | null } {
  let at = text.length
  while (at > 0 && isDigit(text.charCodeAt(at - 1))) at--
  const digits = text.slice(at)
  if (digits === '' || !text.slice(0, at).endsWith(mark)) return { rest: text, prefix: most }
  const rest = text.slice(0, at - mark.length)
  const isRight = digits.length <= 3 && Number(digits) <= most && (digits === '0' || digits[0] !== '0')
  return { rest, prefix: isRight ? Number(digits) : null }
}

// name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." )
function isName(name: string): boolean {
  return /^[a-z][a-z0-9._-]*$/.test(name)
}

/** The offset of the first of these characters, or the length. */
function firstOf(text: string, characters: string): number {
  for (let i = 0; i < text.length; i++) if (characters.includes(text[i]!)) return i
  return text.length
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39
}

/** A term of the record, for people: short, printable. */
function shown(term: string): string {
  const printable = term.replace(/[^\x21-\x7e]/g, '?')
  return printable.length > 80 ? `${printable.slice(0, 80)}…` : printable
}
