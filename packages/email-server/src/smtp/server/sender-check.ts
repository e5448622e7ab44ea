// Who sent this? The check of each message of a session, while it comes in. Who checks is given from outside: the session only says when a
// message begins, what it is, and when it ends.
import { MailError } from '../../base/errors.ts'
import type { Limits } from '../../base/limits.ts'
import type { SessionClock } from '../../base/session-clock.ts'
import type { MessageVerdict } from '../../trust/index.ts'
import type { Envelope } from '../envelope.ts'
import { envelopeOf, helloOf, type SmtpState } from '../state.ts'
import { type Reply, reply } from '../wire/reply.ts'
import type { CheckMessage, MailCheck } from './mail-auth.ts'
import { OUR_FAULT } from './verdicts.ts'

/** Who has so many fields can hide among them those that nobody has looked at. */
const HEADER_TOO_BIG = reply(552, '5.3.4', 'Header too big')
const LATE: unique symbol = Symbol('check')

/** What the check needs of its session. */
export interface SenderCheckPort {
  readonly options: { readonly checkMessage?: CheckMessage }
  readonly limits: Limits
  readonly clock: SessionClock
  readonly remoteAddress: string
  failed(message: string, error: unknown): void
}

/** The check of the message at hand: begun with its envelope, given up with it. */
export class SenderCheck {
  readonly #port: SenderCheckPort
  #envelope: Envelope | null = null
  #check: MailCheck | null = null
  #failure: { readonly error: unknown } | null = null

  constructor(port: SenderCheckPort) {
    this.#port = port
  }

  /** To be told of every state. */
  follow(next: SmtpState): void {
    const envelope = envelopeOf(next)
    if (envelope === this.#envelope) return
    this.#end()
    this.#envelope = envelope
    const { checkMessage } = this.#port.options
    const hello = helloOf(next)
    if (!checkMessage || envelope === null || hello === null) return
    const origin = { ip: this.#port.remoteAddress, helo: hello.name, sender: envelope.from }
    this.#guard(() => {
      this.#check = checkMessage(origin)
    })
  }

  push(piece: Uint8Array): void {
    const check = this.#check
    if (check && !this.#failure) this.#guard(() => check.push(piece))
  }

  /** The message is whole. Null: it is not checked. The promise never rejects; a reply refuses the message. */
  finish(): Promise<MessageVerdict | Reply> | null {
    if (this.#failure) return Promise.resolve(this.#fail(this.#failure.error))
    const check = this.#check
    if (!check) return null
    const { clock, limits } = this.#port
    return new Promise(resolve => {
      const settle = (answer: MessageVerdict | Reply): void => {
        clock.clear(LATE)
        resolve(answer)
      }
      // a check keeps its time by itself; one that does not must not hold the session
      clock.set(LATE, 2 * limits.authTime, () => {
        settle(this.#fail(new MailError('EHANDLER', `no verdict after ${2 * limits.authTime} ms`)))
      })
      // async, so that one that throws fails like one that rejects
      const asked = async (): Promise<MessageVerdict> => check.finish()
      asked().then(
        verdict => settle(verdict.headerCut ? HEADER_TOO_BIG : verdict),
        error => settle(this.#fail(error)),
      )
    })
  }

  #end(): void {
    const check = this.#check
    this.#check = null
    if (check) this.#guard(() => check.abandon())
    this.#failure = null
  }

  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#failure = { error }
    }
  }

  #fail(error: unknown): Reply {
    this.#port.failed('the check of the sender failed', error)
    return OUR_FAULT
  }
}
