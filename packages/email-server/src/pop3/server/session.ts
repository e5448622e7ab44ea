// The server side of one POP3 connection, without I/O: RFC 1939, with the commands of the registry. It frames lines, runs
// one command at a time, keeps time, and knows no command by name.
import { Emitter } from '../../base/emitter.ts'
import { MailError, PeerSyntaxError } from '../../base/errors.ts'
import { InputQueue, TOO_LONG } from '../../base/input-queue.ts'
import { type LimitName, type Limits, resolveLimits } from '../../base/limits.ts'
import { OutputQueue } from '../../base/output-queue.ts'
import type { TlsInfo } from '../../base/runtime.ts'
import type { ServerSession } from '../../base/session.ts'
import { SessionClock } from '../../base/session-clock.ts'
import type { MailboxSession } from '../../mailbox/index.ts'
import {
  type AuthFailure,
  type AuthInfo,
  AuthPolicy,
  type Credentials,
  type SaslExchange,
  type SaslMechanism,
} from '../../sasl/index.ts'
import { COMMANDS } from '../commands/index.ts'
import { readCommandLine } from '../grammar/command.ts'
import { MaildropLocks } from '../locks.ts'
import type { Maildrop } from '../maildrop.ts'
import { type CommandContext, type Facts, Registry, runCommand } from '../registry.ts'
import { type State, TRANSITIONS } from '../state.ts'
import { errLine, okLine, type ResponseCode } from '../wire/reply.ts'
import { Login, type LoginPort } from './login.ts'
import { MODES, type Mode } from './modes.ts'
import type { Pop3ServerEvents, Pop3ServerOptions } from './options.ts'

const REGISTRY = new Registry(COMMANDS)

/** Names of deadlines. */
const LOGIN: unique symbol = Symbol('login')
const IDLE: unique symbol = Symbol('idle')
const LINE: unique symbol = Symbol('line')

const OUR_FAULT = 'Something is wrong here; try again later'

export class Pop3ServerSession extends Emitter<Pop3ServerEvents> implements ServerSession {
  readonly remoteAddress: string
  readonly #options: Pop3ServerOptions
  readonly #limits: Limits
  readonly #auth: AuthPolicy
  readonly #locks: MaildropLocks
  /** RFC 1939 §7: differs in every greeting. */
  readonly #timestamp: string | null
  #utf8 = false
  readonly #clock: SessionClock
  readonly #input = new InputQueue()
  readonly #output: OutputQueue
  readonly #context: CommandContext
  readonly #login: Login
  readonly #closeListeners = new Set<() => void>()
  #state: State = { kind: 'authorization', username: null }
  #mode: Mode = 'busy'
  #tls: TlsInfo | null
  #mailbox: MailboxSession | null = null
  /** Who waits for the next line, in a dialogue. */
  #lineWanted: ((line: Uint8Array | null) => void) | null = null
  readonly #told = new WeakSet<object>()
  #pumping = false
  #inputPaused = false
  #peerEnded = false
  #leaving: string | null = null
  #badCommands = 0

  constructor(options: Pop3ServerOptions = {}) {
    super()
    this.#options = options
    this.#limits = resolveLimits(options.limits)
    this.#auth = AuthPolicy.of(options.auth)
    this.#locks = options.locks ?? new MaildropLocks()
    const { hostname = 'localhost', random } = options
    this.#timestamp = this.#auth.apop
      ? `<${this.#auth.context(null, hostname, random).nonce()}@${hostname}>`
      : null
    this.#clock = new SessionClock(options.now, () => this.emit('wake'))
    this.#tls = options.tls ?? null
    this.remoteAddress = options.remoteAddress ?? ''
    this.#output = new OutputQueue(bytes => this.emit('send', bytes))
    const inside = new Pop3ServerSession.#Inside(this)
    this.#login = new Login(inside)
    this.#context = inside
  }

  get isTLS(): boolean {
    return this.#tls !== null
  }

  /** The user that has logged in; null before that. */
  get username(): string | null {
    return this.#mailbox?.username ?? null
  }

  /** What the backend has to do with; null before the login. */
  get mailbox(): MailboxSession | null {
    return this.#mailbox
  }

  greet(): void {
    if (this.#mode !== 'busy') return
    const timestamp = this.#timestamp === null ? '' : ` ${this.#timestamp}`
    this.#output.write(okLine(`${this.#options.hostname ?? 'localhost'} POP3 server ready${timestamp}`))
    this.#clock.set(LOGIN, this.#limits.loginTime, () => this.#goodbye('No login in time', 'ETIMEDOUT'))
    this.#listen('command')
    this.#pump()
  }

  feed(bytes: Uint8Array): boolean {
    if (this.#mode === 'closed') return false
    if (this.#mode === 'tls') {
      this.#close(new MailError('EPROTOCOL', 'the client sent clear text where the TLS handshake begins'))
      return false
    }
    this.#input.push(bytes)
    this.#pump()
    if (!this.#inputPaused && this.#input.length >= this.#limits.inputWindow) {
      this.#inputPaused = true
      this.emit('pause')
    }
    return !this.#inputPaused
  }

  eof(): void {
    this.#peerEnded = true
    this.#pump()
  }

  tick(now: number): void {
    this.#clock.tick(now)
  }

  deadline(): number | null {
    return this.#clock.next()
  }

  pauseOutput(): void {
    this.#output.pause()
  }

  resumeOutput(): void {
    this.#output.resume()
  }

  upgraded(tls: TlsInfo | null): void {
    if (this.#mode !== 'tls') return
    this.#tls = tls
    this.#state = { kind: 'authorization', username: null }
    this.#listen('command')
    this.#pump()
  }

  shutdown(): void {
    this.#leave('The server is shutting down')
  }

  destroy(error: Error | null = null): void {
    this.#close(error === null ? null : new MailError('ECONNECTION', error.message, { cause: error }))
  }

  protected override onListenerError(error: unknown, name: keyof Pop3ServerEvents): void {
    this.#failed(`a listener of '${String(name)}'`, error)
  }

  /** Reads lines as long as something wants them and the peer takes the answers. */
  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    for (;;) {
      if (this.#leaving !== null) this.#leave(this.#leaving)
      const limits = MODES[this.#mode]
      if (limits === null) break
      const wait = this.#output.ready()
      if (wait) {
        this.#pauseFor(wait)
        break
      }
      const line = this.#input.takeLine(this.#longestLine(limits.line))
      if (line === TOO_LONG) {
        this.#goodbye('The line is too long', 'ELIMIT')
        break
      }
      if (line === null) {
        this.#waitForLine(this.#limits[limits.time])
        break
      }
      this.#clock.clear(LINE)
      if (this.#lineWanted) this.#giveLine(line)
      else this.#command(line)
    }
    this.#pumping = false
    if (this.#inputPaused && this.#input.length < this.#limits.inputWindow / 2) {
      this.#inputPaused = false
      this.emit('resume')
    }
  }

  /** Before the login a line may be as long as AUTH wants it; each command has its own limit besides. */
  #longestLine(limit: LimitName): number {
    const { authLine } = this.#limits
    return this.#state.kind === 'authorization'
      ? Math.max(this.#limits[limit], authLine)
      : this.#limits[limit]
  }

  /** Nothing is read before the peer has taken what was said. */
  #pauseFor(wait: Promise<void>): void {
    const mode = this.#mode
    this.#listen('busy')
    void wait.then(() => {
      if (this.#mode !== 'busy') return
      this.#listen(mode)
      this.#pump()
    })
  }

  /** No whole line is there: the peer must go on in time, or has gone. */
  #waitForLine(timeMs: number): void {
    if (this.#peerEnded) {
      // RFC 1939 §6: without QUIT nothing is removed
      this.#close(null)
    } else if (this.#input.length > 0) {
      if (!this.#clock.has(LINE)) {
        this.#clock.set(LINE, timeMs, () => this.#goodbye('The line takes too long', 'ETIMEDOUT'))
      }
    }
  }

  #giveLine(line: Uint8Array): void {
    const give = this.#lineWanted!
    this.#lineWanted = null
    this.#listen('busy')
    give(line)
  }

  #command(bytes: Uint8Array): void {
    try {
      const { keyword, rest } = readCommandLine(bytes)
      const command = REGISTRY.find(keyword)
      if (bytes.length + 2 > this.#limits[command?.lineLimit ?? 'pop3CommandLine']) {
        this.#goodbye('The line is too long', 'ELIMIT')
      } else if (!command) this.#bad('Unknown command')
      else if (command.state !== 'any' && command.state !== this.#state.kind) this.#bad('Not in this state')
      else {
        const running = runCommand(command, this.#context, rest, this.#state)
        if (running instanceof Promise) {
          // a dialogue listens already
          if (this.#mode === 'command') this.#listen('busy')
          running.then(
            () => this.#done(),
            (error: unknown) => {
              this.#failedCommand(error)
              this.#done()
            },
          )
          return
        }
      }
    } catch (error) {
      this.#failedCommand(error)
    }
    if (this.#mode === 'command') this.#listen('command')
  }

  /** The command that was waited for has answered. */
  #done(): void {
    if (this.#mode !== 'busy' && this.#mode !== 'dialogue') return
    this.#listen('command')
    this.#pump()
  }

  #failedCommand(error: unknown): void {
    if (this.#mode === 'closed') return
    if (error instanceof PeerSyntaxError) {
      this.#bad(error.message)
      return
    }
    this.#failed('a command', error)
    this.#output.write(errLine(OUR_FAULT, 'SYS/TEMP'))
  }

  #bad(text: string): void {
    this.#output.write(errLine(text))
    if (++this.#badCommands >= this.#limits.badCommands) {
      this.#goodbye('Too many bad commands', 'EPROTOCOL')
    }
  }

  /** Enters a mode, and starts its wait. */
  #listen(mode: Mode): void {
    this.#mode = mode
    const limits = MODES[mode]
    this.#clock.clear(LINE)
    if (limits === null) {
      this.#clock.clear(IDLE)
    } else {
      // RFC 1939 §3: no UPDATE, and nothing is said
      this.#clock.set(IDLE, this.#limits[limits.idle], () =>
        this.#close(new MailError('ETIMEDOUT', 'the client has said nothing for too long')),
      )
    }
  }

  #enter(state: State): void {
    if (!TRANSITIONS[this.#state.kind].includes(state.kind)) {
      throw new MailError('EPROTOCOL', `${this.#state.kind} does not lead to ${state.kind}`)
    }
    this.#state = state
  }

  #startTls(): void {
    // RFC 2595 §4; what was said ahead in clear must not count as said behind the handshake
    if (this.#input.length > 0) {
      this.#close(new MailError('EPROTOCOL', 'the client sent more behind STLS'))
      return
    }
    this.#listen('tls')
    this.#output.flush()
    this.emit('upgrade', 'tls')
  }

  #leave(text: string): void {
    this.#leaving ??= text
    if (this.#mode === 'command' || this.#mode === 'dialogue') this.#goodbye(text, null, 'SYS/TEMP')
  }

  /** Says why, then ends. */
  #goodbye(
    text: string,
    error: 'ETIMEDOUT' | 'ELIMIT' | 'EPROTOCOL' | null,
    code: ResponseCode | null = null,
  ): void {
    if (this.#mode !== 'tls') this.#output.write(errLine(text, code))
    this.#close(error === null ? null : new MailError(error, text))
  }

  #close(error: MailError | null): void {
    if (this.#mode === 'closed') return
    this.#listen('closed')
    this.#input.clear()
    this.#output.close()
    this.#lineWanted?.(null)
    this.#lineWanted = null
    for (const listener of [...this.#closeListeners]) listener()
    this.#closeListeners.clear()
    this.#mailbox?.closed()
    this.#clock.clearAll()
    this.emit('close', error)
  }

  /** Tells of each failure once, at the place that knows most about it. */
  #failed(what: string, error: unknown): void {
    if (typeof error === 'object' && error !== null) {
      if (this.#told.has(error)) return
      this.#told.add(error)
    }
    this.#options.onFailure?.(what, error)
  }

  /** The client's next line, in a dialogue; null when there will be none. */
  #nextLine(): Promise<Uint8Array | null> {
    return new Promise(resolve => {
      if (this.#mode === 'closed') return resolve(null)
      this.#lineWanted = resolve
      this.#listen('dialogue')
      this.#pump()
    })
  }

  /** What commands and the login may see and do. A class, for the sake of memory: literals with accessors are dictionaries. */
  static readonly #Inside = class implements CommandContext, LoginPort {
    readonly #session: Pop3ServerSession
    readonly limits: Limits
    readonly clock: SessionClock
    readonly output: OutputQueue
    readonly auth: AuthPolicy
    readonly locks: MaildropLocks
    readonly remoteAddress: string
    readonly hostname: string
    readonly options: Pop3ServerOptions

    constructor(session: Pop3ServerSession) {
      this.#session = session
      this.options = session.#options
      this.hostname = session.#options.hostname ?? 'localhost'
      this.remoteAddress = session.remoteAddress
      this.locks = session.#locks
      this.auth = session.#auth
      this.output = session.#output
      this.clock = session.#clock
      this.limits = session.#limits
    }

    get facts(): Facts {
      const { tls, auth, options } = this
      const allowInsecureAuth = options.allowInsecureAuth === true
      return {
        state: this.#session.#state.kind,
        tls,
        allowInsecureAuth,
        canUpgrade: tls === null && options.canUpgrade === true,
        auth,
        timestamp: this.#session.#timestamp,
        utf8: this.#session.#utf8,
        expire: options.expire ?? null,
        loginDelay: this.locks.loginDelay,
        passwordsAllowed: auth.passwords && (tls !== null || allowInsecureAuth),
      }
    }

    get closed(): boolean {
      return this.#session.#mode === 'closed'
    }

    onClosed(listener: () => void): () => void {
      this.#session.#closeListeners.add(listener)
      return () => void this.#session.#closeListeners.delete(listener)
    }

    ok(text: string): void {
      this.output.write(okLine(text))
    }

    err(text: string, code?: ResponseCode): void {
      this.output.write(errLine(text, code))
    }

    bad(text: string): void {
      this.#session.#bad(text)
    }

    enter(state: State): void {
      this.#session.#enter(state)
    }

    capabilities(): readonly string[] {
      return REGISTRY.capabilities(this.facts)
    }

    signIn(credentials: Credentials): Promise<void> {
      return this.#session.#login.signIn(credentials)
    }

    prove(exchange: SaslExchange): Promise<void> {
      return this.#session.#login.exchange(exchange, null)
    }

    authenticate(mechanism: SaslMechanism, initial: Uint8Array | null): Promise<void> {
      return this.#session.#login.authenticate(mechanism, initial)
    }

    useUtf8(): void {
      this.#session.#utf8 = true
    }

    failed(what: string, error: unknown): void {
      this.#session.#failed(what, error)
    }

    startTls(): void {
      this.#session.#startTls()
    }

    end(error?: MailError): void {
      this.#session.#close(error ?? null)
    }

    get tls(): TlsInfo | null {
      return this.#session.#tls
    }

    askListeners(info: AuthInfo, onError: (error: unknown) => void): boolean {
      return this.#session.dispatch('auth', [info], onError)
    }

    authFailed(failure: AuthFailure): void {
      this.#session.emit('authFailed', failure)
    }

    challenge(text: string): Promise<Uint8Array | null> {
      this.output.write(`+ ${text}\r\n`)
      return this.#session.#nextLine()
    }

    setMailbox(mailbox: MailboxSession | null): void {
      this.#session.#mailbox = mailbox
      if (mailbox) this.#session.emit('mailboxSession', mailbox)
    }

    open(mailbox: MailboxSession, maildrop: Maildrop): void {
      this.#session.#clock.clear(LOGIN)
      mailbox.onEnd = text => this.#session.#leave(text)
      this.#session.#enter({ kind: 'transaction', mailbox, maildrop })
    }
  }
}
