// What a server says, read: status lines (RFC 1939 §3) with their response codes (RFC 2449 §8, RFC 3206), and the lines of listings.
import { MailError, type MailErrorCode } from '../../base/errors.ts'

export interface Status {
  readonly ok: boolean
  /** What stands behind the indicator and the response code. */
  readonly text: string
  /** In upper case, without brackets: `IN-USE`, `SYS/TEMP`; null when there is none. */
  readonly code: string | null
  /** The whole line. */
  readonly line: string
}

/** Null for what is no status line. */
export function readStatus(line: string): Status | null {
  const match = /^(\+OK|-ERR)(?: (.*))?$/i.exec(line)
  if (!match) return null
  const rest = match[2] ?? ''
  const coded = /^\[([^\]\x00-\x20]{1,64})\] ?/.exec(rest)
  return {
    ok: match[1]!.toUpperCase() === '+OK',
    text: coded ? rest.slice(coded[0].length) : rest,
    code: coded ? coded[1]!.toUpperCase() : null,
    line,
  }
}

/** Response codes that say whether trying again can help. */
const PERMANENT: Readonly<Record<string, boolean>> = {
  AUTH: true,
  'SYS/PERM': true,
  UTF8: true,
  'IN-USE': false,
  'LOGIN-DELAY': false,
  'SYS/TEMP': false,
}

export function refusal(code: MailErrorCode, command: string, status: Status): MailError {
  const permanent = status.code === null ? undefined : PERMANENT[status.code]
  return new MailError(code, `the server refuses ${command}: ${status.text || status.line}`, {
    command,
    response: status.line,
    ...(permanent !== undefined && { permanent }),
  })
}

export function nonsense(command: string, response: string): MailError {
  return new MailError('EPROTOCOL', `the server's answer to ${command} cannot be read`, {
    command,
    response: response.slice(0, 512),
  })
}

/** Whole numbers at the beginning of a text, separated by blanks, as many as `count`; null when they are not there. */
export function readNumbers(text: string, count: number): number[] | null {
  const words = text.trimStart().split(/ +/, count)
  const numbers = words.map(word => (/^[0-9]{1,15}$/.test(word) ? Number(word) : Number.NaN))
  return numbers.length === count && numbers.every(Number.isFinite) ? numbers : null
}

export interface ListEntry {
  /** The message's number in this session, from 1. */
  readonly index: number
  /** Octets, as the server counts them. */
  readonly size: number
}

export interface UidlEntry {
  readonly index: number
  /** The same in every session, and never another message's. */
  readonly uid: string
}

export function readListEntry(line: string): ListEntry | null {
  const numbers = readNumbers(line, 2)
  return numbers && numbers[0]! > 0 ? { index: numbers[0]!, size: numbers[1]! } : null
}

/** RFC 1939 §7: one to 70 characters; servers that send longer ones exist. */
export function readUidlEntry(line: string): UidlEntry | null {
  const match = /^ *([0-9]{1,15}) +([\x21-\x7e]{1,512}) *$/.exec(line)
  return match && Number(match[1]) > 0 ? { index: Number(match[1]), uid: match[2]! } : null
}

/** CAPA (RFC 2449 §5): tag in upper case → its parameters. */
export function readCapabilities(lines: readonly string[]): Map<string, string> {
  const capabilities = new Map<string, string>()
  for (const line of lines) {
    const space = line.indexOf(' ')
    const tag = (space < 0 ? line : line.slice(0, space)).toUpperCase()
    if (tag !== '') capabilities.set(tag, space < 0 ? '' : line.slice(space + 1).trim())
  }
  return capabilities
}

/** The greeting's timestamp for APOP (RFC 1939 §7: an RFC 822 msg-id); null: the server has none. */
export function readTimestamp(greeting: string): string | null {
  return /<[\x21-\x3b\x3d\x3f-\x7e]+@[\x21-\x3b\x3d\x3f-\x7e]+>/.exec(greeting)?.[0] ?? null
}
