export type {
  ConnectionInfo,
  DomainOptions,
  OutboundEvents,
  ServerDsnOptions,
  ServerEvents,
} from './events.ts'
export type { MailAuthOptions } from './mail-auth-options.ts'
export type { ListenerName, SecureInfo, ServerOptions } from './options.ts'
export type { DeliveryOptions } from './outbound.ts'
export type { RateLimitOptions } from './rate-limit.ts'
export { createServer, Server } from './server.ts'
export type { SniCallback, TlsChoice } from './tls-store.ts'
