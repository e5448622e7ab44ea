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

/** @param change null: something may have happened that was not told */
type NamesWatcher = (change: NamesChange | null, origin: Watcher | null) => void

/** Messages of a folder of which it is remembered what was told of their flags. */
export const FLAGS_KEPT = 20_000

/** Other processes that have the same database open (changes-of-others.ts). */
export interface Others {
  /** Somebody watches this folder now. */
  watched(folderId: number): void
  /** Nobody does any more. */
  unwatched(folderId: number): void
  /** Who watches has seen it as it was at this mod-sequence. */
  known(folderId: number, modseq: number, uidNext: number): void
  /** We have changed it. */
  changed(folderId: number): void
  namesChanged(accountId: number, change: NamesChange): void
  /** Were these flags, or later ones, told already? If not, they are told now. */
  isLate(folderId: number, uid: number, modseq: number): boolean
}

export class ChangeFeed {
  readonly #watchers = new Map<number, Set<Watcher>>()
  /** By account. */
  readonly #namesWatchers = new Map<number, Set<NamesWatcher>>()
  readonly #onError: (error: unknown) => void
  /** Null: there are none. */
  others: Others | null = null

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  watch(folderId: number, watcher: Watcher): void {
    if (!this.#watchers.has(folderId)) this.others?.watched(folderId)
    add(this.#watchers, folderId, watcher)
  }

  /** Who watches this folder has seen it as it was at this mod-sequence: what comes after it is news. */
  known(folderId: number, modseq: number, uidNext: number): void {
    this.others?.known(folderId, modseq, uidNext)
  }

  unwatch(folderId: number, watcher: Watcher): void {
    remove(this.#watchers, folderId, watcher)
    if (!this.#watchers.has(folderId)) this.others?.unwatched(folderId)
  }

  watchNames(accountId: number, watcher: NamesWatcher): void {
    add(this.#namesWatchers, accountId, watcher)
  }

  unwatchNames(accountId: number, watcher: NamesWatcher): void {
    remove(this.#namesWatchers, accountId, watcher)
  }

  /** The folders of an account have changed. */
  publishNames(accountId: number, change: NamesChange, origin: Watcher | null): void {
    this.others?.namesChanged(accountId, change)
    for (const watcher of this.#namesWatchers.get(accountId) ?? []) this.#tellNames(watcher, change, origin)
  }

  /** Another process has changed them. */
  namesHeard(accountId: number, change: NamesChange): void {
    for (const watcher of this.#namesWatchers.get(accountId) ?? []) this.#tellNames(watcher, change, null)
  }

  /** Others may have changed folders of any account. */
  lookAtNames(): void {
    for (const watchers of this.#namesWatchers.values()) {
      for (const watcher of watchers) this.#tellNames(watcher, null, null)
    }
  }

  #tellNames(watcher: NamesWatcher, change: NamesChange | null, origin: Watcher | null): void {
    try {
      watcher(change, origin)
    } catch (error) {
      this.#onError(error)
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
    this.others?.changed(change.folderId)
    this.#tell(change, origin)
  }

  /** Another process has made the change. */
  heard(change: Change): void {
    this.#tell(change, null)
  }

  #tell(told: Change, origin: Watcher | null): void {
    const change = this.#inTime(told)
    if (!change) return
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

  /** Where several write at a time, what was done later may be told first: then nothing is left to tell of the earlier. */
  #inTime(change: Change): Change | null {
    const { others } = this
    if (!others || change.kind !== 'flags') return change
    const messages = change.messages.filter(
      ({ id, modseq }) => modseq === undefined || !others.isLate(change.folderId, id as number, modseq),
    )
    return messages.length > 0 ? { ...change, messages } : null
  }
}

interface ListedFolder {
  readonly id: number
  readonly name: string
  readonly highest_modseq: number
  readonly uid_next: number
}

/** All folders of an account, watched for one session (RFC 5465); what the session does itself is no news to it. */
export class FolderWatch {
  readonly #feed: ChangeFeed
  readonly #self: Watcher
  readonly #tell: (news: FolderNews) => void
  /** Of each watched folder how it is called. */
  readonly #names = new Map<number, string>()
  #accountId: number | null = null
  #list: () => Promise<readonly ListedFolder[]> = async () => []

  constructor(feed: ChangeFeed, self: Watcher, tell: (news: FolderNews) => void) {
    this.#feed = feed
    this.#self = self
    this.#tell = tell
  }

  /** Folders that are made meanwhile are heard of: the list may be older than that. */
  async start(accountId: number, list: () => Promise<readonly ListedFolder[]>): Promise<void> {
    if (this.#accountId !== null) return
    this.#accountId = accountId
    this.#list = list
    this.#feed.watchNames(accountId, this.#namesChanged)
    for (const folder of await list()) {
      if (this.#accountId === null || this.#names.has(folder.id)) continue
      this.#add(folder.id, folder.name)
      this.#feed.known(folder.id, folder.highest_modseq, folder.uid_next)
    }
  }

  /** Finds out what has happened to the folders without being told. */
  async #look(): Promise<void> {
    const old = new Map(this.#names)
    const now = await this.#list()
    if (this.#accountId === null) return
    for (const { id, name } of now) {
      const from = old.get(id)
      old.delete(id)
      if (from === undefined && !this.#names.has(id)) {
        this.#namesChanged({ news: { kind: 'created', folder: name }, folderId: id }, null)
      } else if (from !== undefined && from !== name && this.#names.get(id) === from) {
        this.#names.set(id, name)
        this.#tell({ kind: 'renamed', folder: name, from })
      }
    }
    for (const [id, folder] of old) {
      if (this.#names.has(id)) this.#namesChanged({ news: { kind: 'deleted', folder }, folderId: id }, null)
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

  readonly #namesChanged: NamesWatcher = (change, origin) => {
    if (!change) {
      this.#look().catch(() => {}) // the database fails, and whoever works with it is told
      return
    }
    const { news, folderId } = change
    const { kind, folder } = news
    if (kind === 'deleted') {
      this.#feed.unwatch(folderId, this.#changed)
      this.#names.delete(folderId)
    } else if (kind === 'renamed') this.#rename(news.from, folder)
    // INBOX stays when it is renamed: what has its messages then is a new folder
    if ((kind === 'created' || kind === 'renamed') && !this.#names.has(folderId)) {
      this.#add(folderId, folder)
      // as it was when it was made
      this.#feed.known(folderId, 1, 1)
    }
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
