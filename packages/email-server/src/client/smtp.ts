// connectSMTP: a server that is connected to, greeted, secured and logged in at.
import { type Callback, settle } from '../base/callback.ts'
import { MailError, optionError } from '../base/errors.ts'
import { formatIp, parseIp } from '../base/ip.ts'
import { type Limits, resolveLimits } from '../base/limits.ts'
import type { Runtime, TlsInfo, TlsOptions } from '../base/runtime.ts'
import { nodeRuntime } from '../node/index.ts'
import type { ClientCredentials } from '../sasl/index.ts'
import {
  SmtpClientSession,
  type SmtpReply,
  type SmtpSendResult,
  type SmtpTransaction,
} from '../smtp/index.ts'
import { aborted, type Connected, type ConnectTarget, connectSession, isThisMachine } from './connect.ts'
import { type Log, type LoggerLike, toLog } from './logger.ts'
import { wellKnownService } from './services.ts'

export interface ConnectSmtpOptions {
  /** A well-known service by its name or a domain of its users (`gmail`, `jo@outlook.com`); gives host, port and secure. */
  readonly service?: string
  /** Name or address. Default `localhost`. */
  readonly host?: string
  /** Default 587; 465 with `secure`; 24 with `lmtp`. */
  readonly port?: number
  /** TLS from the first byte. Default: true for port 465, else false. */
  readonly secure?: boolean
  /**
   * Go no further without TLS: ETLS when the server offers none, and no password is said. Default: true with `auth` when the host is not
   * this machine, else false (TLS where it is offered).
   */
  readonly requireTls?: boolean
  /** Never ask for STARTTLS. Default false. */
  readonly ignoreTls?: boolean
  /** For the handshake; the certificate is verified against the host unless `rejectUnauthorized` is false. */
  readonly tls?: TlsOptions
  readonly auth?: ClientCredentials
  /** Say passwords without TLS. Default: only to this machine. */
  readonly allowInsecureAuth?: boolean
  /** What we say in EHLO. Default: our address, as `[192.0.2.1]` (RFC 5321 §4.1.4). */
  readonly hostname?: string
  /** LMTP (RFC 2033) instead of SMTP. Default false. */
  readonly lmtp?: boolean
  /** Our own address, for machines that have several. */
  readonly localAddress?: string
  /** Time for the connection to be made, ms. Default 60,000. Every other wait has its limit in `limits`. */
  readonly connectTimeout?: number
  readonly limits?: Partial<Limits>
  /** True: the console. Hears every line (`debug`, `{ from, line }`) but passwords, tokens and messages. */
  readonly logger?: LoggerLike | boolean
  /** Gives up until the connection is ready; rejects with EABORT. */
  readonly signal?: AbortSignal
  /** The world to connect in; default: this machine. */
  readonly runtime?: Runtime
}

const CONNECT_TIMEOUT_MS = 60_000

/** A connection that is ready to send. */
export class SmtpConnection {
  /** The session itself, with its events. */
  readonly session: SmtpClientSession
  readonly host: string
  readonly port: number
  readonly remoteAddress: string
  readonly #closed: Promise<void>
  readonly #destroy: () => void

  constructor(connected: Connected<SmtpClientSession>, target: ConnectTarget) {
    this.session = connected.session
    this.host = target.host
    this.port = target.port
    this.remoteAddress = connected.connection.remoteAddress
    this.#closed = connected.closed
    this.#destroy = () => connected.connection.destroy()
  }

  /** What the server offers: EHLO keyword in upper case → its parameters. */
  get extensions(): ReadonlyMap<string, string> {
    return this.session.extensions
  }

  get tls(): TlsInfo | null {
    return this.session.tls
  }

  /** See `SmtpClientSession.send`. */
  send(transaction: SmtpTransaction): Promise<SmtpSendResult>
  send(transaction: SmtpTransaction, callback: Callback<SmtpSendResult>): void
  send(
    transaction: SmtpTransaction,
    callback?: Callback<SmtpSendResult>,
  ): Promise<SmtpSendResult> | undefined {
    return settle(this.session.send(transaction), callback)
  }

  noop(): Promise<void> {
    return this.session.noop()
  }

  verify(address: string): Promise<SmtpReply> {
    return this.session.verify(address)
  }

  /** Finishes what is under way, says QUIT, and resolves when the connection is gone. Never rejects. */
  close(): Promise<void>
  close(callback: Callback<void>): void
  close(callback?: Callback<void>): Promise<void> | undefined {
    return settle(
      this.session.quit().then(() => this.#closed),
      callback,
    )
  }

  /** Cuts the connection; what is under way rejects with ECONNECTION. */
  destroy(): void {
    this.#destroy()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/**
 * Connects, hears the greeting, secures the connection as asked, and logs in.
 *
 *     const smtp = await connectSMTP({ service: 'gmail', auth: { user, accessToken } })
 *     await smtp.send({ from, to: [bob], content: raw })
 *     await smtp.close()
 *
 * Rejects with a MailError: ECONFIG for a bad option, ECONNECTION, ETIMEDOUT, ETLS, EAUTH, ENOAUTH, EPROTOCOL, EABORT; the connection is
 * closed then.
 */
export function connectSMTP(options: ConnectSmtpOptions): Promise<SmtpConnection>
export function connectSMTP(options: ConnectSmtpOptions, callback: Callback<SmtpConnection>): void
export function connectSMTP(
  options: ConnectSmtpOptions,
  callback?: Callback<SmtpConnection>,
): Promise<SmtpConnection> | undefined {
  return settle(open(options), callback)
}

async function open(options: ConnectSmtpOptions): Promise<SmtpConnection> {
  const target = resolveTarget(options)
  const local = isThisMachine(target.host)
  const log = toLog(options.logger)
  const { auth, signal } = options
  const connected = await connectSession(target, (connection, tls) => {
    const session = new SmtpClientSession({
      isServer: false,
      hostname: options.hostname ?? literal(connection.localAddress),
      lmtp: options.lmtp ?? false,
      host: target.host,
      port: target.port,
      tls,
      canUpgrade: true,
      allowInsecureAuth: options.allowInsecureAuth ?? local,
      limits: target.limits,
      now: target.runtime.now(),
      random: length => target.runtime.random(length),
      onFailure: (message, error) => target.runtime.warn(message, error),
    })
    if (log) follow(session, log, target)
    return session
  })
  const { session } = connected
  const smtp = new SmtpConnection(connected, target)
  const abort = (): void => session.destroy(aborted(signal!))
  signal?.addEventListener('abort', abort, { once: true })
  try {
    await session.ready()
    const required = options.requireTls ?? (auth !== undefined && !local)
    if (!session.tls && !options.ignoreTls && (required || session.extensions.has('STARTTLS'))) {
      await session.startTls()
    }
    if (required && !session.tls) throw new MailError('ETLS', 'requireTls and ignoreTls exclude each other')
    if (auth) await session.authenticate(auth)
    return smtp
  } catch (error) {
    smtp.close()
    throw signal?.aborted ? aborted(signal) : error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

/** Tells the log what is said; the session has taken out what is secret. */
function follow(session: SmtpClientSession, log: Log, { host, port }: ConnectTarget): void {
  session.on('trace', (from, line) => log('debug', { host, port, from, line }, `${from}: ${line}`))
  session.on('error', err => log('error', { host, port, err }, err.message))
  session.on('close', () => log('debug', { host, port }, 'closed'))
}

/** An address literal (RFC 5321 §4.1.3): what a client says that has no name of its own. */
function literal(address: string): string {
  const ip = parseIp(address)
  if (!ip) return 'localhost'
  return ip.length === 4 ? `[${formatIp(ip)}]` : `[IPv6:${formatIp(ip)}]`
}

function resolveTarget(options: ConnectSmtpOptions): ConnectTarget {
  if (typeof options !== 'object' || options === null) throw optionError('options', 'an object', options)
  const service = options.service === undefined ? null : wellKnownService(String(options.service))
  if (options.service !== undefined && !service) {
    throw optionError('service', 'a well-known service', options.service)
  }
  const host = options.host ?? service?.host ?? 'localhost'
  if (typeof host !== 'string' || !/^[\x21-\x7e\u0080-\u{10ffff}]{1,255}$/u.test(host)) {
    throw optionError('host', 'a name or an address', host)
  }
  const wantsTls = options.secure ?? (options.port === undefined ? service?.secure : options.port === 465)
  const port = options.port ?? (options.host === undefined ? service?.port : undefined)
  const usual = options.lmtp ? 24 : wantsTls ? 465 : 587
  const chosen = port ?? usual
  if (!Number.isInteger(chosen) || chosen < 1 || chosen > 65_535) {
    throw optionError('port', 'a whole number from 1 to 65535', chosen)
  }
  const { connectTimeout = CONNECT_TIMEOUT_MS } = options
  if (!(Number.isFinite(connectTimeout) && connectTimeout > 0)) {
    throw optionError('connectTimeout', 'a number of milliseconds above 0', connectTimeout)
  }
  if (options.tls !== undefined && (typeof options.tls !== 'object' || options.tls === null)) {
    throw optionError('tls', 'an object', options.tls)
  }
  const limits = resolveLimits(options.limits)
  return {
    host,
    port: chosen,
    secure: wantsTls ?? false,
    tls: options.tls ?? {},
    connectTimeoutMs: connectTimeout,
    localAddress: options.localAddress,
    // a server has as long for a block as RFC 5321 §4.5.3.2.5 says
    limits: { ...limits, stallTime: Math.max(limits.stallTime, limits.smtpBlockTime) },
    runtime: options.runtime ?? nodeRuntime,
    signal: options.signal,
  }
}
