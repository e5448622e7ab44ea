// client/: connections to other people's servers, for use without a server of one's own.
export type { LoggerLike } from './logger.ts'
export { type ConnectPop3Options, connectPOP3, Pop3Connection } from './pop3.ts'
export { type WellKnownService, wellKnownService } from './services.ts'
export { type ConnectSmtpOptions, connectSMTP, SmtpConnection } from './smtp.ts'
