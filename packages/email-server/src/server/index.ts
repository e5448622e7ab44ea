export type { MailAuthOptions } from './mail-auth-options.ts'
export type { ListenerName, SecureInfo, ServerOptions, SniCallback } from './options.ts'
export {
  type ConnectionInfo,
  createServer,
  type DomainMaterial,
  Server,
  type ServerEvents,
} from './server.ts'
