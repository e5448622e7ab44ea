// What NOTIFY has asked for (RFC 5465 §3.1, §6), in the form in which news are held against it.
import type { FolderNews } from '../mailbox/index.ts'
import type { Named } from './grammar/grammar.ts'

export type FolderEvent =
  | 'MessageNew'
  | 'MessageExpunge'
  | 'FlagChange'
  | 'MailboxName'
  | 'SubscriptionChange'
  | 'MailboxMetadataChange'
  | 'ServerMetadataChange'

/** What is to be told of the open folder unasked. */
export interface OpenWatch {
  /** Messages that come and go. */
  readonly counts: boolean
  readonly flags: boolean
  /** Removals wait for a command that may tell of them (RFC 5465 §6.1.2). */
  readonly delayed: boolean
  /** What is told of each new message. */
  readonly items: readonly Named[]
}

export interface WatchGroup {
  readonly folders: 'personal' | 'subscribed' | 'subtree' | 'mailboxes'
  /** Of `subtree` and `mailboxes`. */
  readonly names: readonly string[]
  readonly events: ReadonlySet<FolderEvent>
}

export interface Watching {
  readonly open: OpenWatch
  readonly groups: readonly WatchGroup[]
  readonly delimiter: string | null
  /** Prefixes of names that are not the user's own (RFC 2342). */
  readonly foreign: readonly string[]
}

/** What a session that has never said NOTIFY is told. */
export const USUAL_WATCH: OpenWatch = { counts: true, flags: true, delayed: true, items: [] }

/** NOTIFY NONE. */
export const WATCHING_NOTHING: Watching = {
  open: { counts: false, flags: false, delayed: true, items: [] },
  groups: [],
  delimiter: null,
  foreign: [],
}

/** The events that are wanted of a folder, by all groups that it is in (RFC 5465 §6). */
export function eventsOf(watching: Watching, name: string, subscribed: boolean): ReadonlySet<FolderEvent> {
  const out = new Set<FolderEvent>()
  for (const group of watching.groups) {
    if (isIn(watching, group, name, subscribed)) for (const event of group.events) out.add(event)
  }
  return out
}

function isIn(
  { delimiter, foreign }: Watching,
  group: WatchGroup,
  name: string,
  subscribed: boolean,
): boolean {
  switch (group.folders) {
    case 'personal':
      return !foreign.some(prefix => name.startsWith(prefix))
    case 'subscribed':
      return subscribed
    case 'mailboxes':
      return group.names.includes(name)
    case 'subtree':
      return group.names.some(top => name === top || (delimiter !== null && name.startsWith(top + delimiter)))
  }
}

/** The event that a piece of news is. */
export function eventOf({ kind, folder }: FolderNews): FolderEvent {
  switch (kind) {
    case 'new':
      return 'MessageNew'
    case 'gone':
      return 'MessageExpunge'
    case 'flags':
      return 'FlagChange'
    case 'created':
    case 'deleted':
    case 'renamed':
      return 'MailboxName'
    case 'subscription':
      return 'SubscriptionChange'
    case 'metadata':
      return folder === '' ? 'ServerMetadataChange' : 'MailboxMetadataChange'
  }
}
