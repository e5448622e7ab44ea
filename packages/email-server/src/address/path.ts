// Mailbox and Path of SMTP commands, strictly as RFC 5321 §4.1.2 and RFC 6531 §3.3 write them. The readers give the offset behind what they
// read, so that the grammar of MAIL and RCPT goes on from there; they look no further than the limits of RFC 5321 §4.5.3.1.

import { isAscii } from '../text/index.ts'
import { isAtextCode } from './addr-spec.ts'
import { isAddressLiteral, isSmtpDomain } from './literal.ts'
import { localPartText } from './spell.ts'

/** Octets, RFC 5321 §4.5.3.1: the local part as written (quotes included), and the path with its brackets but without a source route. */
const LOCAL_LIMIT = 64
const DOMAIN_LIMIT = 255
const PATH_LIMIT = 256
/** Longest source route that is skipped, in characters; command lines are limited anyway. */
const ROUTE_LIMIT = 1024

export interface Mailbox {
  /** `local@domain`: the local part with no more quoting than it needs, the domain as it was written. */
  readonly address: string
  /** Without quotes. */
  readonly local: string
  /** Empty for `<Postmaster>`. An address literal has its brackets. */
  readonly domain: string
}

/** `non-ascii`: it would be right with SMTPUTF8. `too-long`: right but for a limit of RFC 5321 §4.5.3.1. */
export type PathFault = 'syntax' | 'too-long' | 'non-ascii'

export type PathResult =
  /** `mailbox` is null for the null path `<>`. `end` is the offset behind what was read. */
  | { readonly ok: true; readonly mailbox: Mailbox | null; readonly end: number }
  | { readonly ok: false; readonly fault: PathFault; readonly position: number }

export interface PathOptions {
  /** Accept characters above U+007F in local parts and domains (RFC 6531). Default false. */
  readonly smtputf8?: boolean
  /** Accept `<>`, as MAIL does. Default false. */
  readonly nullPath?: boolean
  /** Accept `<Postmaster>` in any case, as RCPT does (RFC 5321 §4.1.1.3). Default false. */
  readonly postmaster?: boolean
  /** Accept more octets than RFC 5321 §4.5.3.1 promises to: it asks for that, and rewritten senders are often longer. Default false. */
  readonly anyLength?: boolean
}

// Reverse-path = Path / "<>"; Forward-path = Path; Path = "<" [ A-d-l ":" ] Mailbox ">"; A-d-l = At-domain *( "," At-domain )
/** Reads a path with its angle brackets; a source route is checked and dropped (RFC 5321 §4.1.2: SHOULD be ignored). */
export function readPath(text: string, start = 0, options: PathOptions = {}): PathResult {
  if (text[start] !== '<') return fault('syntax', start)
  if (text[start + 1] === '>')
    return options.nullPath ? { ok: true, mailbox: null, end: start + 2 } : fault('syntax', start + 1)
  const from = text[start + 1] === '@' ? skipRoute(text, start + 1, options) : start + 1
  if (from < 0) return fault('syntax', start + 1)
  if (options.postmaster && text.slice(from, from + 11).toLowerCase() === 'postmaster>') {
    const local = text.slice(from, from + 10)
    return { ok: true, mailbox: { address: local, local, domain: '' }, end: from + 11 }
  }
  const result = readMailbox(text, from, options)
  if (!result.ok) return result
  if (text[result.end] !== '>') return fault('syntax', result.end)
  return { ...result, end: result.end + 1 }
}

// Mailbox = Local-part "@" ( Domain / address-literal )
/** Reads a mailbox without brackets, up to the first character that cannot belong to it. */
export function readMailbox(text: string, start = 0, options: PathOptions = {}): PathResult {
  const local = text[start] === '"' ? readQuoted(text, start) : readDotString(text, start)
  if (local === null || text[local.end] !== '@') return fault('syntax', local?.end ?? start)
  const end = text[local.end + 1] === '[' ? literalEnd(text, local.end + 1) : domainEnd(text, local.end + 1)
  const domain = text.slice(local.end + 1, end)
  const whole = text.slice(start, end)
  if (!isAscii(whole) && (options.smtputf8 !== true || whole.includes('\ufffd')))
    return fault(options.smtputf8 === true ? 'syntax' : 'non-ascii', start)
  if (
    options.anyLength !== true &&
    (octets(text.slice(start, local.end)) > LOCAL_LIMIT ||
      octets(domain) > DOMAIN_LIMIT ||
      octets(whole) > PATH_LIMIT - 2)
  )
    return fault('too-long', start)
  if (!(domain[0] === '[' ? isAddressLiteral(domain) : isSmtpDomain(domain, options.smtputf8)))
    return fault('syntax', local.end + 1)
  const address = `${localPartText(local.value)}@${domain}`
  return { ok: true, mailbox: { address, local: local.value, domain }, end }
}

function fault(kind: PathFault, position: number): PathResult {
  return { ok: false, fault: kind, position }
}

function octets(text: string): number {
  return isAscii(text) ? text.length : Buffer.byteLength(text)
}

// At-domain = "@" Domain
function skipRoute(text: string, start: number, options: PathOptions): number {
  let i = start
  while (i - start < ROUTE_LIMIT) {
    if (text[i] !== '@') return -1
    const end = domainEnd(text, i + 1)
    if (!isSmtpDomain(text.slice(i + 1, end), options.smtputf8)) return -1
    if (text[end] === ':') return end + 1
    if (text[end] !== ',') return -1
    i = end + 1
  }
  return -1
}

interface Local {
  readonly value: string
  readonly end: number
}

// Dot-string = Atom *("." Atom); Atom = 1*atext
function readDotString(text: string, start: number): Local | null {
  let i = start
  let wantsAtom = true
  for (; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x2e) {
      if (wantsAtom) return null
      wantsAtom = true
    } else if (isAtextCode(c)) wantsAtom = false
    else break
  }
  return wantsAtom ? null : { value: text.slice(start, i), end: i }
}

// Quoted-string = DQUOTE *QcontentSMTP DQUOTE; QcontentSMTP = qtextSMTP / quoted-pairSMTP; quoted-pairSMTP = %d92 %d32-126
function readQuoted(text: string, start: number): Local | null {
  let value = ''
  let from = start + 1
  for (let i = start + 1; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x22) return { value: value + text.slice(from, i), end: i + 1 }
    if (c < 0x20 || c === 0x7f) return null
    if (c === 0x5c) {
      value += text.slice(from, i)
      from = ++i
      const quoted = text.charCodeAt(i)
      if (!(quoted >= 0x20 && quoted <= 0x7e)) return null
    }
  }
  return null
}

function domainEnd(text: string, start: number): number {
  let i = start
  while (i < text.length && isDomainCode(text.charCodeAt(i))) i++
  return i
}

function isDomainCode(c: number): boolean {
  return (
    c > 0x7f ||
    c === 0x2d ||
    c === 0x2e ||
    (c >= 0x30 && c <= 0x39) ||
    ((c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a)
  )
}

function literalEnd(text: string, start: number): number {
  const end = text.indexOf(']', start)
  return end < 0 ? text.length : end + 1
}
