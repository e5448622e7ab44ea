// What the JSON API says (docs/web.md). Plain data: the page is compiled against these shapes, programs read them as JSON.

export interface Person {
  /** Decoded; '' when there is none. */
  readonly name: string
  readonly address: string
}

export interface AccountView {
  readonly address: string
  /** Of its INBOX. */
  readonly unread: number
  readonly total: number
}

export interface FolderView {
  /** The whole name, levels separated by `/`. */
  readonly name: string
  readonly specialUse: string | null
  readonly unread: number
  readonly total: number
}

export interface MessageSummary {
  readonly uid: number
  readonly subject: string
  readonly from: Person | null
  readonly to: readonly Person[]
  /** When it came here, ISO 8601. */
  readonly arrived: string
  /** Octets. */
  readonly size: number
  readonly seen: boolean
  readonly flags: readonly string[]
  readonly preview: string
  readonly hasAttachments: boolean
}

export interface MessageList {
  readonly folder: string
  readonly total: number
  readonly unread: number
  /** Newest first. */
  readonly messages: readonly MessageSummary[]
  /** Give it as `before` to see what is older; null: that is all. */
  readonly next: number | null
}

export interface HeaderFieldView {
  readonly name: string
  /** Unfolded, encoded words decoded. */
  readonly value: string
}

/** One method of an Authentication-Results field (RFC 8601). */
export interface Verdict {
  /** `spf`, `dkim`, `dmarc`, … */
  readonly method: string
  /** `pass`, `fail`, `none`, … */
  readonly result: string
  /** All of it, as the field says it. */
  readonly detail: string
  /** Who says so. */
  readonly by: string
}

export interface PartView {
  /** As IMAP numbers parts: `1`, `2.1`. */
  readonly id: string
  readonly depth: number
  readonly contentType: string
  readonly filename: string | null
  readonly disposition: string | null
  readonly contentId: string | null
  /** Octets as transferred. */
  readonly size: number
  /** It has octets that can be had by themselves; a multipart has none. */
  readonly isLeaf: boolean
  /** A picture that may be shown. */
  readonly isPicture: boolean
}

export interface MessageView extends MessageSummary {
  readonly account: string
  readonly folder: string
  readonly cc: readonly Person[]
  readonly replyTo: readonly Person[]
  /** The Date field, ISO 8601; null when it is missing or unreadable. */
  readonly date: string | null
  readonly messageId: string | null
  /** Return-Path; null when there is none. */
  readonly returnPath: string | null
  /** The plain text, made from the HTML where there is no other; cut at 1,000,000 characters. */
  readonly text: string
  readonly textIsCut: boolean
  readonly hasHtml: boolean
  /** It asks for pictures that are not part of it. */
  readonly hasRemotePictures: boolean
  readonly headers: readonly HeaderFieldView[]
  readonly verdicts: readonly Verdict[]
  readonly parts: readonly PartView[]
  readonly links: readonly string[]
  /** The one-time code, null when there is none. */
  readonly code: string | null
}

export type SessionProtocol = 'smtp' | 'imap' | 'pop3'

export interface SessionView {
  readonly id: number
  readonly protocol: SessionProtocol
  /** Of which port, in words. */
  readonly listener: string
  /** `address:port` of the client. */
  readonly peer: string
  readonly port: number
  readonly user: string | null
  /** Protocol and cipher; null in clear. */
  readonly tls: string | null
  readonly openedAt: string
  /** Null while it goes on. */
  readonly closedAt: string | null
  /** Why it was closed, when that was not orderly. */
  readonly closeReason: string
  /** Lines that were said, also those that are kept no more. */
  readonly lines: number
  /** The last thing that was said. */
  readonly last: string
}

export interface SessionLine {
  /** Counts the lines of the session, from 1. */
  readonly n: number
  /** ms since the epoch. */
  readonly at: number
  /** `content`: of a message, said by the client. `note`: what happened beside what was said. */
  readonly by: 'client' | 'server' | 'content' | 'note'
  readonly text: string
}

export interface SessionTranscript {
  readonly session: SessionView
  /** The last ones; earlier ones are kept no more. */
  readonly lines: readonly SessionLine[]
}

export interface FailureView {
  readonly id: number
  readonly command: string
  readonly reply: string
  /** How often it will still be given; null: always. */
  readonly left: number | null
  /** How often it was given. */
  readonly given: number
}

export interface OutboxEntry {
  readonly account: string
  readonly folder: string
  readonly message: MessageSummary
}

export interface OutboxView {
  /** Kept here, newest first. */
  readonly held: readonly OutboxEntry[]
  /** Messages in the durable queue, which this server does not send. */
  readonly queued: number
}

/** What `npm start` says of itself. */
export interface ServerView {
  readonly version: string
  readonly hostname: string
  readonly address: string
  readonly ports: readonly { readonly name: string; readonly port: number; readonly security: string }[]
  readonly accounts: readonly string[]
  readonly password: string | null
}

/** Events of `/api/events`; each is the data of an event of its name. */
export interface WebEvents {
  /** Something has changed in a folder. */
  readonly mail: {
    readonly account: string
    readonly folder: string
    readonly kind: 'new' | 'gone' | 'flags' | 'folders'
  }
  readonly sessions: readonly SessionView[]
  readonly lines: { readonly session: number; readonly lines: readonly SessionLine[] }
  readonly failures: readonly FailureView[]
}

export interface ErrorView {
  readonly error: string
}
