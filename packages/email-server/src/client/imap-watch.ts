// What changes in one mailbox, for as long as somebody wants to know: told by IDLE (or by asking now and then), and caught up with whenever the
// mailbox has been out of sight, because the connection was lost or somebody needed another one.
import { MailError, usageError } from '../base/errors.ts'
import type { ClosedRange } from '../base/ranges.ts'
import type { FlagChange, ImapClientSession, MailboxInfo, SelectedInfo } from '../imap/index.ts'

/**
 * `exists`: there are more messages. `expunge`: one is gone (0: not told). `vanished`: these UIDs are gone, or have never been there.
 * `flags`: of one message. `reset`: more has changed than can be told; what is known of the mailbox must be read anew.
 */
export type MailboxChange =
  | { readonly kind: 'exists'; readonly total: number; readonly previous: number }
  | { readonly kind: 'expunge'; readonly seq: number; readonly uid: number }
  | { readonly kind: 'vanished'; readonly uids: readonly ClosedRange[] }
  | ({ readonly kind: 'flags' } & FlagChange)
  | { readonly kind: 'reset'; readonly total: number }

/** Changes that wait for one who iterates; beyond, they become one `reset`. */
const MOST_WAITING = 10_000

interface Reader {
  push(change: MailboxChange): void
  end(error: MailError | null): void
}

export class Watch {
  readonly #readers = new Set<Reader>()
  #folder: string | null = null
  /** The mailbox when it was last in sight. */
  #seen: MailboxInfo | null = null

  /** Null: nobody wants to know. */
  get folder(): string | null {
    return this.#folder
  }

  /** With `open`: what is asked of the server to hear what has been missed; null: nothing is known from before. */
  get mark(): { readonly uidValidity: number; readonly modseq: bigint } | null {
    const { uidValidity = 0, highestModseq = null } = this.#seen ?? {}
    return uidValidity > 0 && highestModseq !== null ? { uidValidity, modseq: highestModseq } : null
  }

  /** `left`: nobody is left. */
  changes(
    folder: string,
    signal: AbortSignal | undefined,
    left: () => void,
  ): AsyncIterableIterator<MailboxChange> {
    if (this.#folder !== null && this.#folder !== folder)
      throw usageError(
        `the changes of ${this.#folder} are being watched; another mailbox needs another connection`,
      )
    this.#folder = folder
    const feed = new ChangeFeed(() => {
      this.#readers.delete(feed)
      signal?.removeEventListener('abort', abort)
      if (this.#readers.size > 0) return
      this.#folder = null
      this.#seen = null
      left()
    })
    const abort = (): void =>
      feed.end(new MailError('EABORT', 'watching was aborted', { cause: signal!.reason }))
    this.#readers.add(feed)
    if (signal?.aborted) abort()
    else signal?.addEventListener('abort', abort, { once: true })
    return feed
  }

  /** Hears a session as long as it lives. */
  follow(session: ImapClientSession): void {
    const tell = (change: MailboxChange): void => {
      if (session.mailbox?.name === this.#folder) this.#tell(change)
    }
    session.on('exists', (total, previous) => tell({ kind: 'exists', total, previous }))
    session.on('expunge', (seq, uid) => tell({ kind: 'expunge', seq, uid }))
    session.on('vanished', (uids, earlier) => {
      // what has gone before is told by those who ask for it
      if (!earlier) tell({ kind: 'vanished', uids })
    })
    session.on('flags', change => tell({ kind: 'flags', ...change }))
  }

  /** The mailbox goes out of sight. */
  leave(mailbox: MailboxInfo | null): void {
    if (mailbox && mailbox.name === this.#folder) this.#seen = mailbox
  }

  /** It is in sight again: whoever watches is told what has happened meanwhile. */
  cameBack(info: SelectedInfo): void {
    if (info.name !== this.#folder) return
    const seen = this.#seen
    this.#seen = info
    if (!seen) return
    if (!info.changes) {
      if (!isSame(seen, info)) this.#tell({ kind: 'reset', total: info.total })
      return
    }
    const { changed, vanished } = info.changes
    if (vanished.length > 0) this.#tell({ kind: 'vanished', uids: vanished })
    const isNew = changed.some(({ uid }) => seen.uidNext !== null && uid >= seen.uidNext)
    if (isNew || info.total > seen.total)
      this.#tell({ kind: 'exists', total: info.total, previous: seen.total })
    for (const { seq, uid, flags, modseq = null } of changed)
      if (flags) this.#tell({ kind: 'flags', seq, uid, flags, modseq })
  }

  end(error: MailError | null): void {
    for (const reader of [...this.#readers]) reader.end(error)
  }

  #tell(change: MailboxChange): void {
    for (const reader of this.#readers) reader.push(change)
  }
}

/** Nothing has happened, as far as a server without QRESYNC can tell. */
function isSame(before: MailboxInfo, now: MailboxInfo): boolean {
  const { uidValidity, uidNext, total, highestModseq } = now
  if (before.uidValidity !== uidValidity || before.total !== total || highestModseq === null) return false
  return before.highestModseq === highestModseq && before.uidNext === uidNext
}

class ChangeFeed implements AsyncIterableIterator<MailboxChange>, Reader {
  readonly #left: () => void
  #waiting: MailboxChange[] = []
  #wake: (() => void) | null = null
  #over = false
  #error: MailError | null = null

  constructor(left: () => void) {
    this.#left = left
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  push(change: MailboxChange): void {
    if (this.#over) return
    if (this.#waiting.length >= MOST_WAITING || change.kind === 'reset') {
      const total = 'total' in change ? change.total : lastTotal(this.#waiting)
      this.#waiting = [{ kind: 'reset', total }]
    } else this.#waiting.push(change)
    this.#signal()
  }

  end(error: MailError | null): void {
    if (this.#over) return
    this.#over = true
    this.#error = error
    this.#left()
    this.#signal()
  }

  async next(): Promise<IteratorResult<MailboxChange>> {
    for (;;) {
      const change = this.#waiting.shift()
      if (change) return { done: false, value: change }
      const error = this.#error
      this.#error = null
      if (error) throw error
      if (this.#over) return { done: true, value: undefined }
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }

  async return(): Promise<IteratorResult<MailboxChange>> {
    this.#waiting = []
    this.end(null)
    return { done: true, value: undefined }
  }

  #signal(): void {
    const wake = this.#wake
    this.#wake = null
    wake?.()
  }
}

function lastTotal(changes: readonly MailboxChange[]): number {
  for (let i = changes.length - 1; i >= 0; i--) {
    const change = changes[i]!
    if ('total' in change) return change.total
  }
  return 0
}
