// Who may be written to: the `rcpt` handler says, or without one the role. Never an open relay: what is judged is the
// domain of the parsed path, so that `%`, `!`, source routes and quoted local parts lead nowhere.
import { usageError } from '../../base/errors.ts'
import type { HandlerAnswer } from '../../base/handler-watch.ts'
import type { Envelope, RcptParams } from '../envelope.ts'
import { type Reply, reply } from '../wire/reply.ts'
import { askRecipient, RCPT_HANDLER, type RcptHandler, WELCOME } from './ask-recipient.ts'
import type { SessionCore } from './core.ts'
import { asAnswer } from './verdicts.ts'

const NO_RELAY = reply(550, '5.7.1', 'No mail is relayed here')

export class RecipientPolicy {
  readonly #core: SessionCore
  #handler: RcptHandler | null = null
  #refused = 0

  constructor(core: SessionCore) {
    this.#core = core
  }

  /** Throws `EUSAGE` for what is no function, and when there is a handler already. */
  setHandler(handler: RcptHandler): void {
    if (typeof handler !== 'function') throw usageError(`the handler '${RCPT_HANDLER}' must be a function`)
    if (this.#handler) throw usageError(`the handler '${RCPT_HANDLER}' is registered already: one answers`)
    this.#handler = handler
  }

  /** More recipients have been refused than one message may have: who tries one name after another is looking for names. */
  get exhausted(): boolean {
    return this.#refused > this.#core.limits.recipients
  }

  /** A message has come in: its sender is no prober. */
  forgive(): void {
    this.#refused = 0
  }

  judge(
    envelope: Envelope,
    recipient: { readonly address: string; readonly domain: string },
    params: RcptParams,
  ): Reply | Promise<Reply> {
    const isLocal = recipient.domain === '' || this.#isLocal(recipient.domain)
    if (!this.#handler) {
      return this.#count(this.#core.facts.role === 'submission' || isLocal ? WELCOME : NO_RELAY)
    }
    const tell = this.#core.options.watchHandlers?.({
      name: RCPT_HANDLER,
      args: [recipient.address, params],
    })
    const verdict = askRecipient({
      handler: this.#handler,
      address: recipient.address,
      params,
      facts: {
        from: envelope.from,
        mailParams: envelope.params,
        isLocal,
        username: this.#core.facts.username,
        remoteAddress: this.#core.remoteAddress,
      },
      clock: this.#core.clock,
      timeoutMs: this.#core.limits.handlerTime,
      onFailure: error => this.#core.failed("the 'rcpt' handler failed", error),
    })
    if (!(verdict instanceof Promise)) return this.#count(verdict, tell)
    return verdict.then(answer => this.#count(answer, tell))
  }

  #count(verdict: Reply, tell?: (answer: HandlerAnswer) => void): Reply {
    tell?.(asAnswer(verdict))
    if (verdict.code >= 500) this.#refused++
    return verdict
  }

  #isLocal(domain: string): boolean {
    try {
      return this.#core.options.isLocalDomain?.(domain) === true
    } catch (error) {
      this.#core.failed('isLocalDomain failed', error)
      return false
    }
  }
}
