// RFC 1939 §3, RFC 2449 §3 and §8, RFC 3206: single-line replies.
//
//   single-line = status [SP text] CRLF       ;512 octets maximum
//   status      = "+OK" / "-ERR"
//   text        = *schar / resp-code *CHAR
import { Refusal } from '../../base/errors.ts'

export type ResponseCode = 'AUTH' | 'IN-USE' | 'LOGIN-DELAY' | 'SYS/PERM' | 'SYS/TEMP'

const LONGEST_TEXT = 400

export function okLine(text: string): string {
  return `+OK ${text}\r\n`
}

export function errLine(text: string, code: ResponseCode | null = null): string {
  return code === null ? `-ERR ${text}\r\n` : `-ERR [${code}] ${text}\r\n`
}

/** Text that came from a handler, or `fallback` when it is none for a line of ASCII. */
export function shownText(text: string | null, fallback: string): string {
  return text !== null && text.length <= LONGEST_TEXT && /^[\x20-\x7e]+$/.test(text) ? text : fallback
}

/** The same for an unknown user and a wrong password, unless the handler has something to say. */
export function credentialsError(message: string | null): string {
  return errLine(shownText(message, 'Wrong user name or password'), 'AUTH')
}

const CODES: Readonly<Partial<Record<Refusal['code'], ResponseCode>>> = {
  INUSE: 'IN-USE',
  NOPERM: 'AUTH',
  LIMIT: 'SYS/TEMP',
  UNAVAILABLE: 'SYS/TEMP',
}

/** What the client is told of a handler that refused to open the maildrop, or failed. */
export function maildropError(error: unknown): string {
  if (!(error instanceof Refusal)) return errLine('Something is wrong here; try again later', 'SYS/TEMP')
  return errLine(shownText(error.message, 'The maildrop cannot be opened'), CODES[error.code] ?? 'SYS/PERM')
}
