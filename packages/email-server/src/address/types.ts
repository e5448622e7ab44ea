// Addresses as plain data.

/** An address as users of the library see and give it. */
export interface Address {
  /** The display name, decoded; empty when there is none. Of a group: the group's name. */
  readonly name: string
  /** `user@host` with a quoted local part where it needs one (`"a b"@host`); empty when the text had no address, and for a group. */
  readonly address: string
  /** The members, when this is a group (it may have none). */
  readonly group?: readonly Address[]
}

/** One mailbox of a list as it was read: nothing decoded, quoting and comments removed. */
export interface ListMailbox {
  readonly kind: 'mailbox'
  /** The display name, or the comment that stands in for it; encoded words not decoded. Null when there is neither. */
  readonly name: string | null
  /** The obsolete source route, `@a,@b`; null when there is none. */
  readonly route: string | null
  /** The local part without quotes. Null when there is no address (only text), or when what stands there is ambiguous. */
  readonly local: string | null
  /** Null when there is no domain (`root`). */
  readonly domain: string | null
  /**
   * False when the text is no RFC 5322 mailbox, not even an obsolete one. What was read is then the most probable meaning,
   * good for showing, not for deciding whom to trust.
   */
  readonly regular: boolean
}

export interface ListGroup {
  readonly kind: 'group'
  /** Encoded words not decoded. */
  readonly name: string
  readonly members: readonly ListMailbox[]
}

export interface AddressList {
  readonly entries: readonly (ListMailbox | ListGroup)[]
  /** True when the list had more mailboxes than the limit, and the rest was left out. */
  readonly truncated: boolean
}

/** The four strings of an address in IMAP's ENVELOPE (RFC 9051 §7.5.2). */
export interface EnvelopeParts {
  readonly name: string | null
  readonly route: string | null
  readonly mailbox: string | null
  readonly host: string | null
}
