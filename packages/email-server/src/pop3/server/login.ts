// From credentials to an open maildrop (RFC 1939 §4): the handler's verdict, the delay and the count of failures, the
// backend's session, and the answer to all of it.
import { MailError, Refusal } from '../../base/errors.ts'
import type { Limits } from '../../base/limits.ts'
import type { SessionClock } from '../../base/session-clock.ts'
import { MailboxSession } from '../../mailbox/index.ts'
import { type AuthInfo, askAuth, type Credentials } from '../../sasl/index.ts'
import { type Maildrop, openMaildrop } from '../maildrop.ts'
import { credentialsError, errLine, maildropError, okLine } from '../wire/reply.ts'

/** What the login needs of its session. */
export interface LoginPort {
  readonly limits: Limits
  readonly clock: SessionClock
  readonly remoteAddress: string
  readonly isTLS: boolean
  readonly closed: boolean
  /** Puts the question to the listeners of `auth`; false when there is none. */
  askListeners(info: AuthInfo, onError: (error: unknown) => void): boolean
  /** The backend may register its handlers now; null takes a session back that came to nothing. */
  setMailbox(mailbox: MailboxSession | null): void
  /** The attempt is over, whatever came of it: USER comes first again. */
  forgetUser(): void
  enter(mailbox: MailboxSession, maildrop: Maildrop): void
  write(line: string): void
  failed(what: string, error: unknown): void
  end(error: MailError): void
}

export class Login {
  readonly #port: LoginPort
  #failures = 0

  constructor(port: LoginPort) {
    this.#port = port
  }

  /** @param beforeRefusal awaited before the client hears that it may not come in */
  async signIn(credentials: Credentials, beforeRefusal?: () => Promise<void>): Promise<void> {
    const port = this.#port
    const verdict = await askAuth({
      protocol: 'pop3',
      credentials,
      remoteAddress: port.remoteAddress,
      isTLS: port.isTLS,
      clock: port.clock,
      timeoutMs: port.limits.handlerTime,
      dispatch: (info, onError) => port.askListeners(info, onError),
      onFailure: error => port.failed("the listener of 'auth'", error),
    })
    if (port.closed) return
    port.forgetUser()
    if (verdict.ok) return this.#open(verdict.username)
    await port.clock.sleep(port.limits.authFailureDelay)
    if (port.closed) return
    if (verdict.temporary) {
      port.write(errLine('Nobody can be let in at the moment', 'SYS/TEMP'))
      return
    }
    await beforeRefusal?.()
    if (port.closed) return
    port.write(credentialsError(verdict.message))
    if (++this.#failures >= port.limits.authFailures) {
      port.end(new MailError('EAUTH', 'too many failed logins'))
    }
  }

  async #open(username: string): Promise<void> {
    const port = this.#port
    const mailbox = new MailboxSession({
      protocol: 'pop3',
      username,
      remoteAddress: port.remoteAddress,
      isTLS: port.isTLS,
      clock: port.clock,
      handlerTimeoutMs: port.limits.handlerTime,
      onFailure: (_name, error) => port.failed('a mailbox handler', error),
    })
    port.setMailbox(mailbox)
    let maildrop: Maildrop
    try {
      maildrop = await openMaildrop(mailbox)
    } catch (error) {
      if (port.closed) return
      port.setMailbox(null)
      mailbox.closed()
      if (!(error instanceof Refusal)) port.failed('opening the maildrop', error)
      port.write(maildropError(error))
      return
    }
    if (port.closed) return
    port.enter(mailbox, maildrop)
    const { count, octets } = maildrop.total()
    port.write(okLine(`Maildrop has ${count} messages (${octets} octets)`))
  }
}
