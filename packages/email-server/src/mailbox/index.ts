export type * from './contract.ts'
export { MAILBOX_HANDLER_NAMES } from './contract.ts'
export { changeFlags, hasFlag, sameFlag, systemFlag } from './flags.ts'
export { FLAGS, SPECIAL_USE } from './names.ts'
export {
  badAnswer,
  checkedFlags,
  envelopes,
  metas,
  type OpenBody,
  openBody,
  resolve,
  structures,
  timeOf,
  visitRefs,
} from './read.ts'
export type { SearchKey, SortKey, ThreadNode } from './search.ts'
export { type MailboxNews, MailboxSession, type MailboxSessionOptions } from './session.ts'
