// What the session gives to the files that speak: commands out, answers in.
import type { MailError } from '../../base/errors.ts'
import type { Limits } from '../../base/limits.ts'
import type { OutputQueue } from '../../base/output-queue.ts'
import type { TlsInfo } from '../../base/runtime.ts'
import type { SessionClock } from '../../base/session-clock.ts'
import type { ReaderLimits } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'
import type { FetchFlow } from './fetch-flow.ts'
import type { OpenMailbox } from './mailbox.ts'
import type { ImapClientOptions } from './options.ts'
import type { DataResponse, StatusResponse } from './responses.ts'

/** Octets that are not in memory as a whole: the literal of an APPEND. */
export interface Content {
  readonly size: number
  readonly source: AsyncIterable<Uint8Array>
}

export interface Command<T> {
  /** `UID FETCH`. */
  readonly name: string
  /** Writes what follows the name, its space included. Throws EUSAGE for what cannot be said. */
  args?(w: Writer): void
  /** A literal behind the arguments, which have announced it. */
  readonly content?: Content
  /** What logs are told instead of the line. */
  readonly shown?: string
  /** Nothing else is under way meanwhile. */
  readonly alone?: boolean
  /** Its arguments or its answer speak of sequence numbers (RFC 3501 §5.5). */
  readonly numbers?: boolean
  /** The server may not send EXPUNGE with its answer (RFC 3501 §7.4.1). */
  readonly quiet?: boolean
  /** Default: login. */
  readonly needs?: 'nothing' | 'login' | 'mailbox'
  /** It is about this mailbox, and not sent once another one is open. */
  readonly within?: OpenMailbox | null
  /** The data that it takes; no two of a kind are under way, but FETCH, which is told apart by UIDs. */
  readonly collects?: readonly string[]
  /** True: it was for this command. */
  take?(data: DataResponse): boolean
  /** An untagged OK or NO with a code. */
  hear?(status: StatusResponse): void
  /** `+` that no literal waits for: what to say to it. */
  continued?(text: string): Promise<string> | string | null
  done(status: StatusResponse): T
  /** NO: what comes of it; default: throws ECOMMAND. */
  refused?(status: StatusResponse): T
  /** The iteration that it belongs to. */
  readonly flow?: FetchFlow
  /** How long the server may say nothing, ms; Infinity: as long as it likes. */
  readonly time?: number
  readonly signal?: AbortSignal | undefined
}

export interface ClientCore {
  readonly options: ImapClientOptions
  readonly limits: Limits
  readonly readerLimits: ReaderLimits
  readonly clock: SessionClock
  readonly output: OutputQueue
  readonly random: (length: number) => Uint8Array
  readonly tls: TlsInfo | null
  readonly authenticated: boolean
  readonly closed: boolean
  /** Names and texts are UTF-8 (RFC 6855, RFC 9051). */
  readonly utf8: boolean
  readonly mailbox: OpenMailbox | null
  /** Is this on offer? A name in upper case. */
  has(capability: string): boolean
  readonly capability: readonly string[]
  send<T>(command: Command<T>): Promise<T>
  /** The mailbox that is about to be opened, whose data come next; null: it could not be, or none is open now. */
  open(mailbox: OpenMailbox | null, done: boolean): void
  /** Has ENABLE switched it on? */
  isEnabled(capability: string): boolean
  /** The server is asked anew what it offers, unless it has told. */
  refreshCapability(status: StatusResponse): Promise<void>
  /** What ENABLE has switched on. */
  enabled(names: readonly string[]): void
  loggedIn(): void
  upgradeTls(): Promise<TlsInfo>
  upgradeDeflate(): Promise<void>
  /** An iteration begins, ends, or has room again. */
  addFlow(flow: FetchFlow): void
  removeFlow(flow: FetchFlow): void
  flowChanged(): void
  leave(): void
  wake(): void
  end(error: MailError | null): void
}

/** What is asked of a session: one command or several. */
export interface Work<T> {
  run(core: ClientCore): Promise<T>
}
