// What the rest of the house sees of a message's structure: ENVELOPE and BODYSTRUCTURE as RFC 3501 §7.4.2 and
// RFC 9051 §7.5.2 define them, as plain data. Header text is as it stands in the message (unfolded, encoded words
// not decoded); raw 8-bit text is read as UTF-8 where it is UTF-8, else as windows-1252.

/** One address of an envelope; a group is `{ mailbox: 'Name', host: null }` … `{ mailbox: null, host: null }`. */
export interface EnvelopeAddress {
  readonly name: string | null
  /** The obsolete source route (`@a,@b`), null when there is none. */
  readonly route: string | null
  readonly mailbox: string | null
  readonly host: string | null
}

/** RFC 9051 §7.5.2 ENVELOPE. A field that the message lacks is null; an address list that it lacks is empty. */
export interface Envelope {
  readonly date: string | null
  readonly subject: string | null
  readonly from: readonly EnvelopeAddress[]
  /** As `from` when the message has no Sender field; so is `replyTo` without Reply-To. */
  readonly sender: readonly EnvelopeAddress[]
  readonly replyTo: readonly EnvelopeAddress[]
  readonly to: readonly EnvelopeAddress[]
  readonly cc: readonly EnvelopeAddress[]
  readonly bcc: readonly EnvelopeAddress[]
  readonly inReplyTo: string | null
  readonly messageId: string | null
}

/** Name and value pairs in the order of the header; names in upper or lower case as the message has them. */
export type Parameters = readonly (readonly [name: string, value: string])[]

export interface Disposition {
  readonly type: string
  readonly parameters: Parameters
}

interface StructureExtension {
  readonly disposition: Disposition | null
  readonly language: readonly string[] | null
  readonly location: string | null
}

/** RFC 9051 §7.5.2 body-type-mpart. */
export interface MultipartStructure extends StructureExtension {
  readonly kind: 'multipart'
  readonly subtype: string
  readonly parameters: Parameters
  readonly parts: readonly BodyStructure[]
}

/** RFC 9051 §7.5.2 body-type-1part. */
export interface SinglePartStructure extends StructureExtension {
  readonly kind: 'single'
  readonly type: string
  readonly subtype: string
  readonly parameters: Parameters
  readonly id: string | null
  readonly description: string | null
  readonly encoding: string
  /** Octets of the body as it is transferred (encoded). */
  readonly size: number
  /** Text lines of the body, for `text/*` and `message/rfc822` (and `message/global`); null for other types. */
  readonly lines: number | null
  /** The nested message, for `message/rfc822` (and `message/global`) only. */
  readonly message: { readonly envelope: Envelope; readonly body: BodyStructure } | null
  readonly md5: string | null
}

export type BodyStructure = MultipartStructure | SinglePartStructure
