// What the clients of all protocols share: the options of a connection, how it comes to be greeted, secured and logged in, and its face.
import { type Callback, settle } from '../base/callback.ts'
import type { ClientSessionEvents, ClientSessionOptions } from '../base/client-session.ts'
import { type DrivenClient, driveClient } from '../base/drive-client.ts'
import { MailError, optionError } from '../base/errors.ts'
import { type Limits, resolveLimits } from '../base/limits.ts'
import type { Runtime, TlsInfo, TlsOptions } from '../base/runtime.ts'
import type { SansIoSession } from '../base/session.ts'
import { nodeRuntime } from '../node/index.ts'
import type { ClientCredentials } from '../sasl/index.ts'
import { type Log, type LoggerLike, toLog } from './logger.ts'

/** What `connectSMTP`, `connectPOP3` and `connectIMAP` all take. */
export interface ConnectOptions {
  /** Name or address. Default `localhost`. */
  readonly host?: string
  /** Default: the protocol's. */
  readonly port?: number
  /** TLS from the first byte. Default: as is usual at the port. */
  readonly secure?: boolean
  /**
   * Go no further without TLS: ETLS when the server offers none, and no password is said. Default: true with `auth` when the host is not
   * this machine, else false (TLS where it is offered).
   */
  readonly requireTls?: boolean
  /** Never ask for STARTTLS (POP3: STLS). Default false. */
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

/** Where a connection goes. */
export interface ConnectPlace {
  readonly host: string
  readonly port: number
  /** TLS from the first byte. */
  readonly secure: boolean
}

/** A client session that can be secured and logged in. */
interface Readied extends SansIoSession {
  readonly tls: TlsInfo | null
  on<K extends keyof ClientSessionEvents>(
    name: K,
    listener: (...args: ClientSessionEvents[K]) => unknown,
  ): unknown
  ready(): Promise<void>
  authenticate(credentials: ClientCredentials): Promise<void>
  noop(): Promise<void>
}

/** One that leaves by QUIT. */
interface Quitting extends Readied {
  quit(): Promise<void>
}

/** How one protocol does it. */
export interface Dialogue<S extends Readied> {
  readonly limits?: (limits: Limits) => Limits
  /** Makes the session, of what is known here; `localAddress` is ours. */
  readonly start: (facts: ClientSessionOptions, localAddress: string) => S
  readonly offersTls: (session: S) => boolean
  readonly startTls: (session: S) => Promise<unknown>
  readonly leave: (session: S) => Promise<void>
  /** Default: `authenticate`. */
  readonly logIn?: (session: S, credentials: ClientCredentials) => Promise<void>
}

const CONNECT_TIMEOUT_MS = 60_000

/** Throws ECONFIG that names the option. */
export function checkConnectOptions(options: ConnectOptions): void {
  if (typeof options !== 'object' || options === null) throw optionError('options', 'an object', options)
  const { connectTimeout, tls } = options
  if (connectTimeout !== undefined && !(Number.isFinite(connectTimeout) && connectTimeout > 0)) {
    throw optionError('connectTimeout', 'a number of milliseconds above 0', connectTimeout)
  }
  if (tls !== undefined && (typeof tls !== 'object' || tls === null)) {
    throw optionError('tls', 'an object', tls)
  }
}

/** Throws ECONFIG that names the option. */
export function checkPlace({ host, port }: ConnectPlace): void {
  if (typeof host !== 'string' || !/^[\x21-\x7e\u0080-\u{10ffff}]{1,255}$/u.test(host)) {
    throw optionError('host', 'a name or an address', host)
  }
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw optionError('port', 'a whole number from 1 to 65535', port)
  }
}

/**
 * Connects, hears the greeting, secures the connection as asked, and logs in. Rejects with ECONNECTION, ETIMEDOUT, ETLS, EABORT and what the
 * session rejects with; nothing is left open then.
 */
export async function connect<S extends Readied>(
  options: ConnectOptions,
  place: ConnectPlace,
  dialogue: Dialogue<S>,
): Promise<DrivenClient<S>> {
  checkPlace(place)
  const { host, port } = place
  const { auth, signal, localAddress, runtime = nodeRuntime } = options
  const limits = resolveLimits(options.limits)
  const local = isThisMachine(host)
  const log = toLog(options.logger)
  if (signal?.aborted) throw aborted(signal)
  const connection = await runtime.connect({
    host,
    port,
    timeoutMs: options.connectTimeout ?? CONNECT_TIMEOUT_MS,
    ...(localAddress !== undefined && { localAddress }),
  })
  const driven = await driveClient({
    ...{ connection, runtime, host, port, signal },
    limits: dialogue.limits?.(limits) ?? limits,
    tls: options.tls ?? {},
    implicitTls: place.secure,
    start: facts => {
      const allowInsecureAuth = options.allowInsecureAuth ?? local
      const session = dialogue.start({ ...facts, allowInsecureAuth }, connection.localAddress)
      if (log) follow(session, log, place)
      return session
    },
    aborted: () => aborted(signal!),
    failed: error => {
      const why = error ? `: ${error.message}` : ''
      const cause = error ? { cause: error } : {}
      return new MailError('ETLS', `the TLS handshake with ${host}:${port} failed${why}`, cause)
    },
  })
  const { session } = driven
  const abort = (): void => session.destroy(aborted(signal!))
  signal?.addEventListener('abort', abort, { once: true })
  try {
    await session.ready()
    const required = options.requireTls ?? (auth !== undefined && !local)
    if (!session.tls && !options.ignoreTls && (required || dialogue.offersTls(session))) {
      await dialogue.startTls(session)
    }
    if (required && !session.tls) throw new MailError('ETLS', 'requireTls and ignoreTls exclude each other')
    if (auth) await (dialogue.logIn ?? logIn)(session, auth)
    return driven
  } catch (error) {
    dialogue.leave(session).catch(() => {})
    throw signal?.aborted ? aborted(signal) : error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

function logIn(session: Readied, credentials: ClientCredentials): Promise<void> {
  return session.authenticate(credentials)
}

/** A connection that is ready. */
export abstract class ClientConnection<S extends Quitting> {
  /** The session itself, with its events and every command. */
  readonly session: S
  readonly host: string
  readonly port: number
  readonly remoteAddress: string
  readonly #driven: DrivenClient<S>

  constructor(driven: DrivenClient<S>, { host, port }: ConnectPlace) {
    this.session = driven.session
    this.host = host
    this.port = port
    this.remoteAddress = driven.connection.remoteAddress
    this.#driven = driven
  }

  get tls(): TlsInfo | null {
    return this.session.tls
  }

  noop(): Promise<void> {
    return this.session.noop()
  }

  /** Finishes what is under way, says QUIT, and resolves when the connection is gone. Rejects as `quit` of the session does. */
  close(): Promise<void>
  close(callback: Callback<void>): void
  close(callback?: Callback<void>): Promise<void> | undefined {
    return settle(
      this.session.quit().finally(() => this.#driven.closed),
      callback,
    )
  }

  /** Cuts the connection; what is under way rejects with ECONNECTION. */
  destroy(): void {
    this.#driven.connection.destroy()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** Tells the log what is said; the session has taken out what is secret. */
function follow(session: Readied, log: Log, { host, port }: ConnectPlace): void {
  session.on('trace', (from, line) => log('debug', { host, port, from, line }, `${from}: ${line}`))
  session.on('error', err => log('error', { host, port, err }, err.message))
  session.on('close', () => log('debug', { host, port }, 'closed'))
}

function aborted(signal: AbortSignal): MailError {
  return new MailError('EABORT', 'connecting was aborted', { cause: signal.reason })
}

/** A password in clear goes no further than this. */
export function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
