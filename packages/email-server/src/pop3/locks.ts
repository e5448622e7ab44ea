// Who has a maildrop open (RFC 1939 §4: exclusive access), and who was there a moment ago (RFC 2449 §6.5, LOGIN-DELAY). One for all POP3
// sessions of a server.
import { optionError } from '../base/errors.ts'

export interface MaildropLocksOptions {
  /** Least time between two logins of a user, s; 0: none. Default 0. */
  readonly loginDelay?: number
  /** One session at a time for a maildrop. Default true. */
  readonly exclusive?: boolean
}

export class MaildropLocks {
  /** s */
  readonly loginDelay: number
  readonly #exclusive: boolean
  readonly #open = new Set<string>()
  /** User → time of the last login, ms, oldest first; none is kept for longer than the delay. */
  readonly #logins = new Map<string, number>()

  /** Throws `ECONFIG` for what cannot be. */
  constructor({ loginDelay = 0, exclusive = true }: MaildropLocksOptions = {}) {
    if (!Number.isSafeInteger(loginDelay) || loginDelay < 0 || loginDelay > 86_400) {
      throw optionError('loginDelay', 'a whole number of seconds, at most a day', loginDelay)
    }
    if (typeof exclusive !== 'boolean') throw optionError('exclusive', 'true or false', exclusive)
    this.loginDelay = loginDelay
    this.#exclusive = exclusive
  }

  /** The function that gives the maildrop back; or why it cannot be had. `now`: ms since the epoch. */
  enter(username: string, now: number): (() => void) | 'IN-USE' | 'LOGIN-DELAY' {
    if (this.#exclusive && this.#open.has(username)) return 'IN-USE'
    if (this.loginDelay > 0) {
      const least = now - this.loginDelay * 1000
      for (const [name, at] of this.#logins) {
        if (at > least) break
        this.#logins.delete(name)
      }
      if (this.#logins.has(username)) return 'LOGIN-DELAY'
      this.#logins.set(username, now)
    }
    if (!this.#exclusive) return () => {}
    this.#open.add(username)
    let held = true
    return () => {
      if (held) this.#open.delete(username)
      held = false
    }
  }
}
