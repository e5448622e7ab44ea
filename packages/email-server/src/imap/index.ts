export type { ImapClientEvents, ImapClientOptions } from './client/options.ts'
export { ImapClientSession } from './client/session.ts'
export { type ImapServerEvents, type ImapServerOptions, ImapServerSession } from './server/session.ts'
export { IMAPSession } from './sides.ts'
