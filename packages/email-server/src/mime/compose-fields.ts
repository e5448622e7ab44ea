// The fields of a message's header, from options and from `headers`: which names mean something, and what they may hold.
// RFC 5322 §3.6 (fields), §3.6.4 (identification fields), RFC 2156 §5.3 and mailers' custom for priority.
import { describe, MailError, optionError } from '../base/errors.ts'
import { isAscii, readMailDate, writeMailDate } from '../text/index.ts'
import { checkFieldName, checkText, type HeaderWriter, textOption } from './compose-header.ts'
import type { HeadersInput, HeaderValue, MessageOptions, PreparedHeaderValue } from './compose-options.ts'

export interface HeaderEntry {
  readonly name: string
  readonly value: HeaderValue
  /** The option it stands in, for errors. */
  readonly field: string
}

/** Custom header fields in order; arrays are taken apart, empty values left out. */
export function headerEntries(headers: HeadersInput | undefined, field: string): HeaderEntry[] {
  if (headers === undefined || headers === null) return []
  if (typeof headers !== 'object') throw optionError(field, 'an object or an array', headers)
  const pairs: (readonly [unknown, HeaderValue])[] = Array.isArray(headers)
    ? headers.map((pair: { key: string; value: HeaderValue } | null) => [pair?.key, pair?.value] as const)
    : typeof (headers as { key?: unknown }).key === 'string' && 'value' in headers
      ? [[headers['key'], headers['value'] as HeaderValue]]
      : Object.entries(headers as Record<string, HeaderValue>)
  const entries: HeaderEntry[] = []
  for (const [name, given] of pairs) {
    if (typeof name !== 'string') throw optionError(`${field}[].key`, 'the name of a header field', name)
    checkFieldName(name, field)
    for (const value of (Array.isArray(given) ? given : [given]) as HeaderValue[]) {
      if (value !== undefined && value !== null && value !== '')
        entries.push({ name, value, field: `${field}.${name}` })
    }
  }
  return entries
}

/** A field that has no option of its own. */
export function writeCustom(header: HeaderWriter, name: string, value: HeaderValue, field: string): void {
  if (typeof value === 'string') header.unstructured(name, value, field)
  else if (typeof value === 'number' || typeof value === 'boolean') header.folded(name, String(value), field)
  else if (value instanceof Date) header.folded(name, dateText(value, field), field)
  else if (isPrepared(value)) {
    const text = textOf(value, field)
    if (text.trim() === '') return
    if (!value.prepared) header.unstructured(name, text, field)
    else if (value.foldLines) header.folded(name, text, field)
    else header.prepared(name, text, field)
  } else throw optionError(field, 'text, a number, a date or { prepared, value }', value)
}

function isPrepared(value: HeaderValue): value is PreparedHeaderValue {
  return typeof value === 'object' && value !== null && 'value' in value
}

/** A value as text, for fields whose meaning we know. */
export function textOf(value: HeaderValue, field: string): string {
  const text: unknown = isPrepared(value) ? value.value : value
  if (typeof text === 'string') return text
  if (typeof text === 'number' || typeof text === 'boolean') return String(text)
  if (text === undefined || text === null) return ''
  throw optionError(field, 'text', text)
}

/** RFC 5322 §3.3. Text that is such a date already stays as it is. */
export function dateText(date: Date | number | string, field: string): string {
  if (typeof date !== 'string' && typeof date !== 'number' && !(date instanceof Date)) {
    throw optionError(field, 'a date', date)
  }
  if (typeof date === 'string') {
    checkText(date, field)
    const text = date.trim()
    if (
      /^(?:[A-Za-z]{3}, )?\d{1,2} [A-Za-z]{3} \d{4} \d\d:\d\d(?::\d\d)? [+-]\d{4}$/.test(text) &&
      readMailDate(text)
    )
      return text
  }
  const mail = typeof date === 'string' && !/^\d{4}-/.test(date) ? readMailDate(date) : null
  if (mail) return writeMailDate(mail.time, mail.zone)
  const time = date instanceof Date ? date.getTime() : new Date(date).getTime()
  // four digits of year (§3.3: year = 4*DIGIT, and not before 1900)
  if (!(time >= Date.UTC(1900, 0, 1) && time < Date.UTC(10000, 0, 1))) {
    throw optionError(field, 'a date between 1900 and 9999', date instanceof Date ? String(date) : date)
  }
  return writeMailDate(time)
}

// msg-id = [CFWS] "<" id-left "@" id-right ">" [CFWS]                                           RFC 5322 §3.6.4
/** One Message-ID with its brackets. What is inside is taken as it comes, for ids of others have all kinds of forms. */
export function messageIdText(id: string, field: string, header: HeaderWriter): string {
  const ids = messageIds(id, field, header)
  if (ids.length !== 1) throw optionError(field, 'one Message-ID', id)
  return ids[0]!
}

/** Several, as a list or in one text. */
export function messageIds(value: string | readonly string[], field: string, header: HeaderWriter): string[] {
  if (typeof value !== 'string' && !Array.isArray(value))
    throw optionError(field, 'text or an array of text', value)
  const ids: string[] = []
  for (const text of typeof value === 'string' ? [value] : value) {
    if (typeof text !== 'string')
      throw new MailError('EMESSAGE', `${field} must be text, not ${describe(text)}`)
    checkText(text, field)
    // white space inside brackets is what folding by others left there
    for (const [, inside, bare] of text.matchAll(/<([^<>]*)>|([^\s<>]+)/g)) {
      const id = (inside ?? bare!).replace(/\s+/g, '')
      if (id === '') continue
      if (/[\x00-\x20\x7f]/.test(id) || (!isAscii(id) && !header.rules.utf8)) {
        throw new MailError('EMESSAGE', `${field}: a Message-ID has printable ASCII only`)
      }
      ids.push(`<${id}>`)
    }
  }
  return ids
}

/** What mailers agreed on for `priority`; normal is what a message is without. */
export function writePriority(header: HeaderWriter, priority: MessageOptions['priority']): void {
  switch (textOption(priority, 'priority')?.toLowerCase()) {
    case 'high':
      header.folded('X-Priority', '1 (Highest)', 'priority')
      header.folded('X-MSMail-Priority', 'High', 'priority')
      header.folded('Importance', 'High', 'priority')
      return
    case 'low':
      header.folded('X-Priority', '5 (Lowest)', 'priority')
      header.folded('X-MSMail-Priority', 'Low', 'priority')
      header.folded('Importance', 'Low', 'priority')
      return
    case undefined:
    case 'normal':
      return
    default:
      throw optionError('priority', "'high', 'normal' or 'low'", priority)
  }
}
