// Every limit in one place: what a peer can make grow, how far, and what it is told beyond that. Each is an option
// (`createServer({ limits: { … } })`); a value must be a whole number, 1 or more. The limit itself is still accepted.
import { optionError } from './errors.ts'

const KIB = 1024
const MIB = 1024 * KIB
const SECOND = 1000
const MINUTE = 60 * SECOND

/** No folder has so many: UIDs end there (RFC 9051 §2.3.1.1). */
export const NO_MESSAGE_LIMIT = 4294967295

export interface Limits {
  /** SMTP: octets of a command line with its CRLF (RFC 5321 §4.5.3.1.4 asks for 512 and room for extensions). → 500, then 421 */
  readonly smtpCommandLine: number
  /** SMTP and POP3: octets of a line in a SASL exchange (RFC 4954 §4). → 500 5.5.6 */
  readonly authLine: number
  /** SMTP: recipients of one message. → 452 4.5.3 */
  readonly recipients: number
  /** Octets of a message as it is transferred, dots not stuffed. → 552 5.3.4 */
  readonly messageSize: number
  /** SMTP: Received fields before a message counts as looping. → 554 5.4.6 */
  readonly receivedFields: number
  /** SMTP: octets of a message held in memory; beyond that it goes to the spool. */
  readonly messageInMemory: number
  /** Commands that are unknown, out of place or malformed, in one session. → 421, BYE, -ERR and close */
  readonly badCommands: number
  /** Failed authentications in one session. → 421, BYE, -ERR and close */
  readonly authFailures: number
  /** How long a failed authentication waits for its answer, ms. */
  readonly authFailureDelay: number
  /** IMAP: octets of a command outside its literals. → BAD, BYE when its end is not in sight */
  readonly imapCommandLine: number
  /** IMAP: octets of a command before login, literals included. → BYE */
  readonly imapCommandBeforeLogin: number
  /** IMAP: octets of one literal before login. → BAD or BYE */
  readonly imapLiteralBeforeLogin: number
  /** IMAP: octets of one literal that is not a message. → BAD or BYE */
  readonly imapLiteral: number
  /** IMAP: literals in one command. → BAD */
  readonly imapLiterals: number
  /**
   * IMAP: messages that one FETCH, SEARCH, STORE, MOVE or UID EXPUNGE looks at, the newest of those it names; more are refused by COPY,
   * APPEND, SORT and THREAD (MESSAGELIMIT, RFC 9738, which asks for 1000 or more). Programs that do not know this limit see
   * only so much of a large folder: by default there is none. → OK or NO [MESSAGELIMIT]
   */
  readonly imapMessageLimit: number
  /** IMAP: messages that one COPY or APPEND takes (SAVELIMIT, RFC 9738). By default any number. → NO [MESSAGELIMIT] */
  readonly imapSaveLimit: number
  /** IMAP: flags named in one command, and flags of one message. → BAD, NO [LIMIT] */
  readonly imapFlags: number
  /** IMAP: nested parentheses, and nested SEARCH keys. → BAD */
  readonly imapDepth: number
  /** IMAP: keys in one SEARCH. → BAD */
  readonly imapSearchKeys: number
  /** IMAP: ranges in a sequence set, after merging. → BAD */
  readonly imapSetRanges: number
  /** IMAP: items in one FETCH. → BAD */
  readonly imapFetchItems: number
  /** IMAP client: octets of one response outside the bodies of messages. → EPROTOCOL and close */
  readonly imapResponse: number
  /** IMAP client: nested parentheses in a response. → as above */
  readonly imapResponseDepth: number
  /** IMAP client: octets of one body that is held in memory; streamed ones may be of any size. → ELIMIT and close */
  readonly imapBody: number
  /** IMAP client: octets of all messages that one FETCH gathers. → ELIMIT, and the session goes on */
  readonly imapAnswer: number
  /** IMAP client: octets of the answer to one command that is no FETCH: folders, UIDs, notes. → ELIMIT and close */
  readonly imapListing: number
  /** IMAP client: octets of messages that wait for whoever iterates over them before reading stops. */
  readonly imapFetchWindow: number
  /** IMAP client: octets of messages that are held for an iteration when another command wants the connection. → ELIMIT to the iteration */
  readonly imapFetchHeld: number
  /** IMAP client: time in which the server says nothing to a command, ms. → ETIMEDOUT and close */
  readonly imapReplyTime: number
  /** IMAP client: time for one command that is neither FETCH nor IDLE, whatever the server says meanwhile, ms. → as above */
  readonly imapCommandTime: number
  /** IMAP client: how long one IDLE lasts before it is renewed (RFC 2177 §3), ms. */
  readonly imapIdleRenewal: number
  /** POP3: octets of a command line with its CRLF (RFC 2449 §4 asks for 255). → -ERR and close */
  readonly pop3CommandLine: number
  /** Time from connection to authentication (IMAP, POP3, submission), ms. → BYE, -ERR, 421 */
  readonly loginTime: number
  /** Time for one command from its first byte to its last, ms. → as above */
  readonly commandTime: number
  /** SMTP: time without a command (RFC 5321 §4.5.3.2.7), ms. → 421 4.4.2 */
  readonly smtpIdle: number
  /** SMTP: time for one message's data, ms. → 421 4.4.2 */
  readonly smtpDataTime: number
  /** SMTP: octets a second with which a message must come in on average, once a minute has passed. → 421 4.4.2 */
  readonly smtpDataRate: number
  /** SMTP client: octets of one reply, all lines with their CRLF. → EPROTOCOL and close */
  readonly smtpReply: number
  /** SMTP client: time for the greeting and for each reply (RFC 5321 §4.5.3.2.1–3), ms. → ETIMEDOUT and close */
  readonly smtpReplyTime: number
  /** SMTP client: time for the reply to DATA (RFC 5321 §4.5.3.2.4), ms. → as above */
  readonly smtpDataReplyTime: number
  /** SMTP client: time in which the server takes a block, and in which the message's source gives one (RFC 5321 §4.5.3.2.5), ms. → as above */
  readonly smtpBlockTime: number
  /** SMTP client: time for the reply to a message (RFC 5321 §4.5.3.2.6), ms. → as above, and ambiguous */
  readonly smtpFinalReplyTime: number
  /** IMAP: time without a command, also in IDLE (RFC 9051 §5.4), ms. → BYE */
  readonly imapIdle: number
  /** IMAP: time for one literal to come in, ms. → BYE */
  readonly imapUploadTime: number
  /** POP3: time without a command (RFC 1939 §3), ms. → closed without UPDATE */
  readonly pop3Idle: number
  /** SMTP: time for the DNS to say who sent a message, ms; what it has not said by then is `temperror` in `mail.auth`. */
  readonly authTime: number
  /** POP3 client: octets of a listing (LIST, UIDL, CAPA). → ELIMIT and close */
  readonly pop3Listing: number
  /** POP3 client: time in which something of an answer must come, ms. → ETIMEDOUT and close */
  readonly pop3ReplyTime: number
  /** Time for a handler's answer, ms. → 451, NO [SERVERBUG], -ERR [SYS/TEMP] */
  readonly handlerTime: number
  /** SMTP: time for the `mail` listener to take or refuse a message (clients wait 10 minutes, RFC 5321 §4.5.3.2.6), ms. → 451 */
  readonly mailHandlerTime: number
  /** Time for a TLS handshake, ms. → closed */
  readonly handshakeTime: number
  /** Time in which a peer takes nothing of what it is sent, ms. → closed */
  readonly stallTime: number
  /** Octets that wait unread in a session before it stops reading. */
  readonly inputWindow: number
  /** Connections at a time from one address (IPv6: /64). → 421, BYE, -ERR and close */
  readonly connectionsPerAddress: number
  /** IMAP and POP3: sessions of one user at a time. → BYE, -ERR */
  readonly connectionsPerUser: number
  /** Failed logins of one address (IPv6: /64) within ten minutes, over all its connections. → banned for `banTime` */
  readonly authFailuresPerAddress: number
  /** Failed logins to one account within ten minutes, whoever it was; beyond that each waits longer than the one before, up to 30 s. */
  readonly authFailuresPerAccount: number
  /** How long an address that has guessed too often is kept out, ms; also the usual length of `server.ban`. */
  readonly banTime: number
  /** Addresses that are kept out because of what they did; beyond that the oldest comes in again. */
  readonly bans: number
  /** Addresses (and accounts) whose rates are remembered; beyond that the one that has been quiet for longest is forgotten. */
  readonly addressesRemembered: number
  /** SMTP: bad commands and refused recipients of one session that are answered at once; each beyond that waits for `errorDelay`. */
  readonly freeErrors: number
  /** SMTP: how long the answer to one error too many waits, ms. */
  readonly errorDelay: number
  /** Names whose certificates from `SNICallback` are kept; beyond that the oldest is asked for again. */
  readonly tlsNames: number
  /** Time for the header of the PROXY protocol to come in, ms. → closed */
  readonly proxyTime: number
}

export const DEFAULT_LIMITS: Limits = {
  smtpCommandLine: 2 * KIB,
  authLine: 12 * KIB,
  recipients: 100,
  messageSize: 25 * MIB,
  receivedFields: 50,
  messageInMemory: 1 * MIB,
  badCommands: 10,
  authFailures: 3,
  authFailureDelay: 1 * SECOND,
  imapCommandLine: 64 * KIB,
  imapCommandBeforeLogin: 8 * KIB,
  imapLiteralBeforeLogin: 4 * KIB,
  imapLiteral: 64 * KIB,
  imapLiterals: 64,
  imapMessageLimit: NO_MESSAGE_LIMIT,
  imapSaveLimit: NO_MESSAGE_LIMIT,
  imapFlags: 100,
  imapDepth: 32,
  imapSearchKeys: 512,
  imapSetRanges: 1000,
  imapFetchItems: 64,
  imapResponse: 1 * MIB,
  imapResponseDepth: 64,
  imapBody: 128 * MIB,
  imapAnswer: 1024 * MIB,
  imapListing: 64 * MIB,
  imapFetchWindow: 2 * MIB,
  imapFetchHeld: 64 * MIB,
  imapReplyTime: 5 * MINUTE,
  imapCommandTime: 60 * MINUTE,
  imapIdleRenewal: 29 * MINUTE,
  pop3CommandLine: 512,
  loginTime: 60 * SECOND,
  commandTime: 5 * MINUTE,
  smtpIdle: 5 * MINUTE,
  smtpDataTime: 10 * MINUTE,
  smtpDataRate: 100,
  smtpReply: 64 * KIB,
  smtpReplyTime: 5 * MINUTE,
  smtpDataReplyTime: 2 * MINUTE,
  smtpBlockTime: 3 * MINUTE,
  smtpFinalReplyTime: 10 * MINUTE,
  imapIdle: 30 * MINUTE,
  imapUploadTime: 10 * MINUTE,
  pop3Idle: 10 * MINUTE,
  authTime: 10 * SECOND,
  pop3Listing: 16 * MIB,
  pop3ReplyTime: 2 * MINUTE,
  handlerTime: 60 * SECOND,
  mailHandlerTime: 5 * MINUTE,
  handshakeTime: 30 * SECOND,
  stallTime: 2 * MINUTE,
  inputWindow: 256 * KIB,
  connectionsPerAddress: 200,
  connectionsPerUser: 100,
  authFailuresPerAddress: 50,
  authFailuresPerAccount: 50,
  banTime: 10 * MINUTE,
  bans: 10_000,
  addressesRemembered: 10_000,
  freeErrors: 5,
  errorDelay: 1 * SECOND,
  tlsNames: 1000,
  proxyTime: 5 * SECOND,
}

export type LimitName = keyof Limits

/** What was resolved before, and needs no second look. */
const RESOLVED = new WeakSet<object>()

/** The defaults with what the caller changed. Throws `ECONFIG` for unknown names and impossible values. */
export function resolveLimits(changes: Partial<Limits> = {}, option = 'limits'): Limits {
  // one object for all sessions of a server: it is larger than the rest of what an idle one holds
  if (RESOLVED.has(changes)) return changes as Limits
  for (const [name, value] of Object.entries(changes)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) {
      throw optionError(option, `an object of known limits (there is no ${name})`, changes)
    }
    if (value !== undefined && (!Number.isSafeInteger(value) || value < 1)) {
      throw optionError(`${option}.${name}`, 'a whole number, 1 or more', value)
    }
  }
  const defined = Object.entries(changes).filter(([, value]) => value !== undefined)
  const resolved: Limits = Object.freeze({ ...DEFAULT_LIMITS, ...Object.fromEntries(defined) })
  RESOLVED.add(resolved)
  return resolved
}
