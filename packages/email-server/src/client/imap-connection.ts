// A connection to an IMAP server that is there as long as it is wanted: every command of a session, locks on mailboxes, and what changes.
import { type Callback, settle } from '../base/callback.ts'
import type { DrivenClient } from '../base/drive-client.ts'
import { MailError } from '../base/errors.ts'
import type { Runtime, Timer, TlsInfo } from '../base/runtime.ts'
import {
  type ClientCore,
  type ImapClientSession,
  ImapCommands,
  type ImapNews,
  type MailboxInfo,
  mailboxName,
  type SelectOptions,
} from '../imap/index.ts'
import { Link, type ReconnectPolicy } from './imap-link.ts'
import { type LockOptions, Locks, type MailboxLock } from './imap-locks.ts'
import { type MailboxChange, Watch } from './imap-watch.ts'

export type ImapConnectionEvents = ImapNews & {
  /** The connection is lost; a new one is tried for unless `close` follows. */
  disconnect: [error: MailError]
  /** There is a new one, and the mailbox that was open is open again. */
  reconnect: []
  /** It is over; null: it was closed. */
  close: [error: MailError | null]
}

declare const OFFERED: unique symbol

/** What a server has been found to offer, for functions that want it said: `function newest(imap: ImapConnection & Offering<'SORT'>)`. */
export interface Offering<C extends string> {
  readonly [OFFERED]?: { readonly [K in C]: true }
}

export interface ImapConnectionPort {
  readonly runtime: Runtime
  readonly policy: ReconnectPolicy | null
  readonly keepAlive: number
  readonly pollInterval: number
  /** Connects, logs in, and switches on what is wanted. */
  open(): Promise<DrivenClient<ImapClientSession>>
}

export interface ChangesOptions {
  /** Ends the iteration; `next` rejects with EABORT. */
  readonly signal?: AbortSignal
}

/**
 * A command that is under way when the connection is lost rejects with ECONNECTION: nobody knows what has become of it. One that is asked
 * for while there is no connection waits for the next attempt.
 */
export class ImapConnection extends ImapCommands<ImapConnectionEvents> {
  readonly #port: ImapConnectionPort
  readonly #link: Link
  readonly #locks: Locks
  readonly #watch = new Watch()
  #timer: Timer | null = null
  /** The mailbox that was open when the connection was lost. */
  #last: MailboxInfo | null = null
  /** On the way to the mailbox that is watched. */
  #returning = false

  /** For `connectIMAP`. */
  constructor(port: ImapConnectionPort, driven: DrivenClient<ImapClientSession>) {
    super()
    this.#port = port
    this.#locks = new Locks(this.#makeLocksPort())
    this.#follow(driven.session)
    this.#link = new Link(
      {
        runtime: port.runtime,
        policy: port.policy,
        open: () => this.#reopen(),
        lost: (session, error) => {
          this.#last = session.mailbox
          this.emit('disconnect', error)
        },
        restored: () => {
          this.emit('reconnect')
          this.#arm()
          this.#settle()
        },
        over: error => this.#over(error),
      },
      driven,
    )
    this.#arm()
  }

  /** The session at this moment; null while there is none. A new one follows after a reconnect. */
  get session(): ImapClientSession | null {
    return this.#link.current
  }

  /** What the server offers, as it wrote it; empty while there is no connection. */
  get capability(): readonly string[] {
    return this.#link.current?.capability ?? []
  }

  get tls(): TlsInfo | null {
    return this.#link.current?.tls ?? null
  }

  /** The open mailbox as it is at this moment; null: none is. */
  get mailbox(): MailboxInfo | null {
    return this.#link.current?.mailbox ?? null
  }

  /** Does the server offer this? Letter case does not matter. */
  has(capability: string): boolean {
    return this.#link.current?.has(capability) ?? false
  }

  /** Throws ECONFIG that names what the server does not offer; else gives the connection, and its type says what it can. */
  require<C extends string>(...capabilities: readonly C[]): this & Offering<C> {
    const missing = capabilities.filter(each => !this.has(each))
    if (missing.length > 0) throw new MailError('ECONFIG', `the server does not offer ${missing.join(', ')}`)
    return this
  }

  /**
   * Waits until no other task has a mailbox, then opens this one, and keeps it for whoever has the lock.
   *
   *     const lock = await imap.lock('INBOX')
   *     try { await imap.store(uids, 'Seen', '+') } finally { lock.release() }
   *
   * Rejects with what `select` rejects with, and with EABORT.
   */
  lock(folder: string, options?: LockOptions): Promise<MailboxLock> {
    return this.#locks.lock(mailboxName(folder), options ?? {})
  }

  /**
   * What changes in a mailbox from now on, until the loop is left: it survives lost connections and other tasks' locks, and tells then what
   * has been missed (by QRESYNC; by `reset` where the server has none). A change may be told twice then. One mailbox at a time.
   * Throws EUSAGE when another one is being watched; ends with what has ended the connection.
   */
  changes(folder = 'INBOX', options: ChangesOptions = {}): AsyncIterableIterator<MailboxChange> {
    const feed = this.#watch.changes(mailboxName(folder), options.signal, () => this.#rest())
    if (this.#link.over) this.#watch.end(new MailError('ECONNECTION', 'the connection has been closed'))
    else this.#settle()
    return feed
  }

  /** Says LOGOUT, and ends. Never rejects. */
  override logout(): Promise<void>
  override logout(callback: Callback<void>): void
  override logout(callback?: Callback<void>): Promise<void> | undefined {
    return settle(this.#link.close(), callback)
  }

  /** Cuts the connection; what is under way rejects with ECONNECTION. */
  destroy(): void {
    this.#link.destroy()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.logout()
  }

  override async core(): Promise<ClientCore> {
    return (await this.#link.session()).core()
  }

  protected override onListenerError(error: unknown, name: string | number | symbol): void {
    this.#port.runtime.warn(`a listener of '${String(name)}' failed`, error)
  }

  #follow(session: ImapClientSession): void {
    session.on('exists', (total, previous) => this.emit('exists', total, previous))
    session.on('expunge', (seq, uid) => this.emit('expunge', seq, uid))
    session.on('vanished', (uids, earlier) => this.emit('vanished', uids, earlier))
    session.on('flags', change => this.emit('flags', change))
    session.on('recent', count => this.emit('recent', count))
    session.on('alert', text => this.emit('alert', text))
    session.on('bye', text => this.emit('bye', text))
    session.once('close', () => this.#watch.leave(session.mailbox))
    this.#watch.follow(session)
  }

  /** A new session in which the mailbox is open that was open, if it is still the same. */
  async #reopen(): Promise<DrivenClient<ImapClientSession>> {
    const driven = await this.#port.open()
    this.#follow(driven.session)
    if (this.#last) await this.#restore(driven.session, this.#last)
    return driven
  }

  async #restore(session: ImapClientSession, { name, readOnly, uidValidity }: MailboxInfo): Promise<void> {
    try {
      await this.#select(session, name, readOnly)
      // numbers that somebody holds would mean other messages
      if (session.mailbox?.uidValidity !== uidValidity) await session.unselect()
    } catch (error) {
      if (session.state === 'closed') throw error
    }
  }

  async #select(session: ImapClientSession, name: string, readOnly: boolean): Promise<void> {
    this.#watch.leave(session.mailbox)
    const mark = name === this.#watch.folder && session.has('QRESYNC') ? this.#watch.mark : null
    const options: SelectOptions = mark ? { qresync: mark } : {}
    const info = readOnly ? await session.examine(name, options) : await session.select(name, options)
    this.#watch.cameBack(info)
  }

  #makeLocksPort(): ConstructorParameters<typeof Locks>[0] {
    const connection = this
    return {
      get mailbox() {
        return connection.mailbox
      },
      open: async (folder, readOnly) => {
        const session = await this.#link.session()
        const { mailbox } = session
        if (mailbox?.name === folder && mailbox.readOnly === readOnly) return
        await this.#select(session, folder, readOnly)
      },
      free: () => this.#settle(),
    }
  }

  /** Nobody needs a mailbox: back to the one that is watched. */
  #settle(): void {
    const { folder } = this.#watch
    if (folder === null || this.#link.over) return
    this.#arm()
    if (this.mailbox?.name === folder) this.#waitForNews()
    else if (!this.#locks.taken && !this.#returning) void this.#return(folder)
  }

  async #return(folder: string): Promise<void> {
    this.#returning = true
    try {
      const lock = await this.#locks.lock(folder, {})
      this.#returning = false
      lock.release()
    } catch (error) {
      this.#returning = false
      // after a lost connection `reconnect` comes here again
      if (this.#link.current) this.#watch.end(error as MailError)
    }
  }

  #waitForNews(): void {
    const session = this.#link.current
    if (session && hasIdle(session)) session.idle().catch(() => {})
  }

  /** Nobody watches any more. */
  #rest(): void {
    void this.#link.current?.done()
    this.#arm()
  }

  /** Now and then something must be said: that we are here, or to hear what is new where the server does not tell by itself. */
  #arm(): void {
    this.#timer?.cancel()
    this.#timer = null
    if (this.#link.over) return
    const { runtime, keepAlive, pollInterval } = this.#port
    const session = this.#link.current
    const watches = this.#watch.folder !== null
    // IDLE is renewed by itself
    if (watches && session && hasIdle(session)) return
    const wait = watches ? pollInterval : keepAlive
    if (wait === 0) return
    this.#timer = runtime.setTimer(wait, () => {
      this.#link.current?.noop().catch(() => {})
      this.#arm()
    })
  }

  #over(error: MailError | null): void {
    this.#timer?.cancel()
    const why = error ?? new MailError('ECONNECTION', 'the connection has been closed')
    this.#locks.end(why)
    this.#watch.end(error)
    this.emit('close', error)
  }
}

function hasIdle(session: ImapClientSession): boolean {
  return session.has('IDLE') || session.has('IMAP4REV2')
}
