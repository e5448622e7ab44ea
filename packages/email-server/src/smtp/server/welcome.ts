// The beginning of a dialogue: the greeting (RFC 5321 §3.1), at once or after a while in which honest clients are silent, and the time until
// somebody has logged in.
import { MailError } from '../../base/errors.ts'
import { reply } from '../wire/reply.ts'
import type { SessionCore } from './core.ts'
import { LOGIN_TIMEOUT, TALKED_EARLY, timedOut } from './replies.ts'

const GREETING: unique symbol = Symbol('greeting')
const LOGIN: unique symbol = Symbol('login')

export class Welcome {
  readonly #core: SessionCore

  constructor(core: SessionCore) {
    this.#core = core
  }

  begin(): void {
    const { clock, options } = this.#core
    const { greetingDelayMs = 0 } = options
    if (greetingDelayMs === 0) {
      this.greet()
      return
    }
    this.#core.enter({ kind: 'silent' })
    clock.set(GREETING, greetingDelayMs, () => {
      this.#core.enter({ kind: 'fresh' })
      this.greet()
    })
  }

  greet(): void {
    const { hostname, role } = this.#core.facts
    this.#core.say(reply(220, null, `${hostname} ${role === 'lmtp' ? 'LMTP' : 'ESMTP'}`))
    this.#core.arm()
    this.expectLogin()
  }

  /** Programs that only get rid of their mail do not wait to hear whether anybody is there. */
  talkedEarly(): void {
    this.#core.leave(TALKED_EARLY, new MailError('EPROTOCOL', 'the client talked before it was greeted'))
  }

  /** The time for the login begins, where there must be one and was none. */
  expectLogin(): void {
    const { clock, facts, limits, options } = this.#core
    if (facts.role !== 'submission' || facts.username !== null || options.requireAuth === false) return
    clock.set(LOGIN, limits.loginTime, () => {
      this.#core.leave(LOGIN_TIMEOUT, timedOut('login'))
    })
  }

  loggedIn(): void {
    this.#core.clock.clear(LOGIN)
  }
}
