// Every command of the client, callback or promise: what the session and a connection that survives sessions have in common.
import { type Callback, settle } from '../../base/callback.ts'
import type { TlsInfo } from '../../base/runtime.ts'
import type { ClientCredentials } from '../../sasl/index.ts'
import type { AppendContent, AppendMessage, AppendOptions, AppendResult } from './appending.ts'
import * as appending from './appending.ts'
import type { ChangeOptions, CopyResult, StoreOptions, StoreResult } from './changing.ts'
import * as changing from './changing.ts'
import type { SearchCriteria } from './criteria.ts'
import { FetchFlow, type FetchOptions } from './fetch-flow.ts'
import { type FetchItems, itemList } from './fetch-items.ts'
import type { FetchedMessage } from './fetched.ts'
import { ImapFolderCommands, optional } from './folder-commands.ts'
import type { IdInfo } from './login.ts'
import * as loginWork from './login.ts'
import type { SelectedInfo, SelectOptions } from './opening.ts'
import * as opening from './opening.ts'
import type { EsearchOptions, SearchOptions, SearchResult, ThreadNode } from './search.ts'
import * as searching from './search.ts'
import type { UidSet } from './sets.ts'

/** Messages are UIDs unless an option says otherwise; flags have no backslash. All reject with a MailError: ECOMMAND for a refusal. */
export abstract class ImapCommands<
  Events extends { [K in keyof Events]: readonly unknown[] },
> extends ImapFolderCommands<Events> {
  login(user: string, pass: string): Promise<void>
  login(user: string, pass: string, callback: Callback<void>): void
  login(user: string, pass: string, callback?: Callback<void>): Promise<void> | undefined {
    return this.run(() => loginWork.login(user, pass), callback)
  }

  xoauth2(user: string, accessToken: string): Promise<void>
  xoauth2(user: string, accessToken: string, callback: Callback<void>): void
  xoauth2(user: string, accessToken: string, callback?: Callback<void>): Promise<void> | undefined {
    return this.run(() => loginWork.authenticate({ user, accessToken, method: 'XOAUTH2' }), callback)
  }

  /** The strongest mechanism that both sides have. Rejects with EAUTH when the server says no, with ENOAUTH when there is none that may be used. */
  authenticate(credentials: ClientCredentials): Promise<void>
  authenticate(credentials: ClientCredentials, callback: Callback<void>): void
  authenticate(credentials: ClientCredentials, callback?: Callback<void>): Promise<void> | undefined {
    return this.run(() => loginWork.authenticate(credentials), callback)
  }

  /** STARTTLS, the handshake by the driver, CAPABILITY again. Rejects with ETLS. */
  starttls(): Promise<TlsInfo>
  starttls(callback: Callback<TlsInfo>): void
  starttls(callback?: Callback<TlsInfo>): Promise<TlsInfo> | undefined {
    return this.run(() => loginWork.startTls, callback)
  }

  /** COMPRESS=DEFLATE (RFC 4978), by the driver. */
  compress(): Promise<void>
  compress(callback: Callback<void>): void
  compress(callback?: Callback<void>): Promise<void> | undefined {
    return this.run(() => loginWork.compress, callback)
  }

  /** Tells who we are, and resolves with who the server is (RFC 2971). */
  id(fields: IdInfo | null): Promise<IdInfo>
  id(fields: IdInfo | null, callback: Callback<IdInfo>): void
  id(fields: IdInfo | null, callback?: Callback<IdInfo>): Promise<IdInfo> | undefined {
    return this.run(() => loginWork.id(fields), callback)
  }

  enable(names: readonly string[]): Promise<readonly string[]>
  enable(names: readonly string[], callback: Callback<readonly string[]>): void
  enable(
    names: readonly string[],
    callback?: Callback<readonly string[]>,
  ): Promise<readonly string[]> | undefined {
    return this.run(() => loginWork.enable(names), callback)
  }

  noop(): Promise<void>
  noop(callback: Callback<void>): void
  noop(callback?: Callback<void>): Promise<void> | undefined {
    return this.run(() => loginWork.noop, callback)
  }

  /** Never rejects: the session is over in any case. */
  logout(): Promise<void>
  logout(callback: Callback<void>): void
  logout(callback?: Callback<void>): Promise<void> | undefined {
    const left = this.core()
      .then(core => loginWork.logout.run(core))
      .catch(() => {})
    return settle(left, callback)
  }

  select(name: string, options?: SelectOptions): Promise<SelectedInfo>
  select(name: string, callback: Callback<SelectedInfo>): void
  select(name: string, options: SelectOptions, callback: Callback<SelectedInfo>): void
  select(
    name: string,
    options?: SelectOptions | Callback<SelectedInfo>,
    callback?: Callback<SelectedInfo>,
  ): Promise<SelectedInfo> | undefined {
    const [given, then] = optional(options, callback)
    return this.run(() => opening.select(name, false, given ?? {}), then)
  }

  /** As `select`, to read only. */
  examine(name: string, options?: SelectOptions): Promise<SelectedInfo>
  examine(name: string, callback: Callback<SelectedInfo>): void
  examine(name: string, options: SelectOptions, callback: Callback<SelectedInfo>): void
  examine(
    name: string,
    options?: SelectOptions | Callback<SelectedInfo>,
    callback?: Callback<SelectedInfo>,
  ): Promise<SelectedInfo> | undefined {
    const [given, then] = optional(options, callback)
    return this.run(() => opening.select(name, true, given ?? {}), then)
  }

  /** CLOSE: messages that are marked Deleted are gone with it. */
  close(): Promise<void>
  close(callback: Callback<void>): void
  close(callback?: Callback<void>): Promise<void> | undefined {
    return this.run(() => opening.close, callback)
  }

  unselect(): Promise<void>
  unselect(callback: Callback<void>): void
  unselect(callback?: Callback<void>): Promise<void> | undefined {
    return this.run(() => opening.unselect, callback)
  }

  /** With a callback: all messages at once. Without: iterate over it (`for await`), or await it for all of them. */
  fetch(uids: UidSet, items: FetchItems, callback: Callback<FetchedMessage[]>): void
  fetch(uids: UidSet, items: FetchItems, options?: FetchOptions): FetchFlow
  fetch(
    uids: UidSet,
    items: FetchItems,
    options?: FetchOptions | Callback<FetchedMessage[]>,
  ): FetchFlow | undefined {
    const [given, then] = optional<FetchOptions, FetchedMessage[]>(options, undefined)
    const flow = new FetchFlow(() => this.core(), uids, itemList(items), given ?? {})
    if (!then) return flow
    settle(flow.all(), then)
    return undefined
  }

  /** UIDs, ascending. */
  search(criteria: SearchCriteria | string, options?: SearchOptions): Promise<number[]>
  search(criteria: SearchCriteria | string, callback: Callback<number[]>): void
  search(criteria: SearchCriteria | string, options: SearchOptions, callback: Callback<number[]>): void
  search(
    criteria: SearchCriteria | string,
    options?: SearchOptions | Callback<number[]>,
    callback?: Callback<number[]>,
  ): Promise<number[]> | undefined {
    const [given, then] = optional(options, callback)
    return this.run(() => searching.search(criteria, given ?? {}), then)
  }

  /** What RETURN asks for (RFC 4731). */
  esearch(criteria: SearchCriteria | string, options?: EsearchOptions): Promise<SearchResult>
  esearch(criteria: SearchCriteria | string, callback: Callback<SearchResult>): void
  esearch(criteria: SearchCriteria | string, options: EsearchOptions, callback: Callback<SearchResult>): void
  esearch(
    criteria: SearchCriteria | string,
    options?: EsearchOptions | Callback<SearchResult>,
    callback?: Callback<SearchResult>,
  ): Promise<SearchResult> | undefined {
    const [given, then] = optional(options, callback)
    return this.run(() => searching.esearch(criteria, given ?? {}), then)
  }

  /** UIDs in order (RFC 5256). */
  sort(
    keys: string | readonly string[],
    charset: string,
    criteria: SearchCriteria | string,
    options?: SearchOptions,
  ): Promise<number[]>
  sort(
    keys: string | readonly string[],
    charset: string,
    criteria: SearchCriteria | string,
    callback: Callback<number[]>,
  ): void
  sort(
    keys: string | readonly string[],
    charset: string,
    criteria: SearchCriteria | string,
    options: SearchOptions,
    callback: Callback<number[]>,
  ): void
  sort(
    keys: string | readonly string[],
    charset: string,
    criteria: SearchCriteria | string,
    options?: SearchOptions | Callback<number[]>,
    callback?: Callback<number[]>,
  ): Promise<number[]> | undefined {
    const [given, then] = optional(options, callback)
    return this.run(() => searching.sort(keys, charset, criteria, given ?? {}), then)
  }

  /** `REFERENCES` or `ORDEREDSUBJECT` (RFC 5256). */
  thread(
    algorithm: string,
    charset: string,
    criteria: SearchCriteria | string,
    options?: SearchOptions,
  ): Promise<readonly ThreadNode[]>
  thread(
    algorithm: string,
    charset: string,
    criteria: SearchCriteria | string,
    callback: Callback<readonly ThreadNode[]>,
  ): void
  thread(
    algorithm: string,
    charset: string,
    criteria: SearchCriteria | string,
    options: SearchOptions,
    callback: Callback<readonly ThreadNode[]>,
  ): void
  thread(
    algorithm: string,
    charset: string,
    criteria: SearchCriteria | string,
    options?: SearchOptions | Callback<readonly ThreadNode[]>,
    callback?: Callback<readonly ThreadNode[]>,
  ): Promise<readonly ThreadNode[]> | undefined {
    const [given, then] = optional(options, callback)
    return this.run(() => searching.thread(algorithm, charset, criteria, given ?? {}), then)
  }

  /** `mode`: '+' adds, '-' takes away, '' sets. */
  store(
    uids: UidSet,
    flags: string | readonly string[],
    mode: '+' | '-' | '',
    options?: StoreOptions,
  ): Promise<StoreResult>
  store(
    uids: UidSet,
    flags: string | readonly string[],
    mode: '+' | '-' | '',
    callback: Callback<StoreResult>,
  ): void
  store(
    uids: UidSet,
    flags: string | readonly string[],
    mode: '+' | '-' | '',
    options: StoreOptions,
    callback: Callback<StoreResult>,
  ): void
  store(
    uids: UidSet,
    flags: string | readonly string[],
    mode: '+' | '-' | '',
    options?: StoreOptions | Callback<StoreResult>,
    callback?: Callback<StoreResult>,
  ): Promise<StoreResult> | undefined {
    const [given, then] = optional(options, callback)
    return this.run(() => changing.store(uids, flags, mode, given ?? {}), then)
  }

  copy(uids: UidSet, folder: string, options?: ChangeOptions): Promise<CopyResult>
  copy(uids: UidSet, folder: string, callback: Callback<CopyResult>): void
  copy(uids: UidSet, folder: string, options: ChangeOptions, callback: Callback<CopyResult>): void
  copy(
    uids: UidSet,
    folder: string,
    options?: ChangeOptions | Callback<CopyResult>,
    callback?: Callback<CopyResult>,
  ): Promise<CopyResult> | undefined {
    const [given, then] = optional(options, callback)
    return this.run(() => changing.copy(uids, folder, given ?? {}), then)
  }

  /** MOVE (RFC 6851); where there is none, by COPY and UID EXPUNGE. */
  move(uids: UidSet, folder: string, options?: ChangeOptions): Promise<CopyResult>
  move(uids: UidSet, folder: string, callback: Callback<CopyResult>): void
  move(uids: UidSet, folder: string, options: ChangeOptions, callback: Callback<CopyResult>): void
  move(
    uids: UidSet,
    folder: string,
    options?: ChangeOptions | Callback<CopyResult>,
    callback?: Callback<CopyResult>,
  ): Promise<CopyResult> | undefined {
    const [given, then] = optional(options, callback)
    return this.run(() => changing.move(uids, folder, given ?? {}), then)
  }

  expunge(): Promise<void>
  expunge(callback: Callback<void>): void
  expunge(callback?: Callback<void>): Promise<void> | undefined {
    return this.run(() => changing.expunge, callback)
  }

  uidExpunge(uids: UidSet): Promise<void>
  uidExpunge(uids: UidSet, callback: Callback<void>): void
  uidExpunge(uids: UidSet, callback?: Callback<void>): Promise<void> | undefined {
    return this.run(() => changing.uidExpunge(uids), callback)
  }

  append(
    folder: string,
    content: AppendContent,
    flags?: string | readonly string[],
    options?: AppendOptions,
  ): Promise<AppendResult>
  append(
    folder: string,
    content: AppendContent,
    flags: string | readonly string[] | undefined,
    callback: Callback<AppendResult>,
  ): void
  append(
    folder: string,
    content: AppendContent,
    flags: string | readonly string[] | undefined,
    options: AppendOptions,
    callback: Callback<AppendResult>,
  ): void
  append(
    folder: string,
    content: AppendContent,
    flags?: string | readonly string[],
    options?: AppendOptions | Callback<AppendResult>,
    callback?: Callback<AppendResult>,
  ): Promise<AppendResult> | undefined {
    const [given, then] = optional(options, callback)
    return this.run(() => appending.append(folder, content, flags ?? [], given ?? {}), then)
  }

  /** All or none (RFC 3502) where the server can; else one after another. */
  appendAll(folder: string, messages: readonly AppendMessage[]): Promise<readonly AppendResult[]>
  appendAll(
    folder: string,
    messages: readonly AppendMessage[],
    callback: Callback<readonly AppendResult[]>,
  ): void
  appendAll(
    folder: string,
    messages: readonly AppendMessage[],
    callback?: Callback<readonly AppendResult[]>,
  ): Promise<readonly AppendResult[]> | undefined {
    return this.run(() => appending.appendAll(folder, messages, undefined), callback)
  }

  /** A new message for an old one (RFC 8508); where the server cannot, APPEND, then the old one is gone. */
  replace(
    uid: number,
    folder: string,
    content: AppendContent,
    flags?: string | readonly string[],
    options?: AppendOptions,
  ): Promise<AppendResult>
  replace(
    uid: number,
    folder: string,
    content: AppendContent,
    flags: string | readonly string[] | undefined,
    callback: Callback<AppendResult>,
  ): void
  replace(
    uid: number,
    folder: string,
    content: AppendContent,
    flags: string | readonly string[] | undefined,
    options: AppendOptions,
    callback: Callback<AppendResult>,
  ): void
  replace(
    uid: number,
    folder: string,
    content: AppendContent,
    flags?: string | readonly string[],
    options?: AppendOptions | Callback<AppendResult>,
    callback?: Callback<AppendResult>,
  ): Promise<AppendResult> | undefined {
    const [given, then] = optional(options, callback)
    return this.run(() => appending.replace(uid, folder, content, flags ?? [], given ?? {}), then)
  }
}
