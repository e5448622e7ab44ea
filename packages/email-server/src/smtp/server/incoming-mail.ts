// A message that has come in, as the `mail` listener gets it: whole, with its trace field, waiting for a verdict.
import { concat, fromLatin1, fromUtf8 } from '../../base/bytes.ts'
import { type Callback, settle } from '../../base/callback.ts'
import { Emitter } from '../../base/emitter.ts'
import { usageError } from '../../base/errors.ts'
import type { SendResult } from '../../base/send-result.ts'
import {
  type Attachment,
  ParsedHeaders,
  type ParsedMessage,
  parseMessage,
  splitHeader,
} from '../../mime/index.ts'
import type { MailParams, Recipient } from '../envelope.ts'
import type { MessageBuffer } from '../wire/message-buffer.ts'
import { MailAnswers, type MailRecipient } from './mail-answers.ts'
import type { MailAuth } from './mail-auth.ts'
import { type AddedFields, returnPathField } from './trace.ts'
import { OUR_FAULT, refusalReply, rejection } from './verdicts.ts'

export type IncomingMailEvents = {
  /** The message in pieces, in order; begins after the first `data` or `end` listener has been added. */
  data: [chunk: Uint8Array]
  /** All of it has been given. */
  end: []
}

/** Cheaper than queueMicrotask, and what it runs does not throw. */
const SOON = Promise.resolve()

export interface IncomingMailOptions {
  readonly id: string
  readonly from: string
  readonly recipients: readonly Recipient[]
  readonly params: MailParams
  readonly auth: MailAuth
  /** The fields that tell of `auth`, each with its CRLF; they go in front. */
  readonly authenticationResults: string
  /** What the message lacked and was given; in `trace`. */
  readonly added: AddedFields | null
  /** The Received field, and what was added, made when it is needed. */
  readonly trace: () => string
  readonly content: MessageBuffer
  /** When MAIL came, ms since the epoch. */
  readonly time: number
  /** One more recipient is answered for. */
  readonly onAnswer: (answers: MailAnswers) => void
  readonly onFailure: (error: unknown) => void
  /** Sends what `deliver` is asked for; null: nobody does. */
  readonly deliver: Deliver | null
}

/** Sends a message that came in to its recipients. Rejects with a MailError when none of them gets it. */
export type Deliver = (mail: IncomingMail, options: DeliverOptions) => Promise<SendResult>

export interface DeliverOptions {
  /** Sends it on to these of its recipients. Default: all. */
  readonly to?: readonly string[]
  /** What the queue, the events and the result call the message: 1 to 200 characters. Default: random. */
  readonly id?: string
  /**
   * How long to wait for the first attempt, ms; 0: only until the queue has the message, so that nothing but what the queue says can fail.
   * Default: `delivery.answerWithin`.
   */
  readonly answerWithin?: number
}

export class IncomingMail extends Emitter<IncomingMailEvents> {
  /** Ours, unique; also in the Received field and in the reply. */
  readonly id: string
  /** The envelope sender; '' for the null sender. */
  readonly from: string
  /** The envelope recipients, in order. */
  readonly to: readonly string[]
  /**
   * The same with what RCPT said about each, and a way to answer for each: `recipient.accept()`, `recipient.reject(code, text)`.
   * LMTP tells the client of each. SMTP has one reply: when the message was taken for some and refused for others it is 250,
   * and the session's event `undelivered` names those who do not get it, whose sender has to be told.
   */
  get recipients(): readonly MailRecipient[] {
    return this.#answers.recipients
  }

  /** What MAIL said about the message. */
  readonly params: MailParams
  /** Who sent it, as far as that can be known. Nothing was done about it: to refuse is for you. */
  readonly auth: MailAuth
  /**
   * The Authentication-Results (RFC 8601) and Received-SPF (RFC 7208 §9.1) fields that tell it to those behind us, each with its CRLF; they are in
   * front of the message already. '' when nothing was checked.
   */
  readonly authenticationResults: string
  readonly #options: IncomingMailOptions
  readonly #answers: MailAnswers
  #trace: Uint8Array | null = null
  #raw: Uint8Array | null = null
  #headers: ParsedHeaders | null = null
  #parsed: ParsedMessage | null = null
  #flow: 'waiting' | 'scheduled' | 'begun' | 'ended' = 'waiting'

  constructor(options: IncomingMailOptions) {
    super()
    this.#options = options
    this.id = options.id
    this.from = options.from
    this.#answers = new MailAnswers(options)
    this.to = options.recipients.map(recipient => recipient.address)
    this.params = options.params
    this.auth = options.auth
    this.authenticationResults = options.authenticationResults
  }

  /** The fields of the header as it came (ours are not among them), by name, parsed when they are read. */
  get headers(): ParsedHeaders {
    this.#headers ??= new ParsedHeaders(splitHeader(this.#options.content.header()))
    return this.#headers
  }

  /** Decoded; undefined when the message has none. */
  get subject(): string | undefined {
    return this.headers.get('subject') as string | undefined
  }

  /** With its angle brackets. A submitted message that had none has been given one. */
  get messageId(): string | undefined {
    const given = this.headers.get('message-id') as string | undefined
    return given ?? this.#options.added?.messageId ?? undefined
  }

  get date(): Date | undefined {
    const added = this.#options.added?.date ?? null
    return added === null ? (this.headers.get('date') as Date | undefined) : new Date(added)
  }

  /** The plain text, made from the HTML when there is no other; undefined when the message has no text. */
  get text(): string | undefined {
    return this.#message().text
  }

  /** The HTML; false when there is none. */
  get html(): string | false {
    return this.#message().html
  }

  get attachments(): readonly Attachment[] {
    return this.#message().attachments
  }

  /** Octets, the fields that we put in front included. */
  get size(): number {
    return this.#traceBytes().length + this.#options.content.size
  }

  /**
   * The whole message: our fields (Authentication-Results and Received-SPF when it was checked, Received), then every octet as it came (dots
   * unstuffed), but for results that others have claimed in our name. Large messages are better read with `stream()`. Can be read until the
   * message is answered for.
   */
  get rawBytes(): Uint8Array {
    this.#raw ??= concat([this.#traceBytes(), this.#options.content.bytes()])
    return this.#raw
  }

  /** `Return-Path: <from>` with its CRLF: who makes the final delivery stores it before the message (RFC 5321 §4.4). */
  get returnPath(): string {
    return returnPathField(this.from)
  }

  /** The same octets as `rawBytes`, in pieces. */
  async *stream(): AsyncGenerator<Uint8Array, void, undefined> {
    yield this.#traceBytes()
    yield* this.#options.content.stream()
  }

  [Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    return this.stream()
  }

  /** Until when FUTURERELEASE (RFC 4865) wants the message held back, ms since the epoch; null: it does not. */
  get releaseTime(): number | null {
    const { holdFor, holdUntil } = this.params
    return holdFor === null ? holdUntil : this.#options.time + holdFor * 1000
  }

  /** By when DELIVERBY (RFC 2852) wants the message delivered, ms since the epoch (`params.by` says what then); null: it does not. */
  get deliverByTime(): number | null {
    const { by } = this.params
    return by === null ? null : this.#options.time + by.seconds * 1000
  }

  /**
   * RFC 8689: true for REQUIRETLS, the message must not go on without verified TLS; false for the field `TLS-Required: No`, policies
   * for TLS are to be ignored; null: nothing was said.
   */
  get tlsRequired(): boolean | null {
    if (this.params.requiretls) return true
    const field = this.headers.get('tls-required')
    return typeof field === 'string' && field.trim().toLowerCase() === 'no' ? false : null
  }

  /**
   * Takes the responsibility for the message, for every recipient that is not answered for: the client hears 250. Say it
   * when the message is safe (P1: a 250 is durable).
   */
  accept(): void {
    this.#answers.acceptRest()
  }

  /** Refuses the message for every recipient that is not answered for: `code` 400–599, default 550; a `text` may begin with an enhanced code. */
  reject(code?: number, text?: string): void {
    this.#answers.rest(rejection('message', code, text, this.#options.onFailure))
  }

  /**
   * Signs the message and sends it on to its recipients, with what the client asked to be told (RFC 3461); the verdict is still to be given:
   *
   *     mail.deliver((error, info) => (error ? mail.reject(451, 'Try again later') : mail.accept()))
   *
   * Calls back, or resolves, when every recipient's server has answered, or the message is in the queue and it takes long: `info.pending`
   * are tried again. The error says that nobody has got it, nor will; the message is not tried again then, and nobody is sent a report.
   * `EUSAGE`: an option is wrong.
   */
  deliver(options?: DeliverOptions): Promise<SendResult>
  deliver(callback: Callback<SendResult>): void
  deliver(options: DeliverOptions, callback: Callback<SendResult>): void
  deliver(
    first: DeliverOptions | Callback<SendResult> = {},
    second?: Callback<SendResult>,
  ): Promise<SendResult> | undefined {
    const options = typeof first === 'function' ? {} : first
    const callback = typeof first === 'function' ? first : second
    const { deliver } = this.#options
    const sent = deliver
      ? deliver(this, options)
      : Promise.reject(usageError('this session has nobody who delivers: createServer gives it one'))
    return settle(sent, callback)
  }

  /** A listener failed: a Refusal (or an error with an SMTP code) refuses the message, all else is our fault. */
  fail(error: unknown): void {
    const refusal = refusalReply('message', error, this.#options.onFailure)
    if (!refusal) this.#options.onFailure(error)
    if (!this.#answers.done) this.#answers.rest(refusal ?? OUR_FAULT)
  }

  override on<K extends keyof IncomingMailEvents>(
    name: K,
    listener: (...args: IncomingMailEvents[K]) => unknown,
  ): this {
    super.on(name, listener)
    this.#begin(name, listener)
    return this
  }

  override once<K extends keyof IncomingMailEvents>(
    name: K,
    listener: (...args: IncomingMailEvents[K]) => unknown,
  ): this {
    super.once(name, listener)
    this.#begin(name, listener)
    return this
  }

  protected override onListenerError(error: unknown): void {
    this.fail(error)
  }

  /** Parsed as a whole only when something inside is asked for. */
  #message(): ParsedMessage {
    this.#parsed ??= parseMessage(this.rawBytes)
    return this.#parsed
  }

  #traceBytes(): Uint8Array {
    // all of it is ASCII where nothing permits more, and that is sooner written
    this.#trace ??=
      this.params.smtputf8 || this.authenticationResults !== ''
        ? fromUtf8(this.authenticationResults + this.#options.trace())
        : fromLatin1(this.#options.trace())
    return this.#trace
  }

  /** Late listeners of `end` still hear of it; those of `data` come too late once it has begun. */
  #begin(name: keyof IncomingMailEvents, listener: (...args: never[]) => unknown): void {
    if (this.#flow === 'ended' && name === 'end') {
      const late = new Emitter<{ end: [] }>()
      late.on('end', listener as () => unknown)
      queueMicrotask(() => late.dispatch('end', [], error => this.fail(error)))
    }
    if (this.#flow !== 'waiting') return
    this.#flow = 'scheduled'
    SOON.then(() => this.#run())
  }

  #run(): void {
    this.#flow = 'begun'
    if (this.#answers.done) return
    if (this.listenerCount('data') === 0) {
      this.#end()
      return
    }
    this.emit('data', this.#traceBytes())
    const pieces = this.#answers.done ? [] : this.#options.content.pieces()
    if (pieces) {
      for (const piece of pieces) if (!this.#answers.done) this.emit('data', piece)
      this.#end()
    } else {
      this.#replay().catch(error => this.fail(error))
    }
  }

  async #replay(): Promise<void> {
    for await (const piece of this.#options.content.stream()) {
      if (this.#answers.done) return
      this.emit('data', piece)
    }
    this.#end()
  }

  #end(): void {
    this.#flow = 'ended'
    if (!this.#answers.done) this.emit('end')
  }
}
