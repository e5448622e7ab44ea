// What a client session is told at its start, and what it tells.
import { hasLineBreak } from '../../base/bytes.ts'
import { type MailError, optionError } from '../../base/errors.ts'
import type { ClientSessionOptions, SessionEvents } from '../../base/session.ts'

export interface SmtpClientOptions extends ClientSessionOptions {
  /** What we say in EHLO or LHLO: a domain or an address literal. Default `localhost`. */
  readonly hostname?: string
  /** LMTP (RFC 2033): LHLO, and one final reply for each recipient. Default false. */
  readonly lmtp?: boolean
  /** The name of the server that was meant, for mechanisms that tell it (RFC 7628 §3.1). */
  readonly host?: string
  readonly port?: number
}

export type SmtpClientEvents = SessionEvents & {
  /** The greeting and EHLO are done; again after STARTTLS. */
  ready: []
  /** The session has ended for a reason that is nobody's wish; `close` follows. */
  error: [error: MailError]
  /** What was said or heard, for logs: a line or a whole reply; without passwords, tokens and messages. */
  trace: [from: 'client' | 'server', line: string]
}

const HOSTNAME = /^[\x21-\x7e]{1,255}$/

export function checkClientOptions(options: SmtpClientOptions): void {
  const { hostname, host } = options
  if (hostname !== undefined && !(typeof hostname === 'string' && HOSTNAME.test(hostname))) {
    throw optionError('hostname', 'a name without blanks and controls', hostname)
  }
  if (host !== undefined && (typeof host !== 'string' || hasLineBreak(host))) {
    throw optionError('host', 'a name', host)
  }
}
