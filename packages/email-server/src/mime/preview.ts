// Preview text of a message (RFC 8970 §3.3): the beginning of what a person would read, on one line.
import {
  CharsetDecoder,
  type CharsetOptions,
  createTransferDecoder,
  transferEncodingOf,
} from '../text/index.ts'
import { readable } from './content.ts'
import { describePart, type PartFacts } from './describe.ts'
import { htmlToText } from './html-to-text.ts'
import type { MessagePart } from './part.ts'

/** RFC 8970 §3.3: characters that a preview should not exceed. */
export const PREVIEW_LENGTH = 200
/** Bytes of a body that are decoded in the hope of so many characters; HTML begins with much that nobody sees. */
const TEXT_WINDOW = 8 * 1024
const HTML_WINDOW = 64 * 1024

/** Up to `maxLength` characters (code points) of the first text; quoted text only when there is no other. */
export function previewOf(
  raw: Uint8Array,
  tree: MessagePart,
  maxLength: number = PREVIEW_LENGTH,
  options: CharsetOptions = {},
): string {
  let html: { part: MessagePart; facts: PartFacts } | null = null
  const stack: MessagePart[] = [tree]
  while (stack.length > 0) {
    const part = stack.pop()!
    if (part.kind !== 'leaf') {
      for (let i = part.parts.length - 1; i >= 0; i--) stack.push(part.parts[i]!)
      continue
    }
    const facts = describePart(part, options)
    if (facts.isAttachment) continue
    if (facts.contentType === 'text/html') {
      html ??= { part, facts }
      continue
    }
    const text = summary(beginning(raw, part, facts, TEXT_WINDOW, options), maxLength)
    if (text !== '') return text
  }
  if (html === null) return ''
  const markup = beginning(raw, html.part, html.facts, HTML_WINDOW, options)
  return shorten(oneLine(htmlToText(markup, { links: false, maxLength: 4 * maxLength })), maxLength)
}

function beginning(
  raw: Uint8Array,
  part: MessagePart,
  facts: PartFacts,
  window: number,
  options: CharsetOptions,
): string {
  const end = Math.min(part.bodyEnd, part.bodyStart + window)
  const decoder = createTransferDecoder(transferEncodingOf(part.encoding))
  const charset = new CharsetDecoder(facts.charset, options)
  let text = charset.write(decoder.write(raw.subarray(part.bodyStart, end)))
  // A cut in the middle of a character or a quantum would show; at the true end there is none.
  if (end === part.bodyEnd) text += charset.write(decoder.end()) + charset.end()
  return readable(text, facts)
}

/** The lines that are not quoted, or all when all are. */
function summary(text: string, maxLength: number): string {
  const own = text
    .split('\n')
    .filter(line => !line.startsWith('>'))
    .join('\n')
  return shorten(oneLine(own) || oneLine(text), maxLength)
}

/** Characters that take no room: senders fill previews with them. */
const INVISIBLE = /[\u00ad\u200b-\u200d\u2060\ufeff]|\u034f/g

function oneLine(text: string): string {
  return text
    .replace(INVISIBLE, '')
    .replace(/[\s\0-\x1f\x7f]+/g, ' ')
    .trim()
}

function shorten(text: string, maxLength: number): string {
  let at = 0
  for (let n = 0; n < maxLength && at < text.length; n++) at += text.codePointAt(at)! > 0xffff ? 2 : 1
  return text.slice(0, at).trimEnd()
}
