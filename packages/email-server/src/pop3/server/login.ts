// From credentials to an open maildrop (RFC 1939 §4): the handler's verdict, the delay and the count of failures, the
// backend's session, and the answer to all of it.
import { MailError, Refusal } from '../../base/errors.ts'
import type { Limits } from '../../base/limits.ts'
import type { OutputQueue } from '../../base/output-queue.ts'
import type { TlsInfo } from '../../base/runtime.ts'
import type { ServerSessionOptions } from '../../base/session.ts'
import type { SessionClock } from '../../base/session-clock.ts'
import { MailboxSession } from '../../mailbox/index.ts'
import {
  type AuthFailure,
  type AuthInfo,
  type AuthOutcome,
  type AuthPolicy,
  askAuth,
  type Credentials,
  judge,
  type NegotiationPort,
  negotiate,
  type SaslExchange,
  type SaslMechanism,
} from '../../sasl/index.ts'
import type { MaildropLocks } from '../locks.ts'
import { type Maildrop, openMaildrop } from '../maildrop.ts'
import type { State } from '../state.ts'
import { credentialsError, errLine, maildropError, okLine } from '../wire/reply.ts'

/** What the login needs of its session. */
export interface LoginPort {
  readonly limits: Limits
  readonly clock: SessionClock
  readonly output: OutputQueue
  readonly remoteAddress: string
  readonly tls: TlsInfo | null
  readonly hostname: string
  readonly auth: AuthPolicy
  readonly locks: MaildropLocks
  readonly options: Pick<ServerSessionOptions, 'random' | 'watchHandlers'>
  readonly closed: boolean
  /** Puts the question to the listeners of `auth`; false when there is none. */
  askListeners(info: AuthInfo, onError: (error: unknown) => void): boolean
  authFailed(failure: AuthFailure): void
  /** The client's answer to a challenge in base64; null when there will be none. */
  challenge(text: string): Promise<Uint8Array | null>
  /** Something that only a broken or hostile client says. */
  bad(text: string): void
  /** The backend may register its handlers now; null takes a session back that came to nothing. */
  setMailbox(mailbox: MailboxSession | null): void
  enter(state: State): void
  /** The user is in. */
  open(mailbox: MailboxSession, maildrop: Maildrop): void
  /** Calls `leave` when the session ends. */
  onClosed(leave: () => void): void
  failed(what: string, error: unknown): void
  end(error: MailError): void
}

export class Login {
  readonly #port: LoginPort
  readonly #negotiation: NegotiationPort
  #failures = 0

  constructor(port: LoginPort) {
    this.#port = port
    this.#negotiation = {
      challenge: async text => (port.closed ? null : port.challenge(text)),
      ask: credentials => this.#ask(credentials),
      penalty: credentials => this.#penalty(credentials),
    }
  }

  /** A name and a password, or another proof that is complete. */
  async signIn(credentials: Credentials): Promise<void> {
    return this.#finish(await judge(credentials, this.#negotiation))
  }

  /** A mechanism, with the client's initial response; null: it has sent none. */
  async authenticate(mechanism: SaslMechanism, initial: Uint8Array | null): Promise<void> {
    const { auth, tls, hostname, options } = this.#port
    return this.exchange(mechanism.startServer(auth.context(tls, hostname, options.random)), initial)
  }

  async exchange(exchange: SaslExchange, initial: Uint8Array | null): Promise<void> {
    return this.#finish(await negotiate(exchange, initial, this.#negotiation))
  }

  #ask(credentials: Credentials): ReturnType<NegotiationPort['ask']> {
    const port = this.#port
    return askAuth({
      protocol: 'pop3',
      credentials,
      remoteAddress: port.remoteAddress,
      tls: port.tls,
      clock: port.clock,
      timeoutMs: port.limits.handlerTime,
      dispatch: (info, onError) => port.askListeners(info, onError),
      onFailure: error => port.failed("the listener of 'auth'", error),
      watch: port.options.watchHandlers,
    })
  }

  async #penalty({ authMethod, username }: Credentials): Promise<void> {
    const port = this.#port
    if (port.closed) return
    this.#failures++
    const failure: AuthFailure = {
      protocol: 'pop3',
      authMethod,
      username,
      remoteAddress: port.remoteAddress,
      delayMs: port.limits.authFailureDelay,
    }
    port.authFailed(failure)
    await port.clock.sleep(failure.delayMs)
  }

  async #finish(outcome: AuthOutcome): Promise<void> {
    const port = this.#port
    if (port.closed) return
    // the attempt is over, whatever came of it: USER comes first again
    port.enter({ kind: 'authorization', username: null })
    switch (outcome.kind) {
      case 'accepted':
        return this.#open(outcome.username)
      case 'unavailable':
        // nobody could be asked: no reason to let the client guess faster
        await port.clock.sleep(port.limits.authFailureDelay)
        if (!port.closed) port.output.write(errLine('Nobody can be let in at the moment', 'SYS/TEMP'))
        return
      case 'refused':
        port.output.write(credentialsError(outcome.message))
        if (this.#failures >= port.limits.authFailures) {
          port.end(new MailError('EAUTH', 'too many failed logins'))
        }
        return
      case 'cancelled':
        port.output.write(errLine('Authentication cancelled'))
        return
      case 'malformed':
        port.bad(outcome.reason)
        return
      case 'gone':
    }
  }

  async #open(username: string): Promise<void> {
    const port = this.#port
    const leave = port.locks.enter(username, port.clock.now)
    if (typeof leave === 'string') {
      port.output.write(
        errLine(
          leave === 'IN-USE' ? 'Another session has this maildrop' : 'Too soon after the last login',
          leave,
        ),
      )
      return
    }
    const mailbox = new MailboxSession({
      protocol: 'pop3',
      username,
      remoteAddress: port.remoteAddress,
      isTLS: port.tls !== null,
      clock: port.clock,
      handlerTimeoutMs: port.limits.handlerTime,
      onFailure: (_name, error) => port.failed('a mailbox handler', error),
      watch: port.options.watchHandlers,
    })
    port.setMailbox(mailbox)
    let maildrop: Maildrop
    try {
      maildrop = await openMaildrop(mailbox)
    } catch (error) {
      leave()
      if (port.closed) return
      port.setMailbox(null)
      mailbox.closed()
      if (!(error instanceof Refusal)) port.failed('opening the maildrop', error)
      port.output.write(maildropError(error))
      return
    }
    if (port.closed) {
      leave()
      return
    }
    port.onClosed(leave)
    port.open(mailbox, maildrop)
    const { count, octets } = maildrop.total()
    port.output.write(okLine(`Maildrop has ${count} messages (${octets} octets)`))
  }
}
