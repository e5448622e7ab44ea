// What a command sees of its session.

import type { Limits } from '../base/limits.ts'
import type { TlsInfo } from '../base/runtime.ts'
import type { SessionClock } from '../base/session-clock.ts'
import type { MailboxSession } from '../mailbox/index.ts'
import type { AuthOutcome, Credentials, NegotiationPort, SaslMechanism } from '../sasl/index.ts'
import type { Dialect } from './dialect.ts'
import type { Extension, SessionFacts, Words } from './extension.ts'
import type { SelectedFolder } from './selected.ts'
import type { State } from './state.ts'
import type { Writer } from './wire/writer.ts'

export interface CommandContext {
  readonly tag: string
  /** The UID variant of the command was named. */
  readonly byUid: boolean
  readonly limits: Limits
  readonly clock: SessionClock
  readonly tls: TlsInfo | null
  readonly state: State
  readonly facts: SessionFacts
  readonly words: Words
  /** The extensions whose gate is open. */
  readonly extensions: readonly Extension[]
  readonly dialect: Dialect
  /** The transport is compressed. */
  readonly compressed: boolean
  readonly out: Writer
  /** The backend. Only after login. */
  readonly mailbox: MailboxSession
  /** The open folder. Only in the selected state. */
  readonly folder: SelectedFolder
  /** The session has ended while the command ran: whatever it does now is for nobody. */
  readonly over: boolean

  /** Null: go on writing. A promise: the client is not reading. */
  ready(): Promise<void> | null
  /**
   * To be asked after each portion of work that writes nothing. Null: go on. A promise: others have their turn first, as
   * a backend that answers at once would otherwise keep them waiting.
   */
  breathe(): Promise<void> | null
  /** So much of the command's work is done: a client that waits for long is told (RFC 9585). */
  progress(done: number, total: number): void
  /** `* OK [code] text` and the like. */
  untagged(status: 'OK' | 'NO' | 'BYE', text: string, code?: string): void
  /** `+ text`: the client may go on. Text of the library's own, or base64. */
  continueWith(text: string): void
  /** A line from the client in a dialogue of the command's own; null when the session ends instead. */
  readLine(mode: 'sasl' | 'idle'): Promise<Uint8Array | null>
  enable(change: Partial<Dialect>): void
  /** Puts credentials to the `auth` listeners; a refusal costs time, too many cost the connection. */
  signIn(credentials: Credentials): Promise<AuthOutcome>
  /** The same by a SASL exchange; `initial` is the initial response (null: none), `challenge` speaks with the client. */
  authenticate(
    mechanism: SaslMechanism,
    initial: Uint8Array | null,
    challenge: NegotiationPort['challenge'],
  ): Promise<AuthOutcome>
  /** Opens the folder's numbering; the folder must have been opened by the backend. */
  select(folder: SelectedFolder): Promise<void>
  /** Leaves the open folder, if there is one. */
  deselect(): void
  /** After this command's reply the transport is changed. */
  upgrade(kind: 'tls' | 'deflate'): void
  /** After this command's reply the session is over. */
  logout(): void
  /** Something is wrong here and not with the client. */
  failed(message: string, error: unknown): void
}
