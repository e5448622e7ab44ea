export { MaildropLocks, type MaildropLocksOptions } from './locks.ts'
export { type Pop3ServerEvents, type Pop3ServerOptions, Pop3ServerSession } from './server/session.ts'
