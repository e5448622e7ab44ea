// connectPOP3: a maildrop that is connected to, greeted, secured and logged in at.
import { type Callback, settle } from '../base/callback.ts'
import { MailError, optionError } from '../base/errors.ts'
import { type Limits, resolveLimits } from '../base/limits.ts'
import type { Runtime, TlsInfo, TlsOptions } from '../base/runtime.ts'
import { nodeRuntime } from '../node/index.ts'
import {
  type ListEntry,
  type MaildropTotal,
  type MessageStream,
  Pop3ClientSession,
  type Pop3Message,
  type UidlEntry,
} from '../pop3/index.ts'
import type { ClientCredentials } from '../sasl/index.ts'
import { aborted, type Connected, type ConnectTarget, connectSession, isThisMachine } from './connect.ts'
import { type Log, type LoggerLike, toLog } from './logger.ts'

export interface ConnectPop3Options {
  /** Name or address. Default `localhost`. */
  readonly host?: string
  /** Default 995 with `secure`, else 110. */
  readonly port?: number
  /** TLS from the first byte. Default: true unless the port is 110. */
  readonly secure?: boolean
  /**
   * Go no further without TLS: ETLS when the server offers none, and no password is said. Default: true with `auth` when the host is not
   * this machine, else false (TLS where it is offered).
   */
  readonly requireTls?: boolean
  /** Never ask for STLS. Default false. */
  readonly ignoreTls?: boolean
  /** For the handshake; the certificate is verified against the host unless `rejectUnauthorized` is false. */
  readonly tls?: TlsOptions
  readonly auth?: ClientCredentials
  /** Say passwords without TLS. Default: only to this machine. */
  readonly allowInsecureAuth?: boolean
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

/** A maildrop that is open. */
export class Pop3Connection {
  /** The session itself, with its events and every other command. */
  readonly session: Pop3ClientSession
  readonly host: string
  readonly port: number
  readonly remoteAddress: string
  readonly #closed: Promise<void>
  readonly #destroy: () => void

  constructor(connected: Connected<Pop3ClientSession>, target: ConnectTarget) {
    this.session = connected.session
    this.host = target.host
    this.port = target.port
    this.remoteAddress = connected.connection.remoteAddress
    this.#closed = connected.closed
    this.#destroy = () => connected.connection.destroy()
  }

  get capabilities(): ReadonlyMap<string, string> {
    return this.session.capabilities
  }

  get tls(): TlsInfo | null {
    return this.session.tls
  }

  stat(): Promise<MaildropTotal> {
    return this.session.stat()
  }

  list(): Promise<ListEntry[]> {
    return this.session.list()
  }

  uidl(): Promise<UidlEntry[]> {
    return this.session.uidl()
  }

  retr(index: number): Promise<Uint8Array> {
    return this.session.retr(index)
  }

  retrStream(index: number): Promise<MessageStream> {
    return this.session.retrStream(index)
  }

  top(index: number, lines: number): Promise<Uint8Array> {
    return this.session.top(index, lines)
  }

  dele(index: number): Promise<void> {
    return this.session.dele(index)
  }

  rset(): Promise<void> {
    return this.session.rset()
  }

  noop(): Promise<void> {
    return this.session.noop()
  }

  /** See `Pop3ClientSession.messages`. */
  messages(): AsyncGenerator<Pop3Message, void, undefined> {
    return this.session.messages()
  }

  /** Removes what was marked, and resolves when the connection is gone. Rejects as `Pop3ClientSession.quit` does. */
  close(): Promise<void>
  close(callback: Callback<void>): void
  close(callback?: Callback<void>): Promise<void> | undefined {
    return settle(
      this.session.quit().finally(() => this.#closed),
      callback,
    )
  }

  /** Cuts the connection; nothing is removed, and what is under way rejects with ECONNECTION. */
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
 *     const pop = await connectPOP3({ host: 'pop.example.com', auth: { user, pass } })
 *     for await (const message of pop.messages()) console.log(message.uid, await message.bytes())
 *     await pop.close()
 *
 * Rejects with a MailError: ECONFIG for a bad option, ECONNECTION, ETIMEDOUT, ETLS, EAUTH, ENOAUTH, EPROTOCOL, EABORT; the connection is
 * closed then.
 */
export function connectPOP3(options: ConnectPop3Options): Promise<Pop3Connection>
export function connectPOP3(options: ConnectPop3Options, callback: Callback<Pop3Connection>): void
export function connectPOP3(
  options: ConnectPop3Options,
  callback?: Callback<Pop3Connection>,
): Promise<Pop3Connection> | undefined {
  return settle(open(options), callback)
}

async function open(options: ConnectPop3Options): Promise<Pop3Connection> {
  const target = resolveTarget(options)
  const local = isThisMachine(target.host)
  const log = toLog(options.logger)
  const { auth, signal } = options
  const connected = await connectSession(target, (_connection, tls) => {
    const session = new Pop3ClientSession({
      isServer: false,
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
  const { session, connection } = connected
  const abort = (): void => session.destroy(aborted(signal!))
  signal?.addEventListener('abort', abort, { once: true })
  try {
    await session.ready()
    const required = options.requireTls ?? (auth !== undefined && !local)
    if (!session.tls && !options.ignoreTls && (required || session.capabilities.has('STLS'))) {
      await session.stls()
    }
    if (required && !session.tls) throw new MailError('ETLS', 'requireTls and ignoreTls exclude each other')
    if (auth) await session.authenticate(auth)
    return new Pop3Connection(connected, target)
  } catch (error) {
    session.destroy()
    connection.destroy()
    throw signal?.aborted ? aborted(signal) : error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

/** Tells the log what is said; the session has taken out what is secret. */
function follow(session: Pop3ClientSession, log: Log, { host, port }: ConnectTarget): void {
  session.on('trace', (from, line) => log('debug', { host, port, from, line }, `${from}: ${line}`))
  session.on('error', err => log('error', { host, port, err }, err.message))
  session.on('close', () => log('debug', { host, port }, 'closed'))
}

function resolveTarget(options: ConnectPop3Options): ConnectTarget {
  if (typeof options !== 'object' || options === null) throw optionError('options', 'an object', options)
  const { host = 'localhost', connectTimeout = CONNECT_TIMEOUT_MS } = options
  if (typeof host !== 'string' || !/^[\x21-\x7e\u0080-\u{10ffff}]{1,255}$/u.test(host)) {
    throw optionError('host', 'a name or an address', host)
  }
  const secure = options.secure ?? options.port !== 110
  const port = options.port ?? (secure ? 995 : 110)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw optionError('port', 'a whole number from 1 to 65535', port)
  }
  if (!(Number.isFinite(connectTimeout) && connectTimeout > 0)) {
    throw optionError('connectTimeout', 'a number of milliseconds above 0', connectTimeout)
  }
  if (options.tls !== undefined && (typeof options.tls !== 'object' || options.tls === null)) {
    throw optionError('tls', 'an object', options.tls)
  }
  return {
    host,
    port,
    secure,
    tls: options.tls ?? {},
    connectTimeoutMs: connectTimeout,
    localAddress: options.localAddress,
    limits: resolveLimits(options.limits),
    runtime: options.runtime ?? nodeRuntime,
    signal: options.signal,
  }
}
