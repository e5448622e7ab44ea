// Who sent this? The port through which the messages of a session are checked (SPF, DKIM, DMARC, …) while they come in, and what of it a
// `mail` listener sees. Who checks is given from outside: the session only says when a message begins, what it is, and when it ends.
import { MailError } from '../../base/errors.ts'
import type { MessageOrigin, MessageVerdict } from '../../trust/index.ts'
import type { Envelope } from '../envelope.ts'
import { envelopeOf, helloOf, type SmtpState } from '../state.ts'
import { type Reply, reply } from '../wire/reply.ts'
import type { SessionCore } from './core.ts'
import { OUR_FAULT } from './verdicts.ts'

/** The check of one message; `MessageCheck` of `trust/` is one. */
export interface MailCheck {
  /** The message as it comes, dots unstuffed; whatever may be thrown counts as a failure of `finish`. */
  push(bytes: Uint8Array): void
  /** The message is whole. A rejection is a failure of ours: the client hears 451. */
  finish(): Promise<MessageVerdict>
  /** Nobody wants to know any more. May be called at any time, also after `finish`. */
  abandon(): void
}

/** Begins the check of a message, at MAIL; null: this one is not checked. */
export type CheckMessage = (origin: MessageOrigin) => MailCheck | null

/** What was found out about the sender, in the words of RFC 8601 §2.7; null: not checked. Nothing was done about it. */
export interface MailAuth {
  /** That of the best signature: `pass`, `fail`, `neutral`, `policy`, `temperror`, `permerror`, or `none` when there is no signature. */
  readonly dkim: string | null
  /** `pass`, `fail`, `softfail`, `neutral`, `none`, `temperror` or `permerror`. */
  readonly spf: string | null
  /** `pass`, `fail`, `none` (no policy) or `temperror`. */
  readonly dmarc: string | null
  /** Reverse DNS: `pass` (a name of the address has the address), `fail`, `permerror` (it has no name) or `temperror`. */
  readonly rdns: string | null
  /** What the domain of the From field asks to do with mail that fails: `none`, `quarantine` or `reject`; null without a policy. */
  readonly dmarcPolicy: string | null
  /** The chain of those who have forwarded it (RFC 8617): `pass`, `fail`, or `none` when there is no chain. */
  readonly arc: string | null
  /** All that is behind it, with the reasons. */
  readonly details: MailAuthDetails | null
}

/** Each result whole; `results` is what Authentication-Results says, as `arcSeal` wants it. */
export type MailAuthDetails = Pick<MessageVerdict, 'spf' | 'rdns' | 'dkim' | 'dmarc' | 'arc' | 'results'>

export const NOT_CHECKED: MailAuth = {
  dkim: null,
  spf: null,
  dmarc: null,
  rdns: null,
  dmarcPolicy: null,
  arc: null,
  details: null,
}

export function mailAuth({ spf, rdns, dkim, dmarc, arc, results }: MessageVerdict): MailAuth {
  return {
    dkim: dkim.result,
    spf: spf.result,
    dmarc: dmarc.result,
    rdns: rdns.result,
    dmarcPolicy: dmarc.policy,
    arc: arc.result,
    details: { spf, rdns, dkim, dmarc, arc, results },
  }
}

/** Who has so many fields can hide among them those that nobody has looked at. */
const HEADER_TOO_BIG = reply(552, '5.3.4', 'Header too big')
const LATE: unique symbol = Symbol('check')

/** The check of the message at hand: begun with its envelope, given up with it. */
export class SenderCheck {
  readonly #core: SessionCore
  #envelope: Envelope | null = null
  #check: MailCheck | null = null
  #failure: { readonly error: unknown } | null = null

  constructor(core: SessionCore) {
    this.#core = core
  }

  /** To be told of every state. */
  follow(next: SmtpState): void {
    const envelope = envelopeOf(next)
    if (envelope === this.#envelope) return
    this.#end()
    this.#envelope = envelope
    const { checkMessage } = this.#core.options
    const hello = helloOf(next)
    if (!checkMessage || envelope === null || hello === null) return
    const origin = { ip: this.#core.remoteAddress, helo: hello.name, sender: envelope.from }
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
    const { clock, limits } = this.#core
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
    this.#core.failed('the check of the sender failed', error)
    return OUR_FAULT
  }
}
