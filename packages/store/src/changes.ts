// The change feed: who has a folder open hears of what was committed in it. Watchers are found by folder, so that a change
// costs what its own watchers cost, however many sessions there are.
import type { ChangedFlags, FolderNews } from 'email-server/mailbox'
import { INBOX } from './folders/names.ts'

export type Change =
  | { readonly kind: 'exists'; readonly folderId: number; readonly total: number }
  | { readonly kind: 'vanished'; readonly folderId: number; readonly uids: readonly number[] }
  | { readonly kind: 'flags'; readonly folderId: number; readonly messages: readonly ChangedFlags[] }

/** @param origin who made the change */
export type Watcher = (change: Change, origin: Watcher | null) => void

/** Something that has happened to the folders of an account; of which folder, where it has an id. */
export interface NamesChange {
  readonly news: Extract<FolderNews, { kind: 'created' | 'deleted' | 'renamed' | 'subscription' }>
  readonly folderId: number
}

type NamesWatcher = (change: NamesChange, origin: Watcher | null) => void

export class ChangeFeed {
  readonly #watchers = new Map<number, Set<Watcher>>()
  /** By account. */
  readonly #namesWatchers = new Map<number, Set<NamesWatcher>>()
  readonly #onError: (error: unknown) => void

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  watch(folderId: number, watcher: Watcher): void {
    add(this.#watchers, folderId, watcher)
  }

  unwatch(folderId: number, watcher: Watcher): void {
    remove(this.#watchers, folderId, watcher)
  }

  watchNames(accountId: number, watcher: NamesWatcher): void {
    add(this.#namesWatchers, accountId, watcher)
  }

  unwatchNames(accountId: number, watcher: NamesWatcher): void {
    remove(this.#namesWatchers, accountId, watcher)
  }

  /** The folders of an account have changed. */
  publishNames(accountId: number, change: NamesChange, origin: Watcher | null): void {
    for (const watcher of this.#namesWatchers.get(accountId) ?? []) {
      try {
        watcher(change, origin)
      } catch (error) {
        this.#onError(error)
      }
    }
  }

  /** The same feed for changes that all have one origin. */
  by(origin: Watcher): Pick<ChangeFeed, 'publish'> {
    return { publish: change => this.publish(change, origin) }
  }

  /**
   * Tells the watchers of the folder. Who made the change (`origin`) is not told of flags and removals, which his own
   * command reports, but he is of new messages.
   */
  publish(change: Change, origin: Watcher | null): void {
    for (const watcher of this.#watchers.get(change.folderId) ?? []) {
      if (watcher === origin && change.kind !== 'exists') continue
      try {
        watcher(change, origin)
      } catch (error) {
        // one session that fails must not keep the news from the others
        this.#onError(error)
      }
    }
  }
}

/** All folders of an account, watched for one session (RFC 5465); what the session does itself is no news to it. */
export class FolderWatch {
  readonly #feed: ChangeFeed
  readonly #self: Watcher
  readonly #tell: (news: FolderNews) => void
  /** Of each watched folder how it is called. */
  readonly #names = new Map<number, string>()
  #accountId: number | null = null

  constructor(feed: ChangeFeed, self: Watcher, tell: (news: FolderNews) => void) {
    this.#feed = feed
    this.#self = self
    this.#tell = tell
  }

  /** Folders that are made meanwhile are heard of: the list may be older than that. */
  async start(
    accountId: number,
    list: () => Promise<readonly { id: number; name: string }[]>,
  ): Promise<void> {
    if (this.#accountId !== null) return
    this.#accountId = accountId
    this.#feed.watchNames(accountId, this.#namesChanged)
    for (const { id, name } of await list()) {
      if (this.#accountId !== null && !this.#names.has(id)) this.#add(id, name)
    }
  }

  stop(): void {
    if (this.#accountId !== null) this.#feed.unwatchNames(this.#accountId, this.#namesChanged)
    this.#accountId = null
    for (const id of this.#names.keys()) this.#feed.unwatch(id, this.#changed)
    this.#names.clear()
  }

  #add(id: number, name: string): void {
    this.#names.set(id, name)
    this.#feed.watch(id, this.#changed)
  }

  readonly #changed: Watcher = ({ kind, folderId }, origin) => {
    const folder = this.#names.get(folderId)
    if (origin === this.#self || folder === undefined) return
    this.#tell({ kind: kind === 'exists' ? 'new' : kind === 'vanished' ? 'gone' : 'flags', folder })
  }

  readonly #namesChanged: NamesWatcher = ({ news, folderId }, origin) => {
    const { kind, folder } = news
    if (kind === 'deleted') {
      this.#feed.unwatch(folderId, this.#changed)
      this.#names.delete(folderId)
    } else if (kind === 'renamed') this.#rename(news.from, folder)
    // INBOX stays when it is renamed: what has its messages then is a new folder
    if ((kind === 'created' || kind === 'renamed') && !this.#names.has(folderId)) this.#add(folderId, folder)
    if (origin !== this.#self) this.#tell(news)
  }

  #rename(from: string, to: string): void {
    if (from === INBOX) return
    for (const [id, name] of this.#names) {
      if (name === from || name.startsWith(`${from}/`)) this.#names.set(id, to + name.slice(from.length))
    }
  }
}

function add<K, W>(all: Map<K, Set<W>>, key: K, watcher: W): void {
  const watchers = all.get(key)
  if (watchers) watchers.add(watcher)
  else all.set(key, new Set([watcher]))
}

function remove<K, W>(all: Map<K, Set<W>>, key: K, watcher: W): void {
  const watchers = all.get(key)
  watchers?.delete(watcher)
  if (watchers?.size === 0) all.delete(key)
}
