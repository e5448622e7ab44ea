// What a POP3 server session is told at its start, and what it tells.
import type { ServerSessionOptions, SessionEvents } from '../../base/session.ts'
import type { MailboxSession } from '../../mailbox/index.ts'
import type { AuthFailure, AuthInfo, AuthOptions } from '../../sasl/index.ts'
import type { MaildropLocks } from '../locks.ts'

export interface Pop3ServerOptions extends ServerSessionOptions {
  /** Which ways to log in are offered. */
  readonly auth?: AuthOptions
  /** Who has which maildrop open; one for all sessions of a server. Default: of this session alone, which locks nobody out. */
  readonly locks?: MaildropLocks
  /** What CAPA says of how long messages are kept (RFC 2449 §6.7): `NEVER` (removed by the server), or days. Default: nothing. */
  readonly expire?: 'NEVER' | number
}

export type Pop3ServerEvents = SessionEvents & {
  /** May this user come in? Answer with `info.accept()` or `info.reject()`. */
  auth: [info: AuthInfo]
  /** An attempt to log in was refused. */
  authFailed: [failure: AuthFailure]
  /** The user is in: the time to register storage handlers, before the client hears of it. */
  mailboxSession: [session: MailboxSession]
}
