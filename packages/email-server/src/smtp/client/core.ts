// What the session gives to the files that speak: words out, replies in, and an end.
import type { MailError } from '../../base/errors.ts'
import type { Limits } from '../../base/limits.ts'
import type { OutputQueue } from '../../base/output-queue.ts'
import type { TlsInfo } from '../../base/runtime.ts'
import type { SessionClock } from '../../base/session-clock.ts'
import type { SmtpReply } from '../wire/reply-reader.ts'
import type { SmtpClientOptions } from './options.ts'

/** A line that is said, and how long its reply may take, ms. */
export interface Command {
  /** For errors: `RCPT TO`. */
  readonly name: string
  readonly line: string
  /** Default: that of most commands. */
  readonly time?: number
}

export interface ClientCore {
  readonly options: SmtpClientOptions
  readonly limits: Limits
  readonly clock: SessionClock
  readonly output: OutputQueue
  readonly lmtp: boolean
  readonly extensions: ReadonlyMap<string, string>
  readonly tls: TlsInfo | null
  /** The session is over. */
  readonly closed: boolean
  readonly random: (length: number) => Uint8Array
  /** Writes a line (CRLF is added) that has no reply of its own, or no reply that anybody waits for. */
  say(line: string): void
  /** Tells the logs what was written otherwise. */
  note(shown: () => string): void
  /** Writes a line and expects its reply within `time` ms; default that of most commands. `shown` is what logs are told of it. */
  command(name: string, line: string, time?: number, shown?: string): Promise<SmtpReply>
  /** Writes lines together (RFC 2920) and resolves with the replies when all have come. */
  commands(lines: readonly Command[]): Promise<readonly SmtpReply[]>
  /** Expects a reply to what is written otherwise. All promises reject when the session ends. */
  owe(command: string, time: number): Promise<SmtpReply>
  /** Expects a reply of which nobody knows yet when it will be due; an early one ends the session. */
  oweLater(command: string): Later
  /** Asks the driver what time it is: something has come from elsewhere, and what is due is counted from now. */
  wake(): void
  /** All of a message has been written, and only its last reply is owed: the next envelope may go with it. */
  said(): void
  /** The transport changes to TLS; the server is asked again what it offers. */
  upgrade(): Promise<TlsInfo>
  /** Ends the session; whatever waits is rejected with the error. Null: in order. */
  end(error: MailError | null): void
}

/** One thing that a session does; it has the connection to itself meanwhile. */
export interface Work<T> {
  run(core: ClientCore): Promise<T>
  /**
   * The session ends under it: what its caller is told at once, because `run` waits for something that is not the server's. Absent
   * or null: `run` ends by itself, since all replies that are owed are rejected.
   */
  lost?(error: MailError, core: ClientCore): MailError | null
  readonly signal?: AbortSignal | undefined
  /** May begin when the one before it has said all that it has to say (`ClientCore.said`). */
  readonly mayFollow?: true
}

export interface Later {
  readonly reply: Promise<SmtpReply>
  /** It is due from now, within `time` ms. */
  due(time: number): void
}
