// The client side of one IMAP connection, without I/O (RFC 3501, RFC 9051): it reads responses, knows what is on offer and which mailbox is
// open, keeps the time, and tells what the server says unasked. What is said stands in the files beside it.
import { type Callback, settle } from '../../base/callback.ts'
import { randomBytes } from '../../base/crypto.ts'
import { MailError, PeerSyntaxError } from '../../base/errors.ts'
import { InputQueue } from '../../base/input-queue.ts'
import { type Limits, resolveLimits } from '../../base/limits.ts'
import { OutputQueue } from '../../base/output-queue.ts'
import { closedRanges, countOf } from '../../base/ranges.ts'
import type { TlsInfo } from '../../base/runtime.ts'
import type { SansIoSession } from '../../base/session.ts'
import { SessionClock } from '../../base/session-clock.ts'
import { type Frame, type Framed, Framer } from '../wire/framer.ts'
import type { ReaderLimits } from '../wire/reader.ts'
import type { BodyStream } from './body-stream.ts'
import { ImapCommands } from './commands.ts'
import type { ClientCore } from './core.ts'
import { Dialogue } from './dialogue.ts'
import { protocolError } from './faults.ts'
import type { FetchFlow } from './fetch-flow.ts'
import { MessageRecord, readFetch } from './fetched.ts'
import { askCapability } from './login.ts'
import type { MailboxInfo, OpenMailbox } from './mailbox.ts'
import { checkClientOptions, type ImapClientOptions } from './options.ts'
import {
  type DataResponse,
  describeSyntax,
  isStatusHead,
  readResponse,
  type StatusResponse,
} from './responses.ts'
import { readRanges } from './values.ts'

const HANDSHAKE: unique symbol = Symbol('handshake')
const RENEW: unique symbol = Symbol('renew')
/** LITERAL- takes so many octets unasked (RFC 7888 §5). */
const LITERAL_MINUS = 4096

interface Waiter {
  readonly resolve: () => void
  readonly reject: (error: MailError) => void
}

export class ImapClientSession extends ImapCommands implements SansIoSession {
  readonly #options: ImapClientOptions
  readonly #limits: Limits
  readonly #readerLimits: ReaderLimits
  readonly #clock: SessionClock
  readonly #input = new InputQueue()
  readonly #framer = new Framer(this.#input)
  readonly #output: OutputQueue
  readonly #dialogue: Dialogue
  readonly #core: ClientCore
  readonly #flows = new Set<FetchFlow>()
  #phase: 'new' | 'greeting' | 'open' | 'upgrading' | 'closed' = 'new'
  #isReady = false
  #tls: TlsInfo | null
  #capability: readonly string[] = []
  #offered: ReadonlySet<string> = new Set()
  #authenticated = false
  #utf8 = false
  #mailbox: OpenMailbox | null = null
  #opening: OpenMailbox | null = null
  #leaving = false
  #ended: MailError | null = null
  #waiting: Waiter[] = []
  #upgrade: { resolve(tls: TlsInfo | null): void; reject(error: MailError): void } | null = null
  #held = false
  #pumping = false
  #streamed: { readonly message: MessageRecord; readonly stream: BodyStream | null } | null = null
  #idle: 'no' | 'wanted' | 'asked' | 'idling' | 'leaving' = 'no'
  #idleWaiting: Waiter[] = []
  #idleOver: (() => void)[] = []

  /** Throws a MailError (`ECONFIG`) that names the bad option. */
  constructor(options: ImapClientOptions) {
    super()
    checkClientOptions(options)
    this.#options = options
    this.#limits = resolveLimits(options.limits)
    this.#readerLimits = {
      ...this.#limits,
      imapDepth: this.#limits.imapResponseDepth,
      imapSetRanges: 1_000_000,
    }
    this.#clock = new SessionClock(options.now, () => queueMicrotask(() => this.emit('wake')))
    this.#tls = options.tls ?? null
    this.#output = new OutputQueue(bytes => this.emit('send', bytes))
    this.#dialogue = this.#makeDialogue()
    this.#core = this.#makeCore()
  }

  get state(): 'greeting' | 'notAuthenticated' | 'authenticated' | 'selected' | 'closed' {
    if (this.#phase === 'closed') return 'closed'
    if (!this.#isReady) return 'greeting'
    if (!this.#authenticated) return 'notAuthenticated'
    return this.#mailbox ? 'selected' : 'authenticated'
  }

  /** What the server offers now, as it wrote it; refreshed by the greeting, STARTTLS and the login. */
  get capability(): readonly string[] {
    return this.#capability
  }

  get tls(): TlsInfo | null {
    return this.#tls
  }

  /** The open mailbox as it is at this moment; null: none is open. */
  get mailbox(): MailboxInfo | null {
    return this.#mailbox?.info() ?? null
  }

  /** Resolves when the greeting is heard and it is known what the server offers; rejects when the connection ends first. */
  ready(callback?: Callback<void>): Promise<void> {
    const when =
      this.#phase === 'closed'
        ? Promise.reject(this.#over())
        : this.#isReady
          ? Promise.resolve()
          : new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }))
    return settle(when, callback) as Promise<void>
  }

  /**
   * Waits for news by IDLE (RFC 2177) from now on, until `done()`: it is renewed in time, and makes room for other commands by itself.
   * Resolves when it has begun.
   */
  idle(callback?: Callback<void>): Promise<void> {
    const begun = new Promise<void>((resolve, reject) => {
      if (this.#phase === 'closed') reject(this.#over())
      else if (!this.#offered.has('IDLE') && !this.#offered.has('IMAP4REV2'))
        reject(new MailError('ECONFIG', 'the server does not offer IDLE'))
      else if (this.#idle === 'idling') resolve()
      else {
        this.#idleWaiting.push({ resolve, reject })
        if (this.#idle === 'no') this.#idle = 'wanted'
        this.#changed()
      }
    })
    return settle(begun, callback) as Promise<void>
  }

  /** Ends `idle`. Resolves when the server has taken note. */
  done(callback?: Callback<void>): Promise<void> {
    const over = new Promise<void>(resolve => {
      for (const { reject } of this.#idleWaiting.splice(0))
        reject(new MailError('EABORT', 'done came before IDLE had begun'))
      if (this.#idle === 'wanted') this.#idle = 'no'
      if (this.#idle === 'no' || this.#phase === 'closed') {
        resolve()
        return
      }
      this.#idleOver.push(resolve)
      this.#leaveIdle()
    })
    return settle(over, callback) as Promise<void>
  }

  greet(): void {
    if (this.#phase !== 'new') return
    this.#phase = 'greeting'
    this.#clock.set('greeting', this.#limits.imapReplyTime, () =>
      this.#end(new MailError('ETIMEDOUT', 'the server does not greet')),
    )
  }

  feed(bytes: Uint8Array): boolean {
    if (this.#phase === 'closed') return false
    if (this.#phase === 'upgrading') {
      this.#end(new MailError('ETLS', 'the server sent clear text where the TLS handshake begins'))
      return false
    }
    this.#input.push(bytes)
    this.#pump()
    return !this.#held && (this.#phase as string) !== 'closed'
  }

  eof(): void {
    this.#end(this.#leaving ? null : new MailError('ECONNECTION', 'the server has closed the connection'))
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
  }

  upgraded(tls: TlsInfo | null): void {
    if (this.#phase !== 'upgrading') return
    this.#clock.clear(HANDSHAKE)
    if (tls) this.#tls = tls
    this.#phase = 'open'
    const upgrade = this.#upgrade
    this.#upgrade = null
    upgrade?.resolve(tls)
    this.#dialogue.next()
  }

  destroy(error?: Error | null): void {
    const cause = error ? { cause: error } : {}
    if (this.#leaving) this.#end(null)
    else if (this.#phase === 'upgrading') this.#end(new MailError('ETLS', 'the TLS handshake failed', cause))
    else
      this.#end(
        error instanceof MailError ? error : new MailError('ECONNECTION', 'the connection is gone', cause),
      )
  }

  protected override async core(): Promise<ClientCore> {
    if (this.#phase === 'closed') throw this.#over()
    if (!this.#isReady) await this.ready()
    return this.#core
  }

  protected override onListenerError(error: unknown, name: string | number | symbol): void {
    this.#failed(`a listener of '${String(name)}' failed`, error)
  }

  #failed(message: string, error: unknown): void {
    try {
      this.#options.onFailure?.(message, error)
    } catch {
      // who reports failures has nobody to report to
    }
  }

  #broken(error: unknown): void {
    if (!(error instanceof MailError)) this.#failed('the session failed', error)
    this.#end(error instanceof MailError ? error : protocolError('the session failed', { cause: error }))
  }

  #over(): MailError {
    return this.#ended ?? new MailError('ECONNECTION', 'the session is over')
  }

  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    try {
      while (this.#phase !== 'closed' && this.#phase !== 'upgrading') {
        if (this.#mustHold()) {
          if (!this.#held) {
            this.#held = true
            this.emit('pause')
          }
          break
        }
        if (this.#framer.streamed > 0) {
          const piece = this.#framer.takeStreamed()
          if (!piece) break
          this.#streamed?.stream?.push(piece)
          if (this.#framer.streamed === 0) this.#streamed?.stream?.end(null)
          continue
        }
        const frame = this.#framer.next(this.#limits.imapResponse)
        if (!frame) break
        this.#frame(frame)
      }
    } catch (error) {
      this.#broken(error instanceof PeerSyntaxError ? this.#unreadable(error) : error)
    } finally {
      this.#pumping = false
    }
    if (this.#phase !== 'closed') this.#dialogue.arm(this.#held)
  }

  #unreadable(error: unknown): MailError {
    return protocolError(`the server does not speak IMAP: ${describeSyntax(error)}`, { cause: error })
  }

  #frame(frame: Frame): void {
    if (frame.kind === 'complete') this.#response(frame.framed)
    else if (frame.kind === 'too-long') this.#end(protocolError('a response of the server is too long'))
    else if (frame.kind === 'literal') this.#literal(frame)
  }

  #literal({ head, literal, octets, count }: Extract<Frame, { kind: 'literal' }>): void {
    if (isStatusHead(head)) {
      this.#response(this.#framer.asText())
      return
    }
    const isFetch =
      this.#authenticated && /^\* \d+ FETCH /i.test(Buffer.from(head.subarray(0, 32)).toString('latin1'))
    if (isFetch && this.#stream(literal.size)) return
    const most = isFetch ? this.#limits.imapBody : this.#limits.imapResponse
    if (octets + literal.size > most || count >= 10_000) {
      this.#end(new MailError('ELIMIT', `the server sends a literal of ${literal.size} octets`))
      return
    }
    this.#framer.accept()
  }

  /** Is this literal the body that an iteration streams? */
  #stream(size: number): boolean {
    const flow = this.#dialogue.running.find(({ command }) => command.flow?.streams)?.command.flow
    if (!flow || this.#streamed) return false
    const soFar = this.#framer.soFar()
    const response = readResponse(soFar, this.#readerLimits, this.#utf8)
    if (response.kind !== 'data' || response.name !== 'FETCH') return false
    const message = new MessageRecord(response.number ?? 0)
    if (!readFetch(response.reader, message, true)) return false
    const stream = flow.begin(message, size)
    this.#streamed = { message, stream }
    this.#framer.stream()
    if (size === 0) stream?.end(null)
    return true
  }

  #response(framed: Framed): void {
    const response = readResponse(framed, this.#readerLimits, this.#utf8)
    if (this.#phase === 'greeting') {
      if (response.kind !== 'status' || response.tag !== null)
        throw protocolError('the server begins without a greeting')
      this.#greeting(response)
      return
    }
    if (response.kind === 'continue') this.#dialogue.hearContinue(response.text)
    else if (response.kind === 'data') this.#data(response)
    else this.#status(response)
  }

  #greeting(status: StatusResponse): void {
    this.#clock.clear('greeting')
    if (status.status === 'BYE')
      throw new MailError('ECONNECTION', `the server does not want to talk: ${status.text}`)
    if (status.status !== 'OK' && status.status !== 'PREAUTH')
      throw protocolError('the greeting of the server makes no sense')
    this.#authenticated = status.status === 'PREAUTH'
    this.#phase = 'open'
    this.#refresh(status).then(
      () => this.#becomeReady(),
      error => this.#broken(error),
    )
  }

  #becomeReady(): void {
    if (this.#phase === 'closed') return
    this.#isReady = true
    for (const { resolve } of this.#waiting.splice(0)) resolve()
    this.emit('ready')
  }

  #setCapability(text: string): void {
    this.#capability = text.trim().split(' ').filter(Boolean)
    this.#offered = new Set(this.#capability.map(each => each.toUpperCase()))
    if (this.#offered.has('IMAP4REV2') && !this.#offered.has('IMAP4REV1')) this.#utf8 = true
  }

  async #refresh({ code }: StatusResponse): Promise<void> {
    if (code?.name === 'CAPABILITY') this.#setCapability(code.args)
    else await askCapability.run(this.#core)
  }

  #status(status: StatusResponse): void {
    const { code } = status
    if (this.listenerCount('trace') > 0)
      this.emit('trace', 'server', `${status.tag ?? '*'} ${status.status} ${status.text}`)
    if (code?.name === 'CAPABILITY' && this.#isReady) this.#setCapability(code.args)
    if (code?.name === 'ALERT') this.emit('alert', status.text)
    if (status.tag !== null) {
      this.#dialogue.hearStatus(status)
      return
    }
    if (status.status === 'PREAUTH') throw protocolError('PREAUTH is a greeting')
    if (status.status === 'BYE') {
      this.emit('bye', status.text)
      if (!this.#leaving) this.#end(new MailError('ECONNECTION', `the server goes away: ${status.text}`))
      return
    }
    this.#dialogue.hearUntagged(status)
  }

  #data(response: DataResponse): void {
    const { name, number, reader } = response
    const mailbox = this.#opening ?? this.#mailbox
    if (name === 'CAPABILITY') this.#setCapability(reader.rest())
    else if (name === 'FETCH') this.#fetched(response, mailbox)
    else if (name === 'EXISTS' && number !== null && mailbox) {
      const previous = mailbox.total
      mailbox.total = number
      if (number < previous) mailbox.numbers.clear()
      if (mailbox === this.#mailbox && number !== previous) this.emit('exists', number, previous)
    } else if (name === 'RECENT' && number !== null && mailbox) {
      mailbox.recent = number
      if (mailbox === this.#mailbox) this.emit('recent', number)
    } else if (name === 'EXPUNGE' && number !== null && mailbox) {
      if (number < 1 || number > mailbox.total)
        throw protocolError(`the server expunges message ${number} of ${mailbox.total}`)
      mailbox.total--
      this.emit('expunge', number, mailbox.numbers.expunge(number))
    } else {
      if (this.#dialogue.hearData(response)) return
      if (name === 'VANISHED' && mailbox) this.#vanished(response, mailbox)
    }
  }

  #vanished({ reader }: DataResponse, mailbox: OpenMailbox): void {
    reader.try(' ')
    const earlier = reader.try('(')
    if (earlier) {
      reader.keyword()
      reader.expect(')').sp()
    }
    const uids = readRanges(reader)
    if (!earlier) {
      const gone = countOf(uids)
      if (gone > mailbox.total)
        throw protocolError(`the server says that ${gone} of ${mailbox.total} messages are gone`)
      mailbox.total -= gone
      mailbox.numbers.vanish(uids)
    }
    this.emit('vanished', closedRanges(uids), earlier)
  }

  #fetched(response: DataResponse, mailbox: OpenMailbox | null): void {
    const streamed = this.#streamed
    this.#streamed = null
    const message = streamed?.message ?? new MessageRecord(response.number ?? 0)
    readFetch(response.reader, message, false)
    if (streamed) message.bodies.clear()
    if (!mailbox) return
    if (message.seq > mailbox.total && !this.#opening)
      throw protocolError(`the server tells of message ${message.seq} of ${mailbox.total}`)
    if (message.uid > 0 && message.seq > 0) mailbox.numbers.learn(message.seq, message.uid)
    if (this.#dialogue.hearData({ ...response, message }) || !message.flags) return
    this.emit('flags', {
      seq: message.seq,
      uid: message.uid || mailbox.numbers.uidOf(message.seq),
      flags: message.flags,
      modseq: message.modseq ?? null,
    })
  }

  #mustHold(): boolean {
    if (this.#flows.size === 0) return false
    if (this.#dialogue.pressed) {
      for (const flow of this.#flows) {
        if (flow.bursts)
          flow.fail(
            new MailError(
              'ELIMIT',
              'too much has come for an iteration while another command was waited for',
            ),
          )
      }
      return false
    }
    let full = false
    for (const flow of this.#flows) {
      if (flow.hungry) return false
      if (flow.full) full = true
    }
    return full
  }

  /** An iteration has room again, or somebody wants the connection. */
  #changed(): void {
    if (this.#idle === 'wanted' && this.#dialogue.none && this.#phase === 'open' && this.#isReady)
      this.#beginIdle()
    else if (this.#idle === 'idling' && this.#dialogue.queued > 0) this.#leaveIdle()
    if (!this.#held || this.#mustHold()) return
    this.#held = false
    queueMicrotask(() => {
      if (this.#phase === 'closed') return
      this.#pump()
      if (!this.#held) this.emit('resume')
    })
  }

  #beginIdle(): void {
    this.#idle = 'asked'
    this.#dialogue
      .send({
        name: 'IDLE',
        alone: true,
        time: Number.POSITIVE_INFINITY,
        continued: () => {
          if (this.#idle !== 'asked' && this.#idle !== 'leaving')
            throw protocolError('the server says "+" twice to IDLE')
          const leaves = this.#idle === 'leaving' || this.#dialogue.queued > 0
          this.#idle = leaves ? 'leaving' : 'idling'
          for (const { resolve } of this.#idleWaiting.splice(0)) resolve()
          if (leaves) return 'DONE'
          this.#clock.set(RENEW, this.#limits.imapIdleRenewal, () => this.#leaveIdle())
          return null
        },
        done: () => {},
      })
      .then(
        () => this.#idleEnded(null),
        error => this.#idleEnded(error as MailError),
      )
  }

  #leaveIdle(): void {
    if (this.#idle === 'idling') this.#output.write('DONE\r\n')
    if (this.#idle === 'idling' || this.#idle === 'asked') this.#idle = 'leaving'
    this.#clock.clear(RENEW)
  }

  #idleEnded(error: MailError | null): void {
    const finished = this.#idleOver.splice(0)
    this.#idle = finished.length > 0 || error ? 'no' : 'wanted'
    for (const done of finished) done()
    if (error) for (const { reject } of this.#idleWaiting.splice(0)) reject(error)
    this.#changed()
  }

  #change(kind: 'tls' | 'deflate'): Promise<TlsInfo | null> {
    if (this.#input.length > 0) {
      const error = new MailError('ETLS', 'the server sent more behind its consent to change the transport')
      this.#end(error)
      return Promise.reject(error)
    }
    this.#output.flush()
    this.#phase = 'upgrading'
    const changed = new Promise<TlsInfo | null>((resolve, reject) => {
      this.#upgrade = { resolve, reject }
    })
    this.#clock.set(HANDSHAKE, this.#limits.handshakeTime, () =>
      this.#end(new MailError('ETLS', 'the TLS handshake takes too long')),
    )
    this.emit('upgrade', kind)
    return changed
  }

  async #secure(): Promise<TlsInfo> {
    this.#capability = []
    this.#offered = new Set()
    const tls = await this.#change('tls')
    if (!tls) {
      const error = new MailError('ETLS', 'there was no TLS handshake')
      this.#end(error)
      throw error
    }
    await askCapability.run(this.#core)
    return tls
  }

  #end(error: MailError | null): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    const over = error ?? new MailError('ECONNECTION', 'the session is over')
    this.#ended = over
    this.#clock.clearAll()
    this.#input.clear()
    this.#framer.abandon()
    if (error) this.#output.discard()
    else this.#output.close()
    this.#streamed?.stream?.end(over)
    for (const flow of [...this.#flows]) flow.fail(over)
    this.#dialogue.end(over)
    for (const { reject } of [...this.#waiting.splice(0), ...this.#idleWaiting.splice(0)]) reject(over)
    for (const done of this.#idleOver.splice(0)) done()
    this.#upgrade?.reject(over)
    this.#mailbox = null
    if (error) this.emit('error', error)
    this.emit('close', error)
  }

  #makeDialogue(): Dialogue {
    const session = this
    return new Dialogue({
      limits: this.#limits,
      clock: this.#clock,
      output: this.#output,
      get utf8() {
        return session.#utf8
      },
      get open() {
        return session.#phase === 'open'
      },
      get authenticated() {
        return session.#authenticated
      },
      get mailbox() {
        return session.#mailbox
      },
      synchronizing: size =>
        !this.#offered.has('LITERAL+') &&
        !((this.#offered.has('LITERAL-') || this.#offered.has('IMAP4REV2')) && size <= LITERAL_MINUS),
      note: line => this.emit('trace', 'client', line),
      changed: () => this.#changed(),
      wake: () => this.emit('wake'),
      end: error => this.#end(error),
    })
  }

  #makeCore(): ClientCore {
    const session = this
    return {
      options: this.#options,
      limits: this.#limits,
      readerLimits: this.#readerLimits,
      clock: this.#clock,
      output: this.#output,
      random: this.#options.random ?? randomBytes,
      get tls() {
        return session.#tls
      },
      get authenticated() {
        return session.#authenticated
      },
      get closed() {
        return session.#phase === 'closed'
      },
      get utf8() {
        return session.#utf8
      },
      get mailbox() {
        return session.#mailbox
      },
      get capability() {
        return session.#capability
      },
      has: capability => this.#offered.has(capability),
      send: command =>
        this.#phase === 'closed' ? Promise.reject(this.#over()) : this.#dialogue.send(command),
      open: (mailbox, done) => {
        this.#opening = done ? null : mailbox
        this.#mailbox = done ? mailbox : null
      },
      refreshCapability: status => this.#refresh(status),
      enabled: names => {
        if (names.includes('UTF8=ACCEPT') || names.includes('IMAP4REV2')) this.#utf8 = true
      },
      loggedIn: () => {
        this.#authenticated = true
      },
      upgradeTls: () => this.#secure(),
      upgradeDeflate: async () => void (await this.#change('deflate')),
      addFlow: flow => void this.#flows.add(flow),
      removeFlow: flow => void this.#flows.delete(flow),
      flowChanged: () => this.#changed(),
      leave: () => {
        this.#leaving = true
      },
      wake: () => this.emit('wake'),
      end: error => this.#end(error as MailError | null),
    }
  }
}
