// What every sans-I/O session is to its driver, whatever its protocol and side: bytes and time in; bytes, a wish to
// upgrade and an end out.
import type { MailError } from './errors.ts'
import type { HandlerWatch } from './handler-watch.ts'
import type { Limits } from './limits.ts'
import type { SpoolFile, TlsInfo } from './runtime.ts'

export type SessionEvents = {
  /** Bytes for the peer, in order. They belong to the listener. */
  send: [bytes: Uint8Array]
  /**
   * The transport must change now: everything sent before has to leave first, then the TLS handshake (or deflate) starts.
   * The session reads nothing until `upgraded`. `ahead`, of a client that has been granted deflate: what has come of it already; else the
   * session has thrown away what the peer sent ahead.
   */
  upgrade: [kind: 'tls' | 'deflate', ahead?: Uint8Array]
  /** The session is over; the driver sends what is left and closes. Once. The error says why, null when in order. */
  close: [error: MailError | null]
  /** Stop reading from the peer, until `resume`. */
  pause: []
  resume: []
  /**
   * The session goes on by itself, because a handler has answered, or wants `tick` earlier than it said: the driver
   * calls `tick` at once, then asks for `deadline` again.
   */
  wake: []
}

/** The face that drivers see. */
export interface SansIoSession {
  on<K extends keyof SessionEvents>(name: K, listener: (...args: SessionEvents[K]) => unknown): unknown
  /** Starts the dialogue: a server greets, a client begins to wait for the greeting. */
  greet(): void
  /** Bytes from the peer. Never throws. False: give no more until `resume`. */
  feed(bytes: Uint8Array): boolean
  /** The peer will send nothing more. */
  eof(): void
  /** Time is now `now` (ms since the epoch). Call it before `feed` and when `deadline` is due. */
  tick(now: number): void
  /** When `tick` is wanted next; null: not at all. May be early. */
  deadline(): number | null
  /** The transport is full / has room again: a session that cannot send produces nothing. */
  pauseOutput(): void
  resumeOutput(): void
  /** The upgrade is done. */
  upgraded(tls: TlsInfo | null): void
  /** The transport is gone; settles whatever waits. Safe to call at any time, more than once. */
  destroy(error?: Error | null): void
}

/** A server session can be asked to leave: at once when idle, else after the command or message at hand. */
export interface ServerSession extends SansIoSession {
  shutdown(): void
}

/** What every session is told at its start, whatever its side. */
export interface SessionOptions {
  /** The finished handshake when the connection is secured already, else null. */
  readonly tls?: TlsInfo | null
  /** Can the driver do TLS? Default false. */
  readonly canUpgrade?: boolean
  readonly limits?: Partial<Limits>
  /** The time at the start, ms since the epoch; default 0, until the first `tick`. */
  readonly now?: number
  /** `length` random bytes; default: from node:crypto. */
  readonly random?: (length: number) => Uint8Array
  /** Hears of what is wrong here and not with the peer. */
  readonly onFailure?: (message: string, error: unknown) => void
}

/** What every server session is told besides. `canUpgrade`: it offers STARTTLS or STLS. */
export interface ServerSessionOptions extends SessionOptions {
  readonly isServer?: true
  /** Our name in greetings. Default `localhost`. */
  readonly hostname?: string
  readonly remoteAddress?: string
  readonly localAddress?: string
  /** Take passwords without TLS? Default false. */
  readonly allowInsecureAuth?: boolean
  /** Where a body goes that is too large to hold; absent: it is held, up to the size limit. */
  readonly openSpool?: () => Promise<SpoolFile>
  /** Hears of every question to a handler and of its answer, for traces. Default: nobody does. */
  readonly watchHandlers?: HandlerWatch | undefined
}
