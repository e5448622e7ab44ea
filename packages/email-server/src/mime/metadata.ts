// What a store computes once, when a message arrives, so that lists, searches, sorting and threading need not read the
// message again.
import { type CharsetOptions, decodeEncodedWords, readMailDate } from '../text/index.ts'
import { describePart } from './describe.ts'
import { envelopeOf } from './envelope.ts'
import { headerText } from './header.ts'
import type { MessagePart } from './part.ts'
import { PREVIEW_LENGTH, previewOf } from './preview.ts'
import { type ScanOptions, scanMessage } from './scan.ts'
import { bodyStructureOf } from './structure.ts'
import type { BodyStructure, Envelope } from './types.ts'

export interface MessageMetadata {
  /** Bytes of the message. */
  readonly size: number
  readonly envelope: Envelope
  readonly bodyStructure: BodyStructure
  /** RFC 8970 preview text, at most 200 characters; empty when the message has no text. */
  readonly preview: string
  /** The Subject with its encoded words decoded, empty when missing: RFC 5256 §2.1 makes the base subject of it. */
  readonly subject: string
  /** The moment of the Date field in ms since 1970, null when it is missing or unreadable. */
  readonly sentAt: number | null
  /** Minutes east of UTC in which the Date field was written; RFC 9051 SENTON wants the day as it is written there. */
  readonly sentZone: number
  /** Message identifiers in angle brackets, as THREAD=REFERENCES compares them (RFC 5256 §3). */
  readonly messageId: string | null
  /** References, or In-Reply-To's first identifier where there are none. */
  readonly references: readonly string[]
  /** A part is an attachment that is not shown within the text. */
  readonly hasAttachments: boolean
  /** A limit was met, and something in the message stayed opaque. */
  readonly truncated: boolean
}

/** Everything about a message that is worth keeping beside it. Never throws. */
export function extractMessageMetadata(
  raw: Uint8Array,
  options: ScanOptions & CharsetOptions = {},
): MessageMetadata {
  return metadataOf(raw, scanMessage(raw, options), options)
}

/** The same from a tree that was scanned (with its lines counted) before. */
export function metadataOf(
  raw: Uint8Array,
  tree: MessagePart,
  options: CharsetOptions = {},
): MessageMetadata {
  const { header } = tree
  const date = readMailDate(headerText(header, 'date') ?? '')
  const references = messageIdsIn(headerText(header, 'references') ?? '')
  return {
    size: tree.bodyEnd,
    envelope: envelopeOf(header),
    bodyStructure: bodyStructureOf(tree),
    preview: previewOf(raw, tree, PREVIEW_LENGTH, options),
    subject: decodeEncodedWords(headerText(header, 'subject') ?? '', options),
    sentAt: date?.time ?? null,
    sentZone: date?.zone ?? 0,
    messageId: messageIdsIn(headerText(header, 'message-id') ?? '')[0] ?? null,
    references:
      references.length > 0 ? references : messageIdsIn(headerText(header, 'in-reply-to') ?? '').slice(0, 1),
    hasAttachments: hasAttachments(tree, options),
    truncated: tree.truncated,
  }
}

/** RFC 5322 §3.6.4: what stands in angle brackets with an `@`; blanks within are the folder's, not the identifier's. */
export function messageIdsIn(text: string): string[] {
  const ids: string[] = []
  for (let open = text.indexOf('<'); open >= 0; open = text.indexOf('<', open + 1)) {
    const close = text.indexOf('>', open)
    if (close < 0) break
    const id = text.slice(text.lastIndexOf('<', close), close + 1).replace(/[ \t]/g, '')
    if (id.length > 2) ids.push(id)
    open = close
  }
  return ids
}

function hasAttachments(tree: MessagePart, options: CharsetOptions): boolean {
  const stack: { part: MessagePart; related: boolean }[] = [{ part: tree, related: false }]
  while (stack.length > 0) {
    const { part, related } = stack.pop()!
    if (part.kind === 'multipart') {
      const inner = related || part.subtype === 'related'
      for (const child of part.parts) stack.push({ part: child, related: inner })
      continue
    }
    const facts = describePart(part, options)
    if (facts.isAttachment && !(related && facts.contentId !== null) && facts.contentType !== 'text/calendar')
      return true
  }
  return false
}
