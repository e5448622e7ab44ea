// The client side of one SMTP or LMTP connection, without I/O (RFC 5321 §3, RFC 2033). It reads replies, counts what it is
// owed, keeps the time and does one thing after another; what is said stands in the files beside it.
import { type Callback, settle } from '../../base/callback.ts'
import { randomBytes } from '../../base/crypto.ts'
import { Emitter } from '../../base/emitter.ts'
import { MailError } from '../../base/errors.ts'
import { InputQueue } from '../../base/input-queue.ts'
import { type Limits, resolveLimits } from '../../base/limits.ts'
import { OutputQueue } from '../../base/output-queue.ts'
import type { TlsInfo } from '../../base/runtime.ts'
import type { SansIoSession } from '../../base/session.ts'
import { SessionClock } from '../../base/session-clock.ts'
import type { ClientCredentials } from '../../sasl/index.ts'
import { ReplyReader, type SmtpReply } from '../wire/reply-reader.ts'
import { authenticate } from './auth.ts'
import type { ClientCore, Command, Later, Work } from './core.ts'
import { type Debt, Debts } from './debts.ts'
import { strayReply, unreadable } from './faults.ts'
import { hearGreeting, introduce, limitOf } from './hello.ts'
import { Jobs } from './jobs.ts'
import { checkClientOptions, type SmtpClientEvents, type SmtpClientOptions } from './options.ts'
import { sendMessage } from './send.ts'
import { leave, noop, reset, secure, verify } from './small.ts'
import type { SmtpSendResult, SmtpTransaction } from './transaction.ts'

const BLOCK: unique symbol = Symbol('block')
const HANDSHAKE: unique symbol = Symbol('handshake')
/** The first digit of a 421, which may come at any time (RFC 5321 §3.8). */
const FOUR = 0x34

interface Waiter<T> {
  readonly resolve: (value: T) => void
  readonly reject: (error: MailError) => void
}

export class SmtpClientSession extends Emitter<SmtpClientEvents> implements SansIoSession {
  readonly #options: SmtpClientOptions
  readonly #limits: Limits
  readonly #clock: SessionClock
  readonly #input = new InputQueue()
  readonly #replies: ReplyReader
  readonly #output: OutputQueue
  readonly #debts: Debts
  readonly #jobs: Jobs
  readonly #core: ClientCore
  #phase: 'new' | 'opening' | 'open' | 'upgrading' | 'closed' = 'new'
  #tls: TlsInfo | null
  #greeting = ''
  #extensions: ReadonlyMap<string, string> = new Map()
  #transactions = 0
  #waiting: Waiter<void>[] = []
  #handshake: Waiter<TlsInfo> | null = null
  /** QUIT has been said: the end is in order, however it comes. */
  #leaving = false
  #ended: MailError | null = null

  /** Throws a MailError (`ECONFIG`) that names the bad option. */
  constructor(options: SmtpClientOptions) {
    super()
    checkClientOptions(options)
    this.#options = options
    this.#limits = resolveLimits(options.limits)
    // not in the middle of a command: the driver answers with `tick`
    this.#clock = new SessionClock(options.now, () => queueMicrotask(() => this.emit('wake')))
    this.#tls = options.tls ?? null
    this.#replies = new ReplyReader(this.#limits.smtpReply)
    this.#output = new OutputQueue(bytes => this.emit('send', bytes))
    this.#debts = new Debts(this.#clock, error => this.#end(error))
    this.#core = this.#makeCore()
    const session = this
    this.#jobs = new Jobs(this.#core, {
      get idle() {
        return session.#debts.none
      },
      get open() {
        return session.#phase === 'open'
      },
      broken: error => this.#broken(error),
    })
  }

  /** `ready`: nothing is under way. `busy`: something is, or waits to be. */
  get state(): 'greeting' | 'ready' | 'busy' | 'closed' {
    if (this.#phase === 'closed') return 'closed'
    if (this.#phase !== 'open') return this.#jobs.running ? 'busy' : 'greeting'
    return this.#debts.none && this.#jobs.none ? 'ready' : 'busy'
  }

  /** What the server offers: EHLO keyword in upper case → its parameters; empty after HELO, and during a handshake. */
  get extensions(): ReadonlyMap<string, string> {
    return this.#extensions
  }

  /** The text of the greeting; '' before it. */
  get greeting(): string {
    return this.#greeting
  }

  /** The finished handshake; null without TLS. */
  get tls(): TlsInfo | null {
    return this.#tls
  }

  /** Recipients that the server takes in one transaction (RFC 9422 RCPTMAX); null when it has not said. */
  get maxRecipients(): number | null {
    return limitOf(this.#extensions, 'RCPTMAX')
  }

  /** Transactions that the server still takes on this connection (RFC 9422 MAILMAX); null when it has not said. */
  get transactionsLeft(): number | null {
    const most = limitOf(this.#extensions, 'MAILMAX')
    return most === null ? null : Math.max(0, most - this.#transactions)
  }

  /** Resolves when greeting and EHLO are done; rejects when the connection ends first. */
  ready(): Promise<void>
  ready(callback: Callback<void>): void
  ready(callback?: Callback<void>): Promise<void> | undefined {
    return settle(this.#whenReady(), callback)
  }

  /**
   * STARTTLS, the handshake by the driver, EHLO again. Rejects with ETLS: when the server offers or grants no TLS the session goes on
   * in clear, and it is for the caller to end it; when the handshake fails, or the server has sent text ahead of it, it is over.
   */
  startTls(): Promise<TlsInfo>
  startTls(callback: Callback<TlsInfo>): void
  startTls(callback?: Callback<TlsInfo>): Promise<TlsInfo> | undefined {
    return settle(this.#do(secure), callback)
  }

  /**
   * Logs in by the strongest mechanism that the server offers and the credentials fit. Rejects with ENOAUTH when there is none that may be
   * used (passwords need TLS unless `allowInsecureAuth`), with EAUTH when the server says no.
   */
  authenticate(credentials: ClientCredentials): Promise<void>
  authenticate(credentials: ClientCredentials, callback: Callback<void>): void
  authenticate(credentials: ClientCredentials, callback?: Callback<void>): Promise<void> | undefined {
    return settle(this.#do(authenticate(credentials)), callback)
  }

  /**
   * Sends one message; transactions queue up. Resolves only after the final positive reply, and says who has been accepted. Rejects when
   * nothing was delivered: EENVELOPE for the sender or all recipients (`rejected` has an error for each), EMESSAGE for the content,
   * EREQUIRETLS, ESTREAM for a source that fails, EABORT, ECONNECTION, ETIMEDOUT, EPROTOCOL; `ambiguous` when the server may have taken it.
   */
  send(transaction: SmtpTransaction): Promise<SmtpSendResult>
  send(transaction: SmtpTransaction, callback: Callback<SmtpSendResult>): void
  send(
    transaction: SmtpTransaction,
    callback?: Callback<SmtpSendResult>,
  ): Promise<SmtpSendResult> | undefined {
    return settle(
      this.#attempt(() => sendMessage(transaction, () => this.#transactions++)),
      callback,
    )
  }

  reset(): Promise<void>
  reset(callback: Callback<void>): void
  reset(callback?: Callback<void>): Promise<void> | undefined {
    return settle(this.#do(reset), callback)
  }

  noop(): Promise<void>
  noop(callback: Callback<void>): void
  noop(callback?: Callback<void>): Promise<void> | undefined {
    return settle(this.#do(noop), callback)
  }

  /** VRFY. Resolves with a positive reply; most servers say 252, which promises nothing. */
  verify(address: string): Promise<SmtpReply>
  verify(address: string, callback: Callback<SmtpReply>): void
  verify(address: string, callback?: Callback<SmtpReply>): Promise<SmtpReply> | undefined {
    return settle(
      this.#attempt(() => verify(address)),
      callback,
    )
  }

  /** Says goodbye when everything before it is done. Never rejects: the session is over in any case. */
  quit(): Promise<void>
  quit(callback: Callback<void>): void
  quit(callback?: Callback<void>): Promise<void> | undefined {
    const left = this.#do({
      run: core => {
        this.#leaving = true
        return leave.run(core)
      },
    }).catch(() => {})
    return settle(left, callback)
  }

  greet(): void {
    if (this.#phase !== 'new') return
    this.#phase = 'opening'
    this.#open(this.#owe('greeting', this.#limits.smtpReplyTime)).catch(error => this.#broken(error))
  }

  feed(bytes: Uint8Array): boolean {
    if (this.#phase === 'closed') return false
    if (this.#phase === 'upgrading') {
      this.#end(new MailError('ETLS', 'the server sent clear text where the TLS handshake begins'))
      return false
    }
    this.#input.push(bytes)
    this.#pump()
    return this.state !== 'closed'
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
    if (this.#phase === 'closed') return
    this.#output.pause()
    this.#clock.set(BLOCK, this.#limits.smtpBlockTime, () =>
      this.#end(new MailError('ETIMEDOUT', 'the server takes nothing of what it is sent')),
    )
  }

  resumeOutput(): void {
    this.#clock.clear(BLOCK)
    this.#output.resume()
  }

  upgraded(tls: TlsInfo | null): void {
    if (this.#phase !== 'upgrading') return
    if (!tls) {
      this.#end(new MailError('ETLS', 'there was no TLS handshake'))
      return
    }
    this.#clock.clear(HANDSHAKE)
    this.#tls = tls
    this.#phase = 'opening'
    this.#handshake?.resolve(tls)
    this.#handshake = null
  }

  destroy(error?: Error | null): void {
    if (this.#phase === 'closed') return
    const cause = error ? { cause: error } : {}
    if (this.#leaving) this.#end(null)
    else if (this.#phase === 'upgrading') this.#end(new MailError('ETLS', 'the TLS handshake failed', cause))
    else this.#end(new MailError('ECONNECTION', 'the connection is gone', cause))
  }

  protected override onListenerError(error: unknown, name: keyof SmtpClientEvents): void {
    this.#failed(`a listener of '${name}' failed`, error)
  }

  #failed(message: string, error: unknown): void {
    try {
      this.#options.onFailure?.(message, error)
    } catch {
      // who reports failures has nobody to report to
    }
  }

  /** Something here is broken; nothing of it may reach the driver. */
  #broken(error: unknown): void {
    if (!(error instanceof MailError)) this.#failed('the session failed', error)
    this.#end(
      error instanceof MailError ? error : new MailError('EPROTOCOL', 'the session failed', { cause: error }),
    )
  }

  #whenReady(): Promise<void> {
    if (this.#phase === 'closed') return Promise.reject(this.#over())
    if (this.#phase === 'open') return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  #over(): MailError {
    return this.#ended ?? new MailError('ECONNECTION', 'the session is over')
  }

  async #open(greeting: Promise<SmtpReply>): Promise<void> {
    this.#greeting = await hearGreeting(this.#core, greeting)
    await this.#introduce()
  }

  async #introduce(): Promise<void> {
    this.#extensions = new Map()
    this.#extensions = await introduce(this.#core)
    if (this.state === 'closed') return
    this.#phase = 'open'
    for (const { resolve } of this.#waiting.splice(0)) resolve()
    this.emit('ready')
    this.#jobs.next()
  }

  /** Work whose making may throw: what is wrong with it is told like everything else. */
  #attempt<T>(make: () => Work<T>): Promise<T> {
    let work: Work<T>
    try {
      work = make()
    } catch (error) {
      return Promise.reject(error)
    }
    return this.#do(work)
  }

  #do<T>(work: Work<T>): Promise<T> {
    return this.#phase === 'closed' ? Promise.reject(this.#over()) : this.#jobs.do(work)
  }

  #pump(): void {
    while (this.#phase !== 'closed') {
      let reply: SmtpReply | null
      try {
        reply = this.#replies.read(this.#input)
      } catch (error) {
        this.#end(unreadable(error, this.#debts.first?.command))
        return
      }
      if (!reply) break
      if (this.listenerCount('trace') > 0) this.emit('trace', 'server', reply.response)
      const owed = this.#debts.first
      if (!owed || owed.time === null || reply.code === 421) {
        this.#end(strayReply(owed?.command ?? null, reply))
        return
      }
      this.#debts.pay(reply)
    }
    if (this.#debts.none && this.#ahead()) {
      this.#end(new MailError('EPROTOCOL', 'the server says more than it was asked'))
      return
    }
    this.#debts.arm()
    this.#jobs.next()
  }

  /** Has the server begun to say what nobody asked for? A 421 may begin at any time. */
  #ahead(): boolean {
    if (this.#replies.begun) return this.#replies.code !== 421
    const rest = this.#input.peek()
    return rest !== null && rest[0] !== FOUR
  }

  #owe(command: string, time: number): Promise<SmtpReply> {
    return promised((take, fail) => this.#lend({ command, time, take, fail }))
  }

  #oweLater(command: string): Later {
    let debt!: Debt
    const reply = promised<SmtpReply>((take, fail) => {
      debt = { command, time: null, take, fail }
      this.#lend(debt)
    })
    return {
      reply,
      due: time => {
        debt.time = time
        this.#debts.arm()
      },
    }
  }

  #commands(lines: readonly Command[]): Promise<readonly SmtpReply[]> {
    return promised((resolve, fail) => {
      const replies: SmtpReply[] = []
      const take = (reply: SmtpReply): void => {
        if (replies.push(reply) === lines.length) resolve(replies)
      }
      for (const { name, line, time = this.#limits.smtpReplyTime } of lines) {
        this.#say(line)
        this.#lend({ command: name, time, take, fail })
      }
    })
  }

  #lend(debt: Debt): void {
    if (this.#phase === 'closed') debt.fail(this.#over())
    else this.#debts.add(debt)
  }

  #say(line: string, shown = line): void {
    this.#output.write(`${line}\r\n`)
    this.emit('trace', 'client', shown)
  }

  #upgrade(): Promise<TlsInfo> {
    // more has come behind the consent, and ended the session
    if (this.#phase === 'closed') return Promise.reject(this.#over())
    if (this.#input.length > 0 || this.#replies.begun) {
      const error = new MailError('ETLS', 'the server sent more behind its consent to TLS')
      this.#end(error)
      return Promise.reject(error)
    }
    this.#output.flush()
    this.#phase = 'upgrading'
    this.#extensions = new Map()
    this.#clock.set(HANDSHAKE, this.#limits.handshakeTime, () =>
      this.#end(new MailError('ETLS', 'the TLS handshake takes too long')),
    )
    const secured = new Promise<TlsInfo>((resolve, reject) => {
      this.#handshake = { resolve, reject }
    }).then(async tls => {
      await this.#introduce().catch(error => {
        this.#broken(error)
        throw error
      })
      return tls
    })
    this.emit('upgrade', 'tls')
    return secured
  }

  #end(error: MailError | null): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    const over = error ?? new MailError('ECONNECTION', 'the session is over')
    this.#ended = over
    this.#clock.clearAll()
    this.#input.clear()
    // asked before the output is thrown away: has the message left?
    this.#jobs.end(over)
    // what is left could be the end of a message that is reported as lost
    if (error) this.#output.discard()
    else this.#output.close()
    this.#debts.cancel(over)
    for (const waiter of this.#waiting.splice(0)) waiter.reject(over)
    this.#handshake?.reject(over)
    if (error) this.emit('error', error)
    this.emit('close', error)
  }

  #makeCore(): ClientCore {
    const session = this
    return {
      options: this.#options,
      limits: this.#limits,
      clock: this.#clock,
      output: this.#output,
      lmtp: this.#options.lmtp ?? false,
      random: this.#options.random ?? randomBytes,
      get extensions() {
        return session.#extensions
      },
      get tls() {
        return session.#tls
      },
      get closed() {
        return session.#phase === 'closed'
      },
      say: line => this.#say(line),
      note: shown => {
        if (this.listenerCount('trace') > 0) this.emit('trace', 'client', shown())
      },
      command: (name, line, time = this.#limits.smtpReplyTime, shown = line) => {
        this.#say(line, shown)
        return this.#owe(name, time)
      },
      commands: lines => this.#commands(lines),
      owe: (command, time) => this.#owe(command, time),
      oweLater: command => this.#oweLater(command),
      wake: () => this.emit('wake'),
      said: () => this.#jobs.said(),
      upgrade: () => this.#upgrade(),
      end: error => this.#end(error),
    }
  }
}

/** A promise that nobody has to hear of when it rejects: whoever has given up waiting is told otherwise. */
function promised<T>(
  begin: (resolve: (value: T) => void, reject: (error: MailError) => void) => void,
): Promise<T> {
  const promise = new Promise<T>(begin)
  promise.catch(() => {})
  return promise
}
