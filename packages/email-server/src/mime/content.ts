// The content of a leaf: its bytes without the transfer encoding, and its text without the charset.
import {
  type CharsetOptions,
  decodeCharset,
  decodeQuotedPrintableText,
  decodeTransfer,
  transferEncodingOf,
} from '../text/index.ts'
import type { PartFacts } from './describe.ts'
import { unflow } from './flowed.ts'
import type { MessagePart } from './part.ts'
import { parameterOf } from './structured.ts'

/** Decoded bytes of a part's body; a view of `raw` when nothing was encoded. */
export function partBytes(raw: Uint8Array, part: MessagePart): Uint8Array {
  const body = raw.subarray(part.bodyStart, part.bodyEnd)
  return decodeTransfer(body, transferEncodingOf(part.encoding))
}

/** Decoded text of a part's body; lines end with LF, flowed paragraphs (RFC 3676) are whole. */
export function partText(
  raw: Uint8Array,
  part: MessagePart,
  facts: PartFacts,
  options?: CharsetOptions,
): string {
  if (facts.charset?.toLowerCase() === 'utf-8' && part.encoding === 'quoted-printable') {
    const text = decodeQuotedPrintableText(raw.subarray(part.bodyStart, part.bodyEnd))
    return paragraphs(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text, facts)
  }
  return readable(decodeCharset(partBytes(raw, part), facts.charset, options), facts)
}

/** Text of a body in the form in which it is shown. */
export function readable(decoded: string, facts: PartFacts): string {
  return paragraphs(decoded.includes('\r') ? decoded.replaceAll('\r\n', '\n') : decoded, facts)
}

function paragraphs(text: string, facts: PartFacts): string {
  if (facts.contentType !== 'text/plain') return text
  if (parameterOf(facts.parameters, 'format')?.trim().toLowerCase() !== 'flowed') return text
  return unflow(text, parameterOf(facts.parameters, 'delsp')?.trim().toLowerCase() === 'yes')
}
