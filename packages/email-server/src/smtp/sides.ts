// SMTPSession: the name under which both sides of SMTP are made.
import { type TwoSided, twoSided } from '../base/two-sided.ts'
import type { SmtpClientOptions } from './client/options.ts'
import { SmtpClientSession } from './client/session.ts'
import type { SmtpServerOptions } from './server/options.ts'
import { SmtpServerSession } from './server/session.ts'

/**
 * `new SMTPSession({ isServer: false, … })` is the client (`SmtpClientSession`), with any other options it is the server
 * (`SmtpServerSession`).
 */
export const SMTPSession: TwoSided<
  SmtpServerOptions,
  SmtpServerSession,
  SmtpClientOptions,
  SmtpClientSession
> = twoSided(SmtpServerSession, SmtpClientSession)
/** The server side, which handlers are given. */
export type SMTPSession = SmtpServerSession
