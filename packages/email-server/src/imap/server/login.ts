// Authentication of a session: the question to the `auth` listeners, what failures cost, and the mailbox session that
// success opens (RFC 3501 §6.2).

import type { Limits } from '../../base/limits.ts'
import type { SessionClock } from '../../base/session-clock.ts'
import { MailboxSession } from '../../mailbox/index.ts'
import { type AuthInfo, type AuthVerdict, askAuth, type Credentials } from '../../sasl/index.ts'

export interface LoginPort {
  readonly clock: SessionClock
  readonly limits: Limits
  readonly remoteAddress: string
  readonly isTLS: boolean
  readonly over: boolean
  dispatch(info: AuthInfo, onError: (error: unknown) => void): boolean
  failed(message: string, error: unknown): void
  /** Makes the driver say what time it is: a handler may have taken long. */
  wake(): void
  /** The backend is attached now. */
  opened(mailbox: MailboxSession): void
  /** That was one failure too many. */
  exhausted(): void
}

export class Login {
  readonly #port: LoginPort
  #failures = 0

  constructor(port: LoginPort) {
    this.#port = port
  }

  async authenticate(credentials: Credentials): Promise<AuthVerdict> {
    const port = this.#port
    const { clock, limits, remoteAddress, isTLS } = port
    const verdict = await askAuth({
      protocol: 'imap',
      credentials,
      remoteAddress,
      isTLS,
      clock,
      timeoutMs: limits.handlerTime,
      dispatch: (info, onError) => port.dispatch(info, onError),
      onFailure: error => port.failed("the 'auth' listener failed", error),
    })
    if (port.over) return verdict
    if (!verdict.ok) {
      if (!verdict.temporary) await this.failure()
      return verdict
    }
    port.opened(
      new MailboxSession({
        protocol: 'imap',
        username: verdict.username,
        remoteAddress,
        isTLS,
        clock,
        handlerTimeoutMs: limits.handlerTime,
        onFailure: (name, error) => port.failed(`the mailbox handler '${name}' failed`, error),
      }),
    )
    return verdict
  }

  /** A failed attempt waits for its answer, and counts. */
  async failure(): Promise<void> {
    const { clock, limits } = this.#port
    this.#failures++
    this.#port.wake()
    await clock.sleep(limits.authFailureDelay)
    if (this.#failures >= limits.authFailures) this.#port.exhausted()
  }
}
