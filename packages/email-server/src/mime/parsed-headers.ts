// A header as a map of parsed values, in the shape that mailparser's users know; each value is parsed when it is read.
import { readAddresses } from '../address/index.ts'
import { keysOf } from '../base/keys.ts'
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

/** What a field's value is depends on its name; a repeated field is an array of such values. A Date that is none is text. */
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

const PARAMETERS: ReadonlyMap<string, string> = new Map(
  keysOf(
    'boundary charset creation-date delsp filename format method micalg modification-date name protocol report-type size start type',
  ).map(name => [name, name]),
)

/**
 * The fields of a header by name; names are compared without case, and iteration is in the order of first appearance.
 * `priority` stands for Priority, X-Priority, X-MSMail-Priority and Importance (`high`, `normal`, `low`), `list` for all
 * List-* fields.
 */
export class ParsedHeaders implements ReadonlyMap<string, ParsedHeaderValue> {
  readonly #block: HeaderBlock
  readonly #options: CharsetOptions
  #index: Map<string, HeaderField[]> | null = null
  readonly #values: Map<string, ParsedHeaderValue> = new Map()

  constructor(block: HeaderBlock, options: CharsetOptions = {}) {
    this.#block = block
    this.#options = options
  }

  get(name: string): ParsedHeaderValue | undefined {
    const key = mapKey(name.toLowerCase())
    const known = this.#values.get(key)
    if (known !== undefined) return known
    const fields = this.#fields().get(key)
    return fields === undefined ? undefined : this.#value(key, fields)
  }

  has(name: string): boolean {
    return this.#fields().has(mapKey(name.toLowerCase()))
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
    return this.#fields().size
  }

  keys(): MapIterator<string> {
    return this.#fields().keys()
  }

  *values(): MapIterator<ParsedHeaderValue> {
    for (const [key, fields] of this.#fields()) yield this.#value(key, fields)
  }

  *entries(): MapIterator<[string, ParsedHeaderValue]> {
    for (const [key, fields] of this.#fields()) yield [key, this.#value(key, fields)]
  }

  [Symbol.iterator](): MapIterator<[string, ParsedHeaderValue]> {
    return this.entries()
  }

  forEach(
    call: (value: ParsedHeaderValue, key: string, map: ReadonlyMap<string, ParsedHeaderValue>) => void,
  ): void {
    for (const [key, fields] of this.#fields()) call(this.#value(key, fields), key, this)
  }

  /** The fields that say something, by their key. */
  #fields(): Map<string, HeaderField[]> {
    if (this.#index !== null) return this.#index
    const index = new Map<string, HeaderField[]>()
    for (const field of this.#block.fields) {
      if (isBlank(this.#block.text, field)) continue
      const key = mapKey(field.key)
      const found = index.get(key)
      if (found === undefined) index.set(key, [field])
      else found.push(field)
    }
    this.#index = index
    return index
  }

  #value(key: string, fields: readonly HeaderField[]): ParsedHeaderValue {
    let value = this.#values.get(key)
    if (value === undefined) {
      value = this.#parse(key, fields)
      this.#values.set(key, value)
    }
    return value
  }

  #text(field: HeaderField): string {
    return decodeEncodedWords(fieldText(this.#block, field), this.#options)
  }

  #parse(key: string, fields: readonly HeaderField[]): ParsedHeaderValue {
    if (key === 'list') return this.#list(fields)
    const first = this.#single(key, fields[0]!)
    if (fields.length === 1 || SINGLE.has(key))
      return Array.isArray(first) && first.length === 1 ? first[0]! : first
    const values: Single[] = []
    for (const field of fields) {
      const value = this.#single(key, field)
      if (Array.isArray(value)) values.push(...value)
      else values.push(value)
    }
    // All values of one name are of one kind.
    return values as unknown as ParsedHeaderValue
  }

  #single(key: string, field: HeaderField): Single {
    if (ADDRESSES.has(key)) {
      return new AddressField(readAddresses(fieldText(this.#block, field), this.#options))
    }
    switch (key) {
      case 'content-type':
      case 'content-disposition':
      case 'dkim-signature':
        return this.#structured(field)
      case 'date': {
        const text = fieldText(this.#block, field)
        const date = readMailDate(text)
        return date === null ? text : new Date(date.time)
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
    const plain = !parameters.some(([raw, content]) => raw.includes('*') || content.includes('=?'))
    for (const [raw, content] of parameters) {
      const star = raw.indexOf('*')
      const lower = (star > 0 ? raw.slice(0, star) : raw).toLowerCase()
      const name = PARAMETERS.get(lower) ?? lower
      if (!(name in params))
        params[name] = plain ? content : (parameterOf(parameters, name, this.#options) ?? '')
    }
    return { value, params }
  }

  #list(fields: readonly HeaderField[]): Readonly<Record<string, ListEntry>> {
    const list: Record<string, ListEntry> = Object.create(null)
    for (const field of fields) list[field.key.slice(5)] = listEntry(this.#text(field))
    return list
  }
}

function isBlank(text: string, field: HeaderField): boolean {
  let at = field.valueStart
  while (at < field.end && text.charCodeAt(at) <= 0x20) at++
  return at === field.end
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
function listEntry(text: string): ListEntry {
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
  return entry
}
