// Which parts of a message are shown as its text, which are attachments, and how several texts become one: plain text
// and HTML each keep the order of the message; outside multipart/alternative each also stands in for the other.
import { late } from '../base/late.ts'
import { AddressField } from './address-field.ts'
import { Attachment } from './attachment.ts'
import { partText } from './content.ts'
import { describePart, type PartFacts } from './describe.ts'
import { htmlToText } from './html-to-text.ts'
import type { ParseOptions } from './parse-options.ts'
import { ParsedHeaders } from './parsed-headers.ts'
import { isMessageType, type MessagePart } from './part.ts'
import { escapeHtml, textToHtml } from './text-to-html.ts'

export interface Shown {
  readonly kind: 'text' | 'html' | 'header'
  /** Some multipart around it is an alternative: its other form stands beside it. */
  readonly alternative: boolean
  /** Decoded when first called. */
  readonly text: () => string
  /** The head of a message that is shown within the message, as HTML. */
  readonly headHtml?: () => string
}

interface Place {
  readonly part: MessagePart
  readonly path: string
  readonly alternative: boolean
  readonly related: boolean
  /** The root of a message that is shown within the message. */
  readonly embedded: boolean
}

/** The texts and the attachments of a message, in its order. Iterative: the sender picks the depth. */
export function collectShown(
  raw: Uint8Array,
  tree: MessagePart,
  options: ParseOptions,
): { shown: Shown[]; attachments: Attachment[] } {
  const shown: Shown[] = []
  const attachments: Attachment[] = []
  const stack: Place[] = [{ part: tree, path: '', alternative: false, related: false, embedded: false }]
  while (stack.length > 0) {
    const place = stack.pop()!
    const { part, path, alternative } = place
    if (place.embedded) shown.push(headOf(part, alternative, options))
    if (part.kind === 'multipart' && part.parts.length > 0) {
      const below = alternative || part.subtype === 'alternative'
      const related = place.related || part.subtype === 'related'
      for (let i = part.parts.length - 1; i >= 0; i--) {
        const child = path === '' ? `${i + 1}` : `${path}.${i + 1}`
        stack.push({ part: part.parts[i]!, path: child, alternative: below, related, embedded: false })
      }
      continue
    }
    const facts = describePart(part, options)
    if (part.kind === 'message' && isShownMessage(facts, options)) {
      stack.push({ part: part.parts[0]!, path, alternative, related: place.related, embedded: true })
      continue
    }
    if (isMessageType(part) || facts.isAttachment) {
      const where = { partId: path === '' ? null : path, related: place.related }
      attachments.push(new Attachment(raw, part, facts, where, options.checksumAlgo ?? 'md5', options))
      continue
    }
    const kind = facts.contentType === 'text/html' ? 'html' : 'text'
    shown.push({ kind, alternative, text: late(() => partText(raw, part, facts, options)) })
  }
  return { shown, attachments }
}

/** The plain text in pieces, or undefined when there is none. */
export function joinText(shown: readonly Shown[], options: ParseOptions): string[] | undefined {
  const hasText = shown.some(one => one.kind === 'text')
  const pieces: string[] = []
  for (const one of shown) {
    if (one.kind === 'header') {
      pieces.push(one.text())
      continue
    }
    const asText = one.kind === 'text'
    if (!asText && (options.skipHtmlToText === true || (one.alternative && hasText))) continue
    const text = one.text()
    if (text !== '') pieces.push(asText ? text : htmlToText(text))
  }
  return pieces.length > 0 ? pieces : undefined
}

/** The HTML, or null when no part is HTML. */
export function joinHtml(shown: readonly Shown[], options: ParseOptions): string | null {
  if (!shown.some(one => one.kind === 'html')) return null
  const pieces: string[] = []
  for (const one of shown) {
    if (one.kind === 'header') pieces.push(one.headHtml!())
    else if (one.kind === 'html' || (!one.alternative && options.skipTextToHtml !== true)) {
      const text = one.text()
      if (text !== '') pieces.push(one.kind === 'html' ? text : textToHtml(text))
    }
  }
  return pieces.length > 0 ? pieces.join('<br/>\n') : null
}

function isShownMessage(facts: PartFacts, options: ParseOptions): boolean {
  if (facts.disposition === 'inline') return true
  return options.defaultInlineEmbedded === true && facts.disposition !== 'attachment'
}

const HEAD = ['From', 'Subject', 'Date', 'To', 'Cc', 'Bcc'] as const

/** Who wrote what when, in front of the text of a message that is shown within another. */
function headOf(root: MessagePart, alternative: boolean, options: ParseOptions): Shown {
  const headers = new ParsedHeaders(root.header, options)
  const rows = late(() =>
    HEAD.flatMap(name => {
      const value = headers.get(name)
      const last = Array.isArray(value) ? value[value.length - 1] : value
      if (last === undefined) return []
      if (last instanceof AddressField) return [{ name, text: last.text, html: last.html }]
      const text = last instanceof Date ? last.toUTCString() : String(last)
      return [
        { name, text, html: name === 'Subject' ? `<strong>${escapeHtml(text)}</strong>` : escapeHtml(text) },
      ]
    }),
  )
  return {
    kind: 'header',
    alternative,
    text: () =>
      `\n${rows()
        .map(row => `${row.name}: ${row.text}`)
        .join('\n')}\n`,
    headHtml: () => {
      const cells = rows().map(
        row => `<tr><td class="mp_head_key">${row.name}:</td><td class="mp_head_value">${row.html}</td></tr>`,
      )
      return `<table class="mp_head">${cells.join('\n')}</table>`
    },
  }
}
