// What the server owes: replies in the order of what was said (RFC 2920 §3.1: they are told apart by counting alone), each with
// its time.
import { MailError } from '../../base/errors.ts'
import type { SessionClock } from '../../base/session-clock.ts'
import type { SmtpReply } from '../wire/reply-reader.ts'
import type { Owed } from './core.ts'

const REPLY: unique symbol = Symbol('reply')

interface Debt extends Owed {
  time: number | null
  readonly resolve: (reply: SmtpReply) => void
  readonly reject: (error: MailError) => void
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
  get first(): Owed | null {
    return this.#owed[0] ?? null
  }

  add(command: string, time: number | null): Owed {
    const debt = makeDebt(command, time)
    this.#owed.push(debt)
    this.arm()
    return debt
  }

  due(owed: Owed, time: number): void {
    ;(owed as Debt).time = time
    this.arm()
  }

  /** The first reply has come. `arm` when all that has come has been paid. */
  pay(reply: SmtpReply): void {
    this.#owed.shift()?.resolve(reply)
  }

  /** The time for a reply begins when all before it have come. */
  arm(): void {
    const [first] = this.#owed
    if (!first || first.time === null) {
      this.#armedFor = null
      this.#clock.clear(REPLY)
      return
    }
    if (first === this.#armedFor) return
    this.#armedFor = first
    const { command, time } = first
    this.#clock.set(REPLY, time, () =>
      this.#onLate(new MailError('ETIMEDOUT', `no reply to ${command} within ${time} ms`, { command })),
    )
  }

  /** No reply will come any more. */
  cancel(error: MailError): void {
    for (const debt of this.#owed.splice(0)) debt.reject(error)
  }
}

/** A reply that will never come. */
export function unpayable(command: string, error: MailError): Owed {
  const debt = makeDebt(command, null)
  debt.reject(error)
  return debt
}

function makeDebt(command: string, time: number | null): Debt {
  let resolve!: (reply: SmtpReply) => void
  let reject!: (error: MailError) => void
  const reply = new Promise<SmtpReply>((yes, no) => {
    resolve = yes
    reject = no
  })
  // whoever has given up waiting need not hear of it
  reply.catch(() => {})
  return { command, time, reply, resolve, reject }
}
