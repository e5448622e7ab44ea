// From options to the tree of MIME parts, shaped as nodemailer shapes it (RFC 2046 §5.1, RFC 2387):
//
//   multipart/mixed                      when there are attachments beside a text
//     multipart/alternative              when there is more than one form of the text: text, watch, amp, html, calendar, others
//       multipart/related                when attachments have a cid and there is HTML that may refer to them
//         text/html
//         the parts with a cid
//     attachments
import { utf8 } from '../base/bytes.ts'
import { optionError } from '../base/errors.ts'
import { isToken } from '../text/index.ts'
import { calendarOf } from './compose-calendar.ts'
import { asPartOptions, contentSource, isContent, partSource, type Source } from './compose-content.ts'
import { type MediaType, parseMediaType, withoutParam, withParam } from './compose-content-type.ts'
import { extractDataImages } from './compose-data-images.ts'
import { flowText } from './compose-flowed.ts'
import { checkText, textOption } from './compose-header.ts'
import type {
  AttachmentOptions,
  HeadersInput,
  MessageOptions,
  PartInput,
  PartOptions,
  TransferEncoding,
} from './compose-options.ts'
import { extensionOf, mediaTypeOf } from './media-types.ts'

export interface LeafPart {
  readonly kind: 'leaf'
  /** The option it comes from, for errors. */
  readonly field: string
  readonly media: MediaType
  /** `text`: line breaks are line breaks, and become CRLF. `file`: every octet counts. */
  readonly content: 'text' | 'file'
  readonly source: Source
  readonly encoding: TransferEncoding | null
  readonly filename: string | null
  readonly disposition: string | null
  readonly cid: string | null
  readonly headers: HeadersInput | undefined
}

/** A part that brings its own header. */
export interface RawPart {
  readonly kind: 'raw'
  readonly field: string
  readonly source: Source
}

export interface MultiPart {
  readonly kind: 'multipart'
  readonly subtype: 'mixed' | 'alternative' | 'related'
  readonly parts: readonly Part[]
}

export type Part = LeafPart | RawPart | MultiPart

/** `newCid` gives Content-IDs for data: images. */
export function buildTree(options: MessageOptions, newCid: (n: number) => string): Part {
  let html = options.html
  let images: readonly AttachmentOptions[] = []
  if (options.attachDataUrls && html) {
    const part = asPartOptions(html, 'html')
    const source = part.content === undefined ? null : partSource(part, 'html', options).source
    if (source && source.kind !== 'stream') {
      const given = source.kind === 'text' ? source.text : utf8(source.bytes)
      const extracted = extractDataImages(given, newCid)
      html = { ...part, content: extracted.html, encoding: undefined }
      images = extracted.attachments
    }
  }
  const calendar = calendarOf(options)
  const alternatives: Part[] = []
  let htmlPart: Part | null = null

  const text = (value: PartInput | undefined, field: string, contentType: string): Part | null => {
    if (!value) return null
    const part = asPartOptions(value, field)
    return textPart(part, field, contentType, field === 'text' && options.flowed === true, options)
  }
  const add = (part: Part | null): void => {
    if (part) alternatives.push(part)
  }
  add(text(options.text, 'text', 'text/plain; charset=utf-8'))
  add(text(options.watchHtml, 'watchHtml', 'text/watch-html; charset=utf-8'))
  add(text(options.amp, 'amp', 'text/x-amp-html; charset=utf-8'))
  add((htmlPart = text(html, 'html', 'text/html; charset=utf-8')))
  if (calendar) {
    const { part, source, method } = calendar
    const contentType = `text/calendar; method=${method}; charset=utf-8`
    const nameless = { ...part, filename: undefined }
    add(
      part.raw !== undefined
        ? rawPart(part, 'icalEvent')
        : leaf(nameless, 'icalEvent', contentType, source, 'text', options),
    )
  }
  for (const [i, value] of arrayOption(options.alternatives, 'alternatives').entries()) {
    const field = `alternatives[${i}]`
    const part = alternativePart(asPartOptions(value, field), field, options)
    if (part.kind === 'leaf' && part.media.type === 'text/html') htmlPart = part
    add(part)
  }

  const related: Part[] = []
  const attached: Part[] = []
  const given = arrayOption(options.attachments, 'attachments')
  for (const [i, attachment] of [...given, ...images].entries()) {
    const field = i < given.length ? `attachments[${i}]` : 'html'
    const part = attachmentPart(attachment, i, field, options)
    if (htmlPart && attachment.cid) related.push(part)
    else attached.push(part)
  }
  if (calendar && calendar.part.raw === undefined && calendar.part.attachment !== false) {
    attached.push(calendarFile(calendar.part, calendar.source, options))
  }

  const shown = alternatives.map(part =>
    part === htmlPart && related.length > 0 ? multipart('related', [part, ...related]) : part,
  )
  const body = shown.length > 1 ? [multipart('alternative', shown)] : shown
  const parts = [...body, ...attached]
  if (parts.length === 0)
    return textPart({ content: '' }, 'text', 'text/plain; charset=utf-8', false, options)
  return parts.length === 1 ? parts[0]! : multipart('mixed', parts)
}

function arrayOption<T>(value: readonly T[] | undefined, field: string): readonly T[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw optionError(field, 'an array', value)
  return value
}

function multipart(subtype: MultiPart['subtype'], parts: readonly Part[]): MultiPart {
  return { kind: 'multipart', subtype, parts }
}

/** `text`, `html` and their like: the content type is ours, and so is the charset. */
function textPart(
  part: PartOptions,
  field: string,
  contentType: string,
  flowed: boolean,
  options: MessageOptions,
): Part {
  if (part.raw !== undefined) return rawPart(part, field)
  const { source } = partSource(part, field, options)
  if (!flowed || source.kind === 'stream') return leaf(part, field, contentType, source, 'text', options)
  const text = flowText(source.kind === 'text' ? source.text : utf8(source.bytes))
  return leaf(part, field, `${contentType}; format=flowed`, { kind: 'text', text }, 'text', options)
}

function alternativePart(part: PartOptions, field: string, options: MessageOptions): Part {
  if (part.raw !== undefined) return rawPart(part, field)
  const { source, contentType } = partSource(part, field, options)
  const type = typeOption(part, field) ?? contentType ?? mediaTypeOf(nameOf(part) ?? 'alternative.txt')
  return leaf(part, field, type, source, /^\s*text\//i.test(type) ? 'text' : 'file', options)
}

function attachmentPart(
  part: AttachmentOptions,
  index: number,
  field: string,
  options: MessageOptions,
): Part {
  if (typeof part !== 'object' || part === null || isContent(part))
    throw optionError(field, 'an object', part)
  if (part.raw !== undefined) return rawPart(part, field)
  const { source, contentType } = partSource(part, field, options)
  const type = typeOption(part, field) ?? contentType ?? mediaTypeOf(nameOf(part) ?? '')
  const whole = leaf(part, field, type, source, 'file', options)
  const isMessage = whole.media.type.startsWith('message/')
  const isInline = isMessage || (part.cid !== undefined && whole.media.type.startsWith('image/'))
  let filename = textOption(part.filename, `${field}.filename`)
  if (filename === null && part.filename !== false && !isMessage) {
    filename = nameOf(part) ?? `attachment-${index + 1}`
    if (!filename.includes('.')) filename += `.${extensionOf(whole.media.type)}`
  }
  const disposition = part.contentDisposition ?? (isInline ? 'inline' : 'attachment')
  if (typeof disposition !== 'string' || !isToken(disposition))
    throw optionError(`${field}.contentDisposition`, "'attachment' or 'inline'", disposition)
  return { ...named(whole, filename), disposition, cid: part.cid ? checkedCid(part.cid, field) : null }
}

/** The calendar as a file; application/ics and not text/calendar, so that readers do not take it for a second invitation. */
function calendarFile(part: PartOptions, source: Source, options: MessageOptions): Part {
  const file = { ...part, contentTransferEncoding: undefined }
  const whole = leaf(file, 'icalEvent', 'application/ics', source, 'file', options)
  return { ...named(whole, part.filename || 'invite.ics'), disposition: 'attachment' }
}

function leaf(
  part: PartOptions,
  field: string,
  contentType: string,
  source: Source,
  content: 'text' | 'file',
  options: MessageOptions,
): LeafPart {
  let media = parseMediaType(contentType, `${field}.contentType`)
  const isText = media.type.startsWith('text/')
  // a string is sent as UTF-8, whatever somebody says of it
  if (isText && source.kind === 'text') media = withParam(media, 'charset', 'utf-8')
  const forAllText = isText && content === 'text' ? options.encoding : undefined
  const whole: LeafPart = {
    kind: 'leaf',
    field,
    media,
    content,
    source,
    encoding: part.contentTransferEncoding || forAllText || null,
    filename: null,
    disposition: null,
    cid: null,
    headers: part.headers,
  }
  return part.filename ? named(whole, part.filename) : whole
}

/** The name stands in Content-Disposition, and in Content-Type for those who look there. */
function named(part: LeafPart, filename: string | null): LeafPart {
  if (filename === null) return part
  if (typeof filename !== 'string') throw optionError(`${part.field}.filename`, 'a string or false', filename)
  checkText(filename, `${part.field}.filename`)
  const media = withoutParam(part.media, 'name')
  return { ...part, filename, media: { type: media.type, params: [...media.params, ['name', filename]] } }
}

function typeOption({ contentType }: PartOptions, field: string): string | null {
  if (contentType === undefined || contentType === null) return null
  if (typeof contentType !== 'string') throw optionError(`${field}.contentType`, 'a media type', contentType)
  return contentType
}

function rawPart(part: PartOptions, field: string): RawPart {
  return {
    kind: 'raw',
    field: `${field}.raw`,
    source: contentSource(part.raw!, part.encoding, `${field}.raw`),
  }
}

// cid = the inside of a msg-id                                                          RFC 2045 §7, RFC 2392 §2
function checkedCid(cid: string, field: string): string {
  if (typeof cid !== 'string') throw optionError(`${field}.cid`, 'a string', cid)
  checkText(cid, `${field}.cid`)
  const inside = cid.trim().replace(/^<|>$/g, '')
  if (!/^[\x21-\x3b\x3d\x3f-\x7e]{1,900}$/.test(inside)) {
    throw optionError(`${field}.cid`, 'ASCII without white space and brackets', cid)
  }
  return inside
}

/** The file's own name: the last step of a path or URL (not of a data: URI). Backslashes separate, too. */
function nameOf(part: PartOptions): string | null {
  if (typeof part.filename === 'string' && part.filename !== '') return part.filename
  const location = part.path || part.href
  if (typeof location !== 'string' || /^data:/i.test(location)) return null
  const path = location.split(/[?#]/, 1)[0]!
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1) || null
}
