// How much of what a client does wrong is borne: the first errors are answered at once, the next ones slowly (who guesses names or sends
// noise shall not do it fast), and at some time it is enough.
import type { Limits } from '../../base/limits.ts'
import type { Reply } from '../wire/reply.ts'
import { BAD, TOO_MANY_BAD } from './replies.ts'

/** A refused login has a delay of its own. */
const AUTH_REFUSED = 535

export class Patience {
  readonly #limits: Limits
  #bad = 0
  #errors = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** Counts an answer; how long it has to wait, ms. */
  count({ code }: Reply): number {
    if (BAD.has(code)) this.#bad++
    if (code < 500 || code === AUTH_REFUSED) return 0
    this.#errors++
    return this.#errors > this.#limits.freeErrors ? this.#limits.errorDelay : 0
  }

  /** Why the session must end now; null: it goes on. */
  get enough(): Reply | null {
    return this.#bad > this.#limits.badCommands ? TOO_MANY_BAD : null
  }

  /** A message has come in: its sender means well. */
  forgive(): void {
    this.#errors = 0
  }
}
