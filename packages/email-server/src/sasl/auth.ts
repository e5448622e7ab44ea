// The `auth` question, the same for the three protocols: may these credentials come in? It is asked as an event whose
// argument answers (`info.accept()`, `info.acceptKeys()`, `info.reject()`), and answered for when nobody does.
import { fromUtf8 } from '../base/bytes.ts'
import { createHash, timingSafeEqual } from '../base/crypto.ts'
import { MailError, usageError } from '../base/errors.ts'
import type { HandlerWatch } from '../base/handler-watch.ts'
import type { PeerCertificate, TlsInfo } from '../base/runtime.ts'
import type { SessionClock } from '../base/session-clock.ts'
import type { Credentials } from './mechanism.ts'
import { areScramKeys, passwordHasKeys, type ScramKeys } from './scram-keys.ts'
import type { AuthVerdict } from './verdict.ts'

/** What an `auth` listener gets. Exactly one of `accept`, `acceptKeys`, `acceptSecret` and `reject` counts: the first. */
export interface AuthInfo {
  readonly protocol: 'smtp' | 'imap' | 'pop3'
  /**
   * `plain`, `login`, `xoauth2`, `oauthbearer`, `scram-sha-1`, `scram-sha-256`, `cram-md5`, `apop`, `external`, `anonymous`; IMAP's LOGIN and POP3's
   * USER and PASS are also `plain`.
   */
  readonly authMethod: string
  /** Who the client says it is; for `oauthbearer` and `external` it may say nothing (''), and `accept` has to name the user. */
  readonly username: string
  /** The password, the bearer token of `xoauth2` and `oauthbearer`, the trace of `anonymous`; '' for the methods that send none. */
  readonly password: string
  /** Whom to act as; empty when it is the user himself. */
  readonly authorizationId: string
  readonly remoteAddress: string
  readonly isTLS: boolean
  /** The finished handshake; null without TLS. */
  readonly tls: TlsInfo | null
  /** The client's certificate, when it showed one that the server's `ca` vouches for; what `external` is judged by. */
  readonly clientCertificate: PeerCertificate | null
  /** Lets the session in, as `username` when given (the canonical form of what the client typed). */
  accept(username?: string): void
  /**
   * Lets the session in if the client knows the password that these keys were made from (`scramKeys`). Answers `scram-sha-1` and
   * `scram-sha-256`, where no password is seen, and `plain` and `login` as well: one stored value for all of them.
   */
  acceptKeys(keys: ScramKeys, username?: string): void
  /** Lets the session in if the client knows this password: for `cram-md5` and `apop`, which need it itself, and `plain` and `login`. */
  acceptSecret(password: string, username?: string): void
  /** Keeps it out; `message` may be read by the client. For SCRAM it is told only after the client's proof. */
  reject(message?: string): void
}

/** An attempt to log in that was refused; not one that failed because of us. */
export interface AuthFailure {
  readonly protocol: 'smtp' | 'imap' | 'pop3'
  readonly authMethod: string
  /** As the client gave it: text from a stranger. */
  readonly username: string
  readonly remoteAddress: string
  /** How long the client waits for its answer, ms: `limits.authFailureDelay`; a listener may make it more. */
  delayMs: number
}

export interface AuthQuestion {
  readonly protocol: 'smtp' | 'imap' | 'pop3'
  readonly credentials: Credentials
  readonly remoteAddress: string
  readonly tls: TlsInfo | null
  readonly clock: SessionClock
  readonly timeoutMs: number
  /** Puts the question to the listeners (`Emitter.dispatch`); false when there is none. */
  readonly dispatch: (info: AuthInfo, onError: (error: unknown) => void) => boolean
  /** Hears of a listener that throws, rejects or never answers, or answers what cannot be. */
  readonly onFailure: (error: unknown) => void
  /** Hears of the question, without the password, and of its answer. */
  readonly watch?: HandlerWatch | undefined
}

/** What a listener may answer besides no. */
type Answer =
  | { readonly kind: 'yes' }
  | { readonly kind: 'keys'; readonly keys: ScramKeys }
  | { readonly kind: 'secret'; readonly secret: string }

/** Asks the `auth` listeners; always resolves. */
export function askAuth(question: AuthQuestion): Promise<AuthVerdict> {
  const { watch, protocol, credentials, remoteAddress } = question
  if (!watch) return ask(question)
  const { authMethod, username } = credentials
  const tell = watch({ name: 'auth', args: [{ protocol, authMethod, username, remoteAddress }] })
  return ask(question).then(verdict => {
    if (verdict.ok) tell({ kind: 'answer', value: verdict.username })
    else tell({ kind: 'refusal', code: verdict.temporary ? 'temporary' : '', text: verdict.message ?? '' })
    return verdict
  })
}

function ask(question: AuthQuestion): Promise<AuthVerdict> {
  return new Promise(resolve => {
    const { credentials, clock, tls } = question
    const deadline = Symbol('auth')
    let answered = false
    let settled = false
    const settle = (verdict: AuthVerdict): void => {
      answered = true
      if (settled) return
      settled = true
      clock.clear(deadline)
      clock.refresh()
      resolve(verdict)
    }
    const giveUp = (error: unknown): void => {
      question.onFailure(error)
      settle({ ok: false, temporary: true, message: null })
    }
    /** A listener throws: what it has answered before counts. */
    const fail = (error: unknown): void => {
      if (answered) question.onFailure(error)
      else giveUp(error)
    }
    const accept = (answer: Answer, username: string = credentials.username): void => {
      if (answered) return
      answered = true
      weigh(credentials, answer, username).then(settle, giveUp)
    }
    clock.set(deadline, question.timeoutMs, () => {
      giveUp(new MailError('EHANDLER', `no 'auth' listener has answered within ${question.timeoutMs} ms`))
    })
    const info: AuthInfo = {
      protocol: question.protocol,
      authMethod: credentials.authMethod,
      username: credentials.username,
      password: credentials.password,
      authorizationId: credentials.authorizationId,
      remoteAddress: question.remoteAddress,
      isTLS: tls !== null,
      tls,
      clientCertificate: tls?.authorized ? (tls.peerCertificate ?? null) : null,
      accept: username => accept({ kind: 'yes' }, username),
      acceptKeys: (keys, username) => accept({ kind: 'keys', keys }, username),
      acceptSecret: (secret, username) => accept({ kind: 'secret', secret }, username),
      reject: message => {
        if (!answered) settle({ ok: false, temporary: false, message: message ?? null })
      },
    }
    // A password must not reach a log by way of printing the info.
    Object.defineProperty(info, 'password', { enumerable: false })
    if (!question.dispatch(info, fail)) settle({ ok: false, temporary: false, message: null })
  })
}

const WRONG: AuthVerdict = { ok: false, temporary: false, message: null }

/** What a listener's yes is worth for these credentials. Rejects when it is no answer to what was asked. */
async function weigh(credentials: Credentials, answer: Answer, username: string): Promise<AuthVerdict> {
  const { authMethod, needs, password } = credentials
  if (typeof username !== 'string' || username === '') {
    throw usageError(`'auth' (${authMethod}): the client has named no user, so that accept has to`)
  }
  const showsPassword = authMethod === 'plain' || authMethod === 'login'
  if (answer.kind === 'yes') {
    if (needs === undefined) return { ok: true, username }
    throw usageError(
      `'auth' (${authMethod}): accept() would let anybody in; ${needs === 'keys' ? 'acceptKeys' : 'acceptSecret'} answers this`,
    )
  }
  if (answer.kind === 'keys') {
    const { keys } = answer
    if (!areScramKeys(keys)) throw usageError('acceptKeys wants what scramKeys has made')
    if (needs === 'keys') return { ok: true, username, keys }
    if (showsPassword) return (await passwordHasKeys(password, keys)) ? { ok: true, username } : WRONG
  } else {
    const { secret } = answer
    if (typeof secret !== 'string') throw usageError('acceptSecret wants the password')
    if (needs === 'secret') return { ok: true, username, secret }
    if (showsPassword) return equalText(secret, password) ? { ok: true, username } : WRONG
  }
  throw usageError(
    `'auth' (${authMethod}): accept${answer.kind === 'keys' ? 'Keys' : 'Secret'} does not answer this`,
  )
}

/** In a time that tells nothing of where they differ. */
function equalText(a: string, b: string): boolean {
  const digest = (text: string): Uint8Array => createHash('sha256').update(fromUtf8(text)).digest()
  return timingSafeEqual(digest(a), digest(b))
}
