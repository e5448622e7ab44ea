// Authentication of a session: the question to the `auth` listeners, what failures cost, and the mailbox session that
// success opens (RFC 3501 §6.2).
import { MailboxSession } from '../../mailbox/index.ts'
import {
  type AuthFailure,
  type AuthOutcome,
  askAuth,
  type Credentials,
  judge,
  type NegotiationPort,
  negotiate,
  type SaslMechanism,
} from '../../sasl/index.ts'
import type { Core } from './core.ts'

export class Login {
  readonly #core: Core
  #failures = 0

  constructor(core: Core) {
    this.#core = core
  }

  /** A name and a password, as LOGIN has them. */
  async signIn(credentials: Credentials): Promise<AuthOutcome> {
    return this.#open(
      await judge(
        credentials,
        this.#port(() => Promise.resolve(null)),
      ),
    )
  }

  /** A mechanism, with the client's initial response; null: it has sent none. */
  async authenticate(
    mechanism: SaslMechanism,
    initial: Uint8Array | null,
    challenge: NegotiationPort['challenge'],
  ): Promise<AuthOutcome> {
    const { auth, tls, hostname, random } = this.#core
    const exchange = mechanism.startServer(auth.context(tls, hostname, random))
    const outcome = await negotiate(exchange, initial, this.#port(challenge))
    if (outcome.kind === 'malformed' && !this.#core.over)
      await this.#failure(this.#core.limits.authFailureDelay)
    return this.#open(outcome)
  }

  #port(challenge: NegotiationPort['challenge']): NegotiationPort {
    const { clock, limits, remoteAddress, port, tls } = this.#core
    return {
      challenge: async text => (this.#core.over ? null : challenge(text)),
      ask: credentials =>
        askAuth({
          protocol: 'imap',
          credentials,
          remoteAddress,
          tls,
          clock,
          timeoutMs: limits.handlerTime,
          dispatch: (info, onError) => port.dispatchAuth(info, onError),
          onFailure: error => port.failed("the 'auth' listener failed", error),
          watch: this.#core.watchHandlers,
        }),
      penalty: async ({ authMethod, username }) => {
        if (this.#core.over) return
        const failure: AuthFailure = {
          protocol: 'imap',
          authMethod,
          username,
          remoteAddress,
          delayMs: limits.authFailureDelay,
        }
        port.authFailed(failure)
        await this.#failure(failure.delayMs)
      },
    }
  }

  #open(outcome: AuthOutcome): AuthOutcome {
    const { clock, limits, remoteAddress, port, tlsActive } = this.#core
    if (this.#core.over) return { kind: 'gone' }
    if (outcome.kind !== 'accepted') return outcome
    port.opened(
      new MailboxSession({
        protocol: 'imap',
        username: outcome.username,
        remoteAddress,
        isTLS: tlsActive,
        clock,
        handlerTimeoutMs: limits.handlerTime,
        onFailure: (name, error) => port.failed(`the mailbox handler '${name}' failed`, error),
        watch: this.#core.watchHandlers,
      }),
    )
    return outcome
  }

  /** A failed attempt waits for its answer, and counts. */
  async #failure(delayMs: number): Promise<void> {
    const { clock, limits, port } = this.#core
    this.#failures++
    // a handler may have taken long: the wait counts from now
    port.wake()
    await clock.sleep(delayMs)
    if (this.#failures < limits.authFailures) return
    this.#core.afterwards = () => port.bye('Too many failed logins', 'AUTHENTICATIONFAILED', 'EAUTH')
  }
}
