// IMAPSession: the name under which both sides of IMAP are made.
import { type TwoSided, twoSided } from '../base/two-sided.ts'
import type { ImapClientOptions } from './client/options.ts'
import { ImapClientSession } from './client/session.ts'
import { type ImapServerOptions, ImapServerSession } from './server/session.ts'

/**
 * `new IMAPSession({ isServer: false, … })` is the client (`ImapClientSession`), with any other options it is the server
 * (`ImapServerSession`).
 */
export const IMAPSession: TwoSided<
  ImapServerOptions,
  ImapServerSession,
  ImapClientOptions,
  ImapClientSession
> = twoSided(ImapServerSession, ImapClientSession)
/** The server side, which handlers are given. */
export type IMAPSession = ImapServerSession
