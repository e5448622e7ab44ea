export { decodeImapUtf7, encodeImapUtf7 } from '../text/index.ts'
export { type BaseSubject, baseSubject } from './base-subject.ts'
export { collect, collectHeader, passOn, type SourceLimits } from './body-source.ts'
export type * from './contract.ts'
export { MAILBOX_HANDLER_NAMES } from './contract.ts'
export { evaluate, folded, type SearchDepth, type SearchSubject, searchDepth } from './evaluate.ts'
export { changeFlags, cleanFlag, hasFlag, isFlag, sameFlag, systemFlag } from './flags.ts'
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
  visitIds,
  visitRefs,
} from './read.ts'
export {
  type SearchKey,
  type SortKey,
  THREAD_ALGORITHMS,
  type ThreadAlgorithm,
  type ThreadNode,
} from './search.ts'
export { type SearchOptions, searchFolder, uidsInQuestion } from './search-folder.ts'
export { type FolderNews, type MailboxNews, MailboxSession, type MailboxSessionOptions } from './session.ts'
export { type SortSubject, sentTime, sortMessages, sortValue } from './sort.ts'
export { type ThreadSubject, threadMessages } from './thread.ts'
