// client/: connections to other people's servers, for use without a server of one's own.

export {
  type HostDelivery,
  type RejectedRecipient,
  SendPool,
  type SendPoolOptions,
  type SendResult,
} from '../delivery/index.ts'
export { type ConnectImapOptions, connectIMAP } from './imap.ts'
export {
  type ChangesOptions,
  ImapConnection,
  type ImapConnectionEvents,
  type Offering,
} from './imap-connection.ts'
export type { ReconnectPolicy } from './imap-link.ts'
export type { LockOptions, MailboxLock } from './imap-locks.ts'
export type { MailboxChange } from './imap-watch.ts'
export type { LoggerLike } from './logger.ts'
export { type ConnectPop3Options, connectPOP3, Pop3Connection } from './pop3.ts'
export {
  createPool,
  type ResolveMxOptions,
  resolveMX,
  type SendMailOptions,
  sendMail,
} from './send-mail.ts'
export { type WellKnownService, wellKnownService } from './services.ts'
export { type ConnectSmtpOptions, connectSMTP, SmtpConnection } from './smtp.ts'
export {
  createTransport,
  MailTransport,
  type NodemailerInfo,
  type NodemailerMail,
  type TransportOptions,
} from './transport.ts'
