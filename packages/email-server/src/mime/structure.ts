// BODYSTRUCTURE of a part tree (RFC 3501 §7.4.2, RFC 9051 §7.5.2): the media fields of each part with the defaults that
// RFC 2045 §5.2 gives. What IMAP's grammar cannot say is said as the servers that clients know say it: text without a
// charset is US-ASCII, a multipart without parts has one that is empty, a message that is encoded has an empty envelope,
// and what lies behind a limit is opaque bytes.
import { decodeParameters } from '../text/index.ts'
import { EMPTY_ENVELOPE, envelopeOf } from './envelope.ts'
import { headerText } from './header.ts'
import { isMessageType, type MessagePart } from './part.ts'
import { type ScanOptions, scanMessage } from './scan.ts'
import { emptyPart } from './section.ts'
import { type RawParameters, readStructured } from './structured.ts'
import type {
  BodyStructure,
  Disposition,
  MultipartStructure,
  Parameters,
  SinglePartStructure,
} from './types.ts'

/** The body structure of a message. Never throws. */
export function extractBodyStructure(raw: Uint8Array, options?: ScanOptions): BodyStructure {
  return bodyStructureOf(scanMessage(raw, options))
}

interface Pending {
  readonly part: MessagePart
  /** Its children's structures, as they become ready. */
  readonly children: BodyStructure[]
}

/** The structure of a tree that `scanMessage` made with its lines counted. Iterative: the sender picks the depth. */
export function bodyStructureOf(tree: MessagePart): BodyStructure {
  const stack: Pending[] = [{ part: tree, children: [] }]
  for (;;) {
    const top = stack[stack.length - 1]!
    if (top.children.length < top.part.parts.length) {
      stack.push({ part: top.part.parts[top.children.length]!, children: [] })
      continue
    }
    stack.pop()
    const structure =
      top.part.kind === 'multipart' ? multipart(top.part, top.children) : single(top.part, top.children)
    const parent = stack[stack.length - 1]
    if (parent === undefined) return structure
    parent.children.push(structure)
  }
}

function multipart(part: MessagePart, parts: readonly BodyStructure[]): MultipartStructure {
  return {
    kind: 'multipart',
    subtype: part.subtype,
    parameters: parametersOf(part),
    parts: parts.length > 0 ? parts : [single(emptyPart(part), [])],
    disposition: dispositionOf(part),
    language: languageOf(part),
    location: locationOf(part),
  }
}

function single(part: MessagePart, children: readonly BodyStructure[]): SinglePartStructure {
  const size = part.bodyEnd - part.bodyStart
  const message = isMessageType(part)
  // A multipart that is a leaf is one behind a limit or without a boundary: bytes, as far as IMAP can tell.
  const opaque = part.type === 'multipart' || (message && part.kind === 'leaf' && part.truncated)
  const type = opaque ? 'application' : part.type
  const subtype = opaque ? 'octet-stream' : part.subtype
  return {
    kind: 'single',
    type,
    subtype,
    parameters: parametersOf(part),
    id: headerText(part.header, 'content-id'),
    description: headerText(part.header, 'content-description'),
    encoding: part.encoding,
    size,
    lines: type === 'text' || (message && !opaque) ? part.lines : null,
    message: message && !opaque ? nested(part, children[0], size) : null,
    md5: headerText(part.header, 'content-md5'),
    disposition: dispositionOf(part),
    language: languageOf(part),
    location: locationOf(part),
  }
}

function nested(
  part: MessagePart,
  body: BodyStructure | undefined,
  size: number,
): SinglePartStructure['message'] {
  const message = part.parts[0]
  if (message !== undefined && body !== undefined) return { envelope: envelopeOf(message.header), body }
  return { envelope: EMPTY_ENVELOPE, body: { ...single(emptyPart(part), []), size, lines: part.lines } }
}

function parametersOf(part: MessagePart): Parameters {
  const value = headerText(part.header, 'content-type')
  const parameters = value === null ? [] : joined(readStructured(value).parameters)
  // RFC 2046 §4.1.2: the default charset of text; servers say it, and clients count on it.
  const charset = parameters.some(([name]) => name.toLowerCase().replace('*', '') === 'charset')
  return part.type === 'text' && !charset ? [...parameters, ['charset', 'us-ascii']] : parameters
}

/**
 * Continuations joined (RFC 9051 §7.5.2 with RFC 2231 §3). A value with a charset stays in its extended form, `name*` with
 * percent signs: so do the servers that clients are written against, and it needs no 8-bit string.
 */
function joined(raw: RawParameters): Parameters {
  if (!raw.some(([name]) => name.includes('*'))) return raw
  const out: (readonly [string, string])[] = []
  const done = new Set<string>()
  const decoded = decodeParameters(raw).parameters
  for (const [name, value] of raw) {
    const star = name.indexOf('*')
    if (star <= 0) {
      out.push([name, value])
      continue
    }
    const base = name.slice(0, star)
    const key = base.toLowerCase()
    if (done.has(key)) continue
    done.add(key)
    const found = decoded.find(one => one.name === key)
    if (found === undefined) continue
    const extended = raw.some(([other]) => other.endsWith('*') && other.toLowerCase().startsWith(`${key}*`))
    out.push(
      extended
        ? [`${base}*`, `utf-8'${found.language ?? ''}'${percentEncode(found.value)}`]
        : [base, found.value],
    )
  }
  return out
}

/** attribute-char of RFC 2231 §7 stays, the rest becomes `%XX` of its UTF-8. */
function percentEncode(text: string): string {
  let out = ''
  for (const byte of Buffer.from(text, 'utf8')) {
    const character = String.fromCharCode(byte)
    out += /[A-Za-z0-9!#$&+\-.^_`{|}~]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return out
}

function dispositionOf(part: MessagePart): Disposition | null {
  const raw = headerText(part.header, 'content-disposition')
  if (raw === null) return null
  const { value, parameters } = readStructured(raw)
  return value === '' ? null : { type: value, parameters: joined(parameters) }
}

function languageOf(part: MessagePart): readonly string[] | null {
  const raw = headerText(part.header, 'content-language')
  if (raw === null) return null
  const tags = readStructured(raw).value.split(',')
  const named = tags.map(tag => tag.trim()).filter(tag => tag !== '')
  return named.length > 0 ? named : null
}

function locationOf(part: MessagePart): string | null {
  return headerText(part.header, 'content-location')?.replace(/[ \t]/g, '') ?? null
}
