// The client side of one POP3 connection, without I/O (RFC 1939, RFC 2449, RFC 2595, RFC 5034, RFC 6856).
import { type Callback, settle } from '../../base/callback.ts'
import { ClientSession, type ClientSessionOptions } from '../../base/client-session.ts'
import { randomBytes } from '../../base/crypto.ts'
import { MailError, usageError } from '../../base/errors.ts'
import type { TlsInfo } from '../../base/runtime.ts'
import type { ClientCredentials } from '../../sasl/index.ts'
import { MessageStream, WholeBody } from './bodies.ts'
import * as commands from './commands.ts'
import { Dialogue } from './dialogue.ts'
import { apopLogin, authenticate, type LoginPort, sayPass, sayUser } from './login.ts'
import { messagesOf, type Pop3Message } from './message.ts'
import { type ListEntry, readTimestamp, type UidlEntry } from './replies.ts'

export class Pop3ClientSession extends ClientSession {
  readonly #options: ClientSessionOptions
  readonly #dialogue: Dialogue
  readonly #loginPort: LoginPort
  #greeting = ''
  #capabilities: ReadonlyMap<string, string> = new Map()
  /** Messages are marked as deleted: QUIT must be answered. */
  #marked = false
  #paused = false

  /** Throws a MailError (`ECONFIG`) that names the bad option. */
  constructor(options: ClientSessionOptions) {
    super(options)
    this.#options = options
    this.#dialogue = new Dialogue({
      limits: this.limits,
      clock: this.clock,
      output: this.output,
      trace: (from, line) => void this.emit('trace', from, line),
      end: error => this.end(error),
      wake: () => void this.emit('wake'),
    })
    this.#loginPort = this.#makeLoginPort()
  }

  get state(): 'greeting' | 'ready' | 'busy' | 'closed' {
    if (this.phase === 'closed') return 'closed'
    if (this.phase !== 'open') return 'greeting'
    return this.#dialogue.idle ? 'ready' : 'busy'
  }

  /** What the server can do, as CAPA has told it: tag in upper case → its parameters; empty for a server without CAPA. */
  get capabilities(): ReadonlyMap<string, string> {
    return this.#capabilities
  }

  /** The text of the greeting; '' before it. */
  get greeting(): string {
    return this.#greeting
  }

  /** USER; rejects with ENOAUTH without TLS, unless `allowInsecureAuth`. */
  user(name: string): Promise<void>
  user(name: string, callback: Callback<void>): void
  user(name: string, callback?: Callback<void>): Promise<void> | undefined {
    return this.#run(() => sayUser(this.#loginPort, name), callback)
  }

  /** PASS, behind `user`. Rejects with EAUTH when the server says no. */
  pass(password: string): Promise<void>
  pass(password: string, callback: Callback<void>): void
  pass(password: string, callback?: Callback<void>): Promise<void> | undefined {
    return this.#run(() => sayPass(this.#loginPort, password), callback)
  }

  /** APOP: the password stays here, its MD5 with the greeting's timestamp goes. Rejects with ENOAUTH when the greeting had none. */
  apop(user: string, password: string): Promise<void>
  apop(user: string, password: string, callback: Callback<void>): void
  apop(user: string, password: string, callback?: Callback<void>): Promise<void> | undefined {
    return this.#run(() => apopLogin(this.#loginPort, user, password), callback)
  }

  /** AUTH XOAUTH2 with a bearer token. */
  xoauth2(user: string, accessToken: string): Promise<void>
  xoauth2(user: string, accessToken: string, callback: Callback<void>): void
  xoauth2(user: string, accessToken: string, callback?: Callback<void>): Promise<void> | undefined {
    return this.#run(() => authenticate(this.#loginPort, { user, accessToken, method: 'XOAUTH2' }), callback)
  }

  /**
   * Logs in by the strongest mechanism that the server offers and the credentials fit; without one, by USER and PASS (by APOP where there
   * is no TLS). Rejects with ENOAUTH when nothing may be used, with EAUTH when the server says no.
   */
  authenticate(credentials: ClientCredentials): Promise<void>
  authenticate(credentials: ClientCredentials, callback: Callback<void>): void
  authenticate(credentials: ClientCredentials, callback?: Callback<void>): Promise<void> | undefined {
    return this.#run(() => authenticate(this.#loginPort, credentials), callback)
  }

  /**
   * STLS (RFC 2595 §4), the handshake by the driver, CAPA again. Rejects with ETLS: when the server offers or grants no TLS the session
   * goes on in clear, and it is for the caller to end it.
   */
  stls(): Promise<TlsInfo>
  stls(callback: Callback<TlsInfo>): void
  stls(callback?: Callback<TlsInfo>): Promise<TlsInfo> | undefined {
    return this.#run(() => this.#secure(), callback)
  }

  /** What the server can do now; also in `capabilities` from then on. */
  capa(): Promise<ReadonlyMap<string, string>>
  capa(callback: Callback<ReadonlyMap<string, string>>): void
  capa(callback?: Callback<ReadonlyMap<string, string>>): Promise<ReadonlyMap<string, string>> | undefined {
    return this.#run(async () => this.#can(await commands.capa(this.#say)), callback)
  }

  stat(): Promise<commands.MaildropTotal>
  stat(callback: Callback<commands.MaildropTotal>): void
  stat(callback?: Callback<commands.MaildropTotal>): Promise<commands.MaildropTotal> | undefined {
    return this.#run(() => commands.stat(this.#say), callback)
  }

  /** Number and size of each message that is not marked as deleted; or of one. */
  list(): Promise<ListEntry[]>
  list(callback: Callback<ListEntry[]>): void
  list(index: number): Promise<ListEntry>
  list(index: number, callback: Callback<ListEntry>): void
  list(
    index?: number | Callback<ListEntry[]>,
    callback?: Callback<ListEntry>,
  ): Promise<ListEntry[] | ListEntry> | undefined {
    return this.#listing(commands.list, index, callback)
  }

  /** Number and lasting name of each message that is not marked as deleted; or of one. */
  uidl(): Promise<UidlEntry[]>
  uidl(callback: Callback<UidlEntry[]>): void
  uidl(index: number): Promise<UidlEntry>
  uidl(index: number, callback: Callback<UidlEntry>): void
  uidl(
    index?: number | Callback<UidlEntry[]>,
    callback?: Callback<UidlEntry>,
  ): Promise<UidlEntry[] | UidlEntry> | undefined {
    return this.#listing(commands.uidl, index, callback)
  }

  /** The message, whole; ELIMIT beyond `limits.messageSize`. */
  retr(index: number): Promise<Uint8Array>
  retr(index: number, callback: Callback<Uint8Array>): void
  retr(index: number, callback?: Callback<Uint8Array>): Promise<Uint8Array> | undefined {
    return this.#run(() => commands.retr(this.#say, index, this.#wholeBody()), callback)
  }

  /**
   * The message as it comes: resolves when the server has begun to send it. Read it, or leave it (`break`, `return()`): the commands
   * behind it wait for its end.
   */
  retrStream(index: number): Promise<MessageStream>
  retrStream(index: number, callback: Callback<MessageStream>): void
  retrStream(index: number, callback?: Callback<MessageStream>): Promise<MessageStream> | undefined {
    return this.#run(() => commands.retrStream(this.#say, index, this.#streamBody()), callback)
  }

  /** The header, and so many lines of the body. */
  top(index: number, lines: number): Promise<Uint8Array>
  top(index: number, lines: number, callback: Callback<Uint8Array>): void
  top(index: number, lines: number, callback?: Callback<Uint8Array>): Promise<Uint8Array> | undefined {
    return this.#run(() => commands.top(this.#say, index, lines, this.#wholeBody()), callback)
  }

  /** Marks a message; QUIT removes what is marked. */
  dele(index: number): Promise<void>
  dele(index: number, callback: Callback<void>): void
  dele(index: number, callback?: Callback<void>): Promise<void> | undefined {
    return settle(
      this.#mark(say => commands.dele(say, index), true),
      callback,
    )
  }

  /** Takes all marks away. */
  rset(): Promise<void>
  rset(callback: Callback<void>): void
  rset(callback?: Callback<void>): Promise<void> | undefined {
    return settle(this.#mark(commands.rset, false), callback)
  }

  noop(): Promise<void>
  noop(callback: Callback<void>): void
  noop(callback?: Callback<void>): Promise<void> | undefined {
    return this.#run(() => commands.noop(this.#say), callback)
  }

  /**
   * Removes what is marked, and ends. Rejects with EMESSAGE when the server could not remove all of it, and with what has ended the
   * session when it is not known; without marks it never rejects.
   */
  quit(): Promise<void>
  quit(callback: Callback<void>): void
  quit(callback?: Callback<void>): Promise<void> | undefined {
    return settle(this.#quit(), callback)
  }

  /**
   * Every message that is there now, one after another; each is fetched when it is asked for. Other commands may be said in the
   * loop, and it may be left at any time.
   *
   *     for await (const message of pop.messages()) {
   *       await store(message.uid, await message.bytes())
   *       await message.delete()
   *     }
   */
  messages(): AsyncGenerator<Pop3Message, void, undefined> {
    return messagesOf(this)
  }

  protected override async begin(): Promise<void> {
    const { status } = await this.#dialogue.expect('the greeting', 'ECONNECTION')
    this.#greeting = status.text
    await this.#discover()
    if (this.phase !== 'opening') return
    this.opened()
    this.emit('ready')
  }

  protected override receive(bytes: Uint8Array): boolean {
    this.#dialogue.feed(bytes)
    if (this.#dialogue.full && !this.#paused) {
      this.#paused = true
      this.emit('pause')
    }
    return !this.#paused
  }

  protected override lost(error: MailError): void {
    this.#dialogue.end(error)
  }

  #run<T>(work: () => Promise<T>, callback: Callback<T> | undefined): Promise<T> | undefined {
    return settle(this.#try(work), callback)
  }

  /** Waits for the greeting first; what a caller has done wrong is told like everything else. */
  async #try<T>(work: () => Promise<T>): Promise<T> {
    if (this.phase === 'new' || this.phase === 'opening') await this.whenOpen()
    return work()
  }

  readonly #say: commands.Say = command =>
    this.phase === 'closed' ? Promise.reject(this.over()) : this.#dialogue.say(command)

  /** CAPA; a server that does not know it can do what RFC 1939 has. */
  async #discover(): Promise<void> {
    this.#can(new Map())
    try {
      this.#can(await commands.capa(this.#say, true))
    } catch (error) {
      if (this.ended) throw error
    }
  }

  #can(capabilities: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
    this.#capabilities = capabilities
    this.#dialogue.pipelining = capabilities.has('PIPELINING')
    return capabilities
  }

  async #secure(): Promise<TlsInfo> {
    if (this.tls) throw usageError('TLS is active already')
    if (this.#options.canUpgrade !== true) throw new MailError('ETLS', 'the driver has no TLS (canUpgrade)')
    await commands.stls(this.#say)
    const tls = await this.handshake(this.#dialogue.ahead)
    // what was said in clear counts no longer (RFC 2595 §4)
    const discovered = this.#discover()
    this.#dialogue.release()
    await discovered
    this.opened()
    return tls
  }

  #listing<T>(
    command: commands.Listing<T>,
    index: number | Callback<T[]> | undefined,
    callback: Callback<T> | undefined,
  ): Promise<T[] | T> | undefined {
    if (typeof index === 'function' || (index === undefined && !callback)) {
      return this.#run(() => command.all(this.#say), index as Callback<T[]> | undefined)
    }
    return this.#run(() => command.one(this.#say, index), callback)
  }

  #wholeBody(): WholeBody {
    return new WholeBody(this.limits.messageSize)
  }

  #streamBody(): MessageStream {
    return new MessageStream(this.limits.inputWindow, () => this.#goOn())
  }

  async #mark(command: (say: commands.Say) => Promise<void>, marked: boolean): Promise<void> {
    await this.#try(() => command(this.#say))
    this.#marked = marked
  }

  /** The reader of a message has taken some of it. */
  #goOn(): void {
    this.#dialogue.resume()
    if (!this.#paused || this.#dialogue.full || this.phase === 'closed') return
    this.#paused = false
    this.emit('resume')
  }

  async #quit(): Promise<void> {
    // whether marks must be honoured is known when everything before has been answered
    try {
      await this.#try(() => commands.quit(this.#say))
    } catch (error) {
      const marked = this.#marked
      this.#leave()
      if (marked) throw error
      return
    }
    this.#leave()
  }

  #leave(): void {
    this.leaving = true
    this.#marked = false
    this.end(null)
  }

  #makeLoginPort(): LoginPort {
    const session = this
    return {
      allowInsecureAuth: this.#options.allowInsecureAuth ?? false,
      host: this.#options.host,
      port: this.#options.port,
      random: this.#options.random ?? randomBytes,
      get tls() {
        return session.tls
      },
      get capabilities() {
        return session.#capabilities
      },
      get timestamp() {
        return readTimestamp(session.#greeting)
      },
      say: command => this.#say(command),
      end: error => this.end(error),
    }
  }
}
