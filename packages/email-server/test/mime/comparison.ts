// Results of several parsers in one form, so that they can be compared.
import { type AddressField, parseMessage } from '../../src/mime/index.ts'
import type { Compared } from './corpus/index.ts'

export type Facts = Record<Compared, unknown>

interface AddressLike {
  readonly name: string
  readonly address?: string | undefined
  readonly group?: readonly AddressLike[] | undefined
}

/** `Name <address>`, groups as `Name: …;`. */
export function addressText(all: readonly AddressLike[]): string {
  return all
    .map(one => {
      if (one.group !== undefined) return `${one.name}: ${addressText(one.group)};`
      return one.name === '' ? (one.address ?? '') : `${one.name} <${one.address ?? ''}>`
    })
    .join(', ')
}

/** How many blank lines and trailing blanks a text has is a matter of taste. */
export function normal(text: string | false | null | undefined): string | null {
  if (text === false || text === null || text === undefined) return null
  const lines = text.replace(/<br\/>\n/g, '\n').split(/\r?\n/)
  const trimmed = lines.map(line => line.trimEnd()).filter(line => line !== '')
  return trimmed.length === 0 ? null : trimmed.join('\n')
}

function mailboxes(field: AddressField | readonly AddressField[] | undefined): string | null {
  if (field === undefined) return null
  const fields = Array.isArray(field) ? (field as readonly AddressField[]) : [field as AddressField]
  return fields.map(one => addressText(one.value)).join(', ') || null
}

export function attachmentText(
  filename: string | null | undefined,
  type: string,
  content: Uint8Array,
): string {
  return `${filename || '-'} ${type} ${Buffer.from(content).toString('latin1')}`
}

export function ourFacts(raw: Buffer): Facts {
  const m = parseMessage(raw, { keepCidLinks: true, skipHtmlToText: true, skipTextToHtml: true })
  return {
    subject: m.subject ?? null,
    from: mailboxes(m.from),
    to: mailboxes(m.to),
    cc: mailboxes(m.cc),
    date: m.date?.toISOString() ?? null,
    messageId: m.messageId ?? null,
    plain: normal(m.text),
    html: normal(m.html),
    attachments: m.attachments.map(a => attachmentText(a.filename, a.contentType, a.content)),
  }
}
