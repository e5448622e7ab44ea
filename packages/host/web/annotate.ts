// What a line means, for who does not know the protocol by heart: short, and only where there is something to be said.
import type { SessionLine, SessionProtocol } from '../src/web/api-types.ts'

export interface Annotation {
  readonly kind: 'good' | 'later' | 'bad' | 'hint'
  readonly text: string
}

/** RFC 5321 §4.2.1: the first digit is what a client acts upon. */
const SMTP_REPLIES: readonly (readonly [pattern: RegExp, kind: Annotation['kind'], text: string])[] = [
  [/^235 /, 'good', 'logged in'],
  [/^334 /, 'hint', 'the login goes on'],
  [/^354 /, 'hint', 'the message may come, up to a line with a dot'],
  [/^421 /, 'later', 'the server closes the connection: the client tries again later'],
  [/^4\d\d[ -]/, 'later', 'refused for now: the client tries again later'],
  [/^535 /, 'bad', 'wrong name or password'],
  [/^5\d\d[ -]/, 'bad', 'refused for good'],
]
const SMTP_COMMANDS: readonly (readonly [pattern: RegExp, text: string])[] = [
  [/^EHLO /i, 'who the client is; the answer lists what the server can do'],
  [/^STARTTLS$/i, 'from here on encrypted'],
  [/^MAIL FROM:<>/i, 'a report: it has no sender, so that nobody answers it'],
  [/^MAIL FROM:/i, 'the sender of the envelope: reports go there'],
  [/^RCPT TO:/i, 'a recipient of the envelope, whatever the header says'],
  [/^BDAT \d+ LAST/i, 'the last octets of the message'],
  [/^RSET$/i, 'forget this message'],
]
const IMAP_COMMANDS: readonly (readonly [pattern: RegExp, text: string])[] = [
  [/^\S+ IDLE$/i, 'waits for news'],
  [/^\S+ SELECT /i, 'opens the folder'],
  [/^\S+ EXAMINE /i, 'opens the folder to read only'],
  [/^\S+ (?:UID )?EXPUNGE/i, 'removes what has the flag \\Deleted'],
]

export function annotate(protocol: SessionProtocol, { by, text }: SessionLine): Annotation | null {
  if (by === 'note') return /failure script/.test(text) ? { kind: 'later', text: '' } : null
  if (by === 'content') return null
  if (protocol === 'smtp') return by === 'client' ? hint(SMTP_COMMANDS, text) : smtpReply(text)
  if (protocol === 'imap') return by === 'client' ? hint(IMAP_COMMANDS, text) : imapReply(text)
  return by === 'server' && text.startsWith('-ERR') ? { kind: 'bad', text: 'refused' } : null
}

function hint(known: readonly (readonly [pattern: RegExp, text: string])[], said: string): Annotation | null {
  const found = known.find(([pattern]) => pattern.test(said))
  return found ? { kind: 'hint', text: found[1] } : null
}

function smtpReply(said: string): Annotation | null {
  const found = SMTP_REPLIES.find(([pattern]) => pattern.test(said))
  return found ? { kind: found[1], text: found[2] } : null
}

function imapReply(said: string): Annotation | null {
  if (/^\S+ NO /.test(said)) return { kind: 'bad', text: 'not done' }
  if (/^\S+ BAD /.test(said)) return { kind: 'bad', text: 'not understood' }
  if (/^\* BYE /.test(said)) return { kind: 'later', text: 'the server closes the connection' }
  return null
}
