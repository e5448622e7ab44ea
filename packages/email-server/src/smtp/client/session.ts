// The client side of one SMTP or LMTP connection, without I/O (RFC 5321 §3, RFC 2033). It reads replies, counts what it is
// owed, keeps the time and does one thing after another; what is said stands in the files beside it.
import { type Callback, settle } from '../../base/callback.ts'
import { ClientSession } from '../../base/client-session.ts'
import { randomBytes } from '../../base/crypto.ts'
import { MailError } from '../../base/errors.ts'
import { InputQueue } from '../../base/input-queue.ts'
import type { TlsInfo } from '../../base/runtime.ts'
import type { ClientCredentials } from '../../sasl/index.ts'
import { ReplyReader, type SmtpReply } from '../wire/reply-reader.ts'
import { authenticate } from './auth.ts'
import type { ClientCore, Command, Later, Work } from './core.ts'
import { type Debt, Debts } from './debts.ts'
import { strayReply, unreadable } from './faults.ts'
import { hearGreeting, introduce, limitOf } from './hello.ts'
import { Jobs } from './jobs.ts'
import { checkClientOptions, type SmtpClientOptions } from './options.ts'
import { sendMessage } from './send.ts'
import { leave, noop, reset, secure, verify } from './small.ts'
import type { SmtpSendResult, SmtpTransaction } from './transaction.ts'

/** The first digit of a 421, which may come at any time (RFC 5321 §3.8). */
const FOUR = 0x34

export class SmtpClientSession extends ClientSession {
  readonly #options: SmtpClientOptions
  readonly #input = new InputQueue()
  readonly #replies: ReplyReader
  readonly #debts: Debts
  readonly #jobs: Jobs
  readonly #core: ClientCore
  #greeting = ''
  #extensions: ReadonlyMap<string, string> = new Map()
  #transactions = 0

  /** Throws a MailError (`ECONFIG`) that names the bad option. */
  constructor(options: SmtpClientOptions) {
    super(options)
    checkClientOptions(options)
    this.#options = options
    this.#replies = new ReplyReader(this.limits.smtpReply)
    this.#debts = new Debts(this.clock, error => this.end(error))
    this.#core = this.#makeCore()
    const session = this
    this.#jobs = new Jobs(this.#core, {
      get idle() {
        return session.#debts.none
      },
      get open() {
        return session.phase === 'open'
      },
      broken: error => this.broken(error),
    })
  }

  /** `ready`: nothing is under way. `busy`: something is, or waits to be. */
  get state(): 'greeting' | 'ready' | 'busy' | 'closed' {
    if (this.phase === 'closed') return 'closed'
    if (this.phase !== 'open') return this.#jobs.running ? 'busy' : 'greeting'
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

  /** Recipients that the server takes in one transaction (RFC 9422 RCPTMAX); null when it has not said. */
  get maxRecipients(): number | null {
    return limitOf(this.#extensions, 'RCPTMAX')
  }

  /** Transactions that the server still takes on this connection (RFC 9422 MAILMAX); null when it has not said. */
  get transactionsLeft(): number | null {
    const most = limitOf(this.#extensions, 'MAILMAX')
    return most === null ? null : Math.max(0, most - this.#transactions)
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
        this.leaving = true
        return leave.run(core)
      },
    }).catch(() => {})
    return settle(left, callback)
  }

  protected override get stallTime(): number {
    return this.limits.smtpBlockTime
  }

  protected override async begin(): Promise<void> {
    this.#greeting = await hearGreeting(this.#core, this.#owe('greeting', this.limits.smtpReplyTime))
    await this.#introduce()
  }

  protected override receive(bytes: Uint8Array): boolean {
    this.#input.push(bytes)
    this.#pump()
    return this.state !== 'closed'
  }

  protected override lost(error: MailError): void {
    this.#input.clear()
    this.#jobs.end(error)
    this.#debts.cancel(error)
  }

  async #introduce(): Promise<void> {
    this.#extensions = new Map()
    this.#extensions = await introduce(this.#core)
    if (this.state === 'closed') return
    this.opened()
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
    return this.phase === 'closed' ? Promise.reject(this.over()) : this.#jobs.do(work)
  }

  #pump(): void {
    while (this.phase !== 'closed') {
      let reply: SmtpReply | null
      try {
        reply = this.#replies.read(this.#input)
      } catch (error) {
        this.end(unreadable(error, this.#debts.first?.command))
        return
      }
      if (!reply) break
      if (this.listenerCount('trace') > 0) this.emit('trace', 'server', reply.response)
      const owed = this.#debts.first
      if (!owed || owed.time === null || reply.code === 421) {
        this.end(strayReply(owed?.command ?? null, reply))
        return
      }
      this.#debts.pay(reply)
    }
    if (this.#debts.none && this.#ahead()) {
      this.end(new MailError('EPROTOCOL', 'the server says more than it was asked'))
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
      for (const { name, line, time = this.limits.smtpReplyTime } of lines) {
        this.#say(line)
        this.#lend({ command: name, time, take, fail })
      }
    })
  }

  #lend(debt: Debt): void {
    if (this.phase === 'closed') debt.fail(this.over())
    else this.#debts.add(debt)
  }

  #say(line: string, shown = line): void {
    this.output.write(`${line}\r\n`)
    this.emit('trace', 'client', shown)
  }

  #upgrade(): Promise<TlsInfo> {
    const ahead = this.#input.length > 0 || this.#replies.begun
    const secured = this.handshake(ahead).then(async tls => {
      await this.#introduce().catch(error => {
        this.broken(error)
        throw error
      })
      return tls
    })
    this.#extensions = new Map()
    return secured
  }

  #makeCore(): ClientCore {
    const session = this
    return {
      options: this.#options,
      limits: this.limits,
      clock: this.clock,
      output: this.output,
      lmtp: this.#options.lmtp ?? false,
      random: this.#options.random ?? randomBytes,
      get extensions() {
        return session.#extensions
      },
      get tls() {
        return session.tls
      },
      get closed() {
        return session.phase === 'closed'
      },
      say: line => this.#say(line),
      note: shown => {
        if (this.listenerCount('trace') > 0) this.emit('trace', 'client', shown())
      },
      command: (name, line, time = this.limits.smtpReplyTime, shown = line) => {
        this.#say(line, shown)
        return this.#owe(name, time)
      },
      commands: lines => this.#commands(lines),
      owe: (command, time) => this.#owe(command, time),
      oweLater: command => this.#oweLater(command),
      wake: () => this.emit('wake'),
      said: () => this.#jobs.said(),
      upgrade: () => this.#upgrade(),
      end: error => this.end(error),
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
