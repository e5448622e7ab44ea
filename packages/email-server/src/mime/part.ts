// The tree that the scanner makes of a message: where each part's header and body lie, and what kind of part it is
// (RFC 2045 §5.2 defaults included). Nothing is copied out of bodies, nothing is decoded.
import type { HeaderBlock } from './header.ts'

export interface MessagePart {
  /** `message` is a message/rfc822 or message/global whose body can be read as it stands; else leaf or multipart. */
  readonly kind: 'leaf' | 'multipart' | 'message'
  readonly header: HeaderBlock
  /** Offsets in the message; the header with its blank line is [headerStart, bodyStart). */
  readonly headerStart: number
  readonly bodyStart: number
  /** The line ending in front of the delimiter that ends the part belongs to the delimiter. */
  readonly bodyEnd: number
  /** Line feeds in the body; counted for `text/*` and `message/*` parts, else (or when not asked for) 0. */
  readonly lines: number
  /** Media type and subtype in lower case; `text`/`plain` when missing or malformed. */
  readonly type: string
  readonly subtype: string
  /** Content-Transfer-Encoding in lower case, `7bit` when missing. */
  readonly encoding: string
  /** The parts of a multipart; of a `message` the one nested message; of a leaf none. */
  readonly parts: readonly MessagePart[]
  /** A limit was met in this part or within: something of it stayed opaque. */
  readonly truncated: boolean
}

/** True for the types whose body is a message. */
export function isMessageType(part: Pick<MessagePart, 'type' | 'subtype'>): boolean {
  return part.type === 'message' && (part.subtype === 'rfc822' || part.subtype === 'global')
}
