// The `auth` question, the same for the three protocols: may these credentials come in? It is asked as an event whose
// argument answers (`info.accept()`, `info.reject()`), and answered for when nobody does.
import { MailError } from '../base/errors.ts'
import type { SessionClock } from '../base/session-clock.ts'
import type { Credentials } from './mechanism.ts'
import type { AuthVerdict } from './verdict.ts'

/** What an `auth` listener gets. Exactly one of `accept` and `reject` counts: the first. */
export interface AuthInfo {
  readonly protocol: 'smtp' | 'imap' | 'pop3'
  /** `plain`, `login`, `xoauth2`, …; `user` for IMAP LOGIN and POP3 USER/PASS is also `plain`. */
  readonly authMethod: string
  readonly username: string
  /** The password, or the bearer token for `xoauth2`. */
  readonly password: string
  /** Whom to act as; empty when it is the user himself. */
  readonly authorizationId: string
  readonly remoteAddress: string
  readonly isTLS: boolean
  /** Lets the session in, as `username` when given (the canonical form of what the client typed). */
  accept(username?: string): void
  /** Keeps it out; `message` may be read by the client. */
  reject(message?: string): void
}

export interface AuthQuestion {
  readonly protocol: 'smtp' | 'imap' | 'pop3'
  readonly credentials: Credentials
  readonly remoteAddress: string
  readonly isTLS: boolean
  readonly clock: SessionClock
  readonly timeoutMs: number
  /** Puts the question to the listeners (`Emitter.dispatch`); false when there is none. */
  readonly dispatch: (info: AuthInfo, onError: (error: unknown) => void) => boolean
  /** Hears of a listener that throws, rejects or never answers. */
  readonly onFailure: (error: unknown) => void
}

/** Asks the `auth` listeners; always resolves. */
export function askAuth(question: AuthQuestion): Promise<AuthVerdict> {
  return new Promise(resolve => {
    const { credentials, clock } = question
    const deadline = Symbol('auth')
    let settled = false
    const settle = (verdict: AuthVerdict): void => {
      if (settled) return
      settled = true
      clock.clear(deadline)
      clock.refresh()
      resolve(verdict)
    }
    const fail = (error: unknown): void => {
      question.onFailure(error)
      settle({ ok: false, temporary: true, message: null })
    }
    clock.set(deadline, question.timeoutMs, () => {
      fail(new MailError('EHANDLER', `no 'auth' listener has answered within ${question.timeoutMs} ms`))
    })
    const info: AuthInfo = {
      protocol: question.protocol,
      authMethod: credentials.authMethod,
      username: credentials.username,
      password: credentials.password,
      authorizationId: credentials.authorizationId,
      remoteAddress: question.remoteAddress,
      isTLS: question.isTLS,
      accept: username => settle({ ok: true, username: username ?? credentials.username }),
      reject: message => settle({ ok: false, temporary: false, message: message ?? null }),
    }
    // A password must not reach a log by way of printing the info.
    Object.defineProperty(info, 'password', { enumerable: false })
    if (!question.dispatch(info, fail)) settle({ ok: false, temporary: false, message: null })
  })
}
