export type { MailAuthOptions } from './mail-auth-options.ts'
export type { ListenerName, SecureInfo, ServerOptions } from './options.ts'
export type { RateLimitOptions } from './rate-limit.ts'
export {
  type ConnectionInfo,
  createServer,
  type DomainMaterial,
  Server,
  type ServerEvents,
} from './server.ts'
export type { SniCallback, TlsChoice } from './tls-store.ts'
