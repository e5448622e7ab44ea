// The fields for programs: message/delivery-status (RFC 3464 §2, RFC 3461 §6.3) and message/global-delivery-status (RFC 6533 §4.1).
import { isAddressLiteral } from '../address/index.ts'
import { fromUtf8 } from '../base/bytes.ts'
import { MailError, optionError } from '../base/errors.ts'
import { formatAddressLiteral, formatIp, parseIp } from '../base/ip.ts'
import { domainToAscii, encodeUnitext, isAscii } from '../text/index.ts'
import { dateOption, lineOption, oneLine } from './checks.ts'
import type { DsnAction, DsnOptions, DsnRecipient } from './dsn-options.ts'

/** A recipient whose options have been checked. */
export interface CheckedRecipient {
  readonly action: DsnAction
  readonly status: string
  readonly final: TypedAddress
  readonly original: TypedAddress | null
  /** The reply's lines, or one line of explanation. */
  readonly diagnostic: readonly string[]
  /** Without its type; null when there was none. */
  readonly remoteMta: string | null
  /** What stands between the addresses and the diagnostic, and what follows it (RFC 3464 §2.3). */
  readonly before: readonly Field[]
  readonly after: readonly Field[]
}

type Field = readonly [name: string, value: string]

/** A generic-address with its type (RFC 3464 §2.1.2). */
export interface TypedAddress {
  readonly type: string
  readonly address: string
}

export interface StatusPart {
  readonly type: 'message/delivery-status' | 'message/global-delivery-status'
  readonly body: Uint8Array
}

const DEFAULT_STATUS: Readonly<Record<DsnAction, string>> = {
  failed: '5.0.0',
  delayed: '4.0.0',
  delivered: '2.0.0',
  relayed: '2.0.0',
  expanded: '2.0.0',
}
/** Characters; what SMTP carries of addresses and names is shorter (RFC 3461 §4: 500 for ORCPT, 100 for ENVID). */
const TEXT_LIMIT = 500
const DIAGNOSTIC_LIMIT = 4000
/** Where lines are folded. */
const LINE_ASKED = 76
/** Characters of a word that still fit on a line of 998 octets, whatever they are (RFC 5322 §2.1.1). */
const WORD_LIMIT = 240

export function checkRecipient(recipient: DsnRecipient, option: string): CheckedRecipient {
  if (typeof recipient !== 'object' || recipient === null) throw optionError(option, 'an object', recipient)
  const { action } = recipient
  if (typeof action !== 'string' || !Object.hasOwn(DEFAULT_STATUS, action)) {
    throw optionError(`${option}.action`, 'failed, delayed, delivered, relayed or expanded', action)
  }
  const status = checkStatus(recipient.status ?? DEFAULT_STATUS[action], action, `${option}.status`)
  if (recipient.willRetryUntil !== undefined && action !== 'delayed') {
    throw optionError(`${option}.willRetryUntil`, 'absent unless the action is delayed', 'a date')
  }
  const before: Field[] = [
    ['Action', action],
    ['Status', status],
  ]
  const after: Field[] = []
  const { originalRecipient, remoteMta, lastAttempt, finalLogId, willRetryUntil } = recipient
  const remote = remoteMta === undefined ? null : mtaName(remoteMta, `${option}.remoteMta`, false)
  if (remote !== null) before.push(['Remote-MTA', remote])
  const diagnostic = checkDiagnostic(recipient.diagnostic, `${option}.diagnostic`)
  if (lastAttempt !== undefined)
    after.push(['Last-Attempt-Date', dateOption(lastAttempt, `${option}.lastAttempt`)])
  if (finalLogId !== undefined) after.push(['Final-Log-ID', ascii(finalLogId, `${option}.finalLogId`)])
  if (willRetryUntil !== undefined)
    after.push(['Will-Retry-Until', dateOption(willRetryUntil, `${option}.willRetryUntil`)])
  return {
    action,
    status,
    final: typedAddress(recipient.finalRecipient, `${option}.finalRecipient`),
    original:
      originalRecipient === undefined ? null : typedAddress(originalRecipient, `${option}.originalRecipient`),
    diagnostic,
    remoteMta: remote === null ? null : remote.slice(remote.indexOf(';') + 2),
    before,
    after,
  }
}

// status-code = DIGIT "." 1*3DIGIT "." 1*3DIGIT, without leading zeros                                RFC 3464 §2.3.4
function checkStatus(status: unknown, action: DsnAction, option: string): string {
  if (typeof status === 'string') oneLine(status, option)
  if (typeof status !== 'string' || !/^[245]\.(?:0|[1-9]\d{0,2})\.(?:0|[1-9]\d{0,2})$/.test(status)) {
    throw optionError(option, 'a status code such as 5.1.1', status)
  }
  if (status[0] === '2' && (action === 'failed' || action === 'delayed')) {
    throw optionError(option, `a code of failure (4.x.x or 5.x.x) with the action ${action}`, status)
  }
  return status
}

function checkDiagnostic(value: DsnRecipient['diagnostic'], option: string): string[] {
  if (value === undefined) return []
  const given: readonly unknown[] = Array.isArray(value) ? value : [value]
  const lines: string[] = []
  let room = DIAGNOSTIC_LIMIT
  for (const line of given) {
    if (typeof line !== 'string') throw optionError(option, 'text, or an array of lines', line)
    // other controls are in nobody's interest, and terminals obey some
    const text = oneLine(line, option)
      .replace(/[\x01-\x20\x7f]+/g, ' ')
      .trim()
    if (text !== '' && room > 0) lines.push(text.length > room ? `${text.slice(0, room)}...` : text)
    room -= text.length
  }
  return lines
}

/** `type; name` of an MTA (RFC 3464 §2.2.2, RFC 3461 §9.3). `ours`: a name without a dot is no name in the DNS. */
export function mtaName(value: unknown, option: string, ours: boolean): string {
  const text = lineOption(value, option)
  const typed = splitType(text)
  if (typed) return `${typed.type}; ${ascii(typed.address, option)}`
  const ip = parseIp(text)
  if (ip) return `dns; ${formatAddressLiteral(ip)}`
  if (isAddressLiteral(text)) return `dns; ${text}`
  const name = isAscii(text) ? text : domainToAscii(text)
  if (name === '') throw optionError(option, 'a domain, an IP address or type;name', text)
  return `${ours && !name.includes('.') ? 'x-local-hostname' : 'dns'}; ${name}`
}

// address-type = atom; a local part with a semicolon is quoted, so that it cannot be taken for a type
const TYPED = /^([A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,60}) ?; ?(?=\S)/

function splitType(text: string): TypedAddress | null {
  const match = TYPED.exec(text)
  return match ? { type: match[1]!.toLowerCase(), address: text.slice(match[0].length) } : null
}

function typedAddress(value: unknown, option: string): TypedAddress {
  const text = lineOption(value, option)
  const typed = splitType(text) ?? { type: 'rfc822', address: text }
  if (text.length > TEXT_LIMIT)
    throw optionError(option, `an address of at most ${TEXT_LIMIT} characters`, text)
  if (isAscii(typed.address)) return typed
  if (typed.type !== 'rfc822' && typed.type !== 'utf-8') ascii(typed.address, option)
  return { type: 'utf-8', address: typed.address }
}

function ascii(value: unknown, option: string): string {
  const text = lineOption(value, option)
  if (text.length > TEXT_LIMIT) throw optionError(option, `at most ${TEXT_LIMIT} characters`, text)
  if (/^[\t\x20-\x7e]*$/.test(text)) return text
  throw new MailError('EMESSAGE', `${option} must be printable ASCII`)
}

/** The whole part. With `utf8` it may be message/global-delivery-status, where something needs that. */
export function statusPart(
  options: DsnOptions,
  recipients: readonly CheckedRecipient[],
  utf8: boolean,
): StatusPart {
  let text = ''
  const put = (name: string, value: string): void => {
    text += `${foldLine(`${name}: ${value}`)}\r\n`
  }
  for (const [name, value] of messageFields(options)) put(name, value)
  for (const recipient of recipients) {
    text += '\r\n'
    if (recipient.original) put('Original-Recipient', writeAddress(recipient.original, utf8))
    put('Final-Recipient', writeAddress(recipient.final, utf8))
    for (const [name, value] of recipient.before) put(name, value)
    if (recipient.diagnostic.length > 0) text += writeDiagnostic(recipient.diagnostic, utf8)
    for (const [name, value] of recipient.after) put(name, value)
  }
  return {
    type: isAscii(text) ? 'message/delivery-status' : 'message/global-delivery-status',
    body: fromUtf8(text),
  }
}

function messageFields(options: DsnOptions): Field[] {
  const { originalEnvelopeId, dsnGateway, receivedFromMta, arrivalDate } = options
  const fields: Field[] = []
  // RFC 3461 §4.4: printable, and not encoded here (§6.3 (a))
  if (originalEnvelopeId !== undefined)
    fields.push(['Original-Envelope-Id', ascii(originalEnvelopeId, 'originalEnvelopeId')])
  fields.push(['Reporting-MTA', mtaName(options.reportingMta, 'reportingMta', true)])
  if (dsnGateway !== undefined) fields.push(['DSN-Gateway', mtaName(dsnGateway, 'dsnGateway', true)])
  if (receivedFromMta !== undefined) fields.push(['Received-From-MTA', receivedFrom(receivedFromMta)])
  if (arrivalDate !== undefined) fields.push(['Arrival-Date', dateOption(arrivalDate, 'arrivalDate')])
  return fields
}

// RFC 3464 §2.2.4: the name of EHLO, and the address as a comment.
function receivedFrom(from: NonNullable<DsnOptions['receivedFromMta']>): string {
  if (typeof from !== 'object') return mtaName(from, 'receivedFromMta', false)
  const name = mtaName(from.name, 'receivedFromMta.name', false)
  if (from.address === undefined) return name
  const ip = parseIp(lineOption(from.address, 'receivedFromMta.address'))
  if (ip === null) throw optionError('receivedFromMta.address', 'an IP address', from.address)
  return `${name} (${formatIp(ip)})`
}

/**
 * RFC 6533 §3: in a 7-bit part the utf-8-addr-xtext form; in UTF-8 the address itself, unless it has a backslash, which a reader would take
 * for the beginning of an escape.
 */
function writeAddress({ type, address }: TypedAddress, utf8: boolean): string {
  if (type !== 'utf-8') return `${type}; ${address}`
  if (utf8 && !address.includes('\\')) return `utf-8; ${address}`
  return `utf-8; ${encodeUnitext(address, utf8)}`
}

// *( 3*DIGIT "-" *text ) 3*DIGIT SPACE *text, each line behind the first begun by a space       RFC 3461 §9.2
function writeDiagnostic(lines: readonly string[], utf8: boolean): string {
  const type = /^[2-5]\d\d(?:[ -]|$)/.test(lines[0]!) ? 'smtp' : 'x-local'
  const written = lines.map(line => (utf8 ? line : escapeUnicode(line)))
  return `${foldLine(`Diagnostic-Code: ${type}; ${written.join('\r\n ')}`)}\r\n`
}

/** What a 7-bit part can show of text beyond ASCII: the escapes of RFC 6533 §3. */
function escapeUnicode(text: string): string {
  if (isAscii(text)) return text
  return text.replace(/[^\x00-\x7f]/gu, c => `\\x{${c.codePointAt(0)!.toString(16).toUpperCase()}}`)
}

/** Line breaks before spaces; within a word only where it would not fit on a line of RFC 5322 at all. */
function foldLine(text: string): string {
  return text.split('\r\n').map(foldWords).join('\r\n')
}

function foldWords(line: string): string {
  let out = ''
  let taken = 0
  for (const word of line.match(/[ \t]*[^ \t]+/g) ?? []) {
    if (taken > 0 && taken + word.length > LINE_ASKED) {
      out += '\r\n'
      taken = 0
    }
    out += fromUtf8(word).length <= 900 ? word : [...word].map(breakInWord).join('')
    taken += word.length
  }
  return out
}

function breakInWord(character: string, i: number): string {
  return i > 0 && i % WORD_LIMIT === 0 ? `\r\n ${character}` : character
}
