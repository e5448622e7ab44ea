// client/: connections to other people's servers, for use without a server of one's own.
export type { LoggerLike } from './logger.ts'
export { type WellKnownService, wellKnownService } from './services.ts'
export { type ConnectSmtpOptions, connectSMTP, SmtpConnection } from './smtp.ts'
