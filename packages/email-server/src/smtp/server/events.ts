// What a server session tells its owner, and what it asks.
import type { SessionEvents } from '../../base/session.ts'
import type { AuthFailure, AuthInfo } from '../../sasl/index.ts'
import type { IncomingMail } from './incoming-mail.ts'
import type { UndeliveredRecipient } from './mail-answers.ts'

export type SmtpServerEvents = SessionEvents & {
  /** Submission: may this user come in? Answer with `info.accept()` or `info.reject()`. */
  auth: [info: AuthInfo]
  /** An attempt to log in was refused. */
  authFailed: [failure: AuthFailure]
  /** A message has come in whole; answer with `mail.accept()` or `mail.reject()`. */
  mail: [mail: IncomingMail]
  /**
   * SMTP only: a message was taken (250) for some recipients and refused for these, and the client cannot be told. Whoever
   * listens reports to the sender (RFC 5321 §6.1), never to the null sender.
   */
  undelivered: [mail: IncomingMail, recipients: readonly UndeliveredRecipient[]]
}
