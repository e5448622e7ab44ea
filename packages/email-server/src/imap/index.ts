export type { AppendContent, AppendMessage, AppendOptions, AppendResult } from './client/appending.ts'
export type { BodyStream } from './client/body-stream.ts'
export type { ChangeOptions, CopyResult, StoreOptions, StoreResult } from './client/changing.ts'
export { ImapCommands } from './client/commands.ts'
export type { ClientCore } from './client/core.ts'
export type { SearchCriteria } from './client/criteria.ts'
export type { ImapAddress, ImapEnvelope } from './client/envelope.ts'
export type {
  MetadataOptions,
  MetadataValues,
  QuotaInfo,
  QuotaResource,
  QuotaRoots,
} from './client/extras.ts'
export type { FetchFlow, FetchOptions } from './client/fetch-flow.ts'
export type { FetchItems, FetchQuery } from './client/fetch-items.ts'
export type { FetchedMessage } from './client/fetched.ts'
export type {
  CreatedFolder,
  CreateOptions,
  FolderStatus,
  ListExtendedOptions,
  ListedFolder,
  NamespaceEntry,
  NamespaceInfo,
  StatusItem,
} from './client/folders.ts'
export type { IdInfo } from './client/login.ts'
export type { MailboxInfo } from './client/mailbox.ts'
export type { SelectedInfo, SelectOptions } from './client/opening.ts'
export type { FlagChange, ImapClientEvents, ImapClientOptions, ImapNews } from './client/options.ts'
export type { ListedRights } from './client/rights.ts'
export type { EsearchOptions, SearchOptions, SearchResult, ThreadNode } from './client/search.ts'
export { ImapClientSession } from './client/session.ts'
export type { UidSet } from './client/sets.ts'
export { mailboxName } from './grammar/mailbox.ts'
export { type ImapServerEvents, type ImapServerOptions, ImapServerSession } from './server/session.ts'
export { IMAPSession } from './sides.ts'
