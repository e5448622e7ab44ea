// The SASL exchange of one session (RFC 4954 §4): lines of base64, the question to the `auth` listeners, failures counted.
import { hasLineBreak, latin1 } from '../../base/bytes.ts'
import type { Emitter } from '../../base/emitter.ts'
import { usageError } from '../../base/errors.ts'
import {
  askAuth,
  type Credentials,
  decodeSaslBase64,
  encodeSaslBase64,
  type SaslExchange,
} from '../../sasl/index.ts'
import { type Reply, reply } from '../wire/reply.ts'
import type { SessionCore } from './core.ts'
import type { SmtpServerEvents } from './events.ts'

const WELCOME = reply(235, '2.7.0', 'Authenticated')
const CANCELLED = reply(501, '5.7.0', 'Authentication cancelled')
const NOT_BASE64 = reply(501, '5.5.2', 'Not base64')
const TRY_LATER = reply(454, '4.7.0', 'Temporary authentication failure')

export class SaslDialogue {
  readonly #core: SessionCore
  readonly #events: Emitter<SmtpServerEvents>
  readonly #onSuccess: (username: string) => void
  #failures = 0
  /** Follows the client's answer to a mechanism's last challenge, whatever that answer is. */
  #pendingRefusal: Reply | null = null

  constructor(core: SessionCore, events: Emitter<SmtpServerEvents>, onSuccess: (username: string) => void) {
    this.#core = core
    this.#events = events
    this.#onSuccess = onSuccess
  }

  /** As many failures as one session may have. */
  get exhausted(): boolean {
    return this.#failures >= this.#core.limits.authFailures
  }

  /** Begins with the client's initial response; null when it sent none. */
  begin(exchange: SaslExchange, initial: Uint8Array | null): void {
    const { state } = this.#core
    if (state.kind !== 'ready') throw usageError('AUTH out of place')
    this.#core.enter({ kind: 'sasl', hello: state.hello, exchange })
    this.#step(exchange, initial)
  }

  readLine(exchange: SaslExchange, line: Uint8Array): void {
    const text = latin1(line)
    const response = decodeSaslBase64(text)
    if (this.#pendingRefusal) this.#end(this.#pendingRefusal)
    else if (text === '*') this.#end(CANCELLED)
    else if (!response) this.#end(NOT_BASE64)
    else this.#step(exchange, response)
  }

  #step(exchange: SaslExchange, response: Uint8Array | null): void {
    const step = exchange.step(response)
    if (step.kind === 'challenge') this.#challenge(step.bytes)
    else if (step.kind === 'malformed') this.#end(reply(501, '5.5.2', step.reason))
    else if (step.kind === 'credentials') this.#judge(exchange, step.credentials)
  }

  #challenge(bytes: Uint8Array): void {
    this.#core.say(reply(334, null, encodeSaslBase64(bytes)))
    this.#core.arm()
  }

  #end(last: Reply): void {
    const { state } = this.#core
    if (state.kind !== 'sasl') return
    this.#pendingRefusal = null
    this.#core.enter({ kind: 'ready', hello: state.hello })
    this.#core.answer(last)
  }

  #judge(exchange: SaslExchange, credentials: Credentials): void {
    const { clock, limits, facts } = this.#core
    const release = this.#core.hold()
    askAuth({
      protocol: 'smtp',
      credentials,
      remoteAddress: this.#core.remoteAddress,
      isTLS: facts.tls !== null,
      clock,
      timeoutMs: limits.handlerTime,
      dispatch: (info, onError) => this.#events.dispatch('auth', [info], onError),
      onFailure: error => this.#core.failed("a listener of 'auth' failed", error),
    }).then(verdict => {
      if (verdict.ok) {
        release(() => {
          this.#onSuccess(verdict.username)
          this.#end(WELCOME)
        })
        return
      }
      if (verdict.temporary) {
        release(() => this.#end(TRY_LATER))
        return
      }
      this.#failures++
      const refusal = refused(verdict.message)
      // guessing costs time
      clock.set(Symbol('delay'), limits.authFailureDelay, () => {
        release(() => {
          const last = exchange.refusal?.()
          if (last) {
            this.#pendingRefusal = refusal
            this.#challenge(last)
          } else this.#end(refusal)
        })
      })
    })
  }
}

function refused(message: string | null): Reply {
  const usable = message !== null && message !== '' && !hasLineBreak(message)
  return reply(535, '5.7.8', usable ? message : 'Authentication credentials invalid')
}
