// Every limit in one place: what a peer can make grow, how far, and what it is told beyond that. Each is an option
// (`createServer({ limits: { … } })`); a value must be a whole number, 1 or more. The limit itself is still accepted.
import { optionError } from './errors.ts'

const KIB = 1024
const MIB = 1024 * KIB
const SECOND = 1000
const MINUTE = 60 * SECOND

export const DEFAULT_LIMITS = {
  /** SMTP: octets of a command line with its CRLF (RFC 5321 §4.5.3.1.4 asks for 512 and room for extensions). → 500, then 421 */
  smtpCommandLine: 2 * KIB,
  /** SMTP and POP3: octets of a line in a SASL exchange (RFC 4954 §4). → 500 5.5.6 */
  authLine: 12 * KIB,
  /** SMTP: recipients of one message. → 452 4.5.3 */
  recipients: 100,
  /** Octets of a message as it is transferred, dots not stuffed. → 552 5.3.4 */
  messageSize: 25 * MIB,
  /** SMTP: Received fields before a message counts as looping. → 554 5.4.6 */
  receivedFields: 50,
  /** SMTP: octets of a message held in memory; beyond that it goes to the spool. */
  messageInMemory: 1 * MIB,
  /** Commands that are unknown, out of place or malformed, in one session. → 421, BYE, -ERR and close */
  badCommands: 10,
  /** Failed authentications in one session. → 421, BYE, -ERR and close */
  authFailures: 3,
  /** How long a failed authentication waits for its answer, ms. */
  authFailureDelay: 1 * SECOND,
  /** IMAP: octets of a command outside its literals. → BAD, BYE when its end is not in sight */
  imapCommandLine: 64 * KIB,
  /** IMAP: octets of a command before login, literals included. → BYE */
  imapCommandBeforeLogin: 8 * KIB,
  /** IMAP: octets of one literal before login. → BAD or BYE */
  imapLiteralBeforeLogin: 4 * KIB,
  /** IMAP: octets of one literal that is not a message. → BAD or BYE */
  imapLiteral: 64 * KIB,
  /** IMAP: literals in one command. → BAD */
  imapLiterals: 64,
  /** IMAP: nested parentheses, and nested SEARCH keys. → BAD */
  imapDepth: 32,
  /** IMAP: keys in one SEARCH. → BAD */
  imapSearchKeys: 512,
  /** IMAP: ranges in a sequence set, after merging. → BAD */
  imapSetRanges: 1000,
  /** IMAP: items in one FETCH. → BAD */
  imapFetchItems: 64,
  /** POP3: octets of a command line with its CRLF (RFC 2449 §4 asks for 255). → -ERR and close */
  pop3CommandLine: 512,
  /** Time from connection to authentication (IMAP, POP3, submission), ms. → BYE, -ERR, 421 */
  loginTime: 60 * SECOND,
  /** Time for one command from its first byte to its last, ms. → as above */
  commandTime: 5 * MINUTE,
  /** SMTP: time without a command (RFC 5321 §4.5.3.2.7), ms. → 421 4.4.2 */
  smtpIdle: 5 * MINUTE,
  /** SMTP: time for one message's data, ms. → 421 4.4.2 */
  smtpDataTime: 10 * MINUTE,
  /** IMAP: time without a command, also in IDLE (RFC 9051 §5.4), ms. → BYE */
  imapIdle: 30 * MINUTE,
  /** POP3: time without a command (RFC 1939 §3), ms. → closed without UPDATE */
  pop3Idle: 10 * MINUTE,
  /** Time for a handler's answer, ms. → 451, NO [SERVERBUG], -ERR [SYS/TEMP] */
  handlerTime: 60 * SECOND,
  /** SMTP: time for the `mail` listener to take or refuse a message (clients wait 10 minutes, RFC 5321 §4.5.3.2.6), ms. → 451 */
  mailHandlerTime: 5 * MINUTE,
  /** Time for a TLS handshake, ms. → closed */
  handshakeTime: 30 * SECOND,
  /** Octets that wait unread in a session before it stops reading. */
  inputWindow: 256 * KIB,
  /** Connections at a time from one address (IPv6: /64). → 421, BYE, -ERR and close */
  connectionsPerAddress: 200,
} as const satisfies Record<string, number>

export type LimitName = keyof typeof DEFAULT_LIMITS
export type Limits = { readonly [K in LimitName]: number }

/** The defaults with what the caller changed. Throws `ECONFIG` for unknown names and impossible values. */
export function resolveLimits(changes: Partial<Limits> = {}, option = 'limits'): Limits {
  for (const [name, value] of Object.entries(changes)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) {
      throw optionError(option, `an object of known limits (there is no ${name})`, changes)
    }
    if (value !== undefined && (!Number.isSafeInteger(value) || value < 1)) {
      throw optionError(`${option}.${name}`, 'a whole number, 1 or more', value)
    }
  }
  const defined = Object.entries(changes).filter(([, value]) => value !== undefined)
  return { ...DEFAULT_LIMITS, ...Object.fromEntries(defined) }
}
