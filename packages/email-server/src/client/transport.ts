// createTransport: an object that sends, in nodemailer's manner; and the same object is a transport for nodemailer.
import { type Callback, settle } from '../base/callback.ts'
import { Emitter } from '../base/emitter.ts'
import { MailError, optionError } from '../base/errors.ts'
import type { Runtime } from '../base/runtime.ts'
import {
  type DeliveryEvents,
  type DeliveryQueue,
  DeliverySender,
  type Destination,
  type DkimOption,
  type DsnWish,
  MemoryQueue,
  type OutgoingOptions,
  type RelayOptions,
  type RetryOptions,
  readOutgoing,
  relayFromUrl,
  relayKey,
  resolveDkim,
  resolveRelay,
  resolveRetry,
  SendPool,
  type SendPoolOptions,
  type SendResult,
} from '../delivery/index.ts'
import type { EnvelopeInput } from '../mime/index.ts'
import { nodeRuntime } from '../node/index.ts'
import { wellKnownService } from './services.ts'

/** The options of a relay (without `host` and `service`: the servers that recipients' domains name), and how it is used. */
export interface TransportOptions extends RelayOptions {
  /**
   * Keep connections between messages: true, the options of a pool, or a pool shared with others. Default false: each message has its own, and
   * nothing holds the process.
   */
  readonly pool?: boolean | SendPool | SendPoolOptions
  /** Try again what could not be delivered, until `close`: true, or how. Default false: it is told in `pending`. */
  readonly retry?: boolean | RetryOptions
  /** Where messages wait for another attempt; implies `retry`. Default: in memory. */
  readonly queue?: DeliveryQueue
  readonly dkim?: DkimOption
  /** What we say in EHLO. */
  readonly name?: string
  readonly localAddress?: string
  /** For what a pool would be told, without keeping connections. */
  readonly delivery?: SendPoolOptions
  /** nodemailer's names for the limits of a pool. */
  readonly maxConnections?: number
  readonly maxMessages?: number
  readonly runtime?: Runtime
}

const OWN_NAMES: ReadonlySet<string> = new Set([
  'pool',
  'retry',
  'queue',
  'dkim',
  'name',
  'localAddress',
  'delivery',
  'maxConnections',
  'maxMessages',
  'runtime',
])
const RELAY_NAMES: ReadonlySet<string> = new Set([
  'service',
  'host',
  'port',
  'secure',
  'auth',
  'requireTLS',
  'ignoreTLS',
  'tls',
  'allowInsecureAuth',
  'lmtp',
])

/** What nodemailer hands to a transport; as much of it as is used. */
export interface NodemailerMail {
  readonly data: {
    readonly dsn?: DsnWish | null
    readonly signal?: AbortSignal
    readonly envelope?: EnvelopeInput & {
      readonly dsn?: DsnWish
      readonly requireTLSExtensionEnabled?: boolean
    }
  }
  readonly message: {
    createReadStream(): AsyncIterable<Uint8Array>
    getEnvelope(): { readonly from: string | false; readonly to: readonly string[] }
    messageId(): string
  }
}

/** nodemailer's result of one message. */
export interface NodemailerInfo {
  readonly envelope: { readonly from: string | false; readonly to: readonly string[] }
  readonly messageId: string
  readonly accepted: readonly string[]
  readonly rejected: readonly string[]
  readonly rejectedErrors?: readonly MailError[]
  readonly pending: readonly string[]
  readonly response: string
  readonly messageSize: number | null
}

export class MailTransport extends Emitter<DeliveryEvents> {
  readonly name = 'email-server'
  readonly version = '1'
  /** nodemailer may hand over an AbortSignal. */
  readonly supportsAbortSignal = true
  readonly #pool: SendPool
  readonly #ownsPool: boolean
  readonly #sender: DeliverySender
  readonly #relay: Destination | null

  /** Throws ECONFIG that names the option. */
  constructor(options: TransportOptions | string = {}) {
    super()
    const given = typeof options === 'string' ? fromUrl(options) : options
    checkNames(given)
    const shared = given.pool instanceof SendPool ? given.pool : null
    const runtime = given.runtime ?? shared?.runtime ?? nodeRuntime
    this.#ownsPool = !shared
    this.#pool = shared ?? makePool(given, runtime)
    this.#relay = relayOf(given)
    const queue = given.queue ?? (given.retry ? new MemoryQueue() : null)
    const relay = this.#relay
    this.#sender = new DeliverySender({
      runtime,
      courier: this.#pool.courier,
      destination: domain => relay ?? { kind: 'domain', domain },
      queue,
      retry: resolveRetry(typeof given.retry === 'object' ? given.retry : {}),
      signing: resolveDkim(given.dkim ?? false),
      reports: null,
      whenAmbiguous: 'bounce',
      inMemory: this.#pool.limits.messageInMemory,
      mostBytes: Number.MAX_SAFE_INTEGER,
    })
    for (const name of ['sending', 'sent', 'retry', 'bounce', 'ambiguous', 'report'] as const) {
      this.#sender.on(name, (...args) => this.emit(name, ...(args as never)))
    }
    this.#sender.on('error', error => {
      if (!this.emit('error', error)) runtime.warn('sending failed', error)
    })
    this.#sender.start()
  }

  /** One message; see `sendMail`. */
  sendMail(message: OutgoingOptions): Promise<SendResult>
  sendMail(message: OutgoingOptions, callback: Callback<SendResult>): void
  sendMail(message: OutgoingOptions, callback?: Callback<SendResult>): Promise<SendResult> | undefined {
    return settle(this.#send(message), callback)
  }

  /** Can the relay be reached, secured and logged in at? Without a relay there is nothing to be tried. */
  verify(): Promise<true>
  verify(callback: Callback<true>): void
  verify(callback?: Callback<true>): Promise<true> | undefined {
    return settle(this.#verify(), callback)
  }

  /** What nodemailer calls: `nodemailer.createTransport(createTransport(…))`. */
  send(mail: NodemailerMail, callback: Callback<NodemailerInfo>): void {
    settle(this.#sendTheirs(mail), callback)
  }

  /** True when a message would not have to wait for others. */
  isIdle(): boolean {
    return this.#pool.stats.waiting === 0
  }

  /** Finishes what is under way and closes the connections; what waits for another attempt stays in the queue. */
  close(): Promise<void>
  close(callback: Callback<void>): void
  close(callback?: Callback<void>): Promise<void> | undefined {
    const closed = this.#ownsPool ? this.#sender.close() : this.#sender.stop()
    return settle(closed, callback)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #send(message: OutgoingOptions): Promise<SendResult> {
    return this.#sender.send(readOutgoing(message, this.#pool.runtime, this.#relay))
  }

  async #verify(): Promise<true> {
    if (this.#relay) await this.#pool.courier.verify(this.#relay)
    return true
  }

  async #sendTheirs(mail: NodemailerMail): Promise<NodemailerInfo> {
    const { data, message } = mail
    const envelope = message.getEnvelope()
    const { dsn, signal } = data
    const result = await this.#send({
      raw: message.createReadStream(),
      envelope: {
        ...data.envelope,
        from: envelope.from || '',
        to: [...envelope.to],
        cc: undefined,
        bcc: undefined,
      },
      ...(dsn && { dsn }),
      ...(signal && { signal }),
    })
    return {
      envelope,
      messageId: message.messageId(),
      accepted: result.accepted,
      rejected: result.rejected.map(({ address }) => address),
      ...(result.rejectedErrors.length > 0 && { rejectedErrors: result.rejectedErrors }),
      pending: result.pending,
      response: result.response,
      messageSize: result.messageSize,
    }
  }
}

/**
 * An object that sends: by the server that the options (or a URL, `smtps://user:pass@smtp.example.com`) name, or without one to the servers of
 * the recipients' domains.
 *
 *     const transport = createTransport({ host: 'smtp.example.com', auth: { user, pass }, pool: true })
 *     await transport.sendMail({ from, to, subject, text })
 *     await transport.close()
 *
 * nodemailer takes it as its transport: `nodemailer.createTransport(createTransport(…))`. Throws ECONFIG that names the option.
 */
export function createTransport(options: TransportOptions | string = {}): MailTransport {
  return new MailTransport(options)
}

function fromUrl(url: string): TransportOptions {
  const relay = relayFromUrl(url)
  const pool = new URL(url).searchParams.get('pool') === 'true'
  return { ...relay, ...(pool && { pool }) }
}

function checkNames(options: TransportOptions): void {
  if (typeof options !== 'object' || options === null)
    throw optionError('options', 'an object or a URL', options)
  for (const name of Object.keys(options)) {
    if (!OWN_NAMES.has(name) && !RELAY_NAMES.has(name))
      throw new MailError('ECONFIG', `there is no option ${JSON.stringify(name)}`)
  }
}

function relayOf(options: TransportOptions): Destination | null {
  const relay = Object.fromEntries(
    Object.entries(options).filter(([name]) => RELAY_NAMES.has(name)),
  ) as RelayOptions
  if (relay.host === undefined && relay.service === undefined) {
    const [stray] = Object.keys(relay)
    if (stray !== undefined) throw new MailError('ECONFIG', `option ${stray} needs host or service`)
    return null
  }
  const resolved = resolveRelay(relay, wellKnownService, 'options')
  return { kind: 'relay', relay: resolved, key: relayKey(resolved, relay.auth) }
}

function makePool(options: TransportOptions, runtime: Runtime): SendPool {
  const { pool, delivery, name, localAddress, maxConnections, maxMessages } = options
  const keep = typeof pool === 'object' ? (pool as SendPoolOptions) : pool ? {} : { idleTimeout: 0 }
  return new SendPool({
    ...(name !== undefined && { hostname: name }),
    ...(localAddress !== undefined && { localAddress }),
    // nodemailer has as many connections as it is told to, five by default
    ...(pool && { maxPerDomain: maxConnections ?? 5 }),
    ...(maxMessages !== undefined && { maxMessagesPerConn: maxMessages }),
    ...keep,
    ...delivery,
    runtime,
  })
}
