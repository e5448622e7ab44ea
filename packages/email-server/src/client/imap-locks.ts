// One task at a time has a mailbox: nobody else opens another one meanwhile.
import { MailError } from '../base/errors.ts'
import type { MailboxInfo } from '../imap/index.ts'

export interface LockOptions {
  /** Opens it by EXAMINE: nothing in it can be changed. Default false. */
  readonly readOnly?: boolean
  /** Gives up waiting; rejects with EABORT. */
  readonly signal?: AbortSignal
}

/** A mailbox that is open, and stays so until `release()`. */
export interface MailboxLock {
  /** As it is at this moment; null when the connection has been lost and the mailbox is not what it was. */
  readonly mailbox: MailboxInfo | null
  /** Lets the next one have its turn. Safe to call twice. */
  release(): void
  [Symbol.dispose](): void
}

export interface LocksPort {
  readonly mailbox: MailboxInfo | null
  /** Opens it, if it is not open. */
  open(folder: string, readOnly: boolean): Promise<void>
  /** Nobody has a lock or wants one. */
  free(): void
}

interface Turn {
  begin(): void
  fail(error: MailError): void
}

export class Locks {
  readonly #port: LocksPort
  #queue: Turn[] = []
  #taken = false
  #over: MailError | null = null

  constructor(port: LocksPort) {
    this.#port = port
  }

  get taken(): boolean {
    return this.#taken || this.#queue.length > 0
  }

  async lock(folder: string, { readOnly = false, signal }: LockOptions): Promise<MailboxLock> {
    await this.#turn(signal)
    try {
      await this.#port.open(folder, readOnly)
      if (signal?.aborted) throw aborted(signal)
    } catch (error) {
      this.#next()
      throw error
    }
    return this.#held(folder)
  }

  end(error: MailError): void {
    this.#over = error
    for (const turn of this.#queue.splice(0)) turn.fail(error)
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    if (this.#over) return Promise.reject(this.#over)
    if (signal?.aborted) return Promise.reject(aborted(signal))
    if (!this.#taken) {
      this.#taken = true
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const settled = (): void => signal?.removeEventListener('abort', give)
      const turn: Turn = {
        begin() {
          settled()
          resolve()
        },
        fail(error) {
          settled()
          reject(error)
        },
      }
      const give = (): void => {
        this.#queue = this.#queue.filter(other => other !== turn)
        turn.fail(aborted(signal!))
      }
      signal?.addEventListener('abort', give, { once: true })
      this.#queue.push(turn)
    })
  }

  #next(): void {
    const turn = this.#queue.shift()
    if (turn) {
      turn.begin()
      return
    }
    this.#taken = false
    this.#port.free()
  }

  #held(folder: string): MailboxLock {
    const port = this.#port
    const validity = port.mailbox?.uidValidity
    let released = false
    const release = (): void => {
      if (released) return
      released = true
      this.#next()
    }
    return {
      get mailbox() {
        const { mailbox } = port
        return mailbox?.name === folder && mailbox.uidValidity === validity ? mailbox : null
      },
      release,
      [Symbol.dispose]: release,
    }
  }
}

function aborted(signal: AbortSignal): MailError {
  return new MailError('EABORT', 'waiting for the mailbox was aborted', { cause: signal.reason })
}
