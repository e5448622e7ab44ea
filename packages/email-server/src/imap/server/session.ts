// The server's side of an IMAP connection, without I/O: bytes and time in, bytes out (RFC 3501, RFC 9051 §3, §5).
// Commands are answered strictly in order, one at a time; while one runs nothing is read. This file knows no command:
// it knows the registry.
import { latin1 } from '../../base/bytes.ts'
import { Emitter } from '../../base/emitter.ts'
import { MailError, type MailErrorCode, usageError } from '../../base/errors.ts'
import { InputQueue, TOO_LONG } from '../../base/input-queue.ts'
import { type Limits, resolveLimits } from '../../base/limits.ts'
import { OutputQueue } from '../../base/output-queue.ts'
import type { TlsInfo } from '../../base/runtime.ts'
import type { ServerSession, ServerSessionOptions, SessionEvents } from '../../base/session.ts'
import { SessionClock } from '../../base/session-clock.ts'
import { type MailboxSession, resolve } from '../../mailbox/index.ts'
import type { AuthInfo } from '../../sasl/index.ts'
import type { CommandContext } from '../context.ts'
import { type Dialect, PLAIN_DIALECT } from '../dialect.ts'
import { REGISTRY } from '../ext/index.ts'
import type { NamedCommand, Registry, Reply, SessionFacts, Words } from '../registry.ts'
import type { SelectedFolder } from '../selected.ts'
import { type State, transition } from '../state.ts'
import { type Frame, type Framed, Framer } from '../wire/framer.ts'
import { Reader, type ReaderLimits } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import { commandName, literalRefusal, readHead, swallowLimit, tagOf } from './head.ts'
import { Login, type LoginPort } from './login.ts'
import { MODES, type Mode } from './modes.ts'
import { replyTo, statusLine } from './reply.ts'
import { tellNews } from './tell-news.ts'

export interface ImapServerOptions extends ServerSessionOptions {
  /** Can the driver inflate and deflate? Default false. */
  readonly canDeflate?: boolean
}

export type ImapServerEvents = SessionEvents & {
  /** May these credentials come in? The first answer counts; nobody listening refuses. */
  auth: [info: AuthInfo]
  /** Somebody has logged in: the moment to register handlers, which decide what is advertised. */
  mailboxSession: [session: MailboxSession]
}

export class ImapServerSession extends Emitter<ImapServerEvents> implements ServerSession {
  /** The backend's face of this session; null before login. */
  mailbox: MailboxSession | null = null

  readonly #options: ImapServerOptions
  readonly #limits: Limits
  readonly #readerLimits: ReaderLimits
  readonly #clock: SessionClock
  readonly #input = new InputQueue()
  readonly #framer = new Framer(this.#input)
  readonly #output: OutputQueue
  readonly #out: Writer
  readonly #login: Login
  readonly #registry: Registry = REGISTRY
  readonly #facts: SessionFacts
  readonly #words: Words
  readonly #context: Context
  #state: State = { kind: 'notAuthenticated' }
  #dialect: Dialect = PLAIN_DIALECT
  #mode: Mode = 'waiting'
  #tls: TlsInfo | null
  /** The folder whose numbering is being loaded; it hears news already. */
  #opening: SelectedFolder | null = null
  #advancing = false
  #inputPaused = false
  #ended = false
  #peerDone = false
  #leaving = false
  #badCommands = 0
  /** The answer to a command whose literal is being swallowed. */
  #refused: { readonly tag: string; readonly reply: Reply } | null = null
  #lineWaiter: ((line: Uint8Array | null) => void) | null = null
  /** What happens after the running command's reply. */
  #afterwards: (() => void) | null = null
  #telling: Promise<void> = Promise.resolve()
  #reported: unknown = null

  constructor(options: ImapServerOptions = {}) {
    super()
    this.#options = options
    this.#limits = resolveLimits(options.limits)
    const { imapDepth, imapSetRanges, imapSearchKeys, imapFetchItems, imapFlags } = this.#limits
    this.#readerLimits = {
      depth: imapDepth,
      setRanges: imapSetRanges,
      searchKeys: imapSearchKeys,
      fetchItems: imapFetchItems,
      flags: imapFlags,
    }
    this.#tls = options.tls ?? null
    this.#clock = new SessionClock(options.now, () => queueMicrotask(() => this.emit('wake')))
    this.#output = new OutputQueue(bytes => this.emit('send', bytes))
    this.#out = new Writer(this.#output)
    this.#facts = this.#makeFacts()
    this.#words = this.#registry.words(this.#facts)
    this.#context = this.#makeContext()
    this.#login = new Login(this.#makeLoginPort())
  }

  get isTLS(): boolean {
    return this.#tls !== null
  }

  get remoteAddress(): string {
    return this.#options.remoteAddress ?? ''
  }

  greet(): void {
    this.#clock.set('login', this.#limits.loginTime, () =>
      this.#bye('Time to log in is over', 'UNAVAILABLE', 'ETIMEDOUT'),
    )
    const code = `CAPABILITY ${this.#registry.capabilities(this.#facts).join(' ')}`
    const text = `${this.#options.hostname ?? 'localhost'} IMAP4rev1 server ready`
    this.#say(statusLine('*', { status: 'OK', code, text }))
    this.#enter('waiting')
    this.#advance()
  }

  feed(bytes: Uint8Array): boolean {
    if (this.#ended) return false
    if (this.#mode === 'upgrade') {
      this.#end(new MailError('EPROTOCOL', 'the client sent more where the transport changes'))
      return false
    }
    this.#input.push(bytes)
    this.#advance()
    if (this.#ended || MODES[this.#mode].reads !== 'nothing') return true
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
    if (this.#ended || this.#output.paused) return
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
    if (this.#mode !== 'upgrade') return
    if (tls) this.#tls = tls
    this.#enter('waiting')
    this.#advance()
  }

  shutdown(): void {
    this.#leaving = true
    if (MODES[this.#mode].reads !== 'nothing') this.#bye('The server is shutting down')
  }

  destroy(error: Error | null = null): void {
    if (this.#ended) return
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
    while (!this.#ended && this.#step()) {}
    this.#advancing = false
    if (this.#ended) return
    const reading = MODES[this.#mode].reads !== 'nothing'
    if (this.#peerDone && reading) this.#end(null)
    else if (this.#inputPaused && (reading || this.#input.length < this.#limits.inputWindow / 2)) {
      this.#inputPaused = false
      this.emit('resume')
    }
  }

  /** One frame or line; false when nothing can be read now. */
  #step(): boolean {
    const rule = MODES[this.#mode]
    if (rule.reads === 'nothing') return false
    const limit = rule.limit(this.#limits, this.mailbox !== null)
    if (rule.reads === 'lines') return this.#readLine(limit)
    const frame = this.#framer.next(limit)
    if (!frame) {
      if (
        this.#mode === 'upload' ? !this.#framer.inLiteral : this.#mode === 'waiting' && this.#framer.begun
      ) {
        this.#enter('receiving')
      }
      return false
    }
    switch (frame.kind) {
      case 'complete':
        this.#enter('running')
        void this.#run(frame.framed)
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
    const head = readHead(this.#reader({ lines: [line], literals: [] }), this.#registry, this.#facts)
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
    const reader = this.#reader(framed)
    const { tag, command, refusal } = readHead(reader, this.#registry, this.#facts)
    const reply = refusal ?? (await this.#perform(tag, command!, reader))
    if (this.#ended) return
    const mayExpunge = command === null || command.byUid || command.spec.mayExpunge
    if (this.#state.kind === 'selected' && this.#state.folder.news.pending) await this.#tell(mayExpunge)
    if (this.#ended) return
    const wait = this.#output.ready()
    if (wait) await wait
    if (this.#ended) return
    this.#say(statusLine(tag, reply))
    this.#out.rest()
    if (reply.status !== 'BAD' && this.mailbox) this.#badCommands = 0
    const afterwards = this.#afterwards
    this.#afterwards = null
    if (afterwards) afterwards()
    else this.#enter('waiting')
    if (reply.status === 'BAD') this.#countBad()
    if (this.#leaving && !this.#ended && this.#mode === 'waiting') this.#bye('The server is shutting down')
    this.#advance()
  }

  async #perform(tag: string, command: NamedCommand, reader: Reader): Promise<Reply> {
    const { spec, byUid } = command
    const name = commandName(command)
    try {
      const args = spec.args.read(reader, this.#words)
      reader.end()
      if (this.#state.kind === 'selected') {
        this.#state.folder.news.forgetTold()
        if (spec.writes && this.#state.folder.readOnly) {
          return { status: 'NO', code: 'READ-ONLY', text: 'The mailbox is open for reading only' }
        }
      }
      this.#context.begin(tag, byUid)
      return (await spec.run(this.#context, args)) ?? { status: 'OK', text: `${name} completed` }
    } catch (error) {
      const { reply, ours } = replyTo(error)
      if (this.#ended) return reply
      if (this.#out.torn) {
        this.destroy(new MailError('ESTREAM', 'a response could not be finished', { cause: error }))
        this.#failed(`${name} was cut off in its response`, error)
      } else this.#out.discard()
      if (ours && error !== this.#reported) this.#failed(`${name} failed`, error)
      return reply
    }
  }

  /** The answer to what never became a command. */
  #answerBad(tag: string, reply: Reply): void {
    this.#say(statusLine(tag, reply))
    this.#countBad()
  }

  #countBad(): void {
    if (++this.#badCommands >= this.#limits.badCommands)
      this.#bye('Too many bad commands', 'CLIENTBUG', 'ELIMIT')
  }

  /** A line of ours, behind what the commands have written. */
  #say(line: string): void {
    this.#out.flush()
    this.#output.write(line)
  }

  #reader(framed: Framed): Reader {
    return new Reader(framed, this.#readerLimits)
  }

  #enter(mode: Mode): void {
    this.#mode = mode
    const time = MODES[mode].time(this.#limits)
    if (time === null) this.#clock.clear('mode')
    else this.#clock.set('mode', time, () => this.#bye('Time is up', 'UNAVAILABLE', 'ETIMEDOUT'))
  }

  /** `error`: what the end is to the log; absent: all is in order. */
  #bye(text: string, code?: string, error?: MailErrorCode): void {
    if (this.#ended) return
    this.#say(statusLine('*', { status: 'BYE', code, text }))
    this.#end(error ? new MailError(error, text) : null)
  }

  /** The one end of every session. */
  #end(error: MailError | null): void {
    if (this.#ended) return
    this.#ended = true
    this.#mode = 'closed'
    this.#state = transition(this.#state, { kind: 'logout' })
    this.#clock.clearAll()
    this.#input.clear()
    this.#framer.abandon()
    this.#lineWaiter?.(null)
    this.#lineWaiter = null
    if (this.mailbox) {
      this.mailbox.currentFolder = null
      this.mailbox.closed()
    }
    this.#out.flush()
    this.#output.close()
    this.emit('close', error)
  }

  #failed(message: string, error: unknown): void {
    this.#reported = error
    try {
      this.#options.onFailure?.(message, error)
    } catch {
      // a log that fails has nobody left to tell
    }
  }

  /** One telling at a time; a failure costs the news, not the session. */
  #tell(mayExpunge: boolean): Promise<void> {
    this.#telling = this.#telling.then(async () => {
      if (this.#state.kind !== 'selected') return
      try {
        await tellNews(this.#context, mayExpunge)
      } catch (error) {
        this.#out.discard()
        if (!this.#ended && error !== this.#reported) this.#failed('news could not be told', error)
      }
      if (this.#mode === 'idle') this.#out.rest()
    })
    return this.#telling
  }

  #newsArrived(): void {
    if (this.#mode === 'idle' && this.#state.kind === 'selected') void this.#tell(true)
  }

  async #select(folder: SelectedFolder): Promise<void> {
    const mailbox = this.mailbox!
    this.#opening = folder
    mailbox.currentFolder = folder.name
    try {
      const { view } = folder
      folder.idsAreUids = await resolve(mailbox, [[1, Number.POSITIVE_INFINITY]], uid => view.append(uid))
      view.trim()
      this.#state = transition(this.#state, { kind: 'selected', mailbox, folder })
    } catch (error) {
      mailbox.currentFolder = null
      throw error
    } finally {
      this.#opening = null
    }
  }

  #deselect(): void {
    if (this.#state.kind !== 'selected') return
    const { mailbox } = this.#state
    mailbox.currentFolder = null
    this.#state = transition(this.#state, { kind: 'authenticated', mailbox })
  }

  #opened(mailbox: MailboxSession): void {
    this.mailbox = mailbox
    this.#state = transition(this.#state, { kind: 'authenticated', mailbox })
    this.#clock.clear('login')
    mailbox.onNews = news => {
      const folder = this.#opening ?? (this.#state.kind === 'selected' ? this.#state.folder : null)
      if (!folder) return
      folder.news.add(news)
      this.#newsArrived()
    }
    this.emit('mailboxSession', mailbox)
  }

  #nextLine(mode: 'sasl' | 'idle'): Promise<Uint8Array | null> {
    if (this.#ended || this.#leaving) {
      if (!this.#ended) this.#bye('The server is shutting down')
      return Promise.resolve(null)
    }
    return new Promise(resolve => {
      this.#lineWaiter = resolve
      this.#enter(mode)
      this.#newsArrived()
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

  #makeFacts(): SessionFacts {
    const session = this
    const { canUpgrade = false, canDeflate = false, allowInsecureAuth = false } = this.#options
    return {
      get state() {
        return session.#state.kind
      },
      get tlsActive() {
        return session.#tls !== null
      },
      canTls: canUpgrade,
      canDeflate,
      get passwordsAllowed() {
        return allowInsecureAuth || session.#tls !== null
      },
      handles: name => session.mailbox?.handles(name) ?? false,
      supplies: item => session.mailbox?.supplies(item) ?? false,
    }
  }

  #makeLoginPort(): LoginPort {
    const session = this
    return {
      clock: this.#clock,
      limits: this.#limits,
      remoteAddress: this.remoteAddress,
      get isTLS() {
        return session.isTLS
      },
      get over() {
        return session.#ended
      },
      dispatch: (info, onError) => this.dispatch('auth', [info], onError),
      failed: (message, error) => this.#failed(message, error),
      wake: () => this.emit('wake'),
      opened: mailbox => this.#opened(mailbox),
      exhausted: () => {
        this.#afterwards = () => this.#bye('Too many failed logins', 'AUTHENTICATIONFAILED', 'EAUTH')
      },
    }
  }

  #makeContext(): Context {
    const session = this
    return {
      tag: '',
      byUid: false,
      limits: this.#limits,
      clock: this.#clock,
      facts: this.#facts,
      words: this.#words,
      out: this.#out,
      get tls() {
        return session.#tls
      },
      get state() {
        return session.#state
      },
      get extensions() {
        return session.#registry.open(session.#facts)
      },
      get dialect() {
        return session.#dialect
      },
      get mailbox() {
        return session.mailbox ?? missing('a mailbox session')
      },
      get folder() {
        return session.#state.kind === 'selected' ? session.#state.folder : missing('an open folder')
      },
      get over() {
        return session.#ended
      },
      begin(tag, byUid) {
        this.tag = tag
        this.byUid = byUid
      },
      ready: () => this.#output.ready(),
      untagged: (status, text, code) => this.#say(statusLine('*', { status, code, text })),
      continueWith: text => this.#say(`+ ${text}\r\n`),
      readLine: mode => this.#nextLine(mode),
      enable: change => {
        this.#dialect = { ...this.#dialect, ...change }
        this.#out.utf8 = this.#dialect.utf8
      },
      authenticate: credentials => this.#login.authenticate(credentials),
      authenticationFailed: () => this.#login.failure(),
      select: folder => this.#select(folder),
      deselect: () => this.#deselect(),
      upgrade: kind => {
        this.#afterwards = () => this.#upgrade(kind)
      },
      logout: () => {
        this.#afterwards = () => this.#end(null)
      },
      failed: (message, error) => this.#failed(message, error),
    }
  }
}

/** What commands see, and the session's way to say which command it is. */
interface Context extends CommandContext {
  tag: string
  byUid: boolean
  begin(tag: string, byUid: boolean): void
}

function missing(what: string): never {
  throw usageError(`this command needs ${what}: its states must say so`)
}
