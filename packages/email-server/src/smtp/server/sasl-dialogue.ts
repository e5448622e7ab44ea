// The SASL exchange of one session (RFC 4954 §4): lines of base64, the question to the `auth` listeners, failures counted.
import { hasLineBreak } from '../../base/bytes.ts'
import type { Emitter } from '../../base/emitter.ts'
import { usageError } from '../../base/errors.ts'
import {
  type AuthFailure,
  type AuthOutcome,
  type AuthVerdict,
  askAuth,
  type Credentials,
  type NegotiationPort,
  negotiate,
  type SaslMechanism,
} from '../../sasl/index.ts'
import { type Reply, reply } from '../wire/reply.ts'
import type { SessionCore } from './core.ts'
import type { SmtpServerEvents } from './events.ts'

const WELCOME = reply(235, '2.7.0', 'Authenticated')
const CANCELLED = reply(501, '5.7.0', 'Authentication cancelled')
const TRY_LATER = reply(454, '4.7.0', 'Temporary authentication failure')

export class SaslDialogue {
  readonly #core: SessionCore
  readonly #events: Emitter<SmtpServerEvents>
  readonly #onSuccess: (username: string) => void
  readonly #port: NegotiationPort
  #failures = 0
  /** Lets the session go on reading; set while something else than the client is waited for. */
  #release: ((then: () => void) => void) | null = null
  /** Who waits for the client's next line. */
  #lineWanted: ((line: Uint8Array) => void) | null = null

  constructor(core: SessionCore, events: Emitter<SmtpServerEvents>, onSuccess: (username: string) => void) {
    this.#core = core
    this.#events = events
    this.#onSuccess = onSuccess
    this.#port = {
      challenge: text => this.#challenge(text),
      ask: credentials => this.#ask(credentials),
      penalty: credentials => this.#penalty(credentials),
    }
  }

  /** As many failures as one session may have. */
  get exhausted(): boolean {
    return this.#failures >= this.#core.limits.authFailures
  }

  /** Begins with the client's initial response; null when it sent none. */
  begin(mechanism: SaslMechanism, initial: Uint8Array | null): void {
    const { facts, options, state } = this.#core
    if (state.kind !== 'ready') throw usageError('AUTH out of place')
    const exchange = mechanism.startServer(facts.auth.context(facts.tls, facts.hostname, options.random))
    this.#core.enter({ kind: 'sasl', hello: state.hello })
    this.#release = this.#core.hold()
    negotiate(exchange, initial, this.#port).then(
      outcome => this.#end(outcome),
      error => {
        this.#core.failed('an AUTH exchange failed', error)
        this.#end({ kind: 'unavailable' })
      },
    )
  }

  readLine(line: Uint8Array): void {
    this.#release = this.#core.hold()
    const give = this.#lineWanted
    this.#lineWanted = null
    give?.(line)
  }

  #challenge(text: string): Promise<Uint8Array> {
    return new Promise(resolve => {
      this.#release?.(() => {
        this.#core.say(reply(334, null, text))
        this.#lineWanted = resolve
      })
    })
  }

  #ask(credentials: Credentials): Promise<AuthVerdict> {
    const { clock, limits, facts } = this.#core
    return askAuth({
      protocol: 'smtp',
      credentials,
      remoteAddress: this.#core.remoteAddress,
      tls: facts.tls,
      clock,
      timeoutMs: limits.handlerTime,
      dispatch: (info, onError) => this.#events.dispatch('auth', [info], onError),
      onFailure: error => this.#core.failed("a listener of 'auth' failed", error),
      watch: this.#core.options.watchHandlers,
    })
  }

  /** Guessing costs time. */
  async #penalty({ authMethod, username }: Credentials): Promise<void> {
    const { clock, limits, remoteAddress } = this.#core
    this.#failures++
    const failure: AuthFailure = {
      protocol: 'smtp',
      authMethod,
      username,
      remoteAddress,
      delayMs: limits.authFailureDelay,
    }
    this.#events.emit('authFailed', failure)
    await clock.sleep(failure.delayMs)
  }

  #end(outcome: AuthOutcome): void {
    this.#release?.(() => {
      const { state } = this.#core
      if (state.kind !== 'sasl') return
      if (outcome.kind === 'accepted') this.#onSuccess(outcome.username)
      this.#core.enter({ kind: 'ready', hello: state.hello })
      this.#core.answer(told(outcome))
    })
  }
}

function told(outcome: AuthOutcome): Reply | null {
  switch (outcome.kind) {
    case 'accepted':
      return WELCOME
    case 'refused':
      return refused(outcome.message)
    case 'unavailable':
      return TRY_LATER
    case 'cancelled':
      return CANCELLED
    case 'malformed':
      return reply(501, '5.5.2', outcome.reason)
    case 'gone':
      return null
  }
}

function refused(message: string | null): Reply {
  const usable = message !== null && message !== '' && !hasLineBreak(message)
  return reply(535, '5.7.8', usable ? message : 'Authentication credentials invalid')
}
