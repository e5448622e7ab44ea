// IMAP sections of a message (RFC 3501 and RFC 9051 §6.4.5: BODY[section], §6.4.5.1; BINARY, RFC 3516), as byte ranges
// of the message or as bytes. Part numbers are resolved in the scanner's tree; nothing is parsed again.
//
//   section-spec = section-msgtext / (section-part ["." section-text])
//   section-msgtext = "HEADER" / "HEADER.FIELDS" [".NOT"] SP header-list / "TEXT"
//   section-text = section-msgtext / "MIME"
import { CRLF, concat, EMPTY } from '../base/bytes.ts'
import type { MessagePart } from './part.ts'

export interface Section {
  /** Part numbers, from 1; empty for the message itself. */
  readonly path: readonly number[]
  readonly text: 'HEADER' | 'HEADER.FIELDS' | 'HEADER.FIELDS.NOT' | 'TEXT' | 'MIME' | null
  /** Field names for HEADER.FIELDS and HEADER.FIELDS.NOT, in any case; else empty. */
  readonly fields: readonly string[]
}

/** Where a section's bytes are in the message. */
export interface SectionRanges {
  /** Half-open, ascending; they follow one another in the section without anything between them. */
  readonly ranges: readonly (readonly [start: number, end: number])[]
  /** A line ending to add: HEADER.FIELDS of a message that has a body but no blank line. */
  readonly blankLine: boolean
  /** Octets in all. */
  readonly size: number
}

/** The part of that number, or null. A multipart without any part counts as having an empty part 1. */
export function findPart(tree: MessagePart, path: readonly number[]): MessagePart | null {
  let part = tree
  // A message's own body is its part 1 unless it is a multipart: the number then names the same part once more.
  let message = true
  for (const number of path) {
    if (!message && part.kind === 'message') {
      part = part.parts[0]!
      message = true
    }
    if (part.kind === 'multipart') {
      const child = part.parts[number - 1] ?? (number === 1 ? emptyPart(part) : undefined)
      if (child === undefined) return null
      part = child
    } else if (!message || number !== 1) return null
    message = false
  }
  return part
}

/** The part that a multipart without parts is said to have: BODYSTRUCTURE has no other way to describe it. */
export function emptyPart(multipart: MessagePart): MessagePart {
  const at = multipart.bodyEnd
  return {
    kind: 'leaf',
    header: { offset: at, text: '', fieldsEnd: 0, fields: [], ascii: true },
    headerStart: at,
    bodyStart: at,
    bodyEnd: at,
    lines: 0,
    type: 'text',
    subtype: 'plain',
    encoding: '7bit',
    parts: [],
    truncated: false,
  }
}

/** Where the section lies; null when the message has no such section. */
export function sectionRanges(tree: MessagePart, section: Section): SectionRanges | null {
  const { path, text } = section
  let part = findPart(tree, path)
  if (part === null) return null
  if (path.length > 0 && text !== null && text !== 'MIME') {
    // HEADER and TEXT of a numbered part are those of the message in it.
    if (part.kind !== 'message') return null
    part = part.parts[0]!
  }
  switch (text) {
    case null:
      return path.length === 0 ? run(part.headerStart, part.bodyEnd) : run(part.bodyStart, part.bodyEnd)
    case 'TEXT':
      return run(part.bodyStart, part.bodyEnd)
    case 'HEADER':
      return run(part.headerStart, part.bodyStart)
    case 'MIME':
      return path.length === 0 ? null : run(part.headerStart, part.bodyStart)
    default:
      return subset(part, section.fields, text === 'HEADER.FIELDS')
  }
}

/** A substring of a section: `<start.length>`; beyond the end there is nothing. */
export interface SectionPartial {
  readonly start: number
  readonly length: number
}

/** The bytes of a section, views of `raw` where one range suffices; null when there is no such section. */
export function resolveSection(
  raw: Uint8Array,
  tree: MessagePart,
  section: Section,
  partial?: SectionPartial,
): Uint8Array | null {
  const found = sectionRanges(tree, section)
  if (found === null) return null
  const pieces = found.ranges.map(([start, end]) => raw.subarray(start, end))
  if (found.blankLine) pieces.push(CRLF)
  const bytes = pieces.length === 0 ? EMPTY : concat(pieces)
  return partial === undefined ? bytes : slicePartial(bytes, partial)
}

export function slicePartial(bytes: Uint8Array, partial: SectionPartial): Uint8Array {
  return bytes.subarray(partial.start, Math.min(bytes.length, partial.start + partial.length))
}

function run(start: number, end: number): SectionRanges {
  return { ranges: [[start, end]], blankLine: false, size: end - start }
}

function subset(part: MessagePart, names: readonly string[], wanted: boolean): SectionRanges {
  const keys = new Set(names.map(name => name.toLowerCase()))
  const { fields, fieldsEnd } = part.header
  const base = part.headerStart
  const ranges: [number, number][] = []
  let size = 0
  const add = (start: number, end: number) => {
    if (start === end) return
    size += end - start
    const last = ranges[ranges.length - 1]
    if (last !== undefined && last[1] === start) last[1] = end
    else ranges.push([start, end])
  }
  for (const field of fields) if (keys.has(field.key) === wanted) add(base + field.start, base + field.end)
  const blank = base + fieldsEnd
  // Fields past the limit have no names that anybody knows: they are none of those that were named.
  if (!wanted && part.truncated && fields.length > 0) add(base + fields[fields.length - 1]!.end, blank)
  add(blank, part.bodyStart)
  const blankLine = blank === part.bodyStart && part.bodyEnd > part.bodyStart
  return { ranges, blankLine, size: size + (blankLine ? 2 : 0) }
}
