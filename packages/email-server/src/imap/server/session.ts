// The server's side of an IMAP connection, without I/O: bytes and time in, bytes out (RFC 3501, RFC 9051 §3, §5). Commands are answered
// strictly in order, one at a time; while one runs nothing is read. This file knows no command: it knows the registry.
import { latin1 } from '../../base/bytes.ts'
import { Emitter } from '../../base/emitter.ts'
import { MailError, type MailErrorCode } from '../../base/errors.ts'
import { InputQueue, TOO_LONG } from '../../base/input-queue.ts'
import { type Limits, resolveLimits } from '../../base/limits.ts'
import { OutputQueue } from '../../base/output-queue.ts'
import type { TlsInfo } from '../../base/runtime.ts'
import type { ServerSession, ServerSessionOptions, SessionEvents } from '../../base/session.ts'
import { SessionClock } from '../../base/session-clock.ts'
import type { MailboxSession } from '../../mailbox/index.ts'
import { type AuthFailure, type AuthInfo, type AuthOptions, AuthPolicy } from '../../sasl/index.ts'
import { registry } from '../ext/index.ts'
import type { NamedCommand, Reply } from '../extension.ts'
import { type Frame, type Framed, Framer } from '../wire/framer.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import { Backend } from './backend.ts'
import { SessionContext } from './context.ts'
import { Core, type SessionPort } from './core.ts'
import { commandName, literalRefusal, readHead, swallowLimit, tagOf } from './head.ts'
import { Login } from './login.ts'
import { MODES, type Mode } from './modes.ts'
import { PROGRESS_EVERY, progressLine } from './progress.ts'
import { replyTo, statusLine } from './reply.ts'

export interface ImapServerOptions extends ServerSessionOptions {
  /** Can the driver inflate and deflate? Default false. */
  readonly canDeflate?: boolean
  /** Which ways to log in are offered. */
  readonly auth?: AuthOptions
}

export type ImapServerEvents = SessionEvents & {
  /** May these credentials come in? The first answer counts; nobody listening refuses. */
  auth: [info: AuthInfo]
  /** An attempt to log in was refused. */
  authFailed: [failure: AuthFailure]
  /** Somebody has logged in: the moment to register handlers, which decide what is advertised. */
  mailboxSession: [session: MailboxSession]
}

export class ImapServerSession extends Emitter<ImapServerEvents> implements ServerSession {
  readonly #options: ImapServerOptions
  readonly #limits: Limits
  readonly #clock: SessionClock
  readonly #input = new InputQueue()
  readonly #framer = new Framer(this.#input)
  readonly #output: OutputQueue
  readonly #out: Writer
  readonly #core: Core
  readonly #backend: Backend
  readonly #context: SessionContext
  readonly #registry = registry()
  #advancing = false
  #inputPaused = false
  #peerDone = false
  /** Nothing has been sent since the command began, or since its progress was told. */
  #quiet = true
  /** What is said before the end; null: it has not come. */
  #leaving: string | null = null
  #badCommands = 0
  /** The answer to a command whose literal is being swallowed. */
  #refused: { readonly tag: string; readonly reply: Reply } | null = null
  #lineWaiter: ((line: Uint8Array | null) => void) | null = null

  constructor(options: ImapServerOptions = {}) {
    super()
    this.#options = options
    this.#limits = resolveLimits(options.limits)
    this.#clock = new SessionClock(options.now, () => queueMicrotask(() => this.emit('wake')))
    this.#output = new OutputQueue(bytes => {
      this.#quiet = false
      this.emit('send', bytes)
    })
    this.#out = new Writer(this.#output)
    this.#core = new Core({
      limits: this.#limits,
      clock: this.#clock,
      output: this.#output,
      out: this.#out,
      registry: this.#registry,
      remoteAddress: this.remoteAddress,
      tls: options.tls ?? null,
      canTls: options.canUpgrade ?? false,
      canDeflate: options.canDeflate ?? false,
      allowInsecureAuth: options.allowInsecureAuth ?? false,
      auth: AuthPolicy.of(options.auth),
      hostname: options.hostname ?? 'localhost',
      random: options.random,
      watchHandlers: options.watchHandlers,
      port: new ImapServerSession.#Port(this),
    })
    this.#backend = new Backend(this.#core)
    this.#context = new SessionContext(this.#core, this.#backend, new Login(this.#core))
    this.#backend.context = this.#context
  }

  /** The backend's face of this session; null before login. */
  get mailbox(): MailboxSession | null {
    return this.#core.mailbox
  }

  get isTLS(): boolean {
    return this.#core.tlsActive
  }

  get remoteAddress(): string {
    return this.#options.remoteAddress ?? ''
  }

  greet(): void {
    this.#clock.set('login', this.#limits.loginTime, () =>
      this.#bye('Time to log in is over', 'UNAVAILABLE', 'ETIMEDOUT'),
    )
    const code = `CAPABILITY ${this.#registry.capabilities(this.#core).join(' ')}`
    const text = `${this.#options.hostname ?? 'localhost'} IMAP4rev1 server ready`
    this.#say(statusLine('*', { status: 'OK', code, text }))
    this.#enter('waiting')
    this.#advance()
  }

  feed(bytes: Uint8Array): boolean {
    if (this.#core.over) return false
    if (this.#core.mode === 'upgrade') {
      this.#end(new MailError('EPROTOCOL', 'the client sent more where the transport changes'))
      return false
    }
    this.#input.push(bytes)
    this.#advance()
    if (this.#core.over || MODES[this.#core.mode].reads !== 'nothing') return true
    this.#inputPaused = this.#input.length >= this.#limits.inputWindow
    return !this.#inputPaused
  }

  eof(): void {
    this.#peerDone = true
    this.#advance()
  }

  tick(now: number): void {
    this.#clock.tick(now)
  }

  deadline(): number | null {
    return this.#clock.next()
  }

  pauseOutput(): void {
    if (this.#core.over || this.#output.paused) return
    this.#output.pause()
    this.#clock.set('output', this.#limits.commandTime, () => {
      this.destroy(new MailError('ETIMEDOUT', 'the client does not read what it is sent'))
    })
  }

  resumeOutput(): void {
    this.#clock.clear('output')
    this.#output.resume()
  }

  upgraded(tls: TlsInfo | null): void {
    if (this.#core.mode !== 'upgrade') return
    if (tls) this.#core.tls = tls
    else this.#core.compressed = true
    this.#enter('waiting')
    this.#advance()
  }

  shutdown(): void {
    this.#leave('The server is shutting down')
  }

  destroy(error: Error | null = null): void {
    if (this.#core.over) return
    const reason =
      error === null || error instanceof MailError
        ? error
        : new MailError('ESOCKET', 'the connection has failed', { cause: error })
    this.#end(reason)
  }

  protected override onListenerError(error: unknown, name: keyof ImapServerEvents): void {
    this.#failed(`a listener of '${String(name)}' failed`, error)
  }

  /** Reads as much as the mode takes. */
  #advance(): void {
    if (this.#advancing) return
    this.#advancing = true
    while (!this.#core.over && this.#step()) {}
    this.#advancing = false
    if (this.#core.over) return
    const reading = MODES[this.#core.mode].reads !== 'nothing'
    if (this.#peerDone && reading) this.#end(null)
    else if (this.#inputPaused && (reading || this.#input.length < this.#limits.inputWindow / 2)) {
      this.#inputPaused = false
      this.emit('resume')
    }
  }

  /** One frame or line; false when nothing can be read now. */
  #step(): boolean {
    const rule = MODES[this.#core.mode]
    if (rule.reads === 'nothing') return false
    const limit = rule.limit(this.#limits, this.mailbox !== null)
    if (rule.reads === 'lines') return this.#readLine(limit)
    const frame = this.#framer.next(limit)
    if (!frame) {
      if (
        this.#core.mode === 'upload'
          ? !this.#framer.inLiteral
          : this.#core.mode === 'waiting' && this.#framer.begun
      ) {
        this.#enter('receiving')
      }
      return false
    }
    switch (frame.kind) {
      case 'complete':
        this.#enter('running')
        this.#run(frame.framed).catch((error: unknown) => {
          this.#failed('a session is broken', error)
          this.destroy(new MailError('EPROTOCOL', 'the session is broken', { cause: error }))
        })
        return true
      case 'literal':
        this.#announced(frame)
        return true
      case 'skipped': {
        const { tag, reply } = this.#refused!
        this.#refused = null
        this.#enter('waiting')
        this.#answerBad(tag, reply)
        return true
      }
      case 'too-long': {
        const tag = tagOf(latin1(frame.head))
        if (!frame.ended) this.#bye('The line is too long', 'TOOBIG', 'ELIMIT')
        else
          this.#answerBad(tag, { status: 'BAD', code: 'TOOBIG', text: `A command may have ${limit} octets` })
        return true
      }
    }
  }

  #readLine(limit: number): boolean {
    const line = this.#input.takeLine(limit)
    if (line === null) return false
    if (line === TOO_LONG) {
      this.#bye('The line is too long', 'TOOBIG', 'ELIMIT')
      return false
    }
    this.#enter('running')
    const waiter = this.#lineWaiter
    this.#lineWaiter = null
    waiter?.(line)
    return true
  }

  /** A literal is on its way, or waits for our word. */
  #announced({ head: line, literal, count, octets }: Extract<Frame, { kind: 'literal' }>): void {
    const head = readHead(this.#reader({ lines: [line], literals: [] }), this.#registry, this.#core)
    const loggedIn = this.mailbox !== null
    const about = { literal, count, octets, line: line.length }
    const reply = literalRefusal(head, about, this.#limits, loggedIn)
    if (!reply) {
      if (!literal.nonSync) this.#say('+ Ready for literal data\r\n')
      this.#framer.accept()
      this.#enter('upload')
    } else if (!literal.nonSync) {
      this.#framer.abandon()
      this.#enter('waiting')
      this.#answerBad(head.tag, reply)
    } else if (literal.size <= swallowLimit(head, this.#limits, loggedIn)) {
      this.#framer.skip()
      this.#refused = { tag: head.tag, reply }
      this.#enter('upload')
    } else this.#bye(reply.text, 'TOOBIG', 'ELIMIT')
  }

  async #run(framed: Framed): Promise<void> {
    const telling = this.#backend.telling
    if (telling) await telling
    if (this.#core.over) return
    const reader = this.#reader(framed)
    const { tag, command, refusal } = readHead(reader, this.#registry, this.#core)
    const reply = refusal ?? (await this.#perform(tag, command!, reader))
    if (this.#core.over) return
    const mayExpunge = command === null || command.byUid || command.spec.mayExpunge
    await this.#backend.tell(mayExpunge)
    if (this.#core.over) return
    const wait = this.#output.ready()
    if (wait) await wait
    if (this.#core.over) return
    this.#say(statusLine(tag, reply))
    this.#out.rest()
    if (reply.status !== 'BAD' && this.mailbox) this.#badCommands = 0
    const afterwards = this.#core.afterwards
    this.#core.afterwards = null
    if (afterwards) afterwards()
    else this.#enter('waiting')
    if (reply.status === 'BAD') this.#countBad()
    if (this.#leaving !== null && !this.#core.over && this.#core.mode === 'waiting') this.#bye(this.#leaving)
    this.#advance()
  }

  async #perform(tag: string, command: NamedCommand, reader: Reader): Promise<Reply> {
    const { spec, byUid } = command
    const name = commandName(command)
    try {
      const args = spec.args.read(reader, this.#core.words)
      reader.end()
      if (this.#core.standing.kind === 'selected') {
        this.#core.standing.folder.news.forgetTold()
        if (spec.writes && this.#core.standing.folder.readOnly) {
          return { status: 'NO', code: 'READ-ONLY', text: 'The mailbox is open for reading only' }
        }
      }
      this.#context.begin(tag, byUid)
      return (await spec.run(this.#context, args)) ?? { status: 'OK', text: `${name} completed` }
    } catch (error) {
      const { reply, ours } = replyTo(error)
      if (this.#core.over) return reply
      if (this.#out.torn) {
        this.destroy(new MailError('ESTREAM', 'a response could not be finished', { cause: error }))
        this.#failed(`${name} was cut off in its response`, error)
      } else this.#out.discard()
      if (ours && error !== this.#core.reported) this.#failed(`${name} failed`, error)
      return reply
    }
  }

  /** The answer to what never became a command. */
  #answerBad(tag: string, reply: Reply): void {
    this.#say(statusLine(tag, reply))
    this.#countBad()
  }

  #countBad(): void {
    if (++this.#badCommands < this.#limits.badCommands) return
    this.#bye('Too many bad commands', 'CLIENTBUG', 'ELIMIT')
  }

  /** A line of ours, behind what the commands have written. */
  #say(line: string): void {
    this.#out.flush()
    this.#output.write(line)
  }

  #reader(framed: Framed): Reader {
    return new Reader(framed, this.#limits, this.#core.dialect.utf8)
  }

  #enter(mode: Mode): void {
    this.#core.mode = mode
    const time = MODES[mode].time(this.#limits)
    if (mode === 'running' && this.mailbox) this.#awaitProgress()
    else if (time === null) this.#clock.clear('mode')
    else this.#clock.set('mode', time, () => this.#bye('Time is up', 'UNAVAILABLE', 'ETIMEDOUT'))
    if (mode === 'waiting') this.#backend.tellAtOnce()
  }

  /** A command may run for long; handlers have their own deadline. */
  #awaitProgress(): void {
    this.#quiet = true
    this.#clock.set('mode', PROGRESS_EVERY, () => this.#tellProgress())
  }

  /** Who has heard nothing meanwhile hears that the command is being worked on (RFC 9585). */
  #tellProgress(): void {
    const { mode, progress, out } = this.#core
    if (mode !== 'running') return
    if (this.#quiet && out.betweenLines && this.#output.pending === 0) {
      this.#say(progressLine(this.#context.tag, progress))
      this.#output.flush()
    }
    this.#awaitProgress()
  }

  /** At once, or behind the command at hand. */
  #leave(text: string): void {
    this.#leaving ??= text
    if (MODES[this.#core.mode].reads !== 'nothing') this.#bye(text)
  }

  /** `error`: what the end is to the log; absent: all is in order. */
  #bye(text: string, code?: string, error?: MailErrorCode): void {
    if (this.#core.over) return
    this.#say(statusLine('*', { status: 'BYE', code, text }))
    this.#end(error ? new MailError(error, text) : null)
  }

  /** The one end of every session. */
  #end(error: MailError | null): void {
    if (this.#core.over) return
    this.#core.over = true
    this.#core.mode = 'closed'
    this.#clock.clearAll()
    this.#input.clear()
    this.#framer.abandon()
    this.#lineWaiter?.(null)
    this.#lineWaiter = null
    this.#backend.close()
    this.#out.flush()
    this.#output.close()
    this.emit('close', error)
  }

  #failed(message: string, error: unknown): void {
    this.#core.reported = error
    try {
      this.#options.onFailure?.(message, error)
    } catch {
      // a log that fails has nobody left to tell
    }
  }

  #nextLine(mode: 'sasl' | 'idle'): Promise<Uint8Array | null> {
    if (this.#core.over || this.#leaving !== null) {
      if (this.#leaving !== null) this.#bye(this.#leaving)
      return Promise.resolve(null)
    }
    // IDLE may last for days
    if (mode === 'idle') this.#out.rest()
    return new Promise(resolve => {
      this.#lineWaiter = resolve
      this.#enter(mode)
      this.#backend.tellAtOnce()
      this.#advance()
    })
  }

  #upgrade(kind: 'tls' | 'deflate'): void {
    // what the client sent ahead was said before: it must not be taken for something said under TLS
    if (this.#input.length > 0) {
      this.#end(
        new MailError('EPROTOCOL', 'the client sent more behind the command that changes the transport'),
      )
      return
    }
    this.#framer.abandon()
    this.#enter('upgrade')
    this.#output.flush()
    this.emit('upgrade', kind)
  }

  /** What the parts ask of the session; a class, because an object of functions costs every connection as many functions. */
  static readonly #Port = class implements SessionPort {
    readonly #session: ImapServerSession

    constructor(session: ImapServerSession) {
      this.#session = session
    }

    say(line: string): void {
      this.#session.#say(line)
    }

    nextLine(mode: 'sasl' | 'idle'): Promise<Uint8Array | null> {
      return this.#session.#nextLine(mode)
    }

    bye(text: string, code?: string, error?: MailErrorCode): void {
      this.#session.#bye(text, code, error)
    }

    finish(): void {
      this.#session.#end(null)
    }

    upgrade(kind: 'tls' | 'deflate'): void {
      this.#session.#upgrade(kind)
    }

    wake(): void {
      this.#session.emit('wake')
    }

    failed(message: string, error: unknown): void {
      this.#session.#failed(message, error)
    }

    dispatchAuth(info: AuthInfo, onError: (error: unknown) => void): boolean {
      return this.#session.dispatch('auth', [info], onError)
    }

    authFailed(failure: AuthFailure): void {
      this.#session.emit('authFailed', failure)
    }

    opened(mailbox: MailboxSession): void {
      this.#session.#backend.open(mailbox)
      mailbox.onEnd = text => this.#session.#leave(text)
      this.#session.#clock.clear('login')
      this.#session.emit('mailboxSession', mailbox)
    }
  }
}
