export type { MailAuthOptions } from './mail-auth-options.ts'
export type { ListenerName, SecureInfo, ServerOptions, SniCallback } from './options.ts'
export type { DeliveryOptions } from './outbound.ts'
export type { OutboundEvents, ServerDsnOptions } from './server.ts'
export {
  type ConnectionInfo,
  createServer,
  Server,
  type ServerEvents,
} from './server.ts'
