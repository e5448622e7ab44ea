// The change feed: who has a folder open hears of what was committed in it. Watchers are found by folder, so that a change
// costs what its own watchers cost, however many sessions there are.
import type { ChangedFlags } from 'email-server/mailbox'

export type Change =
  | { readonly kind: 'exists'; readonly folderId: number; readonly total: number }
  | { readonly kind: 'vanished'; readonly folderId: number; readonly uids: readonly number[] }
  | { readonly kind: 'flags'; readonly folderId: number; readonly messages: readonly ChangedFlags[] }

export type Watcher = (change: Change) => void

export class ChangeFeed {
  readonly #watchers = new Map<number, Set<Watcher>>()
  readonly #onError: (error: unknown) => void

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  watch(folderId: number, watcher: Watcher): void {
    const watchers = this.#watchers.get(folderId)
    if (watchers) watchers.add(watcher)
    else this.#watchers.set(folderId, new Set([watcher]))
  }

  unwatch(folderId: number, watcher: Watcher): void {
    const watchers = this.#watchers.get(folderId)
    watchers?.delete(watcher)
    if (watchers?.size === 0) this.#watchers.delete(folderId)
  }

  /**
   * Tells the watchers of the folder. Who made the change (`origin`) is not told of flags and removals, which his own
   * command reports, but he is of new messages.
   */
  publish(change: Change, origin: Watcher | null): void {
    for (const watcher of this.#watchers.get(change.folderId) ?? []) {
      if (watcher === origin && change.kind !== 'exists') continue
      try {
        watcher(change)
      } catch (error) {
        // one session that fails must not keep the news from the others
        this.#onError(error)
      }
    }
  }
}
