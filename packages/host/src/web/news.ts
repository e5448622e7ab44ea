// What happens in the accounts and sessions, for those who wait: pages (events) and programs (waitFor). Accounts are watched from the first that asks on.
import type { MailboxAccess, Store } from '@email-server/store'
import type { FolderNews } from 'email-server/mailbox'
import type { WebEvents } from './api-types.ts'
import { EventHub } from './event-stream.ts'
import type { Failures } from './failures.ts'
import type { SessionLog } from './session-log.ts'

/** Sessions change with each line: they are told together, ms. */
const GATHERED_MS = 40

export interface NewsSources {
  readonly store: Store
  readonly log: SessionLog
  readonly failures: Failures
}

type MailNews = WebEvents['mail']

interface WatchedAccount {
  readonly access: MailboxAccess
  readonly begun: Promise<unknown>
}

export class News {
  readonly hub: EventHub = new EventHub()
  readonly #sources: NewsSources
  readonly #accounts = new Map<string, WatchedAccount>()
  readonly #listeners = new Set<(news: MailNews) => void>()
  readonly #changedSessions = new Set<number>()
  readonly #unwatch: () => void
  #timer: NodeJS.Timeout | null = null

  constructor(sources: NewsSources) {
    this.#sources = sources
    this.#unwatch = sources.log.watch(id => this.#sessionChanged(id))
  }

  /** Watches every account that there is, and resolves when that has begun. Cheap when all are watched already. */
  async watchAccounts(): Promise<void> {
    const users = await this.#sources.store.users()
    await Promise.all(users.map(({ address }) => this.#watch(address)))
  }

  async #watch(address: string): Promise<void> {
    let watched = this.#accounts.get(address)
    if (!watched) {
      const access = this.#sources.store.openMailbox(address, undefined, {
        onFolderNews: news => this.#mail(address, news),
      })
      watched = { access, begun: Promise.resolve(access.handlers.watchFolders!(true, {})) }
      this.#accounts.set(address, watched)
    }
    try {
      await watched.begun
    } catch (error) {
      // who asks next tries again
      if (this.#accounts.get(address) === watched) this.#accounts.delete(address)
      watched.access.close()
      throw error
    }
  }

  /** Hears of mail until the answered function is called. */
  onMail(listener: (news: MailNews) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  failuresChanged(): void {
    this.hub.send('failures', this.#sources.failures.list())
  }

  close(): void {
    this.#unwatch()
    if (this.#timer) clearTimeout(this.#timer)
    for (const { access } of this.#accounts.values()) access.close()
    this.#accounts.clear()
    this.hub.close()
  }

  #mail(account: string, { kind, folder }: FolderNews): void {
    const isMail = kind === 'new' || kind === 'gone' || kind === 'flags'
    const news: MailNews = { account, folder, kind: isMail ? kind : 'folders' }
    this.hub.send('mail', news)
    for (const listener of [...this.#listeners]) listener(news)
  }

  #sessionChanged(id: number): void {
    if (this.hub.isEmpty) return
    this.#changedSessions.add(id)
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      this.#tellSessions()
    }, GATHERED_MS)
  }

  #tellSessions(): void {
    const { log } = this.#sources
    const changed = [...this.#changedSessions]
    this.#changedSessions.clear()
    const views = changed.flatMap(id => log.view(id) ?? [])
    this.hub.send('sessions', views)
    for (const stream of this.hub.streams) {
      if (stream.session === null || !changed.includes(stream.session)) continue
      const lines = log.transcript(stream.session, stream.sentLine)?.lines ?? []
      if (lines.length === 0) continue
      stream.sentLine = lines.at(-1)!.n
      stream.send('lines', { session: stream.session, lines })
    }
  }
}
