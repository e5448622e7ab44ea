// Failures by script: what the SMTP server answers instead of its own replies, for as many times as was said.
import type { FaultyReply } from 'email-server/testing'
import type { FailureView } from './api-types.ts'

/** What may be answered: `CONNECT` is the greeting, `.` the end of a message. */
export const FAILING_COMMANDS: readonly string[] = [
  ...['CONNECT', 'EHLO', 'HELO', 'STARTTLS', 'AUTH', 'MAIL', 'RCPT', 'DATA', 'BDAT', '.'],
  ...['RSET', 'NOOP', 'VRFY', 'QUIT'],
]
export const MOST_FAILURES = 50
const MOST_TIMES = 1_000_000
const LONGEST_REPLY = 400

interface Failure {
  readonly id: number
  readonly command: string
  readonly reply: string
  left: number
  given: number
}

/** What is wrong with a script; the message is for the person who wrote it. */
export class BadFailure extends Error {}

export class Failures {
  readonly #onChange: () => void
  #failures: Failure[] = []
  #last = 0

  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  /** `times`: default always. `reply` `reset` breaks the connection. Throws BadFailure. */
  add(command: string, reply: string, times: number = Number.POSITIVE_INFINITY): FailureView {
    const verb = command.toUpperCase()
    if (!FAILING_COMMANDS.includes(verb)) {
      throw new BadFailure(`command is one of ${FAILING_COMMANDS.join(', ')}`)
    }
    // RFC 5321 §4.2: three digits, a blank, text; what is no ASCII or has a line break would be another reply
    if (reply !== 'reset' && !/^[245][0-5]\d [\x20-\x7e]+$/.test(reply)) {
      throw new BadFailure('reply is a line such as "451 4.2.0 Later", or "reset"')
    }
    if (verb === '.' && !/^[45]/.test(reply)) throw new BadFailure('a message is refused by 4xx or 5xx')
    if (reply.length > LONGEST_REPLY) throw new BadFailure(`reply has at most ${LONGEST_REPLY} characters`)
    if (
      times !== Number.POSITIVE_INFINITY &&
      !(Number.isInteger(times) && times > 0 && times <= MOST_TIMES)
    ) {
      throw new BadFailure(`times is a whole number from 1 to ${MOST_TIMES}`)
    }
    if (this.#failures.length >= MOST_FAILURES) throw new BadFailure(`there are ${MOST_FAILURES} already`)
    const failure = { id: ++this.#last, command: verb, reply, left: times, given: 0 }
    this.#failures.push(failure)
    this.#onChange()
    return viewOf(failure)
  }

  /** The reply to this command, from the oldest script that names it; null: the server answers. */
  take(command: string): FaultyReply | null {
    const failure = this.#failures.find(each => each.command === command && each.left > 0)
    if (!failure) return null
    failure.left--
    failure.given++
    this.#onChange()
    return failure.reply === 'reset' ? { reply: '', reset: true } : { reply: failure.reply }
  }

  /** In the order in which they count; those that are used up are listed too. */
  list(): FailureView[] {
    return this.#failures.map(viewOf)
  }

  /** False when there is none of this number. */
  remove(id: number): boolean {
    const count = this.#failures.length
    this.#failures = this.#failures.filter(failure => failure.id !== id)
    if (this.#failures.length === count) return false
    this.#onChange()
    return true
  }

  clear(): void {
    this.#failures = []
    this.#onChange()
  }
}

function viewOf({ id, command, reply, left, given }: Failure): FailureView {
  return { id, command, reply, left: left === Number.POSITIVE_INFINITY ? null : left, given }
}
