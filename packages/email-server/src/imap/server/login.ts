// Authentication of a session: the question to the `auth` listeners, what failures cost, and the mailbox session that
// success opens (RFC 3501 §6.2).
import { MailboxSession } from '../../mailbox/index.ts'
import { type AuthVerdict, askAuth, type Credentials } from '../../sasl/index.ts'
import type { Core } from './core.ts'

export class Login {
  readonly #core: Core
  #failures = 0

  constructor(core: Core) {
    this.#core = core
  }

  async authenticate(credentials: Credentials): Promise<AuthVerdict> {
    const { clock, limits, remoteAddress, port, tlsActive } = this.#core
    const verdict = await askAuth({
      protocol: 'imap',
      credentials,
      remoteAddress,
      isTLS: tlsActive,
      clock,
      timeoutMs: limits.handlerTime,
      dispatch: (info, onError) => port.dispatchAuth(info, onError),
      onFailure: error => port.failed("the 'auth' listener failed", error),
    })
    if (this.#core.over) return verdict
    if (!verdict.ok) {
      if (!verdict.temporary) await this.failure()
      return verdict
    }
    port.opened(
      new MailboxSession({
        protocol: 'imap',
        username: verdict.username,
        remoteAddress,
        isTLS: tlsActive,
        clock,
        handlerTimeoutMs: limits.handlerTime,
        onFailure: (name, error) => port.failed(`the mailbox handler '${name}' failed`, error),
      }),
    )
    return verdict
  }

  /** A failed attempt waits for its answer, and counts. */
  async failure(): Promise<void> {
    const { clock, limits, port } = this.#core
    this.#failures++
    // a handler may have taken long: the wait counts from now
    port.wake()
    await clock.sleep(limits.authFailureDelay)
    if (this.#failures < limits.authFailures) return
    this.#core.afterwards = () => port.bye('Too many failed logins', 'AUTHENTICATIONFAILED', 'EAUTH')
  }
}
