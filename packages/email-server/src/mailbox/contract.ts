// The storage contract that IMAP and POP3 share: what a backend is asked, in one place, typed. Each entry gives the
// arguments, the answer and the context of one handler; callback and promise style are derived from it.
//
// What holds for all of them: handlers see only UIDs and message ids, never sequence numbers; ids are given and returned
// in ascending UID order; flags have no backslash; a handler says no by failing with a `Refusal` (or any error whose
// `code` is a RefusalCode); any other failure is told to the client as a fault of the server, without its text.
import type { AsyncHandlers, CallbackHandlers } from '../base/ask.ts'
import type { ClosedRange } from '../base/ranges.ts'
import type { BodyStructure, Envelope } from '../mime/index.ts'
import type { SearchKey, SortKey, ThreadAlgorithm, ThreadNode } from './search.ts'

/** The store's own name of a message. A number is also the message's UID; anything else comes with one (`MessageRef`). */
export type MessageId = string | number

/** A message whose id is not its UID. */
export interface MessageRef {
  readonly id: MessageId
  readonly uid: number
}

/** What the library wants resolved: UID ranges, both ends included, the last may end in Infinity. */
export interface MessageRange {
  readonly type: 'uid'
  readonly ranges: readonly ClosedRange[]
}

export interface Folder {
  /** Full name, levels separated by `delimiter`. `INBOX` is always called that. */
  readonly name: string
  /** One of SPECIAL_USE (`'Sent'`, `'Drafts'`, …), null or absent for none (RFC 6154). */
  readonly specialUse?: string | null
  /** Default `/`; null when folders have no levels. */
  readonly delimiter?: string | null
  /** Default true. */
  readonly subscribed?: boolean
  /** False for a name that only has children (`\Noselect`). Default true. */
  readonly selectable?: boolean
  /** OBJECTID (RFC 8474). */
  readonly mailboxId?: string
}

export interface OpenedFolder {
  /** As in `Folder`; default `/`. */
  readonly delimiter?: string | null
  /** 1–4294967295; changes only when UIDs are given out anew. */
  readonly uidValidity: number
  /** The next UID that will be given out. Absent: one more than the highest. */
  readonly uidNext?: number
  /**
   * Messages from this UID on have not been shown to any session before (\Recent of RFC 3501 §2.3.2). Absent: those that
   * arrive while the folder is open.
   */
  readonly recentFrom?: number
  /** Messages in the folder. */
  readonly total: number
  readonly unread?: number
  /** Flags that messages here may have; default: the five system flags, and any keyword. */
  readonly flags?: readonly string[]
  /** Flags that a client may change for good; default: all of `flags`. */
  readonly permanentFlags?: readonly string[]
  /** May a client make up new keywords? Default true. */
  readonly newKeywords?: boolean
  /** True: the folder can only be looked at, whatever the client asked. */
  readonly readOnly?: boolean
  /** CONDSTORE (RFC 7162): the highest mod-sequence in the folder. */
  readonly highestModseq?: number
  readonly mailboxId?: string
}

export interface FolderStatus {
  readonly uidValidity: number
  readonly uidNext: number
  readonly total: number
  readonly unread: number
  readonly recent?: number
  /** Octets of all messages (STATUS=SIZE, RFC 8438). */
  readonly size?: number
  /** Messages with the flag Deleted (RFC 9051 §6.3.11). */
  readonly deleted?: number
  /** Octets that EXPUNGE would free (RFC 9208 §4.1.4). */
  readonly deletedSize?: number
  readonly highestModseq?: number
  readonly mailboxId?: string
}

/** The STATUS items that a client asked for, by the names of `FolderStatus`. */
export type StatusItem = keyof FolderStatus

export interface MessageMeta {
  readonly id: MessageId
  readonly uid: number
  /** Octets of the raw message. */
  readonly size: number
  /** When the message came in: a Date, or milliseconds since the epoch. */
  readonly internalDate: Date | number
  readonly flags: readonly string[]
  readonly modseq?: number
  readonly emailId?: string
  readonly threadId?: string | null
  /** When it was put into this folder (SAVEDATE, RFC 8514). */
  readonly saveDate?: Date | number | null
  /** RFC 8970: at most 200 characters; null: there is nothing to be shown. Absent: made from the message. */
  readonly preview?: string | null
}

/** Raw RFC 5322 bytes: all at once, or as a stream whose length is known beforehand. */
export type MessageBody =
  | Uint8Array
  | { readonly length: number; readonly stream: AsyncIterable<Uint8Array> | Uint8Array }

/** What a `messageBody` handler in callback style answers with. */
export interface BodyResponder {
  send(body: MessageBody): void
  /** A Refusal, or any other error. */
  error(error: unknown): void
}

/** Where messages went: what COPYUID and APPENDUID tell the client (RFC 4315). */
export interface PlacedMessages {
  readonly uidValidity: number
  /** The new UIDs, in the order of the messages given. */
  readonly uids: readonly number[]
  /** MOVE and REPLACE: the mod-sequence that the folder which the messages have left has now (RFC 7162 §3.2). */
  readonly modseq?: number
}

export interface ChangedFlags {
  readonly id: MessageId
  readonly flags: readonly string[]
  readonly modseq?: number
}

export interface FlagsContext {
  /** `set` replaces, `add` and `remove` change only `changed`. */
  readonly mode: 'set' | 'add' | 'remove'
  /** The flags that the client named. */
  readonly changed: readonly string[]
  /** Leave messages alone whose mod-sequence is higher (RFC 7162 §3.1.3), and leave them out of the answer. */
  readonly unchangedSince?: number
}

export interface AppendContext {
  /** The date that the client gave; absent: now. */
  readonly internalDate?: Date
}

/** A message that a client puts into a folder. */
export interface NewMessage {
  readonly raw: Uint8Array
  readonly flags: readonly string[]
  /** The date that the client gave; absent: now. */
  readonly internalDate?: Date
}

export interface QuotaResource {
  /** `STORAGE` and its like are in bytes here; the wire's 1,024-octet units are our business. */
  readonly name: 'STORAGE' | 'MESSAGE' | 'MAILBOX' | (string & {})
  readonly usage: number
  readonly limit: number
}

export interface Quota {
  readonly root: string
  readonly resources: readonly QuotaResource[]
}

export interface Namespace {
  readonly prefix: string
  readonly delimiter: string | null
}

export interface Namespaces {
  readonly personal: readonly Namespace[] | null
  readonly otherUsers: readonly Namespace[] | null
  readonly shared: readonly Namespace[] | null
}

export interface MetadataEntry {
  /** E.g. `/private/comment` (RFC 5464). */
  readonly name: string
  /** Null: there is none; when setting: remove it. */
  readonly value: Uint8Array | null
}

export interface AclEntry {
  /** A user, a group, `anyone`; `-fred` takes rights from Fred (RFC 4314 §2). */
  readonly identifier: string
  /** Letters of RFC 4314 §2.1; the library adds the virtual `c` and `d`. */
  readonly rights: string
}

export interface GrantableRights {
  /** Rights that the identifier has in any case. */
  readonly required: string
  /** Rights that can be granted; those of one string only together. */
  readonly optional: readonly string[]
}

export interface AclContext {
  /** Replace the identifier's rights, add these to them, or take these from them. */
  readonly mode: 'set' | 'add' | 'remove'
}

export interface QresyncState {
  readonly uidValidity: number
  readonly modseq: number
  /** The UIDs that the client knows; absent: all. */
  readonly knownUids?: readonly ClosedRange[]
}

// biome-ignore lint/complexity/noBannedTypes: "no further facts" is what an empty context says
type NoContext = {}

export interface MailboxContract {
  /** The user's folders, all of them, in the order to be listed. */
  folders: { args: []; result: readonly Folder[]; context: NoContext }
  /** SELECT and EXAMINE. Refuse with NONEXISTENT. */
  openFolder: { args: [name: string]; result: OpenedFolder; context: { readonly readOnly: boolean } }
  /** STATUS, without opening. Absent: answered through openFolder, resolveMessages and messageMeta. */
  status: { args: [name: string]; result: FolderStatus; context: { readonly items: readonly StatusItem[] } }
  /** Which messages of the open folder are in these ranges? Ids that are their UIDs may be given as numbers. */
  resolveMessages: {
    args: [range: MessageRange]
    result: readonly (number | MessageRef)[]
    context: NoContext
  }
  /** One entry for each id that still exists, in the same order. With `bare` nobody looks at `preview` and `threadId`: they may be left out. */
  messageMeta: {
    args: [ids: readonly MessageId[]]
    result: readonly MessageMeta[]
    context: { readonly bare?: boolean }
  }
  /** One entry for each id, null where none is kept. */
  messageEnvelope: {
    args: [ids: readonly MessageId[]]
    result: readonly (Envelope | null)[]
    context: NoContext
  }
  /** One entry for each id, null where none is kept. */
  messageBodyStructure: {
    args: [ids: readonly MessageId[]]
    result: readonly (BodyStructure | null)[]
    context: NoContext
  }
  /** The raw message. In callback style the last argument but one is a responder, not a callback. */
  messageBody: { args: [id: MessageId]; result: MessageBody; context: NoContext }
  /**
   * STORE. `flags` is the set that these messages have afterwards; messages with different results come in several
   * calls. A store that changes flags atomically follows `mode` and `changed` instead, and answers what came out.
   */
  setFlags: {
    args: [ids: readonly MessageId[], flags: readonly string[]]
    result: readonly ChangedFlags[] | undefined
    context: FlagsContext
  }
  /** APPEND. The client is told OK when this has answered: the message must be safe by then. */
  append: {
    args: [folder: string, raw: Uint8Array, flags: readonly string[]]
    result: PlacedMessages | undefined
    context: AppendContext
  }
  /** APPEND of several messages (RFC 3502): all or none. */
  appendAll: {
    args: [folder: string, messages: readonly NewMessage[]]
    result: PlacedMessages | undefined
    context: NoContext
  }
  /** REPLACE (RFC 8508): puts the new message into the folder and removes the old one from the open folder, both or neither. */
  replace: {
    args: [id: MessageId, folder: string, raw: Uint8Array, flags: readonly string[]]
    result: PlacedMessages | undefined
    context: AppendContext
  }
  /** COPY: all or none (RFC 9051 §6.4.7). Refuse with TRYCREATE when there is no such folder. */
  copyMessages: {
    args: [ids: readonly MessageId[], destination: string]
    result: PlacedMessages | undefined
    context: NoContext
  }
  /** MOVE: each message is moved or untouched, none is lost (RFC 6851 §3.3). */
  move: {
    args: [ids: readonly MessageId[], destination: string]
    result: PlacedMessages | undefined
    context: NoContext
  }
  /** Remove for good. POP3 asks it at QUIT. A store with mod-sequences answers the one of this removal (RFC 7162 §3.2.7). */
  expunge: {
    args: [ids: readonly MessageId[]]
    result: { readonly modseq: number } | undefined
    context: NoContext
  }
  /** Refuse with ALREADYEXISTS. Missing parents are made as well (RFC 9051 §6.3.4). */
  createFolder: {
    args: [name: string]
    /** A store that supplies `mailboxId` answers it (RFC 8474 §4.1). */
    result: { readonly mailboxId: string } | undefined
    context: { readonly specialUse?: readonly string[] }
  }
  /** DELETE: the folder and its messages, not its children (RFC 9051 §6.3.5). Refuse with NONEXISTENT or HASCHILDREN. */
  deleteFolder: { args: [name: string]; result: undefined; context: NoContext }
  /** Children move along; INBOX stays, empty, when it is renamed (RFC 9051 §6.3.6). */
  renameFolder: { args: [from: string, to: string]; result: undefined; context: NoContext }
  /** SUBSCRIBE; the name may be of no folder (RFC 9051 §6.3.7). `Folder.subscribed` tells of it. */
  subscribe: { args: [name: string]; result: undefined; context: NoContext }
  /** UNSUBSCRIBE. */
  unsubscribe: { args: [name: string]; result: undefined; context: NoContext }
  /** SEARCH in the open folder: the ids that match. Absent: the library reads the messages and decides itself. */
  search: { args: [criteria: SearchKey]; result: readonly (number | MessageRef)[]; context: NoContext }
  /** SORT (RFC 5256, RFC 5957) in the open folder: the ids that match, in order; `sortMessages` is a reference. */
  sort: {
    args: [keys: readonly SortKey[], criteria: SearchKey]
    result: readonly (number | MessageRef)[]
    context: NoContext
  }
  /** THREAD (RFC 5256): `ORDEREDSUBJECT` or `REFERENCES` of the messages that match; `threadMessages` is a reference. */
  thread: {
    args: [algorithm: ThreadAlgorithm, criteria: SearchKey]
    result: readonly ThreadNode[]
    context: NoContext
  }
  /**
   * NOTIFY (RFC 5465): from now on, or no longer, this session is to be told with `notifyFolder` what others do to any of the
   * user's folders. Asked whenever a client changes its mind; a session that closes is not asked again.
   */
  watchFolders: { args: [on: boolean]; result: undefined; context: NoContext }
  /**
   * JMAPACCESS (RFC 9698): the URL of the JMAP session where this user finds the same mail, under the same ids, with the credentials that
   * were used here. Register it only for users of whom that is true; it is offered with `emailId` and `mailboxId`.
   */
  jmapAccess: { args: []; result: string; context: NoContext }
  /** NAMESPACE (RFC 2342). Absent: one personal namespace without a prefix. */
  namespace: { args: []; result: Namespaces; context: NoContext }
  /** SELECT with QRESYNC (RFC 7162 §3.2.5): what has changed and vanished since, in a folder that is being opened. */
  qresync: {
    args: [name: string, state: QresyncState]
    result: { readonly changed: readonly MessageMeta[]; readonly vanished: readonly ClosedRange[] }
    context: NoContext
  }
  /** UID FETCH with VANISHED (RFC 7162 §3.2.6). Who has forgotten how far back answers all in the range that is not there. */
  resolveVanished: {
    args: [range: MessageRange, sinceModseq: number]
    result: readonly ClosedRange[]
    context: NoContext
  }
  /** GETQUOTA. Refuse with NONEXISTENT. Without `quotaRoot` there is one root for all folders, called ''. */
  quota: { args: [root: string]; result: Quota; context: NoContext }
  /** GETQUOTAROOT: what applies to a folder, which need not exist. */
  quotaRoot: { args: [folder: string]; result: readonly Quota[]; context: NoContext }
  /** SETQUOTA: all limits of the root, in octets where its usage is; answers what came out. */
  setQuota: {
    args: [root: string, limits: readonly Pick<QuotaResource, 'name' | 'limit'>[]]
    result: Quota
    context: NoContext
  }
  /** GETMETADATA (RFC 5464): the entries that are there, of a folder or ('') of the server; `depth` takes those below the paths too. */
  getMetadata: {
    args: [folder: string, paths: readonly string[]]
    result: readonly MetadataEntry[]
    context: { readonly depth: 0 | 1 | 'infinity'; readonly maxSize?: number }
  }
  /** SETMETADATA: all or none. Refuse with LIMIT (too many) or TOOBIG. */
  setMetadata: {
    args: [folder: string, entries: readonly MetadataEntry[]]
    result: undefined
    context: NoContext
  }
  /** GETACL (RFC 4314). Refuse with NOPERM, or with NONEXISTENT where the user may not even know of the folder. */
  getAcl: { args: [folder: string]; result: readonly AclEntry[]; context: NoContext }
  /** SETACL: known rights only, without the virtual `c` and `d`. Refuse with NOPERM. */
  setAcl: {
    args: [folder: string, identifier: string, rights: string]
    result: undefined
    context: AclContext
  }
  /** DELETEACL: the identifier's entry goes away. */
  deleteAcl: { args: [folder: string, identifier: string]; result: undefined; context: NoContext }
  /** LISTRIGHTS: what could be granted to the identifier. */
  listRights: { args: [folder: string, identifier: string]; result: GrantableRights; context: NoContext }
  /** MYRIGHTS: what the logged-in user may do. Each handler checks for itself what RFC 4314 §4 asks of its command. */
  myRights: { args: [folder: string]; result: string; context: NoContext }
}

export type MailboxHandlerName = keyof MailboxContract

/** Handlers in callback style, as `session.on(name, handler)` takes them. */
export interface MailboxCallbackHandlers extends Omit<CallbackHandlers<MailboxContract>, 'messageBody'> {
  messageBody: (id: MessageId, responder: BodyResponder) => unknown
}

/** Handlers in promise style, as `session.use(handlers)` takes them. */
export type MailboxHandlers = AsyncHandlers<MailboxContract>

/** A data item that a backend promises to supply, which opens an extension (`{ supplies: ['modseq'] }`). */
export type Supply =
  | 'modseq'
  | 'vanished'
  | 'size'
  | 'deleted'
  | 'emailId'
  | 'mailboxId'
  | 'saveDate'
  | 'preview'

const NAMES: Readonly<Record<MailboxHandlerName, true>> = {
  folders: true,
  openFolder: true,
  status: true,
  resolveMessages: true,
  messageMeta: true,
  messageEnvelope: true,
  messageBodyStructure: true,
  messageBody: true,
  setFlags: true,
  append: true,
  appendAll: true,
  replace: true,
  copyMessages: true,
  move: true,
  expunge: true,
  createFolder: true,
  deleteFolder: true,
  renameFolder: true,
  subscribe: true,
  unsubscribe: true,
  search: true,
  sort: true,
  thread: true,
  watchFolders: true,
  jmapAccess: true,
  namespace: true,
  qresync: true,
  resolveVanished: true,
  quota: true,
  quotaRoot: true,
  setQuota: true,
  getMetadata: true,
  setMetadata: true,
  getAcl: true,
  setAcl: true,
  deleteAcl: true,
  listRights: true,
  myRights: true,
}

/** Every handler name of the contract. */
export const MAILBOX_HANDLER_NAMES: ReadonlySet<string> = new Set(Object.keys(NAMES))
