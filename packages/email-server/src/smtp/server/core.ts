// What the parts of a server session share: its state, its voice, its patience.
import type { MailError } from '../../base/errors.ts'
import type { Limits } from '../../base/limits.ts'
import type { SessionClock } from '../../base/session-clock.ts'
import type { ServerFacts } from '../registry.ts'
import type { SmtpState } from '../state.ts'
import type { Reply } from '../wire/reply.ts'
import type { SmtpServerOptions } from './options.ts'
import type { SenderCheck } from './sender-check.ts'

export interface SessionCore {
  readonly options: SmtpServerOptions
  readonly limits: Limits
  readonly clock: SessionClock
  readonly facts: ServerFacts
  readonly remoteAddress: string
  readonly state: SmtpState
  /** Of the message at hand. */
  readonly check: SenderCheck
  /** Throws when the table of transitions has no such way. */
  enter(next: SmtpState): void
  /** Says something, whatever follows. */
  say(value: Reply): void
  /** Ends a command with its reply (null: it has been said already); the time for the next begins. */
  answer(value: Reply | null): void
  /** What a command hears that has no place in this state. */
  outOfPlace(): Reply
  /** Begins the time for what the client has to say next. */
  arm(): void
  /** Stops reading until the function that it returns is called with what there is to do then. */
  hold(): (then: () => void) => void
  leave(last: Reply, error: MailError | null): void
  /** Something is wrong here and not with the peer. */
  failed(message: string, error: unknown): void
}
