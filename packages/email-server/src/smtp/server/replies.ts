// What the session itself says, whatever the command.
import { MailError } from '../../base/errors.ts'
import { type Reply, reply } from '../wire/reply.ts'

export const UNREADABLE: Reply = reply(500, '5.5.2', 'Not a line of SMTP')
export const UNKNOWN: Reply = reply(500, '5.5.1', 'Unknown command')
export const NOT_HERE: Reply = reply(502, '5.5.1', 'Not available here')
export const MALFORMED: Reply = reply(501, '5.5.4', 'Malformed argument')
export const TOO_MANY_BAD: Reply = reply(421, '4.7.0', 'Too many bad commands')
export const TOO_MANY_REFUSED: Reply = reply(421, '4.7.0', 'Too many recipients refused')
export const TIMEOUT: Reply = reply(421, '4.4.2', 'Timeout')
export const LOGIN_TIMEOUT: Reply = reply(421, '4.4.2', 'No authentication in time')
export const LHLO_FIRST: Reply = reply(503, '5.5.1', 'Say LHLO first')
export const GOING_DOWN: Reply = reply(421, '4.3.2', 'Shutting down; try again later')
export const PIPELINED_TLS: Reply = reply(503, '5.5.1', 'Nothing may follow STARTTLS in clear')
export const TOO_MANY_FAILURES: Reply = reply(421, '4.7.0', 'Too many failed authentications')
export const TALKED_EARLY: Reply = reply(554, '5.5.1', 'Wait for the greeting before you talk')
export const NOT_HIM: Reply = reply(421, '4.7.0', 'Access denied for now')
export const ENDLESS: Reply = reply(421, '4.7.0', 'A line without end')

/** Codes that tell of a command that is unknown, malformed or out of place. */
export const BAD: ReadonlySet<number> = new Set([500, 501, 502, 503, 504, 555])

export function timedOut(what: string): MailError {
  return new MailError('ETIMEDOUT', `the client took too long (${what})`)
}
