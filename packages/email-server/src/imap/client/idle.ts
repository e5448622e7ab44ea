// IDLE (RFC 2177): waiting for news, as long as it is wanted. It is renewed in time, and makes room for other commands by itself.
import { MailError } from '../../base/errors.ts'
import type { Limits } from '../../base/limits.ts'
import type { OutputQueue } from '../../base/output-queue.ts'
import type { SessionClock } from '../../base/session-clock.ts'
import type { Command } from './core.ts'
import { missing, protocolError } from './faults.ts'

const RENEW: unique symbol = Symbol('renew')

interface Waiter {
  readonly resolve: () => void
  readonly reject: (error: MailError) => void
}

export interface IdlePort {
  readonly limits: Limits
  readonly clock: SessionClock
  readonly output: OutputQueue
  /** Why the session is over; null: it is not. */
  readonly over: MailError | null
  has(capability: string): boolean
  /** Nothing is under way or waits, and commands may be said. */
  readonly free: boolean
  /** Commands that wait. */
  readonly queued: number
  send(command: Command<void>): Promise<void>
}

export class Idle {
  readonly #port: IdlePort
  #state: 'no' | 'wanted' | 'asked' | 'idling' | 'leaving' = 'no'
  #beginning: Waiter[] = []
  #ending: (() => void)[] = []

  constructor(port: IdlePort) {
    this.#port = port
  }

  /** Resolves when the server waits with us. */
  begin(): Promise<void> {
    const { over } = this.#port
    if (over) return Promise.reject(over)
    if (!this.#port.has('IDLE') && !this.#port.has('IMAP4REV2')) return Promise.reject(missing('IDLE'))
    if (this.#state === 'idling') return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#beginning.push({ resolve, reject })
      if (this.#state === 'no') this.#state = 'wanted'
      this.changed()
    })
  }

  /** Resolves when the server has taken note that nobody waits any more. */
  finish(): Promise<void> {
    for (const { reject } of this.#beginning.splice(0))
      reject(new MailError('EABORT', 'done came before IDLE had begun'))
    if (this.#state === 'wanted') this.#state = 'no'
    if (this.#state === 'no' || this.#port.over) return Promise.resolve()
    return new Promise(resolve => {
      this.#ending.push(resolve)
      this.#leave()
    })
  }

  /** Somebody wants the connection, or nobody does any more. */
  changed(): void {
    if (this.#state === 'wanted' && this.#port.free) this.#ask()
    else if (this.#state === 'idling' && this.#port.queued > 0) this.#leave()
  }

  end(error: MailError): void {
    this.#state = 'no'
    for (const { reject } of this.#beginning.splice(0)) reject(error)
    for (const done of this.#ending.splice(0)) done()
  }

  #ask(): void {
    this.#state = 'asked'
    this.#port
      .send({
        name: 'IDLE',
        alone: true,
        time: Number.POSITIVE_INFINITY,
        continued: () => this.#begun(),
        done: () => {},
      })
      .then(
        () => this.#ended(null),
        error => this.#ended(error as MailError),
      )
  }

  #begun(): string | null {
    if (this.#state !== 'asked' && this.#state !== 'leaving')
      throw protocolError('the server says "+" twice to IDLE')
    const leaves = this.#state === 'leaving' || this.#port.queued > 0
    this.#state = leaves ? 'leaving' : 'idling'
    for (const { resolve } of this.#beginning.splice(0)) resolve()
    if (leaves) return 'DONE'
    this.#port.clock.set(RENEW, this.#port.limits.imapIdleRenewal, () => this.#leave())
    return null
  }

  #leave(): void {
    if (this.#state === 'idling') this.#port.output.write('DONE\r\n')
    if (this.#state === 'idling' || this.#state === 'asked') this.#state = 'leaving'
    this.#port.clock.clear(RENEW)
  }

  #ended(error: MailError | null): void {
    const finished = this.#ending.splice(0)
    this.#state = finished.length > 0 || error ? 'no' : 'wanted'
    for (const done of finished) done()
    if (error) for (const { reject } of this.#beginning.splice(0)) reject(error)
    this.changed()
  }
}
