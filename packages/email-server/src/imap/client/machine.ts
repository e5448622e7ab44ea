// The client side of one IMAP connection, without I/O (RFC 3501, RFC 9051): it hears the greeting, knows what is on offer and which mailbox is
// open, and brings together those who read (`intake.ts`), speak (`dialogue.ts`), wait (`idle.ts`) and iterate (`fetch-flow.ts`).
import { ClientSession } from '../../base/client-session.ts'
import { randomBytes } from '../../base/crypto.ts'
import type { Emitter } from '../../base/emitter.ts'
import { MailError } from '../../base/errors.ts'
import type { TlsInfo } from '../../base/runtime.ts'
import { codeBigint } from './codes.ts'
import type { ClientCore, Command } from './core.ts'
import { Dialogue, type DialoguePort } from './dialogue.ts'
import { protocolError } from './faults.ts'
import type { FetchFlow } from './fetch-flow.ts'
import { Idle } from './idle.ts'
import { Intake } from './intake.ts'
import { askCapability } from './login.ts'
import type { OpenMailbox } from './mailbox.ts'
import { Offer } from './offer.ts'
import type { ImapClientEvents, ImapClientOptions } from './options.ts'
import type { DataResponse, ServerResponse, StatusResponse } from './responses.ts'
import { hearData, type UnaskedPort } from './unasked.ts'

const GREETING: unique symbol = Symbol('greeting')
const DEFLATE_BEGINS: unique symbol = Symbol('deflate')

/** Speaks through `face`, which has its events. */
export class ImapMachine extends ClientSession {
  readonly core: ClientCore
  readonly #face: Emitter<ImapClientEvents>
  readonly #offer = new Offer()
  readonly #intake: Intake
  readonly #dialogue: Dialogue
  readonly #idle: Idle
  readonly #unasked: UnaskedPort
  readonly #flows = new Set<FetchFlow>()
  #greeted: ((status: StatusResponse) => void) | null = null
  #authenticated = false
  #mailbox: OpenMailbox | null = null
  #opening: OpenMailbox | null = null
  #deflating: { resolve(): void; reject(error: MailError): void } | null = null
  /** The peer has been asked to wait: nobody has room for what it says. */
  #held = false

  /** Throws a MailError (`ECONFIG`) that names the bad option. */
  constructor(options: ImapClientOptions, face: Emitter<ImapClientEvents>) {
    super(options)
    this.#face = face
    this.core = this.#makeCore(options)
    this.#dialogue = new Dialogue(this.#makeDialoguePort())
    this.#intake = this.#makeIntake()
    this.#idle = this.#makeIdle()
    this.#unasked = this.#makeUnasked()
  }

  get capability(): readonly string[] {
    return this.#offer.words
  }

  /** As it was at the end, when the session is over. */
  get mailbox(): OpenMailbox | null {
    return this.#mailbox
  }

  get state(): 'greeting' | 'notAuthenticated' | 'authenticated' | 'selected' | 'closed' {
    if (this.phase === 'closed') return 'closed'
    if (this.phase !== 'open') return 'greeting'
    if (!this.#authenticated) return 'notAuthenticated'
    return this.#mailbox ? 'selected' : 'authenticated'
  }

  get idle(): Idle {
    return this.#idle
  }

  /** Resolves when commands may be said. */
  async opens(): Promise<ClientCore> {
    if (this.phase !== 'open') await this.whenOpen()
    return this.core
  }

  override emit<K extends keyof ImapClientEvents>(name: K, ...args: ImapClientEvents[K]): boolean {
    return this.#face.emit(name, ...args)
  }

  override upgraded(tls: TlsInfo | null): void {
    const deflating = this.#deflating
    if (!deflating) {
      super.upgraded(tls)
      return
    }
    this.clock.clear(DEFLATE_BEGINS)
    this.#deflating = null
    deflating.resolve()
    this.#dialogue.next()
  }

  protected override async begin(): Promise<void> {
    this.clock.set(GREETING, this.limits.imapReplyTime, () =>
      this.end(new MailError('ETIMEDOUT', 'the server does not greet')),
    )
    const status = await new Promise<StatusResponse>(resolve => {
      this.#greeted = resolve
    })
    this.#authenticated = status.status === 'PREAUTH'
    await this.#refresh(status)
    if (this.phase !== 'opening') return
    this.opened()
    this.emit('ready')
  }

  protected override receive(bytes: Uint8Array): boolean {
    this.#intake.push(bytes)
    this.#read()
    return !this.#held
  }

  protected override lost(error: MailError): void {
    this.#intake.end(error)
    for (const flow of [...this.#flows]) flow.fail(error)
    this.#dialogue.end(error)
    this.#idle.end(error)
    this.#deflating?.reject(error)
    this.#deflating = null
  }

  /** May say something. */
  get #alive(): boolean {
    return this.phase === 'open' || this.phase === 'opening'
  }

  #read(): void {
    this.#intake.pump()
    if (this.#alive) this.#dialogue.arm(this.#held)
  }

  #response(response: ServerResponse): void {
    if (this.#greeted) {
      this.#hearGreeting(response, this.#greeted)
      return
    }
    if (response.kind === 'continue') this.#dialogue.hearContinue(response.text)
    else if (response.kind === 'status') this.#hearStatus(response)
    else if (!this.#offer.hearData(response)) hearData(response, this.#unasked)
  }

  #hearGreeting(response: ServerResponse, greeted: (status: StatusResponse) => void): void {
    this.clock.clear(GREETING)
    if (response.kind !== 'status' || response.tag !== null)
      throw protocolError('the server begins without a greeting')
    const { status, text } = response
    this.emit('trace', 'server', `* ${status} ${text}`)
    if (status === 'BYE') throw new MailError('ECONNECTION', `the server does not want to talk: ${text}`)
    if (status !== 'OK' && status !== 'PREAUTH')
      throw protocolError('the greeting of the server makes no sense')
    this.#greeted = null
    greeted(response)
  }

  /** What is on offer is told along with some answers; where it is not, it is asked. */
  async #refresh(status: StatusResponse): Promise<void> {
    if (!this.#offer.hearCode(status)) await askCapability.run(this.core)
  }

  #hearStatus(status: StatusResponse): void {
    const { code, text, tag } = status
    if (this.#face.listenerCount('trace') > 0) {
      this.emit('trace', 'server', `${tag ?? '*'} ${status.status} ${text}`)
    }
    if (this.phase === 'open') this.#offer.hearCode(status)
    if (code?.name === 'ALERT') this.emit('alert', text)
    if (code?.name === 'HIGHESTMODSEQ' && this.#mailbox) this.#mailbox.highestModseq = codeBigint(code)
    if (tag !== null) this.#dialogue.hearStatus(status)
    else if (status.status === 'BYE') this.#hearBye(text)
    else if (status.status === 'PREAUTH') throw protocolError('PREAUTH is a greeting')
    else this.#dialogue.hearUntagged(status)
  }

  #hearBye(text: string): void {
    this.emit('bye', text)
    if (!this.leaving) this.end(new MailError('ECONNECTION', `the server goes away: ${text}`))
  }

  /** Somebody wants the connection, or has room again. */
  #changed(): void {
    if (this.phase === 'closed') return
    this.#idle.changed()
    if (!this.#held || this.#mustHold()) return
    this.#held = false
    queueMicrotask(() => {
      if (!this.#alive) return
      this.#read()
      if (!this.#held) this.emit('resume')
    })
  }

  /** Iterations are full, and nobody else waits for an answer, which stands behind what is for them. */
  #mustHold(): boolean {
    if (this.#flows.size === 0) return false
    if (this.#dialogue.pressed) {
      for (const flow of this.#flows) {
        if (!flow.bursts) continue
        flow.fail(
          new MailError('ELIMIT', 'too much has come for an iteration while another command was waited for'),
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

  async #secure(): Promise<TlsInfo> {
    // what was said in clear counts no longer (RFC 9051 §6.2.1)
    this.#offer.forget()
    const tls = await this.handshake(this.#intake.length > 0)
    await askCapability.run(this.core)
    this.opened()
    return tls
  }

  /** What has come behind the consent is compressed already. */
  #deflate(): Promise<void> {
    this.output.flush()
    const begun = new Promise<void>((resolve, reject) => {
      this.#deflating = { resolve, reject }
    })
    this.clock.set(DEFLATE_BEGINS, this.limits.handshakeTime, () =>
      this.end(new MailError('ECONNECTION', 'the connection does not begin to be compressed')),
    )
    this.emit('upgrade', 'deflate', this.#intake.takeRest())
    return begun
  }

  #makeCore(options: ImapClientOptions): ClientCore {
    const machine = this
    return {
      options,
      limits: this.limits,
      readerLimits: {
        ...this.limits,
        imapDepth: this.limits.imapResponseDepth,
        imapSetRanges: 1_000_000,
      },
      clock: this.clock,
      output: this.output,
      random: options.random ?? randomBytes,
      get tls() {
        return machine.tls
      },
      get authenticated() {
        return machine.#authenticated
      },
      get closed() {
        return machine.phase === 'closed'
      },
      get utf8() {
        return machine.#offer.utf8
      },
      get mailbox() {
        return machine.#mailbox
      },
      get capability() {
        return machine.#offer.words
      },
      has: capability => this.#offer.has(capability),
      isEnabled: capability => this.#offer.isEnabled(capability),
      send: command => this.#send(command),
      open: (mailbox, done) => {
        this.#opening = done ? null : mailbox
        this.#mailbox = done ? mailbox : null
      },
      refreshCapability: status => this.#refresh(status),
      enabled: names => this.#offer.enabled(names),
      loggedIn: () => {
        this.#authenticated = true
      },
      upgradeTls: () => this.#secure(),
      upgradeDeflate: () => this.#deflate(),
      addFlow: flow => void this.#flows.add(flow),
      removeFlow: flow => void this.#flows.delete(flow),
      flowChanged: () => this.#changed(),
      leave: () => {
        this.leaving = true
      },
      wake: () => this.emit('wake'),
      end: error => this.end(error),
    }
  }

  #send<T>(command: Command<T>): Promise<T> {
    return this.phase === 'closed' ? Promise.reject(this.over()) : this.#dialogue.send(command)
  }

  #makeDialoguePort(): DialoguePort {
    const machine = this
    return {
      limits: this.limits,
      clock: this.clock,
      output: this.output,
      get utf8() {
        return machine.#offer.utf8
      },
      get open() {
        return machine.#alive && !machine.#deflating
      },
      get authenticated() {
        return machine.#authenticated
      },
      get mailbox() {
        return machine.#mailbox
      },
      synchronizing: size => this.#offer.synchronizing(size),
      note: line => void this.emit('trace', 'client', line),
      changed: () => this.#changed(),
      wake: () => void this.emit('wake'),
      end: error => this.end(error),
    }
  }

  #makeIntake(): Intake {
    const machine = this
    return new Intake({
      limits: this.limits,
      readerLimits: this.core.readerLimits,
      get utf8() {
        return machine.#offer.utf8
      },
      get authenticated() {
        return machine.#authenticated
      },
      get listens() {
        if (!machine.#alive || machine.#deflating) return false
        if (!machine.#mustHold()) return true
        if (!machine.#held) {
          machine.#held = true
          machine.emit('pause')
        }
        return false
      },
      streaming: () => this.#dialogue.streaming,
      response: response => this.#response(response),
      broken: error => this.broken(error),
    })
  }

  #makeIdle(): Idle {
    const machine = this
    return new Idle({
      limits: this.limits,
      clock: this.clock,
      output: this.output,
      get over() {
        return machine.phase === 'closed' ? machine.over() : null
      },
      get free() {
        return machine.phase === 'open' && !machine.#deflating && machine.#dialogue.none
      },
      get queued() {
        return machine.#dialogue.queued
      },
      has: capability => this.#offer.has(capability),
      send: command => this.#send(command),
    })
  }

  #makeUnasked(): UnaskedPort {
    const machine = this
    return {
      events: this.#face,
      get mailbox() {
        return machine.#opening ?? machine.#mailbox
      },
      get opening() {
        return machine.#opening !== null
      },
      takeStreamed: () => this.#intake.takeStreamed(),
      answers: (data: DataResponse) => this.#dialogue.hearData(data),
    }
  }
}
