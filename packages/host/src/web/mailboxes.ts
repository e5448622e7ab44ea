// The accounts' mail for the page and the API: read and removed through the store's own handlers, as any mail client does.
import type { Store } from '@email-server/store'
import { type MailboxHandlers, Refusal } from 'email-server'
import type { SearchKey } from 'email-server/mailbox'
import type {
  AccountView,
  FolderView,
  MessageList,
  MessageView,
  OutboxEntry,
  OutboxView,
} from './api-types.ts'
import { summariesOf, viewOf } from './message-view.ts'

export const MOST_LISTED = 200
/** Messages that are looked at as a whole at a time: each is in memory. */
const WHOLE_AT_A_TIME = 4
const OUTBOX = 'Outbox'
const EVERYTHING: SearchKey = { key: 'all' }

/** What is asked for is not there. */
export class NotThere extends Error {}

export interface ListQuery {
  readonly folder: string
  /** Older than this UID. */
  readonly before: number | null
  readonly limit: number
  /** Words to be found, '' for all messages. */
  readonly search: string
}

export class Mailboxes {
  readonly #store: Store
  readonly #lane: Lane = new Lane(WHOLE_AT_A_TIME)

  constructor(store: Store) {
    this.#store = store
  }

  async accounts(): Promise<AccountView[]> {
    const views: AccountView[] = []
    for (const { address } of await this.#store.users()) {
      const { unread, total } = await this.#store.mailbox(address).status!('INBOX', {
        items: ['unread', 'total'],
      })
      views.push({ address, unread, total })
    }
    return views
  }

  /** Mail first, then the rest by name. */
  async folders(account: string): Promise<FolderView[]> {
    return this.#with(account, async handlers => {
      const views: FolderView[] = []
      for (const { name, specialUse, selectable } of await handlers.folders!({})) {
        if (selectable === false) continue
        const { unread, total } = await handlers.status!(name, { items: ['unread', 'total'] })
        views.push({ name, specialUse: specialUse ?? null, unread, total })
      }
      return views
    })
  }

  async list(account: string, { folder, before, limit, search }: ListQuery): Promise<MessageList> {
    return this.#in(account, folder, async (handlers, { total, unread }) => {
      const older: SearchKey = before === null ? EVERYTHING : { key: 'uid', ranges: [[1, before - 1]] }
      const wanted = before !== null && before <= 1 ? [] : await this.#uids(handlers, older, search)
      const shown = wanted.slice(-limit).reverse()
      const messages = await summariesOf(handlers, shown)
      return { folder, total, unread, messages, next: wanted.length > limit ? (shown.at(-1) ?? null) : null }
    })
  }

  /** UIDs of messages that match, ascending. */
  async find(account: string, folder: string, criteria: SearchKey): Promise<number[]> {
    return this.#in(account, folder, async handlers => uidsOf(await handlers.search!(criteria, {})))
  }

  async message(account: string, folder: string, uid: number): Promise<MessageView> {
    return this.#in(account, folder, handlers =>
      this.#lane.run(async () => {
        const [summary] = await summariesOf(handlers, [uid])
        if (!summary) throw new NotThere('there is no such message')
        const [envelope = null] = await handlers.messageEnvelope!([uid], {})
        return viewOf(account, folder, summary, envelope, await rawOf(handlers, uid))
      }),
    )
  }

  /** Looks at the whole message. */
  async withRaw<T>(account: string, folder: string, uid: number, look: (raw: Uint8Array) => T): Promise<T> {
    return this.#in(account, folder, handlers => this.#lane.run(async () => look(await rawOf(handlers, uid))))
  }

  async setSeen(account: string, folder: string, uid: number, seen: boolean): Promise<void> {
    await this.#in(account, folder, async handlers => {
      await handlers.setFlags!([uid], ['Seen'], { mode: seen ? 'add' : 'remove', changed: ['Seen'] })
    })
  }

  /** For good. */
  async remove(account: string, folder: string, uid: number): Promise<void> {
    await this.#in(account, folder, async handlers => {
      if ((await handlers.messageMeta!([uid], {})).length === 0)
        throw new NotThere('there is no such message')
      await handlers.expunge!([uid], {})
    })
  }

  /** All messages of a folder, for good; answers how many there were. */
  async empty(account: string, folder: string): Promise<number> {
    return this.#in(account, folder, async handlers => {
      const uids = uidsOf(await handlers.search!(EVERYTHING, {}))
      if (uids.length > 0) await handlers.expunge!(uids, {})
      return uids.length
    })
  }

  /** All messages of all accounts, for good. */
  async emptyAll(): Promise<number> {
    let removed = 0
    for (const { address } of await this.#store.users()) {
      for (const { name, total } of await this.folders(address)) {
        if (total > 0) removed += await this.empty(address, name)
      }
    }
    return removed
  }

  /** What the accounts have submitted for other domains: it is kept, and goes nowhere. */
  async outbox(limit: number): Promise<OutboxView> {
    const held: OutboxEntry[] = []
    for (const { address } of await this.#store.users()) {
      if (!(await this.#store.folderNames(address)).includes(OUTBOX)) continue
      const query = { folder: OUTBOX, before: null, limit, search: '' }
      const { messages } = await this.list(address, query)
      held.push(...messages.map(message => ({ account: address, folder: OUTBOX, message })))
    }
    held.sort((a, b) => (a.message.arrived < b.message.arrived ? 1 : -1))
    return { held: held.slice(0, limit), queued: await this.#store.queue.count() }
  }

  async #uids(handlers: MailboxHandlers, among: SearchKey, search: string): Promise<number[]> {
    const words = search.split(/\s+/).filter(word => word !== '')
    const keys = [among, ...words.map((value): SearchKey => ({ key: 'text', value }))]
    return uidsOf(await handlers.search!({ key: 'and', keys }, {}))
  }

  async #in<T>(
    account: string,
    folder: string,
    work: (handlers: MailboxHandlers, opened: { total: number; unread: number }) => Promise<T>,
  ): Promise<T> {
    return this.#with(account, async handlers => {
      const { total } = await handlers.openFolder!(folder, { readOnly: true })
      const { unread } = await handlers.status!(folder, { items: ['unread'] })
      return work(handlers, { total, unread })
    })
  }

  /** The handlers of one account, for as long as the work takes. */
  async #with<T>(account: string, work: (handlers: MailboxHandlers) => Promise<T>): Promise<T> {
    const address = await this.#store.findUser(account)
    if (address === null) throw new NotThere('there is no such account')
    const access = this.#store.openMailbox(address)
    try {
      return await work(access.handlers)
    } catch (error) {
      if (error instanceof Refusal && error.code === 'NONEXISTENT')
        throw new NotThere('there is no such folder')
      throw error
    } finally {
      access.close()
    }
  }
}

/** The address as it is kept, so that news of it are recognised. */
export async function canonical(store: Store, account: string): Promise<string> {
  const address = await store.findUser(account)
  if (address === null) throw new NotThere('there is no such account')
  return address
}

function uidsOf(refs: readonly (number | { readonly uid: number })[]): number[] {
  return refs.map(ref => (typeof ref === 'number' ? ref : ref.uid))
}

async function rawOf(handlers: MailboxHandlers, uid: number): Promise<Uint8Array> {
  if ((await handlers.messageMeta!([uid], {})).length === 0) throw new NotThere('there is no such message')
  const body = await handlers.messageBody!(uid, {})
  if (body instanceof Uint8Array) return body
  if (body.stream instanceof Uint8Array) return body.stream
  const chunks: Uint8Array[] = []
  for await (const chunk of body.stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** So many at a time; the others wait for their turn. */
class Lane {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(width: number) {
    this.#free = width
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>(resolve => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free++
    }
  }
}
