// Every command of the client, callback or promise: what the session and a connection that survives sessions have in common.
import { type Callback, settle } from '../../base/callback.ts'
import { Emitter } from '../../base/emitter.ts'
import type { TlsInfo } from '../../base/runtime.ts'
import type { ClientCredentials } from '../../sasl/index.ts'
import * as changing from './changing.ts'
import type { ClientCore, Work } from './core.ts'
import type { SearchCriteria } from './criteria.ts'
import * as extras from './extras.ts'
import { FetchFlow, type FetchOptions } from './fetch-flow.ts'
import { type FetchItems, itemList } from './fetch-items.ts'
import type { FetchedMessage } from './fetched.ts'
import * as folders from './folders.ts'
import * as loginWork from './login.ts'
import * as opening from './opening.ts'
import type { ImapClientEvents } from './options.ts'
import * as searching from './search.ts'
import type { UidSet } from './sets.ts'

/** Undefined when a callback was given. */
type Maybe<T> = Promise<T>

/** `[options?, callback?]` as they came. */
function last<O, T>(
  a: O | Callback<T> | undefined,
  b: Callback<T> | undefined,
): [O | undefined, Callback<T> | undefined] {
  return typeof a === 'function' ? [undefined, a as Callback<T>] : [a as O | undefined, b]
}

/** Messages are UIDs unless an option says otherwise; flags have no backslash. All reject with a MailError: ECOMMAND for a refusal. */
export abstract class ImapCommands extends Emitter<ImapClientEvents> {
  /** The session that commands go to. */
  protected abstract core(): Promise<ClientCore>

  #do<T>(make: () => Work<T>, callback?: Callback<T>): Maybe<T> {
    let work: Promise<T>
    try {
      const made = make()
      work = this.core().then(core => made.run(core))
    } catch (error) {
      work = Promise.reject(error)
    }
    return settle(work, callback) as Promise<T>
  }

  login(user: string, pass: string, callback?: Callback<void>): Maybe<void> {
    return this.#do(() => loginWork.login(user, pass), callback)
  }

  xoauth2(user: string, accessToken: string, callback?: Callback<void>): Maybe<void> {
    return this.#do(() => loginWork.authenticate({ user, accessToken, method: 'XOAUTH2' }), callback)
  }

  /** The strongest mechanism that both sides have. */
  authenticate(credentials: ClientCredentials, callback?: Callback<void>): Maybe<void> {
    return this.#do(() => loginWork.authenticate(credentials), callback)
  }

  starttls(callback?: Callback<TlsInfo>): Maybe<TlsInfo> {
    return this.#do(() => loginWork.startTls, callback)
  }

  compress(callback?: Callback<void>): Maybe<void> {
    return this.#do(() => loginWork.compress, callback)
  }

  id(fields: loginWork.IdInfo | null, callback?: Callback<loginWork.IdInfo>): Maybe<loginWork.IdInfo> {
    return this.#do(() => loginWork.id(fields), callback)
  }

  enable(names: readonly string[], callback?: Callback<readonly string[]>): Maybe<readonly string[]> {
    return this.#do(() => loginWork.enable(names), callback)
  }

  noop(callback?: Callback<void>): Maybe<void> {
    return this.#do(() => loginWork.noop, callback)
  }

  /** Never rejects: the session is over in any case. */
  logout(callback?: Callback<void>): Maybe<void> {
    const left = this.core()
      .then(core => loginWork.logout.run(core))
      .catch(() => {})
    return settle(left, callback) as Promise<void>
  }

  namespace(callback?: Callback<folders.NamespaceInfo>): Maybe<folders.NamespaceInfo> {
    return this.#do(() => folders.namespace, callback)
  }

  list(
    reference: string,
    pattern: string,
    callback?: Callback<folders.ListedFolder[]>,
  ): Maybe<folders.ListedFolder[]> {
    return this.#do(() => folders.list(reference, pattern), callback)
  }

  listExtended(
    options: folders.ListExtendedOptions,
    callback?: Callback<folders.ListedFolder[]>,
  ): Maybe<folders.ListedFolder[]> {
    return this.#do(() => folders.listExtended(options), callback)
  }

  lsub(
    reference: string,
    pattern: string,
    callback?: Callback<folders.ListedFolder[]>,
  ): Maybe<folders.ListedFolder[]> {
    return this.#do(() => folders.lsub(reference, pattern), callback)
  }

  status(
    folder: string,
    items?: readonly folders.StatusItem[],
    callback?: Callback<folders.FolderStatus>,
  ): Maybe<folders.FolderStatus> {
    return this.#do(() => folders.status(folder, items), callback)
  }

  select(
    name: string,
    options?: opening.SelectOptions | Callback<opening.SelectedInfo>,
    callback?: Callback<opening.SelectedInfo>,
  ): Maybe<opening.SelectedInfo> {
    const [given, then] = last(options, callback)
    return this.#do(() => opening.select(name, false, given ?? {}), then)
  }

  examine(
    name: string,
    options?: opening.SelectOptions | Callback<opening.SelectedInfo>,
    callback?: Callback<opening.SelectedInfo>,
  ): Maybe<opening.SelectedInfo> {
    const [given, then] = last(options, callback)
    return this.#do(() => opening.select(name, true, given ?? {}), then)
  }

  /** CLOSE: messages that are marked Deleted are gone with it. */
  close(callback?: Callback<void>): Maybe<void> {
    return this.#do(() => opening.close, callback)
  }

  unselect(callback?: Callback<void>): Maybe<void> {
    return this.#do(() => opening.unselect, callback)
  }

  create(
    name: string,
    options?: { readonly specialUse?: string },
    callback?: Callback<{ readonly mailboxId: string | null }>,
  ): Maybe<{ readonly mailboxId: string | null }> {
    return this.#do(() => folders.create(name, options?.specialUse), callback)
  }

  delete(name: string, callback?: Callback<void>): Maybe<void> {
    return this.#do(() => folders.named('DELETE', name), callback)
  }

  rename(from: string, to: string, callback?: Callback<void>): Maybe<void> {
    return this.#do(() => folders.named('RENAME', from, to), callback)
  }

  subscribe(name: string, callback?: Callback<void>): Maybe<void> {
    return this.#do(() => folders.named('SUBSCRIBE', name), callback)
  }

  unsubscribe(name: string, callback?: Callback<void>): Maybe<void> {
    return this.#do(() => folders.named('UNSUBSCRIBE', name), callback)
  }

  /** With a callback: all messages at once. Without: iterate over it (`for await`), or await it for all of them. */
  fetch(uids: UidSet, items: FetchItems, callback: Callback<FetchedMessage[]>): void
  fetch(uids: UidSet, items: FetchItems, options?: FetchOptions): FetchFlow
  fetch(
    uids: UidSet,
    items: FetchItems,
    options?: FetchOptions | Callback<FetchedMessage[]>,
  ): FetchFlow | undefined {
    const [given, then] = last<FetchOptions, FetchedMessage[]>(options, undefined)
    const flow = new FetchFlow(() => this.core(), uids, itemList(items), given ?? {})
    if (!then) return flow
    settle(flow.all(), then)
    return undefined
  }

  search(
    criteria: SearchCriteria | string,
    options?: searching.SearchOptions | Callback<number[]>,
    callback?: Callback<number[]>,
  ): Maybe<number[]> {
    const [given, then] = last(options, callback)
    return this.#do(() => searching.search(criteria, given ?? {}), then)
  }

  esearch(
    criteria: SearchCriteria | string,
    options: searching.EsearchOptions = {},
    callback?: Callback<searching.SearchResult>,
  ): Maybe<searching.SearchResult> {
    return this.#do(() => searching.esearch(criteria, options), callback)
  }

  sort(
    keys: string | readonly string[],
    charset: string,
    criteria: SearchCriteria | string,
    callback?: Callback<number[]>,
  ): Maybe<number[]> {
    return this.#do(() => searching.sort(keys, charset, criteria, {}), callback)
  }

  thread(
    algorithm: string,
    charset: string,
    criteria: SearchCriteria | string,
    callback?: Callback<readonly searching.ThreadNode[]>,
  ): Maybe<readonly searching.ThreadNode[]> {
    return this.#do(() => searching.thread(algorithm, charset, criteria, {}), callback)
  }

  store(
    uids: UidSet,
    flags: string | readonly string[],
    mode: '+' | '-' | '',
    options?: changing.StoreOptions | Callback<changing.StoreResult>,
    callback?: Callback<changing.StoreResult>,
  ): Maybe<changing.StoreResult> {
    const [given, then] = last(options, callback)
    return this.#do(() => changing.store(uids, flags, mode, given ?? {}), then)
  }

  copy(
    uids: UidSet,
    folder: string,
    options?: changing.ChangeOptions | Callback<changing.CopyResult>,
    callback?: Callback<changing.CopyResult>,
  ): Maybe<changing.CopyResult> {
    const [given, then] = last(options, callback)
    return this.#do(() => changing.copy(uids, folder, given ?? {}), then)
  }

  move(
    uids: UidSet,
    folder: string,
    options?: changing.ChangeOptions | Callback<changing.CopyResult>,
    callback?: Callback<changing.CopyResult>,
  ): Maybe<changing.CopyResult> {
    const [given, then] = last(options, callback)
    return this.#do(() => changing.move(uids, folder, given ?? {}), then)
  }

  append(
    folder: string,
    content: changing.AppendContent,
    flags: string | readonly string[] = [],
    options?: changing.AppendOptions | Callback<changing.AppendResult>,
    callback?: Callback<changing.AppendResult>,
  ): Maybe<changing.AppendResult> {
    const [given, then] = last(options, callback)
    return this.#do(() => changing.append(folder, content, flags, given ?? {}), then)
  }

  expunge(callback?: Callback<void>): Maybe<void> {
    return this.#do(() => changing.expunge, callback)
  }

  uidExpunge(uids: UidSet, callback?: Callback<void>): Maybe<void> {
    return this.#do(() => changing.uidExpunge(uids), callback)
  }

  getQuota(root: string, callback?: Callback<extras.QuotaInfo>): Maybe<extras.QuotaInfo> {
    return this.#do(() => extras.getQuota(root), callback)
  }

  getQuotaRoot(folder: string, callback?: Callback<extras.QuotaRoots>): Maybe<extras.QuotaRoots> {
    return this.#do(() => extras.getQuotaRoot(folder), callback)
  }

  setQuota(
    root: string,
    limits: Readonly<Record<string, number>>,
    callback?: Callback<extras.QuotaInfo>,
  ): Maybe<extras.QuotaInfo> {
    return this.#do(() => extras.setQuota(root, limits), callback)
  }

  getMetadata(
    folder: string,
    paths: string | readonly string[],
    options?: extras.MetadataOptions | Callback<extras.MetadataValues>,
    callback?: Callback<extras.MetadataValues>,
  ): Maybe<extras.MetadataValues> {
    const [given, then] = last(options, callback)
    return this.#do(() => extras.getMetadata(folder, paths, given ?? {}), then)
  }

  setMetadata(
    folder: string,
    entries: Readonly<Record<string, Uint8Array | string | null>>,
    callback?: Callback<void>,
  ): Maybe<void> {
    return this.#do(() => extras.setMetadata(folder, entries), callback)
  }
}
