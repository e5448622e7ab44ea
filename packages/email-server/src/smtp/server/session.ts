// The server side of one SMTP connection, without I/O: RFC 5321 §4, with the commands and extensions of the registry.
// It frames, counts, waits and answers in order; what a command means stands in `commands/` and `ext/`.
import { Emitter } from '../../base/emitter.ts'
import { MailError, usageError } from '../../base/errors.ts'
import { InputQueue, TOO_LONG } from '../../base/input-queue.ts'
import { late } from '../../base/late.ts'
import { type Limits, resolveLimits } from '../../base/limits.ts'
import { OutputQueue } from '../../base/output-queue.ts'
import type { TlsInfo } from '../../base/runtime.ts'
import type { ServerSession } from '../../base/session.ts'
import { SessionClock } from '../../base/session-clock.ts'
import { COMMANDS } from '../commands/index.ts'
import { EXTENSIONS } from '../ext/index.ts'
import { type NamedClient, Registry, type ServerContext, type SmtpRole } from '../registry.ts'
import { envelopeOf, helloOf, receiverOf, type SmtpState, TRANSITIONS } from '../state.ts'
import { type Reply, writeReply } from '../wire/reply.ts'
import { RCPT_HANDLER, type RcptHandler, type RcptHandlerName } from './ask-recipient.ts'
import { SessionContext, type SessionParts } from './context.ts'
import type { SessionCore } from './core.ts'
import { Dispatch } from './dispatch.ts'
import type { SmtpServerEvents } from './events.ts'
import { MODES, TOO_LONG_AUTH, TOO_LONG_LINE } from './modes.ts'
import { checkOptions, reportFailure, type SmtpServerOptions } from './options.ts'
import { Patience } from './patience.ts'
import { Reception } from './reception.ts'
import { RecipientPolicy } from './recipient-policy.ts'
import {
  ENDLESS,
  GOING_DOWN,
  NOT_HIM,
  PIPELINED_TLS,
  TIMEOUT,
  TOO_MANY_FAILURES,
  TOO_MANY_REFUSED,
  timedOut,
} from './replies.ts'
import { SaslDialogue } from './sasl-dialogue.ts'
import { SenderCheck } from './sender-check.ts'
import { OUR_FAULT } from './verdicts.ts'
import { Welcome } from './welcome.ts'

const registry = late(() => new Registry(COMMANDS, EXTENSIONS))

const MODE: unique symbol = Symbol('mode')

export class SmtpServerSession extends Emitter<SmtpServerEvents> implements ServerSession {
  /** True: our users' mail to anybody. False: anybody's mail to our users. */
  readonly isSubmission: boolean
  readonly role: SmtpRole
  readonly #options: SmtpServerOptions
  readonly #registry = registry()
  readonly #limits: Limits
  readonly #clock: SessionClock
  readonly #input = new InputQueue()
  readonly #output: OutputQueue
  readonly #context: ServerContext
  readonly #recipients: RecipientPolicy
  readonly #sasl: SaslDialogue
  readonly #reception: Reception
  readonly #check: SenderCheck
  readonly #patience: Patience
  readonly #welcome: Welcome
  readonly #dispatch: Dispatch
  #remoteAddress: string
  #state: SmtpState = { kind: 'fresh' }
  #tls: TlsInfo | null
  #username: string | null = null
  /** A handler or the spool is being waited for; nothing is read meanwhile. */
  #busy = false
  #pumping = false
  #inputPaused = false
  #peerEnded = false
  #leaving = false
  /** The deadline is that of the state. */
  #armed = true

  constructor(options: SmtpServerOptions) {
    super()
    checkOptions(options)
    this.#options = options
    this.#limits = resolveLimits(options.limits)
    // not in the middle of a command: the driver answers with `tick`
    this.#clock = new SessionClock(options.now, () => queueMicrotask(() => this.emit('wake')))
    this.#tls = options.tls ?? null
    this.role = options.role
    this.isSubmission = options.role === 'submission'
    this.#remoteAddress = options.remoteAddress ?? ''
    this.#patience = new Patience(this.#limits)
    this.#output = new OutputQueue(bytes => this.emit('send', bytes))
    const core = new SmtpServerSession.#Inside(this)
    this.#context = new SessionContext(core)
    this.#check = new SenderCheck(core)
    this.#welcome = new Welcome(core)
    this.#dispatch = new Dispatch(core, this.#registry, this.#context)
    this.#recipients = new RecipientPolicy(core)
    this.#sasl = new SaslDialogue(core, this, username => {
      this.#username = username
      this.#welcome.loggedIn()
    })
    this.#reception = new Reception(core, this, () => {
      this.#recipients.forgive()
      this.#patience.forgive()
    })
  }

  /** The authenticated user; null before that, and on inbound. */
  get username(): string | null {
    return this.#username
  }

  /** The client's address; '' when it is not known. */
  get remoteAddress(): string {
    return this.#remoteAddress
  }

  get isTLS(): boolean {
    return this.#tls !== null
  }

  /** The finished handshake; null without TLS. */
  get tls(): TlsInfo | null {
    return this.#tls
  }

  /** What the client said in EHLO or HELO; null before that. */
  get helloName(): string | null {
    return helloOf(this.#state)?.name ?? null
  }

  /** Adds a listener; or sets the one handler that judges recipients (`RcptHandler`). Throws `EUSAGE` for a second one. */
  override on(name: RcptHandlerName, handler: RcptHandler): this
  override on<K extends keyof SmtpServerEvents>(
    name: K,
    listener: (...args: SmtpServerEvents[K]) => unknown,
  ): this
  override on(name: string, listener: (...args: never[]) => unknown): this {
    if (name === RCPT_HANDLER) this.#recipients.setHandler(listener as unknown as RcptHandler)
    else super.on(name as keyof SmtpServerEvents, listener as () => unknown)
    return this
  }

  greet(): void {
    this.#welcome.begin()
  }

  feed(bytes: Uint8Array): boolean {
    if (this.#state.kind === 'closed') return false
    if (this.#state.kind === 'upgrading') {
      this.#end(new MailError('EPROTOCOL', 'the client sent clear text where the TLS handshake begins'))
      return false
    }
    if (this.#state.kind === 'silent') {
      this.#welcome.talkedEarly()
      return false
    }
    this.#input.push(bytes)
    this.#pump()
    return !this.#inputPaused
  }

  eof(): void {
    this.#peerEnded = true
    this.#pump()
  }

  tick(now: number): void {
    try {
      this.#clock.tick(now)
    } catch (error) {
      this.#broken(error)
    }
  }

  deadline(): number | null {
    return this.#clock.next()
  }

  pauseOutput(): void {
    this.#output.pause()
  }

  resumeOutput(): void {
    this.#output.resume()
    this.#pump()
  }

  upgraded(tls: TlsInfo | null): void {
    if (this.#state.kind !== 'upgrading') return
    this.#tls = tls
    this.#enter({ kind: 'fresh' })
    // what was said in clear, a password included, counts no longer (RFC 3207 §4.2)
    if (this.#username !== null) {
      this.#username = null
      this.#welcome.expectLogin()
    }
    this.#arm()
    this.#pump()
  }

  destroy(error?: Error | null): void {
    this.#end(new MailError('ECONNECTION', 'the connection is gone', error ? { cause: error } : {}))
  }

  /** Says 421 and closes: at once when nothing is going on, else after the command or message at hand. */
  shutdown(): void {
    this.#leaving = true
    this.#pump()
  }

  protected override onListenerError(error: unknown, name: keyof SmtpServerEvents): void {
    this.#failed(`a listener of '${name}' failed`, error)
  }

  #failed(message: string, error: unknown): void {
    reportFailure(this.#options, message, error)
  }

  #enter(next: SmtpState): void {
    if (!TRANSITIONS[this.#state.kind].includes(next.kind)) {
      throw usageError(`no way from ${this.#state.kind} to ${next.kind}`)
    }
    // RSET and EHLO in the middle of a message
    if (this.#state.kind === 'chunks' && next.kind === 'ready') this.#state.receiver.buffer.discard()
    this.#state = next
    this.#check.follow(next)
  }

  #say(value: Reply): void {
    const utf8Allowed = envelopeOf(this.#state)?.params.smtputf8 ?? false
    let line: string
    try {
      line = writeReply(value, utf8Allowed)
    } catch (error) {
      this.#failed('a reply could not be written', error)
      line = writeReply(OUR_FAULT)
    }
    this.#output.write(line)
  }

  #leave(last: Reply, error: MailError | null = null): void {
    if (this.#state.kind === 'closed') return
    // what is said during a handshake would break it
    if (this.#state.kind !== 'upgrading') this.#say(last)
    this.#end(error)
  }

  #end(error: MailError | null): void {
    if (this.#state.kind === 'closed') return
    // a message that nobody has answered for is not taken; the client will send it again
    receiverOf(this.#state)?.buffer.discard()
    this.#enter({ kind: 'closed' })
    this.#clock.clearAll()
    this.#input.clear()
    this.#output.close()
    this.emit('close', error)
  }

  /** The time for what comes next begins now; while input is being read, at the end of that. */
  #arm(): void {
    this.#armed = false
    if (!this.#pumping) this.#settleDeadline()
  }

  #settleDeadline(): void {
    const { kind } = this.#state
    if (this.#armed || kind === 'closed') return
    this.#armed = true
    if (this.#busy) {
      this.#clock.clear(MODE)
      return
    }
    const usual = MODES[kind].time(this.#limits)
    this.#clock.set(
      MODE,
      'ends' in this.#state ? this.#reception.timeLeft(this.#state, usual) : usual,
      this.#onModeTime,
    )
  }

  readonly #onModeTime = (): void => {
    if ('ends' in this.#state && this.#reception.goesOn(this.#state)) this.#arm()
    else this.#leave(TIMEOUT, timedOut(this.#state.kind))
  }

  /** Stops reading until the function that it returns is called with what there is to do then. */
  #hold(): (then: () => void) => void {
    this.#busy = true
    this.#arm()
    let released = false
    return then => {
      if (released) return
      released = true
      // handlers take their time; what is due is counted from now
      if (!this.#pumping) this.emit('wake')
      if (this.#state.kind === 'closed') return
      this.#busy = false
      try {
        then()
      } catch (error) {
        this.#broken(error)
      }
      this.#arm()
      this.#pump()
    }
  }

  /** Something here is broken; nothing of it may reach the driver. */
  #broken(error: unknown): void {
    this.#failed('the session failed', error)
    this.#leave(OUR_FAULT, new MailError('EPROTOCOL', 'the session failed', { cause: error }))
  }

  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    this.#output.cork()
    try {
      while (!this.#busy && !this.#output.paused && this.#step());
    } catch (error) {
      this.#broken(error)
    }
    this.#pumping = false
    this.#settleDeadline()
    this.#output.uncork()
    if (this.#state.kind === 'closed') return
    if (!this.#busy) {
      if (this.#leaving && !receiverOf(this.#state)) this.#leave(GOING_DOWN)
      else if (this.#peerEnded && !this.#output.paused) {
        this.#end(
          receiverOf(this.#state)
            ? new MailError('ECONNECTION', 'the client hung up in the middle of a message')
            : null,
        )
      }
    }
    const tooMuch = (this.#busy || this.#output.paused) && this.#input.length > this.#limits.inputWindow
    if (tooMuch === this.#inputPaused) return
    this.#inputPaused = tooMuch
    this.emit(tooMuch ? 'pause' : 'resume')
  }

  /** Reads one thing; false when it has not arrived. */
  #step(): boolean {
    const state = this.#state
    const mode = MODES[state.kind]
    if (mode.reader === 'none' || (this.#leaving && !receiverOf(state))) return false
    if (state.kind === 'content' || state.kind === 'chunk') return this.#reception.read(state, this.#input)
    const limit = mode.byteLimit(this.#limits)
    const line = state.kind === 'sasl' ? this.#input.takeLine(limit) : this.#input.takeLineText(limit)
    if (line === null) return false
    if (line === TOO_LONG) {
      this.#say(state.kind === 'sasl' ? TOO_LONG_AUTH : TOO_LONG_LINE)
      this.#leave(ENDLESS, new MailError('ELIMIT', 'the client sent a line without end'))
      return false
    }
    if (typeof line === 'string') this.#dispatch.read(line)
    else if (state.kind === 'sasl') this.#sasl.readLine(line)
    return true
  }

  /** The command has been dealt with; null: it has answered, or will. */
  #answer(value: Reply | null): void {
    const delayMs = value ? this.#patience.count(value) : 0
    if (delayMs === 0) {
      this.#answerNow(value)
      return
    }
    const release = this.#hold()
    void this.#clock.sleep(delayMs).then(() => release(() => this.#answerNow(value)))
  }

  #answerNow(value: Reply | null): void {
    if (value) this.#say(value)
    const enough = value && (this.#patience.enough ?? this.#enough())
    if (enough) this.#leave(enough, new MailError('ELIMIT', enough.text.toString()))
    else this.#arm()
  }

  #enough(): Reply | null {
    if (this.#recipients.exhausted) return TOO_MANY_REFUSED
    return this.#sasl.exhausted ? TOO_MANY_FAILURES : null
  }

  #become({ address = this.#remoteAddress, username = this.#username, helo, extended }: NamedClient): void {
    if (this.#options.xclient?.(address) !== true) {
      this.#leave(NOT_HIM)
      return
    }
    this.#remoteAddress = address
    this.#username = username
    if (username !== null) this.#welcome.loggedIn()
    const isExtended = extended ?? helloOf(this.#state)?.extended ?? true
    this.#enter(helo ? { kind: 'ready', hello: { name: helo, extended: isExtended } } : { kind: 'fresh' })
    this.#welcome.greet()
  }

  #upgrade(last: Reply): void {
    if (this.#input.length > 0) {
      this.#leave(PIPELINED_TLS, new MailError('EPROTOCOL', 'the client sent more behind STARTTLS'))
      return
    }
    this.#say(last)
    this.#output.flush()
    this.#enter({ kind: 'upgrading' })
    this.#arm()
    this.emit('upgrade', 'tls')
  }

  /** What the parts may see and do. A class, for the sake of memory: see `SessionContext`. */
  static readonly #Inside = class implements SessionCore, SessionParts {
    readonly #session: SmtpServerSession
    readonly options: SmtpServerOptions
    readonly limits: Limits
    readonly clock: SessionClock
    readonly registry: Registry = registry()

    constructor(session: SmtpServerSession) {
      this.#session = session
      this.options = session.#options
      this.limits = session.#limits
      this.clock = session.#clock
    }

    get facts(): ServerContext {
      return this.#session.#context
    }

    get remoteAddress(): string {
      return this.#session.#remoteAddress
    }

    get state(): SmtpState {
      return this.#session.#state
    }

    get tls(): TlsInfo | null {
      return this.#session.#tls
    }

    get username(): string | null {
      return this.#session.#username
    }

    get check(): SenderCheck {
      return this.#session.#check
    }

    get recipients(): RecipientPolicy {
      return this.#session.#recipients
    }

    get sasl(): SaslDialogue {
      return this.#session.#sasl
    }

    get reception(): Reception {
      return this.#session.#reception
    }

    enter(next: SmtpState): void {
      this.#session.#enter(next)
    }

    say(value: Reply): void {
      this.#session.#say(value)
    }

    answer(value: Reply | null): void {
      this.#session.#answer(value)
    }

    outOfPlace(): Reply {
      return this.#session.#dispatch.outOfPlace()
    }

    arm(): void {
      this.#session.#arm()
    }

    hold(): (then: () => void) => void {
      return this.#session.#hold()
    }

    upgrade(last: Reply): void {
      this.#session.#upgrade(last)
    }

    leave(last: Reply, error: MailError | null = null): void {
      this.#session.#leave(last, error)
    }

    become(named: NamedClient): void {
      this.#session.#become(named)
    }

    failed(message: string, error: unknown): void {
      this.#session.#failed(message, error)
    }
  }
}
