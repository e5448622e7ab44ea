// What a server says, one response at a time (RFC 3501 §7, RFC 9051 §7): its kind, and for status responses the code.
// What stands behind the name of a data response is read by whoever wants it.
import { latin1 } from '../../base/bytes.ts'
import { isClass, NAME_CHAR, TAG_CHAR } from '../wire/chars.ts'
import type { Framed } from '../wire/framer.ts'
import { Reader, type ReaderLimits } from '../wire/reader.ts'
import { type ImapCode, readCode } from './codes.ts'
import type { MessageRecord } from './fetched.ts'

export type StatusName = 'OK' | 'NO' | 'BAD' | 'BYE' | 'PREAUTH'

export interface StatusResponse {
  readonly kind: 'status'
  /** Null: untagged. */
  readonly tag: string | null
  readonly status: StatusName
  readonly code: ImapCode | null
  readonly text: string
}

export interface DataResponse {
  readonly kind: 'data'
  /** In upper case: `FETCH`, `LIST`. */
  readonly name: string
  /** What stands before the name: `* 12 FETCH`. */
  readonly number: number | null
  /** Stands behind the name. */
  readonly reader: Reader
  /** FETCH: the message, once it has been read; else null. */
  message: MessageRecord | null
  /** Octets of all of it. */
  readonly octets: number
}

export type ServerResponse =
  | StatusResponse
  | DataResponse
  | { readonly kind: 'continue'; readonly text: string }

const STATUSES: ReadonlySet<string> = new Set<StatusName>(['OK', 'NO', 'BAD', 'BYE', 'PREAUTH'])

/** Throws a PeerSyntaxError for what is no response at all. */
export function readResponse(framed: Framed, limits: ReaderLimits, utf8: boolean): ServerResponse {
  const r = new Reader(framed, limits)
  r.lenient = true
  r.utf8 = utf8
  if (r.try('+')) {
    r.try(' ')
    return { kind: 'continue', text: r.rest() }
  }
  // a code without what should stand before it (Exchange)
  if (r.peek() === 0x5b) return readStatus(r, null, 'OK')
  if (!r.try('*')) {
    const tag = r.run(TAG_CHAR, 'a tag')
    const status = r.sp().run(NAME_CHAR, 'a status').toUpperCase()
    if (status !== 'OK' && status !== 'NO' && status !== 'BAD') r.fail('OK, NO or BAD')
    return readStatus(r, tag, status as StatusName)
  }
  r.sp()
  let number: number | null = null
  const c = r.peek()
  if (c >= 0x30 && c <= 0x39) {
    number = r.number()
    r.sp()
  }
  const name = r.run(NAME_CHAR, 'the name of a response').toUpperCase()
  if (number === null && STATUSES.has(name)) return readStatus(r, null, name as StatusName)
  return { kind: 'data', name, number, reader: r, message: null, octets: octetsOf(framed) }
}

function octetsOf({ lines, literals }: Framed): number {
  let sum = 0
  for (const line of lines) sum += line.length
  for (const { bytes } of literals) sum += bytes.length
  return sum
}

/** Is this the beginning of a status or continuation response, which has no literals? */
export function isStatusHead(head: Uint8Array): boolean {
  if (head[0] === 0x2b || head[0] === 0x5b) return true
  const text = latin1(head, 0, Math.min(head.length, 64))
  const space = text.indexOf(' ')
  if (space <= 0) return false
  const end = text.indexOf(' ', space + 1)
  const word = text.slice(space + 1, end < 0 ? undefined : end).toUpperCase()
  return text.charCodeAt(0) === 0x2a ? STATUSES.has(word) : isClass(text.charCodeAt(0), TAG_CHAR)
}

/** Is this the beginning of a FETCH response, which may have bodies in it? */
export function isFetchHead(head: Uint8Array): boolean {
  return /^\* \d+ FETCH /i.test(latin1(head, 0, Math.min(head.length, 32)))
}

// resp-text = ["[" resp-text-code "]" SP] text
function readStatus(r: Reader, tag: string | null, status: StatusName): StatusResponse {
  r.try(' ')
  const rest = r.rest()
  const { code, text } = readCode(rest)
  return { kind: 'status', tag, status, code, text }
}
