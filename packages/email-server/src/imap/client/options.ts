// What a client session is told at its start, and what it tells.
import type { ClientSessionEvents, ClientSessionOptions } from '../../base/client-session.ts'
import type { ClosedRange } from '../../base/ranges.ts'

export interface ImapClientOptions extends ClientSessionOptions {
  /** Can the driver inflate and deflate? Default false. */
  readonly canDeflate?: boolean
}

/** What the server says without being asked. */
export type ImapNews = {
  /** Messages have come: there are so many now. */
  exists: [total: number, previous: number]
  /** A message is gone: the number that it had, and its UID when that is known (else 0). */
  expunge: [sequence: number, uid: number]
  /** Messages are gone, by their UIDs (RFC 7162 §3.2.10). `earlier`: before the mailbox was opened. */
  vanished: [uids: readonly ClosedRange[], earlier: boolean]
  /** Somebody has changed flags; `uid` is 0 when it is not known, `flags` are without backslash. */
  flags: [change: FlagChange]
  recent: [count: number]
  /** The server has something to say that must be shown (RFC 3501 §7.1 ALERT). */
  alert: [text: string]
  /** The server goes away; `close` follows. */
  bye: [text: string]
}

export type ImapClientEvents = ClientSessionEvents & ImapNews

export interface FlagChange {
  readonly seq: number
  readonly uid: number
  readonly flags: readonly string[]
  readonly modseq: bigint | null
}
