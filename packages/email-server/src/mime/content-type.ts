// What the scanner asks of a header: the media type (RFC 2045 §5), with the defaults of RFC 2045 §5.2 and RFC 2046
// §5.1.5, the boundary, and the transfer encoding (RFC 2045 §6). The first field of a name counts.
import { fieldText, firstField, type HeaderBlock, headerText } from './header.ts'
import { parameterOf, readStructured } from './structured.ts'

export interface ContentTypeHead {
  /** In lower case. */
  readonly type: string
  readonly subtype: string
  /** The boundary of a multipart, empty when there is none that can be used. */
  readonly boundary: string
}

const PLAIN: ContentTypeHead = { type: 'text', subtype: 'plain', boundary: '' }
const MESSAGE: ContentTypeHead = { type: 'message', subtype: 'rfc822', boundary: '' }

/** As nearly all mail says it; with a boundary that is the only parameter, quoted, of characters that mean nothing else. */
const USUAL =
  /^([A-Za-z0-9+._-]+)\/([A-Za-z0-9+._-]+)(?:$|;[ \t]*(?:boundary="([A-Za-z0-9'()+_,./:=-]{1,70})"$)?)/i

/** Media type of a part; `digest`: it stands in a multipart/digest, where a message is the default. */
export function contentTypeOf(block: HeaderBlock, digest: boolean): ContentTypeHead {
  const field = firstField(block, 'content-type')
  if (field === undefined) return digest ? MESSAGE : PLAIN
  const value = fieldText(block, field)
  const usual = USUAL.exec(value)
  if (usual !== null) {
    const name = usual[1]!.toLowerCase()
    const boundary = name === 'multipart' ? (usual[3] ?? boundaryIn(value)) : ''
    return { type: name, subtype: usual[2]!.toLowerCase(), boundary }
  }
  const type = token(value, skip(value, 0))
  let at = skip(value, type.end)
  if (type.end === type.start || value.charCodeAt(at) !== 0x2f) return PLAIN
  at = skip(value, at + 1)
  const subtype = token(value, at)
  if (subtype.end === subtype.start) return PLAIN
  const name = value.slice(type.start, type.end).toLowerCase()
  return {
    type: name,
    subtype: value.slice(subtype.start, subtype.end).toLowerCase(),
    boundary: name === 'multipart' ? boundaryIn(value) : '',
  }
}

/** Content-Transfer-Encoding in lower case, `7bit` when missing or empty. */
export function encodingOf(block: HeaderBlock): string {
  const value = headerText(block, 'content-transfer-encoding')
  if (value === null) return '7bit'
  const { start, end } = token(value, skip(value, 0))
  return start === end ? '7bit' : value.slice(start, end).toLowerCase()
}

/** RFC 2046 §5.1.1: a boundary is US-ASCII and does not end in white space; others match no delimiter line. */
function boundaryIn(value: string): string {
  const boundary = parameterOf(readStructured(value).parameters, 'boundary')?.trimEnd() ?? ''
  for (let i = 0; i < boundary.length; i++) if (boundary.charCodeAt(i) > 0x7e) return ''
  return boundary
}

/** Behind white space and comments (RFC 5322 §3.2.2). */
function skip(value: string, at: number): number {
  let depth = 0
  for (; at < value.length; at++) {
    const c = value.charCodeAt(at)
    if (c === 0x28) depth++
    else if (c === 0x29 && depth > 0) depth--
    else if (c === 0x5c && depth > 0) at++
    else if (depth === 0 && c !== 0x20 && c !== 0x09) break
  }
  return at
}

/** A token as mail has them: up to white space, a comment, `/`, `;`, `,` or `=`. */
function token(value: string, start: number): { start: number; end: number } {
  let end = start
  for (; end < value.length; end++) {
    const c = value.charCodeAt(end)
    if (c <= 0x20 || c === 0x2f || c === 0x3b || c === 0x28 || c === 0x2c || c === 0x3d) break
  }
  return { start, end }
}
