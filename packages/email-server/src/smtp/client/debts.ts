// What the server owes: replies in the order of what was said (RFC 2920 §3.1: they are told apart by counting alone), each with
// its time.
import { MailError } from '../../base/errors.ts'
import type { SessionClock } from '../../base/session-clock.ts'
import type { SmtpReply } from '../wire/reply-reader.ts'

const REPLY: unique symbol = Symbol('reply')

/** A reply that is owed to us. */
export interface Debt {
  /** What it answers, for errors: `RCPT TO`. */
  readonly command: string
  /** How long it may take once everything before it has come, ms; null: it is not due yet, and an early one ends the session. */
  time: number | null
  /** It has come. */
  readonly take: (reply: SmtpReply) => void
  /** It will not come. */
  readonly fail: (error: MailError) => void
}

export class Debts {
  readonly #clock: SessionClock
  readonly #onLate: (error: MailError) => void
  #owed: Debt[] = []
  #armedFor: Debt | null = null

  /** `onLate`: the first reply has not come in its time. */
  constructor(clock: SessionClock, onLate: (error: MailError) => void) {
    this.#clock = clock
    this.#onLate = onLate
  }

  get none(): boolean {
    return this.#owed.length === 0
  }

  /** What comes next; null: nothing. */
  get first(): Debt | null {
    return this.#owed[0] ?? null
  }

  add(debt: Debt): void {
    this.#owed.push(debt)
    if (this.#owed.length === 1) this.arm()
  }

  /** The first reply has come. `arm` when all that has come has been paid. */
  pay(reply: SmtpReply): void {
    this.#owed.shift()?.take(reply)
  }

  /** The time for a reply begins when all before it have come. */
  arm(): void {
    const first = this.#owed[0] ?? null
    if (first === this.#armedFor) return
    this.#armedFor = null
    // a deadline that nobody needs any more is let pass: to take it away and set it again costs more, for every message
    if (!first || first.time === null) return
    this.#armedFor = first
    this.#clock.set(REPLY, first.time, () => {
      if (this.#armedFor !== first) return
      const { command, time } = first
      this.#onLate(new MailError('ETIMEDOUT', `no reply to ${command} within ${time} ms`, { command }))
    })
  }

  /** No reply will come any more. */
  cancel(error: MailError): void {
    for (const { fail } of this.#owed.splice(0)) fail(error)
  }
}
