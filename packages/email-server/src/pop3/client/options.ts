// What a client session is told at its start, and what it tells.
import { hasLineBreak } from '../../base/bytes.ts'
import { type MailError, optionError } from '../../base/errors.ts'
import type { ClientSessionOptions, SessionEvents } from '../../base/session.ts'

export interface Pop3ClientOptions extends ClientSessionOptions {
  /** The name of the server that was meant, for mechanisms that tell it (RFC 7628 §3.1). */
  readonly host?: string
  readonly port?: number
}

export type Pop3ClientEvents = SessionEvents & {
  /** The greeting has come, and what the server can do is known. */
  ready: []
  /** The session has ended for a reason that is nobody's wish; `close` follows. */
  error: [error: MailError]
  /** What was said or heard, for logs: a line; without passwords, tokens and messages. */
  trace: [from: 'client' | 'server', line: string]
}

export function checkClientOptions({ host, port }: Pop3ClientOptions): void {
  if (host !== undefined && (typeof host !== 'string' || hasLineBreak(host))) {
    throw optionError('host', 'a name', host)
  }
  if (port !== undefined && (!Number.isInteger(port) || port < 1 || port > 65_535)) {
    throw optionError('port', 'a whole number from 1 to 65535', port)
  }
}
