// What an extension is, and what it may contribute.
import type { Limits } from '../base/limits.ts'
import type { FlatRanges } from '../base/ranges.ts'
import type { TlsInfo } from '../base/runtime.ts'
import type { FolderStatus, MailboxHandlerName, SearchKey, Supply } from '../mailbox/index.ts'
import type { AuthPolicy } from '../sasl/index.ts'
import type { CommandContext } from './context.ts'
import type { Dialect } from './dialect.ts'
import type { FetchedMessage, Need } from './fetched.ts'
import type { Grammar, Term, Vocabulary } from './grammar/grammar.ts'
import type { SequenceSet } from './grammar/sequence-set.ts'
import type { ListedFolder } from './list-tree.ts'
import type { MessageLimitName } from './message-limit.ts'
import type { SearchScope } from './search-scope.ts'
import type { StateKind } from './state.ts'
import type { Writer } from './wire/writer.ts'

/** When an extension is there. */
export type Gate =
  /** The library does it alone. */
  | { readonly kind: 'free' }
  /** Answering handlers of these names exist. */
  | { readonly kind: 'handlers'; readonly names: readonly MailboxHandlerName[] }
  /** The backend has promised these items. */
  | { readonly kind: 'supplies'; readonly items: readonly Supply[] }
  /** The driver can do it. */
  | { readonly kind: 'transport'; readonly can: 'tls' | 'deflate' }
  /** One of these limits is set: at first they are higher than anything that there can be. */
  | { readonly kind: 'limits'; readonly names: readonly MessageLimitName[] }
  | { readonly kind: 'all'; readonly of: readonly Gate[] }

/** What gates and capabilities depend on. */
export interface SessionFacts {
  readonly state: StateKind
  readonly tlsActive: boolean
  /** The driver can begin TLS, deflate. */
  readonly canTls: boolean
  readonly canDeflate: boolean
  readonly tls: TlsInfo | null
  readonly allowInsecureAuth: boolean
  /** The mechanisms on offer. */
  readonly auth: AuthPolicy
  /** Passwords may cross this connection, and are taken. */
  readonly passwordsAllowed: boolean
  readonly limits: Limits
  /** What was enabled. */
  readonly dialect: Dialect
  handles(name: MailboxHandlerName): boolean
  supplies(item: Supply): boolean
}

export interface Reply {
  readonly status: 'OK' | 'NO' | 'BAD'
  /** What stands in the brackets; absent: no brackets. */
  readonly code?: string | undefined
  readonly text: string
}

export interface CommandSpec<A = unknown> {
  /** In upper case. */
  readonly name: string
  readonly rfc: string
  readonly states: readonly StateKind[]
  /** There is a UID variant, which works with UIDs instead of sequence numbers. */
  readonly uid?: boolean
  /** Only the UID variant exists (`UID EXPUNGE`). */
  readonly onlyUid?: boolean
  /** Its arguments or its responses have sequence numbers. */
  readonly usesSequenceNumbers?: boolean
  /** EXPUNGE may be told before its end (RFC 3501 §7.4.1); of a UID variant it always may. */
  readonly mayExpunge: boolean
  /** What literals it takes: `message` means up to a whole message. */
  readonly literals: 'none' | 'small' | 'message'
  /** Without these handlers it is answered NO [CANNOT]. */
  readonly handlers?: readonly MailboxHandlerName[]
  /** Answered NO in a folder that is open for reading only. */
  readonly writes?: boolean
  /** What follows its name, the space included. */
  readonly args: Grammar<A>
  /** Undefined: OK, completed. */
  run(cx: CommandContext, args: A): Reply | undefined | Promise<Reply | undefined>
}

/** A data item of FETCH. The name of one that takes a section ends with its "[". */
export interface FetchItem<A = unknown> extends Term {
  readonly name: string
  readonly rfc: string
  readonly args?: Grammar<A>
  /** What must be known of a message to write the item. */
  needs(args: A): Need
  /** Fetching it marks the message as seen (RFC 3501 §6.4.5). */
  readonly setsSeen?: boolean
  /** Naming it switches this on (RFC 7162 §3.1). */
  readonly enables?: Partial<Dialect>
  /** The item's name in the response and its value. */
  write(w: Writer, message: FetchedMessage, args: A): void
}

/** A key of SEARCH: what it means in terms of the storage contract. */
export interface SearchKeySpec<A = unknown> extends Term {
  readonly name: string
  readonly rfc: string
  readonly args?: Grammar<A>
  /** Naming it switches this on (RFC 7162 §3.1). */
  readonly enables?: Partial<Dialect>
  compile(args: A, scope: SearchScope): SearchKey
}

/** What a SEARCH found, in the numbers that the client asked for. */
export interface SearchResult {
  /** Half-open runs, ascending: sequence numbers or UIDs. */
  readonly found: FlatRanges
  /** The same one by one, in the order that SORT was asked for; null: the order of the folder. */
  readonly order: readonly number[] | null
}

/** A result option of SEARCH (RFC 4466 §2.6.1). */
export interface SearchReturn<A = unknown> extends Term {
  readonly name: string
  readonly rfc: string
  readonly args?: Grammar<A>
  /** Writes a space, its name and its value; nothing when there is nothing to say. Absent: the option is no data item. */
  write?(w: Writer, result: SearchResult, args: A): void
  /** The result is kept for `$` (RFC 5182). */
  readonly saves?: true
  /** Options that may not stand beside it. */
  readonly excludes?: readonly string[]
  /** Only these places of so many results are meant, from 0, half open (RFC 9394). */
  select?(count: number, args: A): readonly [start: number, end: number]
  /** Before anything is searched. Throws `PeerSyntaxError` where it may not stand. */
  check?(cx: CommandContext): void
  /** When all that was found is answered. */
  after?(cx: CommandContext, found: Found, criteria: SearchKey, args: A): void
}

/** All that a command has found: UIDs, and their order when that is not the folder's. */
export interface Found {
  readonly uids: FlatRanges
  readonly order: readonly number[] | null
}

/** An item of STATUS. */
export interface StatusItemSpec extends Term {
  readonly name: string
  readonly rfc: string
  /** What the backend is asked for; null: nothing. */
  readonly item: keyof FolderStatus | null
  /** Naming it switches this on (RFC 7162 §3.1). */
  readonly enables?: Partial<Dialect>
  write(w: Writer, status: FolderStatus, limits: Limits): void
}

/** What stands in parentheses behind the mailbox of SELECT and EXAMINE (RFC 4466 §2.1). */
export interface SelectParam<A = unknown> extends Term {
  readonly name: string
  readonly rfc: string
  readonly args?: Grammar<A>
  /** Before anything happens. Throws `PeerSyntaxError` where it may not stand. */
  check?(cx: CommandContext, args: A): void
  /** When no folder is open any more. */
  before?(cx: CommandContext): void
  /** When the folder is open and described. */
  after?(cx: CommandContext, args: A): Promise<void>
}

/** One FETCH, as its modifiers may change it. */
export interface Fetching {
  readonly set: SequenceSet
  /** The UIDs in view that the set names. */
  uids: FlatRanges
  /** Items to be told besides those that the client has named. */
  readonly added: string[]
  /** Only messages that have changed since (RFC 7162 §3.1.4.1); null: all. */
  changedSince: number | null
}

/** What stands in parentheses behind the items of FETCH (RFC 4466 §2.4). */
export interface FetchModifier<A = unknown> extends Term {
  readonly name: string
  readonly rfc: string
  readonly args?: Grammar<A>
  /**
   * In the order of the list of extensions, whatever the client's. Throws `PeerSyntaxError` where it may not stand.
   * @returns a reply: nothing is fetched
   */
  apply(cx: CommandContext, args: A, fetching: Fetching): Reply | undefined | Promise<Reply | undefined>
}

/** Where APPEND may take a message from besides a literal (RFC 4466 §2.3 append-data-ext). */
export interface AppendItem<A = unknown> extends Term {
  readonly name: string
  readonly rfc: string
  readonly args: Grammar<A>
  /** The message; or the reply that says why there is none. */
  gather(cx: CommandContext, args: A): Promise<Uint8Array | Reply>
}

/** What stands in parentheses behind the set of STORE (RFC 4466 §2.5). */
export interface StoreModifier<A = unknown> extends Term {
  readonly name: string
  readonly rfc: string
  readonly args?: Grammar<A>
  apply(cx: CommandContext, args: A): { readonly unchangedSince: number }
}

/** A selection option of LIST (RFC 5258 §3.1). */
export interface ListSelection extends Term {
  readonly name: string
  readonly rfc: string
  /** Which names it selects; absent: it changes nothing about that. */
  matches?(listed: ListedFolder): boolean
  /** Names above selected ones are shown too. */
  readonly recursive?: boolean
}

/** A result option of LIST (RFC 5258 §3.2). */
export interface ListReturn<A = unknown> extends Term {
  readonly name: string
  readonly rfc: string
  readonly args?: Grammar<A>
  /** Attributes of the name, without backslash. */
  attributes?(listed: ListedFolder): readonly string[]
  /** Finds out what is told behind the LIST response; null: the folder turns out not to be selectable. */
  look?(cx: CommandContext, listed: ListedFolder, args: A): Promise<(() => void) | null>
}

export interface Extension {
  /** What it is called in the list of extensions. */
  readonly name: string
  readonly rfc: string
  readonly gate: Gate
  /** What CAPABILITY says, in this state of the session. */
  capabilities?(facts: SessionFacts): readonly string[]
  readonly commands?: readonly CommandSpec[]
  readonly fetchItems?: readonly FetchItem[]
  readonly searchKeys?: readonly SearchKeySpec[]
  readonly searchReturns?: readonly SearchReturn[]
  readonly statusItems?: readonly StatusItemSpec[]
  readonly selectParams?: readonly SelectParam[]
  readonly fetchModifiers?: readonly FetchModifier[]
  readonly storeModifiers?: readonly StoreModifier[]
  readonly appendItems?: readonly AppendItem[]
  readonly listSelections?: readonly ListSelection[]
  readonly listReturns?: readonly ListReturn[]
  /** Attributes of a name that LIST tells in any case, without backslash. */
  listAttributes?(listed: ListedFolder): readonly string[]
  /** What SELECT and EXAMINE tell of the open folder besides (RFC 3501 §6.3.1). */
  tellsOfFolder?(cx: CommandContext): void
  /** What ENABLE of its name switches on. */
  readonly enables?: Partial<Dialect>
}

/** A command as it was named: `byUid` for the UID variant. */
export interface NamedCommand {
  readonly by: Extension
  readonly spec: CommandSpec
  readonly byUid: boolean
}

/** The items that commands of one session may name. */
export interface Words extends Vocabulary {
  fetchItem(name: string): FetchItem | undefined
  searchKey(name: string): SearchKeySpec | undefined
  searchReturn(name: string): SearchReturn | undefined
  statusItem(name: string): StatusItemSpec | undefined
  selectParam(name: string): SelectParam | undefined
  fetchModifier(name: string): FetchModifier | undefined
  storeModifier(name: string): StoreModifier | undefined
  appendItem(name: string): AppendItem | undefined
  listSelection(name: string): ListSelection | undefined
  listReturn(name: string): ListReturn | undefined
}
