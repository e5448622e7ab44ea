// pop3/: the POP3 protocol (RFC 1939 and its extensions), without I/O.
export type { MessageStream } from './client/bodies.ts'
export type { MaildropTotal } from './client/commands.ts'
export { Pop3Message } from './client/message.ts'
export type { ListEntry, UidlEntry } from './client/replies.ts'
export { Pop3ClientSession } from './client/session.ts'
export { MaildropLocks, type MaildropLocksOptions } from './locks.ts'
export { type Pop3ServerEvents, type Pop3ServerOptions, Pop3ServerSession } from './server/session.ts'
export { POP3Session } from './sides.ts'
