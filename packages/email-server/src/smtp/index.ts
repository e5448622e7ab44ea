// smtp/: the SMTP protocol (RFC 5321 and its extensions), without I/O.
export { addressName, drivenLimits, type SmtpClientOptions } from './client/options.ts'
export { SmtpClientSession } from './client/session.ts'
export type {
  SmtpAccepted,
  SmtpRecipient,
  SmtpRejected,
  SmtpSendParams,
  SmtpSendResult,
  SmtpTransaction,
} from './client/transaction.ts'
export type {
  DeliverBy,
  Envelope,
  MailParams,
  Notify,
  RcptParams,
  Recipient,
} from './envelope.ts'
export { resolveExtensions, type SmtpExtensionOptions } from './extension-options.ts'
export type { SmtpRole } from './registry.ts'
export type { RcptContext, RcptHandler } from './server/ask-recipient.ts'
export type { SmtpServerEvents } from './server/events.ts'
export { type DeliverOptions, IncomingMail, type IncomingMailEvents } from './server/incoming-mail.ts'
export type { MailRecipient, UndeliveredRecipient } from './server/mail-answers.ts'
export type { CheckMessage, MailAuth, MailAuthDetails, MailCheck } from './server/mail-auth.ts'
export type { SmtpServerOptions, SubmissionQuota } from './server/options.ts'
export { SmtpServerSession } from './server/session.ts'
export { returnPathField } from './server/trace.ts'
export { SMTPSession } from './sides.ts'
export { LineWriter } from './wire/line-writer.ts'
export type { SmtpReply } from './wire/reply-reader.ts'
