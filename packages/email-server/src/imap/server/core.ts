// What the parts of a server session share: its limits, its queues, and where it stands. The session owns it; the parts
// change what their comments say they change, and nothing else.
import type { MailErrorCode } from '../../base/errors.ts'
import type { HandlerWatch } from '../../base/handler-watch.ts'
import type { Limits } from '../../base/limits.ts'
import type { OutputQueue } from '../../base/output-queue.ts'
import type { TlsInfo } from '../../base/runtime.ts'
import type { SessionClock } from '../../base/session-clock.ts'
import type { MailboxHandlerName, MailboxSession, Supply } from '../../mailbox/index.ts'
import type { AuthFailure, AuthInfo, AuthPolicy } from '../../sasl/index.ts'
import { type Dialect, PLAIN_DIALECT } from '../dialect.ts'
import type { SessionFacts, Words } from '../extension.ts'
import type { Registry } from '../registry.ts'
import type { State, StateKind } from '../state.ts'
import type { Writer } from '../wire/writer.ts'
import type { Mode } from './modes.ts'
import type { Progress } from './progress.ts'

/** What the session does for its parts. */
export interface SessionPort {
  /** A line of ours, behind what the commands have written. */
  say(line: string): void
  /** Reads a line in a command's own dialogue; null when the session ends instead. */
  nextLine(mode: 'sasl' | 'idle'): Promise<Uint8Array | null>
  bye(text: string, code?: string, error?: MailErrorCode): void
  finish(): void
  upgrade(kind: 'tls' | 'deflate'): void
  /** Makes the driver say what time it is. */
  wake(): void
  failed(message: string, error: unknown): void
  dispatchAuth(info: AuthInfo, onError: (error: unknown) => void): boolean
  authFailed(failure: AuthFailure): void
  /** Somebody has logged in. */
  opened(mailbox: MailboxSession): void
}

export interface CoreOptions {
  readonly limits: Limits
  readonly clock: SessionClock
  readonly output: OutputQueue
  readonly out: Writer
  readonly registry: Registry
  readonly remoteAddress: string
  readonly tls: TlsInfo | null
  readonly canTls: boolean
  readonly canDeflate: boolean
  readonly allowInsecureAuth: boolean
  readonly auth: AuthPolicy
  readonly hostname: string
  readonly random: ((length: number) => Uint8Array) | undefined
  readonly watchHandlers: HandlerWatch | undefined
  readonly port: SessionPort
}

export class Core implements SessionFacts {
  readonly limits: Limits
  readonly clock: SessionClock
  readonly output: OutputQueue
  readonly out: Writer
  readonly registry: Registry
  readonly words: Words
  readonly port: SessionPort
  readonly remoteAddress: string
  readonly canTls: boolean
  readonly canDeflate: boolean
  readonly allowInsecureAuth: boolean
  readonly auth: AuthPolicy
  readonly hostname: string
  readonly random: ((length: number) => Uint8Array) | undefined
  readonly watchHandlers: HandlerWatch | undefined
  /** Changed by the session. */
  mode: Mode = 'waiting'
  over = false
  compressed = false
  tls: TlsInfo | null
  /** Changed by the session's relation to its backend. */
  standing: State = { kind: 'notAuthenticated' }
  mailbox: MailboxSession | null = null
  /** Changed by ENABLE and by what implies it. */
  dialect: Dialect = PLAIN_DIALECT
  /** What happens after the running command's reply; set by the command. */
  afterwards: (() => void) | null = null
  /** How far the running command has come; null: it does not say. */
  progress: Progress | null = null
  /** The last failure that the log has heard of. */
  reported: unknown = null

  constructor(options: CoreOptions) {
    this.limits = options.limits
    this.clock = options.clock
    this.output = options.output
    this.out = options.out
    this.registry = options.registry
    this.remoteAddress = options.remoteAddress
    this.tls = options.tls
    this.canTls = options.canTls
    this.canDeflate = options.canDeflate
    this.allowInsecureAuth = options.allowInsecureAuth
    this.auth = options.auth
    this.hostname = options.hostname
    this.random = options.random
    this.watchHandlers = options.watchHandlers
    this.port = options.port
    this.words = this.registry.words(this)
  }

  get state(): StateKind {
    return this.standing.kind
  }

  get tlsActive(): boolean {
    return this.tls !== null
  }

  get passwordsAllowed(): boolean {
    return this.auth.passwords && (this.allowInsecureAuth || this.tls !== null)
  }

  handles(name: MailboxHandlerName): boolean {
    return this.mailbox?.handles(name) ?? false
  }

  supplies(item: Supply): boolean {
    return this.mailbox?.supplies(item) ?? false
  }
}
