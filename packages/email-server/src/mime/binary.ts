// BINARY of a section (RFC 3516 §4, RFC 9051 §6.4.5): a leaf's content without its transfer encoding. Text keeps CRLF
// line endings whatever the message has.
import { asBuffer, CR, LF } from '../base/bytes.ts'
import { decodeTransfer, transferEncodingOf } from '../text/index.ts'
import { isMessageType, type MessagePart } from './part.ts'
import { findPart } from './section.ts'

/**
 * `content`; or why there is none: no part of that number, a multipart or message (only leaves have BINARY), or an
 * encoding that nobody knows (the reply is `NO [UNKNOWN-CTE]`).
 */
export type BinarySection =
  | { readonly kind: 'content'; readonly content: Uint8Array }
  | { readonly kind: 'no-such-part' | 'not-a-leaf' | 'unknown-encoding' }

const IDENTITY: ReadonlySet<string> = new Set(['7bit', '8bit', 'binary'])

/** BINARY[path]; an empty path is the whole message as it is. BINARY.SIZE is the length of the content. */
export function resolveBinary(raw: Uint8Array, tree: MessagePart, path: readonly number[]): BinarySection {
  if (path.length === 0) return { kind: 'content', content: raw.subarray(tree.headerStart, tree.bodyEnd) }
  const part = findPart(tree, path)
  if (part === null) return { kind: 'no-such-part' }
  if (part.kind !== 'leaf' || isMessageType(part)) return { kind: 'not-a-leaf' }
  const encoding = transferEncodingOf(part.encoding)
  if (encoding === 'identity' && !IDENTITY.has(part.encoding)) return { kind: 'unknown-encoding' }
  const content = decodeTransfer(raw.subarray(part.bodyStart, part.bodyEnd), encoding)
  return { kind: 'content', content: part.type === 'text' ? withCrlf(content) : content }
}

/** The same bytes with each bare LF as CRLF. */
function withCrlf(bytes: Uint8Array): Uint8Array {
  const buf = asBuffer(bytes)
  const bare: number[] = []
  for (let at = buf.indexOf(LF); at >= 0; at = buf.indexOf(LF, at + 1)) {
    if (at === 0 || buf[at - 1] !== CR) bare.push(at)
  }
  if (bare.length === 0) return bytes
  const out = Buffer.allocUnsafe(buf.length + bare.length)
  let from = 0
  let to = 0
  for (const at of bare) {
    to += buf.copy(out, to, from, at)
    out[to++] = CR
    from = at
  }
  buf.copy(out, to, from)
  return out
}
