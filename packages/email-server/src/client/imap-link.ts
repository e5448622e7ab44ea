// A session that is made anew when its connection is lost: until it is closed, or trying again makes no sense.
import type { DrivenClient } from '../base/drive-client.ts'
import { MailError, type MailErrorCode } from '../base/errors.ts'
import type { Runtime, Timer } from '../base/runtime.ts'
import type { ImapClientSession } from '../imap/index.ts'

export interface ReconnectPolicy {
  /** The wait before the first attempt, ms; it doubles with each failure. Default 1,000. */
  readonly minDelay?: number
  /** Default 60,000. */
  readonly maxDelay?: number
  /** Attempts in a row that may fail, or be undone within `maxDelay`, before all is over. Default Infinity. */
  readonly attempts?: number
}

export interface LinkPort {
  readonly runtime: Runtime
  /** Null: a lost connection is the end. */
  readonly policy: ReconnectPolicy | null
  /** Connects, and makes the session ready to be used. Rejects with a MailError, with nothing left open. */
  open(): Promise<DrivenClient<ImapClientSession>>
  /** A session that has been used is gone. */
  lost(session: ImapClientSession, error: MailError): void
  /** There is a new one. */
  restored(): void
  /** There will be none any more. */
  over(error: MailError | null): void
}

/** Trying again changes nothing about these. */
const HOPELESS: ReadonlySet<MailErrorCode> = new Set(['EAUTH', 'ENOAUTH', 'ECONFIG', 'EUSAGE'])

const MAX_DELAY_MS = 60_000

export class Link {
  readonly #port: LinkPort
  #driven: DrivenClient<ImapClientSession> | null = null
  #waiting: { resolve(session: ImapClientSession): void; reject(error: MailError): void }[] = []
  #timer: Timer | null = null
  #failures = 0
  /** When this session began, ms; the first one is not to blame. */
  #since = Number.NEGATIVE_INFINITY
  #leaving = false
  #over: MailError | null = null

  /** `driven` is ready to be used. */
  constructor(port: LinkPort, driven: DrivenClient<ImapClientSession>) {
    this.#port = port
    this.#adopt(driven)
  }

  /** Null: there is none at the moment. */
  get current(): ImapClientSession | null {
    return this.#driven?.session ?? null
  }

  get over(): boolean {
    return this.#over !== null
  }

  /** The session, or the one that the next attempt makes; rejects when that fails. */
  session(): Promise<ImapClientSession> {
    if (this.#over) return Promise.reject(this.#over)
    if (this.#driven) return Promise.resolve(this.#driven.session)
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  /** Says goodbye; resolves when the connection is gone. */
  async close(): Promise<void> {
    this.#leaving = true
    const driven = this.#driven
    await driven?.session.logout()
    this.#finish(null)
    await driven?.closed
  }

  destroy(): void {
    this.#leaving = true
    this.#driven?.connection.destroy()
    this.#finish(null)
  }

  #adopt(driven: DrivenClient<ImapClientSession>): void {
    const { session } = driven
    this.#driven = driven
    session.once('close', error => this.#closed(session, error))
    for (const { resolve } of this.#waiting.splice(0)) resolve(session)
  }

  #closed(session: ImapClientSession, error: MailError | null): void {
    if (this.#driven?.session !== session) return
    this.#driven = null
    if (this.#leaving) {
      this.#finish(null)
      return
    }
    const cause = error ?? new MailError('ECONNECTION', 'the server has closed the connection')
    this.#port.lost(session, cause)
    // a server that lets us in and drops us is no better than one that does not answer
    const { maxDelay = MAX_DELAY_MS } = this.#port.policy ?? {}
    this.#failures = this.#port.runtime.now() - this.#since < maxDelay ? this.#failures + 1 : 0
    this.#again(cause)
  }

  #again(cause: MailError): void {
    const { policy, runtime } = this.#port
    if (this.#over) return
    if (
      !policy ||
      HOPELESS.has(cause.code) ||
      this.#failures >= (policy.attempts ?? Number.POSITIVE_INFINITY)
    ) {
      this.#finish(cause)
      return
    }
    const { minDelay = 1000, maxDelay = MAX_DELAY_MS } = policy
    const longest = Math.min(maxDelay, minDelay * 2 ** Math.min(this.#failures, 30))
    // not all clients of a server that has been away at the same moment
    const delay = longest * (0.5 + runtime.random(1)[0]! / 512)
    this.#timer = runtime.setTimer(delay, () => {
      this.#timer = null
      void this.#attempt()
    })
  }

  async #attempt(): Promise<void> {
    try {
      const driven = await this.#port.open()
      if (this.#over) {
        driven.connection.destroy()
        return
      }
      this.#since = this.#port.runtime.now()
      this.#adopt(driven)
      this.#port.restored()
    } catch (error) {
      const failure = error as MailError
      this.#failures++
      // they have waited long enough; whoever asks now waits for the next attempt
      for (const { reject } of this.#waiting.splice(0)) reject(failure)
      this.#again(failure)
    }
  }

  #finish(error: MailError | null): void {
    if (this.#over) return
    this.#over = error ?? new MailError('ECONNECTION', 'the connection has been closed')
    this.#timer?.cancel()
    this.#driven = null
    for (const { reject } of this.#waiting.splice(0)) reject(this.#over)
    this.#port.over(error)
  }
}
