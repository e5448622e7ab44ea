// The trace fields that a server adds (RFC 5321 §4.4).
import { hasLineBreak } from '../../base/bytes.ts'
import { usageError } from '../../base/errors.ts'
import type { TlsInfo } from '../../base/runtime.ts'
import { writeMailDate } from '../../text/index.ts'
import { countFields } from '../wire/field-count.ts'

export interface TraceFacts {
  /** What the client said in EHLO or HELO. */
  readonly helloName: string
  readonly extended: boolean
  readonly lmtp: boolean
  readonly remoteAddress: string
  readonly hostname: string
  readonly tls: TlsInfo | null
  readonly authenticated: boolean
  readonly smtputf8: boolean
  /** Unique here and now. */
  readonly id: string
  /** The recipient, when there is one only; more would tell of each other (§7.2). */
  readonly recipient: string | null
  /** MT-PRIORITY (RFC 6710 §7); null: not given. */
  readonly priority: number | null
  /** ms since the epoch. */
  readonly time: number
}

/** What a submitted message lacked and was given; null: it had it. */
export interface AddedFields {
  /** With its angle brackets. */
  readonly messageId: string | null
  /** ms since the epoch. */
  readonly date: number | null
}

/** What a message lacks that every message should have (RFC 5322 §3.6); null: nothing. `id` is unique at `hostname`. */
export function missingFields(
  header: Uint8Array,
  id: string,
  hostname: string,
  time: number,
): AddedFields | null {
  const messageId = countFields(header, 'message-id') === 0 ? `<${id}@${hostname}>` : null
  const date = countFields(header, 'date') === 0 ? time : null
  return messageId === null && date === null ? null : { messageId, date }
}

/** They as lines, with their CRLF. */
export function addedLines({ messageId, date }: AddedFields): string {
  const lines = date === null ? '' : `Date: ${writeMailDate(date)}\r\n`
  return messageId === null ? lines : `${lines}Message-ID: ${messageId}\r\n`
}

/** Writes the Received fields of one session, whose messages share most of what is in them. */
export class TraceWriter {
  #helloName: string | null = null
  #remoteAddress = ''
  #from = ''
  #second = Number.NaN
  #date = ''

  /**
   *   Time-stamp-line = "Received:" FWS Stamp CRLF
   *   Stamp           = From-domain By-domain Opt-info [CFWS] ";" FWS date-time
   *   Opt-info        = [Via] [With] [ID] [For] [Additional-Registered-Clauses]
   *
   * `via` is left out: its only value of use, TCP, is what everybody expects.
   */
  receivedField(facts: TraceFacts): string {
    const tls = facts.tls ? `\r\n\t(${word(facts.tls.protocol)} ${word(facts.tls.cipher)})` : ''
    const recipient = facts.recipient === null ? '' : `\r\n\tfor <${facts.recipient}>`
    const priority = facts.priority === null ? '' : `\r\n\tPRIORITY ${facts.priority}`
    return (
      `Received: from ${this.#fromDomain(facts)}\r\n` +
      `\tby ${facts.hostname} with ${protocol(facts)} id ${facts.id}${tls}${recipient}${priority};\r\n` +
      `\t${this.#dateTime(facts.time)}\r\n`
    )
  }

  #fromDomain({ helloName, remoteAddress }: TraceFacts): string {
    // XCLIENT may have named another address
    if (helloName !== this.#helloName || remoteAddress !== this.#remoteAddress) {
      const address = literal(remoteAddress)
      this.#helloName = helloName
      this.#remoteAddress = remoteAddress
      this.#from = address === '' ? word(helloName) : `${word(helloName)} (${address})`
    }
    return this.#from
  }

  #dateTime(time: number): string {
    const second = Math.floor(time / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#date = writeMailDate(time) || 'Thu, 1 Jan 1970 00:00:00 +0000'
    }
    return this.#date
  }
}

/**
 * `Return-Path: <address>` with its CRLF, for who makes the final delivery to put before the message (RFC 5321 §4.4);
 * '' gives the null path. Throws `EUSAGE` for an address that would break the line.
 */
export function returnPathField(from: string): string {
  if (hasLineBreak(from)) throw usageError('an address must not contain CR, LF or NUL')
  return `Return-Path: <${from}>\r\n`
}

/** The protocol types of RFC 3848 and RFC 6531 §4.3. */
function protocol(facts: TraceFacts): string {
  if (!facts.extended) return 'SMTP'
  const base = facts.lmtp ? (facts.smtputf8 ? 'UTF8LMTP' : 'LMTP') : facts.smtputf8 ? 'UTF8SMTP' : 'ESMTP'
  return `${base}${facts.tls ? 'S' : ''}${facts.authenticated ? 'A' : ''}`
}

/** address-literal (RFC 5321 §4.1.3). */
function literal(address: string): string {
  if (address === '') return ''
  return address.includes(':') ? `[IPv6:${word(address)}]` : `[${word(address)}]`
}

/** Clients call themselves anything; what no domain, literal or atom holds would change the meaning of the field. */
function word(text: string): string {
  return text.replace(/[^A-Za-z0-9._:[\]-]/g, '?')
}
