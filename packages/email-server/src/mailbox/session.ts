// A mailbox session as the backend sees it: the same for IMAP and POP3. It holds the handlers, asks them, and takes the
// backend's news (`notify…`), which the protocol session delivers at the first moment its standard allows.
import { type AsyncHandler, type CallbackHandler, Door } from '../base/ask.ts'
import { Emitter } from '../base/emitter.ts'
import { describe, MailError, usageError } from '../base/errors.ts'
import type { HandlerWatch } from '../base/handler-watch.ts'
import type { SessionClock } from '../base/session-clock.ts'
import {
  type BodyResponder,
  MAILBOX_HANDLER_NAMES,
  type MailboxCallbackHandlers,
  type MailboxContract,
  type MailboxHandlerName,
  type MailboxHandlers,
  type MessageBody,
  type Supply,
} from './contract.ts'
import { cleanFlag, isFlag } from './flags.ts'

/** Something that happened in the open folder, told by the backend. */
export type MailboxNews =
  | { readonly kind: 'exists'; readonly total: number }
  | { readonly kind: 'recent'; readonly count: number }
  | { readonly kind: 'expunge'; readonly sequence: number }
  | { readonly kind: 'vanished'; readonly uids: readonly number[] }
  | {
      readonly kind: 'flags'
      readonly uid: number
      readonly flags: readonly string[]
      readonly modseq: number | null
    }

/** Something that others have done to one of the user's folders, whether it is open or not (RFC 5465 §5). */
export type FolderNews =
  /** Messages have come, or gone; flags have changed. Of the open folder `notifyExists` and the like tell. */
  | { readonly kind: 'new' | 'gone' | 'flags'; readonly folder: string }
  /** There is such a folder now, or no longer; it has been subscribed or unsubscribed. */
  | { readonly kind: 'created' | 'deleted' | 'subscription'; readonly folder: string }
  /** The folder `from` is called `folder` now, and those below it have moved along; of them nothing is told. */
  | { readonly kind: 'renamed'; readonly folder: string; readonly from: string }
  /** Entries have changed (RFC 5464): of a folder, or ('') of the server. */
  | { readonly kind: 'metadata'; readonly folder: string; readonly entries: readonly string[] }

const FOLDER_NEWS: readonly string[] = [
  'new',
  'gone',
  'flags',
  'created',
  'deleted',
  'subscription',
  'renamed',
  'metadata',
] satisfies FolderNews['kind'][]

export interface MailboxSessionOptions {
  readonly protocol: 'imap' | 'pop3'
  readonly username: string
  readonly remoteAddress: string
  readonly isTLS: boolean
  readonly clock: SessionClock
  readonly handlerTimeoutMs: number
  /** Hears of handlers that fail. */
  readonly onFailure: (name: string, error: unknown) => void
  /** Hears of every question and its answer. */
  readonly watch?: HandlerWatch | undefined
}

type SessionEvents = { close: [] }

/** One for all sessions. */
const NOTHING = (): void => {}

export class MailboxSession {
  readonly protocol: 'imap' | 'pop3'
  readonly username: string
  readonly remoteAddress: string
  readonly isTLS: boolean
  /** The open folder, null when there is none. */
  currentFolder: string | null = null
  /** Set by the protocol session: takes the news. */
  onNews: (news: MailboxNews) => void = NOTHING
  /** Set by the protocol session: takes news of all folders. */
  onFolderNews: (news: FolderNews) => void = NOTHING
  /** Set by the protocol session: says goodbye. */
  onEnd: (text: string) => void = NOTHING

  readonly #door: Door<MailboxContract>
  readonly #events = new Emitter<SessionEvents>()
  #supplies: readonly Supply[] = []
  readonly #onFailure: (name: string, error: unknown) => void
  #warned: readonly string[] = []

  constructor(options: MailboxSessionOptions) {
    this.protocol = options.protocol
    this.username = options.username
    this.remoteAddress = options.remoteAddress
    this.isTLS = options.isTLS
    this.#onFailure = options.onFailure
    this.#door = new Door<MailboxContract>({
      names: MAILBOX_HANDLER_NAMES,
      clock: options.clock,
      timeoutMs: options.handlerTimeoutMs,
      onFailure: options.onFailure,
      watch: options.watch,
    })
  }

  /** Registers a handler in callback style, or a listener of `close`. Throws `EUSAGE` for unknown or doubled names. */
  on(name: 'close', listener: () => unknown): this
  on<K extends MailboxHandlerName>(name: K, handler: MailboxCallbackHandlers[K]): this
  on(name: string, handler: unknown): this {
    if (typeof handler !== 'function') throw usageError(`the handler ${describe(name)} must be a function`)
    if (name === 'close') {
      this.#events.on('close', handler as () => unknown)
    } else if (name === 'messageBody') {
      this.#door.register(name, 'callback', withResponder(handler as MailboxCallbackHandlers['messageBody']))
    } else {
      const key = name as Exclude<MailboxHandlerName, 'messageBody'>
      this.#door.register(key, 'callback', handler as CallbackHandler<MailboxContract[typeof key]>)
    }
    return this
  }

  /**
   * Registers handlers in promise style; the names and arguments are those of `on`, without the callback.
   * @param options.supplies data items that the handlers promise to deliver, which opens the extensions that need them
   */
  use(handlers: MailboxHandlers, options: { readonly supplies?: readonly Supply[] } = {}): this {
    for (const [name, handler] of Object.entries(handlers)) {
      if (handler === undefined) continue
      const key = name as MailboxHandlerName
      this.#door.register(key, 'async', handler as AsyncHandler<MailboxContract[typeof key]>)
    }
    if (options.supplies) this.#supplies = [...this.#supplies, ...options.supplies]
    return this
  }

  /** Is there a handler of this name? */
  handles(name: MailboxHandlerName): boolean {
    return this.#door.has(name)
  }

  /** Has the backend promised this item? */
  supplies(item: Supply): boolean {
    return this.#supplies.includes(item)
  }

  /** Asks a handler; see `Door.ask` for how it can fail. For the protocol sessions. */
  ask<K extends MailboxHandlerName>(
    name: K,
    args: MailboxContract[K]['args'],
    context: MailboxContract[K]['context'],
  ): Promise<MailboxContract[K]['result']> {
    return this.#door.ask(name, args, context)
  }

  /** Tells the log once in a session that a backend does something harmless that it need not do. */
  warnOnce(name: string, message: string): void {
    if (this.#warned.includes(name)) return
    this.#warned = [...this.#warned, name]
    this.#onFailure(name, new MailError('EHANDLER', message))
  }

  /** The open folder now has so many messages: new ones have come in. */
  notifyExists(total: number): void {
    this.onNews({ kind: 'exists', total: count(total, 'total') })
  }

  notifyRecent(recent: number): void {
    this.onNews({ kind: 'recent', count: count(recent, 'recent') })
  }

  /** The message of this sequence number is gone; `notifyVanished` needs no knowledge of the session's numbering. */
  notifyExpunge(sequence: number): void {
    this.onNews({ kind: 'expunge', sequence: positive(sequence, 'sequence') })
  }

  /** The messages of these UIDs are gone: the way to announce removal. */
  notifyVanished(uids: number | readonly number[]): void {
    const list = typeof uids === 'number' ? [uids] : [...uids]
    for (const uid of list) positive(uid, 'uid')
    this.onNews({ kind: 'vanished', uids: list })
  }

  /** The flags of a message have changed. The sequence number may be null: the UID says which message it is. */
  notifyFlags(_sequence: number | null, uid: number, flags: readonly string[], modseq?: number): void {
    const clean = flags.map(flag => cleanFlag(String(flag)))
    for (const flag of clean) if (!isFlag(flag)) throw usageError(`${describe(flag)} can't be a flag`)
    this.onNews({ kind: 'flags', uid: positive(uid, 'uid'), flags: clean, modseq: modseq ?? null })
  }

  /**
   * Others have done something to one of the user's folders: for backends with `watchFolders`, while that is on. Not of what
   * this session does itself. Throws `EUSAGE` for what is no news.
   */
  notifyFolder(news: FolderNews): void {
    const { kind, folder } = news
    if (!FOLDER_NEWS.includes(kind)) throw usageError(`${describe(kind)} is no news of a folder`)
    const names = news.kind === 'renamed' ? [folder, news.from] : news.kind === 'metadata' ? news.entries : []
    for (const name of [folder, ...names])
      if (typeof name !== 'string') throw usageError(`${describe(name)} is not a name`)
    const entries = news.kind === 'metadata' ? news.entries : []
    for (const entry of entries)
      if (/[^ -~]/.test(entry)) throw usageError(`${describe(entry)} can't be a metadata entry`)
    this.onFolderNews(news)
  }

  /**
   * The client is to go: its account was removed, switched off. It hears `text` as soon as the command at hand is answered, and the connection
   * closes. Throws `EUSAGE` for a text that is no line of printable ASCII.
   */
  end(text = 'The session has been ended'): void {
    if (!/^[ -~]{1,200}$/.test(text)) throw usageError(`${describe(text)} can't be said to a client`)
    this.onEnd(text)
  }

  /** The session is over; called once by the protocol session. */
  closed(): void {
    this.#door.close()
    this.onNews = NOTHING
    this.onFolderNews = NOTHING
    this.onEnd = NOTHING
    this.#events.emit('close')
  }
}

function withResponder(
  handler: MailboxCallbackHandlers['messageBody'],
): CallbackHandler<MailboxContract['messageBody']> {
  return (id, callback) => {
    const responder: BodyResponder = {
      send: (body: MessageBody) => callback(null, body),
      error: (error: unknown) => callback(error ?? new Error('no message')),
    }
    return handler(id, responder)
  }
}

function count(value: number, name: string): number {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw usageError(`${name} must be a whole number, not ${describe(value)}`)
  }
  return value
}

function positive(value: number, name: string): number {
  if (value === 0) throw usageError(`${name} must be 1 or more`)
  return count(value, name)
}
