export { type ImapServerEvents, type ImapServerOptions, ImapServerSession } from './server/session.ts'
