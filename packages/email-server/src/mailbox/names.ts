// The names that backends use for flags and special folders, without the wire's backslash.

/** System flags (RFC 9051 §2.3.2). */
export const FLAGS = {
  Seen: 'Seen',
  Answered: 'Answered',
  Flagged: 'Flagged',
  Deleted: 'Deleted',
  Draft: 'Draft',
} as const

/** Special uses of folders (RFC 6154 §2, RFC 8457). */
export const SPECIAL_USE = {
  All: 'All',
  Archive: 'Archive',
  Drafts: 'Drafts',
  Flagged: 'Flagged',
  Important: 'Important',
  Junk: 'Junk',
  Sent: 'Sent',
  Trash: 'Trash',
} as const
