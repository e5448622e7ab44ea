// A header as a map of parsed values, in the shape that mailparser's users know; each value is parsed when it is read.
import { readAddresses } from '../address/index.ts'
import { type CharsetOptions, decodeEncodedWords, readMailDate } from '../text/index.ts'
import { AddressField } from './address-field.ts'
import { fieldLines, fieldText, type HeaderBlock, type HeaderField } from './header.ts'
import { parameterOf, readStructured } from './structured.ts'

/** Content-Type, Content-Disposition, DKIM-Signature: the value in front and its parameters by lower-case name. */
export interface StructuredValue {
  readonly value: string
  /** Without a prototype: any name is a key like others. */
  readonly params: Readonly<Record<string, string>>
}

export interface ListEntry {
  readonly url?: string
  readonly name?: string
  readonly mail?: string
  readonly id?: string
}

/** What a field's value is depends on its name; a repeated field is an array of such values. */
export type ParsedHeaderValue =
  | string
  | readonly string[]
  | Date
  | AddressField
  | readonly AddressField[]
  | StructuredValue
  | readonly StructuredValue[]
  | Readonly<Record<string, ListEntry>>

/** A raw field: its name in lower case, and its lines as they stand in the message (one character a byte). */
export interface HeaderLine {
  readonly key: string
  readonly line: string
}

type Single = string | readonly string[] | Date | AddressField | StructuredValue

const ADDRESSES: ReadonlySet<string> = new Set([
  'bcc',
  'cc',
  'delivered-to',
  'disposition-notification-to',
  'from',
  'reply-to',
  'return-path',
  'sender',
  'to',
])
const PRIORITIES: ReadonlySet<string> = new Set(['importance', 'priority', 'x-msmail-priority', 'x-priority'])
/** Fields that may stand once: the first counts. */
const SINGLE: ReadonlySet<string> = new Set([
  'content-description',
  'content-disposition',
  'content-id',
  'content-transfer-encoding',
  'content-type',
  'date',
  'disposition-notification-to',
  'errors-to',
  'from',
  'in-reply-to',
  'message-id',
  'mime-version',
  'precedence',
  'priority',
  'reply-to',
  'sender',
  'subject',
])

/**
 * The fields of a header by name; names are compared without case, and iteration is in the order of first appearance.
 * `priority` stands for Priority, X-Priority, X-MSMail-Priority and Importance (`high`, `normal`, `low`), `list` for all
 * List-* fields.
 */
export class ParsedHeaders implements ReadonlyMap<string, ParsedHeaderValue> {
  readonly #block: HeaderBlock
  readonly #options: CharsetOptions
  #index: Map<string, HeaderField[]> | null = null
  readonly #values: Map<string, ParsedHeaderValue | undefined> = new Map()

  constructor(block: HeaderBlock, options: CharsetOptions = {}) {
    this.#block = block
    this.#options = options
  }

  get(name: string): ParsedHeaderValue | undefined {
    const key = mapKey(name.toLowerCase())
    let value = this.#values.get(key)
    if (value === undefined && !this.#values.has(key)) {
      const fields = this.#fields().get(key)
      value = fields === undefined ? undefined : this.#parse(key, fields)
      this.#values.set(key, value)
    }
    return value
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  /** Every value of that name as text: unfolded, encoded words decoded, in the order of the message. */
  getAll(name: string): string[] {
    const key = name.toLowerCase()
    return this.#block.fields.filter(field => field.key === key).map(field => this.#text(field))
  }

  /** The raw fields in the order of the message, repeated ones too. */
  lines(): HeaderLine[] {
    return this.#block.fields.map(field => ({ key: field.key, line: fieldLines(this.#block, field) }))
  }

  get size(): number {
    return [...this.keys()].length
  }

  *keys(): MapIterator<string> {
    for (const key of this.#fields().keys()) if (this.get(key) !== undefined) yield key
  }

  *values(): MapIterator<ParsedHeaderValue> {
    for (const key of this.#fields().keys()) {
      const value = this.get(key)
      if (value !== undefined) yield value
    }
  }

  *entries(): MapIterator<[string, ParsedHeaderValue]> {
    for (const key of this.#fields().keys()) {
      const value = this.get(key)
      if (value !== undefined) yield [key, value]
    }
  }

  [Symbol.iterator](): MapIterator<[string, ParsedHeaderValue]> {
    return this.entries()
  }

  forEach(
    call: (value: ParsedHeaderValue, key: string, map: ReadonlyMap<string, ParsedHeaderValue>) => void,
  ): void {
    for (const [key, value] of this.entries()) call(value, key, this)
  }

  #fields(): Map<string, HeaderField[]> {
    if (this.#index !== null) return this.#index
    const index = new Map<string, HeaderField[]>()
    for (const field of this.#block.fields) {
      const key = mapKey(field.key)
      const found = index.get(key)
      if (found === undefined) index.set(key, [field])
      else found.push(field)
    }
    this.#index = index
    return index
  }

  #text(field: HeaderField): string {
    return decodeEncodedWords(fieldText(this.#block, field), this.#options)
  }

  #parse(key: string, fields: readonly HeaderField[]): ParsedHeaderValue | undefined {
    if (key === 'list') return this.#list(fields)
    const values: Single[] = []
    for (const field of fields) {
      const value = this.#single(key, field)
      if (value === undefined || value === '') continue
      if (SINGLE.has(key)) return value
      if (Array.isArray(value)) values.push(...value)
      else values.push(value)
    }
    // All values of one name are of one kind.
    return values.length > 1 ? (values as ParsedHeaderValue) : values[0]
  }

  #single(key: string, field: HeaderField): Single | undefined {
    if (ADDRESSES.has(key)) {
      return new AddressField(readAddresses(fieldText(this.#block, field), this.#options))
    }
    switch (key) {
      case 'content-type':
      case 'content-disposition':
      case 'dkim-signature':
        return this.#structured(field)
      case 'date': {
        const date = readMailDate(fieldText(this.#block, field))
        return date === null ? undefined : new Date(date.time)
      }
      case 'references':
        return messageIds(this.#text(field))
      case 'message-id':
      case 'in-reply-to':
        return bracketed(this.#text(field))
      case 'priority':
        return priority(this.#text(field))
      default:
        return this.#text(field)
    }
  }

  #structured(field: HeaderField): StructuredValue {
    const { value, parameters } = readStructured(fieldText(this.#block, field))
    const params: Record<string, string> = Object.create(null)
    for (const [raw] of parameters) {
      const star = raw.indexOf('*')
      const name = (star > 0 ? raw.slice(0, star) : raw).toLowerCase()
      if (!(name in params)) params[name] = parameterOf(parameters, name, this.#options) ?? ''
    }
    return { value, params }
  }

  #list(fields: readonly HeaderField[]): ParsedHeaderValue | undefined {
    const list: Record<string, ListEntry> = Object.create(null)
    let any = false
    for (const field of fields) {
      const entry = listEntry(this.#text(field))
      if (entry === null) continue
      list[field.key.slice(5)] = entry
      any = true
    }
    return any ? list : undefined
  }
}

function mapKey(key: string): string {
  if (PRIORITIES.has(key)) return 'priority'
  return key.startsWith('list-') ? 'list' : key
}

function priority(text: string): string {
  const level = Number.parseInt(text, 10)
  if (!Number.isNaN(level)) return level === 3 ? 'normal' : level > 3 ? 'low' : 'high'
  const word = text.trim().toLowerCase()
  if (word === 'low' || word === 'non-urgent') return 'low'
  return word === 'high' || word === 'urgent' ? 'high' : 'normal'
}

/** The identifiers of a References field, each in angle brackets. */
function messageIds(text: string): string[] {
  return text
    .split(/[ \t]+/)
    .filter(id => id !== '')
    .map(bracketed)
}

function bracketed(text: string): string {
  if (text === '') return ''
  return (text.startsWith('<') ? '' : '<') + text + (text.endsWith('>') ? '' : '>')
}

/** RFC 2369 §2 and RFC 2919: URLs in angle brackets; mailto, http(s), or an identifier. */
function listEntry(text: string): ListEntry | null {
  const entry: { url?: string; name?: string; mail?: string; id?: string } = {}
  let at = text.indexOf('<')
  const name = (at < 0 ? text : text.slice(0, at)).trim().replace(/^"(.*)"$/, '$1')
  if (/^https?:/i.test(name)) entry.url = name
  else if (name !== '') entry.name = name
  while (at >= 0) {
    const end = text.indexOf('>', at)
    const target = text.slice(at + 1, end < 0 ? undefined : end).trim()
    if (/^https?:/i.test(target)) entry.url = target
    else if (/^mailto:/i.test(target)) entry.mail = target.slice(7)
    else if (target.includes('@')) entry.mail = target
    else if (target !== '') entry.id = target
    at = end < 0 ? -1 : text.indexOf('<', end)
  }
  return Object.keys(entry).length > 0 ? entry : null
}
