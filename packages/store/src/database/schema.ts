// The tables, as the query builder sees them. Dates are milliseconds since the epoch, truth values 0 and 1, JSON is text:
// what SQLite and PostgreSQL both have.
import type { Generated } from 'kysely'

export interface DomainsTable {
  id: Generated<number>
  /** Lower case, A-labels. */
  name: string
  created_at: number
}

export interface AccountsTable {
  id: Generated<number>
  domain_id: number
  /** Lower case, without a tag. */
  local_part: string
  /** PHC string. */
  password_hash: string
  created_at: number
  /** 0: nobody can log in; mail is taken nevertheless. */
  enabled: Generated<number>
  /** JSON, made from the password when that was asked for (RFC 5802). */
  scram_keys: string | null
  /** Octets, null for no limit. */
  storage_limit: number | null
  message_limit: number | null
}

/** Other names of accounts; a name may stand for several. `*` is everybody whom a domain does not know. */
export interface AliasesTable {
  domain_id: number
  local_part: string
  account_id: number
}

/** Passwords for one program each: random, so that a plain hash keeps them. */
export interface AppPasswordsTable {
  id: Generated<number>
  account_id: number
  name: string
  /** SHA-256, lower case hex. */
  hash: string
  created_at: number
}

export interface FoldersTable {
  id: Generated<number>
  account_id: number
  /** The full name, levels separated by `/`. */
  name: string
  special_use: string | null
  uid_validity: number
  /** Grows only. */
  uid_next: number
  /** Grows with every change in the folder, removals included. */
  highest_modseq: number
  /** What STATUS says, kept with every change so that it costs the same in a folder of any size. */
  total: number
  unread: number
  deleted: number
  size: number
  /** Octets of the messages with the flag Deleted. */
  deleted_size: number
  /** Rows of `removals`. */
  removal_runs: number
  /** Removals up to this mod-sequence are not remembered. */
  forgotten_modseq: number
}

/** Messages that are gone, as runs of UIDs. */
export interface RemovalsTable {
  folder_id: number
  /** Of the removal. */
  modseq: number
  first_uid: number
  last_uid: number
}

/** Names, not folders: a subscription outlives its folder (RFC 9051 §6.3.7). */
export interface SubscriptionsTable {
  account_id: number
  name: string
}

/** Keywords in use in a folder, in the letter case in which they came first. */
export interface FolderKeywordsTable {
  folder_id: number
  /** Lower case. */
  folded: string
  name: string
}

export interface MessagesTable {
  folder_id: number
  uid: number
  body_id: number
  size: number
  internal_date: number
  /** When it came into this folder. */
  saved_at: number
  /** The change that touched it last; see `highest_modseq`. */
  modseq: number
  /** Bits: see messages/flags.ts. */
  system_flags: number
  /** JSON array of strings, null for none. */
  keywords: string | null
}

/** One row for each different content, shared by all messages that have it. What is computed from it is computed once. */
export interface BodiesTable {
  id: Generated<number>
  /** SHA-256, lower case hex. */
  hash: string
  size: number
  /** Where the bytes are: 1 in a file of that hash, 0 in `body_contents`. */
  in_file: number
  envelope: string
  structure: string
  preview: string
  /** Decoded. */
  subject: string
  /** The moment of the Date field, null when it is missing or unreadable. */
  sent_at: number | null
  /** Minutes east of UTC in which the Date field is written. */
  sent_zone: number
  message_id: string | null
  /** JSON array of the identifiers that THREAD=REFERENCES goes by (RFC 5256 §3). */
  thread_references: string
  has_attachments: number
  /** See messages/threads.ts. */
  thread_id: Generated<number>
}

/** What SEARCH and SORT ask of a body; see messages/facts.ts. */
export interface BodyFactsTable {
  body_id: number
  sent_at: number | null
  /** Days since 1970-01-01. */
  sent_day: number | null
  subject_key: string
  from_key: string
  to_key: string
  cc_key: string
  display_from_key: string
  display_to_key: string
  /** Fields as they are searched, null when there is none, or it was not read yet (`text_gaps`). */
  from_text: string | null
  to_text: string | null
  cc_text: string | null
  subject_text: string | null
}

export interface ThreadNamesTable {
  message_id: string
  thread_id: number
}

/** Bodies that the index of texts does not know, or knows only the beginning of. */
export interface TextGapsTable {
  body_id: number
  is_beginning: number
}

/** Notes on folders and on the server (RFC 5464). */
export interface MetadataTable {
  /** Whose private note it is; 0 for those that all see. */
  account_id: number
  /** 0 for the server. */
  folder_id: number
  name: string
  value: Uint8Array
}

/** Who besides its owner may do what with a folder (RFC 4314). */
export interface FolderRightsTable {
  folder_id: number
  identifier: string
  rights: string
}

export interface BodyContentsTable {
  body_id: number
  content: Uint8Array
}

/** Bodies that have lost a message: candidates for removal, which happens a few at a time. */
export interface UnusedBodiesTable {
  body_id: number
}

/** Files whose body is gone, until they are removed. */
export interface UnusedFilesTable {
  hash: string
}

/** Numbers that must never go back. */
export interface CountersTable {
  name: string
  value: number
}

/** Messages that wait to be sent: what the queue port calls an entry. */
export interface QueueEntriesTable {
  id: string
  body_id: number
  message_id: string | null
  /** JSON: DeliveryEnvelope. */
  envelope: string
  /** JSON: EnvelopeRecipient[], those who have it not yet. */
  recipients: string
  since: number
  attempts: number
  next_attempt: number
  warned: number
  /** Proves who works on it; null: nobody. */
  lease: string | null
  /** `next_attempt`; while it is worked on: when the lease ends. */
  due_at: number
}

/** Ids of messages that are done with, remembered for a while so that they are not taken again. */
export interface QueueDoneTable {
  id: string
  done_at: number
}

/** How far a folder has come in from, or gone out to, a folder of another server. */
export interface TransferMarksTable {
  folder_id: number
  direction: 'in' | 'out'
  /** Whose mail, and on which server. */
  place: string
  remote_folder: string
  /** Of the folder there. */
  uid_validity: number
  /** All up to this one are done with: the UID there for what came in, the UID here for what went out. */
  uid: number
}

export interface MigrationsTable {
  version: number
  name: string
  applied_at: number
}

export interface Tables {
  domains: DomainsTable
  accounts: AccountsTable
  aliases: AliasesTable
  app_passwords: AppPasswordsTable
  folders: FoldersTable
  subscriptions: SubscriptionsTable
  folder_keywords: FolderKeywordsTable
  removals: RemovalsTable
  messages: MessagesTable
  metadata: MetadataTable
  folder_rights: FolderRightsTable
  bodies: BodiesTable
  body_facts: BodyFactsTable
  thread_names: ThreadNamesTable
  text_gaps: TextGapsTable
  body_contents: BodyContentsTable
  unused_bodies: UnusedBodiesTable
  unused_files: UnusedFilesTable
  counters: CountersTable
  queue_entries: QueueEntriesTable
  queue_done: QueueDoneTable
  transfer_marks: TransferMarksTable
  migrations: MigrationsTable
}
