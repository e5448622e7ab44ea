// The public surface of email-server.
export {
  addressForAsciiOnlyPeer,
  addressNeedsSmtputf8,
  splitAddress,
} from './address/index.ts'
export {
  MailError,
  type MailErrorCode,
  type MailErrorFacts,
  Refusal,
  type RefusalCode,
} from './base/errors.ts'
export { DEFAULT_LIMITS, type LimitName, type Limits } from './base/limits.ts'
export type { PeerCertificate, Runtime, SecureContextLike, TlsInfo, TlsOptions } from './base/runtime.ts'
export {
  type ConnectPop3Options,
  type ConnectSmtpOptions,
  connectPOP3,
  connectSMTP,
  type LoggerLike,
  Pop3Connection,
  SmtpConnection,
  type WellKnownService,
  wellKnownService,
} from './client/index.ts'
export { ImapServerSession as IMAPSession } from './imap/index.ts'
export { FLAGS, type MailboxHandlers, MailboxSession, SPECIAL_USE } from './mailbox/index.ts'
export {
  type ComposedMessage,
  extractBodyStructure,
  extractEnvelope,
  extractMessageMetadata,
  type MessageOptions,
  ParsedMessage,
  parseMessage,
  parseMessageStream,
} from './mime/index.ts'
export {
  type CheckOptions,
  type CheckRdnsOptions,
  type CheckSpfOptions,
  checkDMARC,
  checkRdns,
  checkSPF,
  composeMessage,
} from './node/index.ts'
export {
  type ListEntry,
  type MaildropTotal,
  type MessageStream,
  POP3Session,
  Pop3ClientSession,
  Pop3Message,
  Pop3ServerSession,
  type UidlEntry,
} from './pop3/index.ts'
export {
  type AuthFailure,
  type AuthInfo,
  type AuthMechanism,
  type AuthOptions,
  type ClientCredentials,
  type ScramKeys,
  type ScramKeysOptions,
  scramKeys,
} from './sasl/index.ts'
export {
  type ConnectionInfo,
  createServer,
  type DomainMaterial,
  type ListenerName,
  type MailAuthOptions,
  type RateLimitOptions,
  type SecureInfo,
  Server,
  type ServerEvents,
  type ServerOptions,
  type SniCallback,
  type TlsChoice,
} from './server/index.ts'
export {
  type CheckMessage,
  IncomingMail,
  type MailAuth,
  type MailAuthDetails,
  type MailCheck,
  SMTPSession,
  type SmtpClientEvents,
  type SmtpClientOptions,
  type SmtpClientSession,
  type SmtpExtensionOptions,
  type SmtpRecipient,
  type SmtpReply,
  type SmtpSendParams,
  type SmtpSendResult,
  type SmtpServerSession,
  type SmtpTransaction,
  type UndeliveredRecipient,
} from './smtp/index.ts'
export { domainToAscii, domainToUnicode, isAscii } from './text/index.ts'
export type { DmarcQuery, DmarcResult, RdnsResult, SpfResult } from './trust/index.ts'
