// Values of handlers in one short line: what they are asked and what they answer is for people to read, not to be kept.
import { SECRET } from './redact.ts'

const MOST_CHARACTERS = 200
const MOST_STRING = 60
const MOST_ITEMS = 5
const DEEPEST = 3
/** Names of what is nobody's business. */
const SECRETS = /pass(?:word|phrase)?$|secret|token|credential|privatekey/i

/** At most 200 characters. */
export function summaryOf(value: unknown): string {
  const text = write(value, 0)
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS - 1)}…`
}

function write(value: unknown, depth: number): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length <= MOST_STRING ? value : `${value.slice(0, MOST_STRING)}…`)
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'symbol' || typeof value !== 'object' || value === null) return String(value)
  if (value instanceof Uint8Array) return `${value.length} octets`
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'no date' : value.toISOString()
  if (depth >= DEEPEST) return Array.isArray(value) ? `${value.length} items` : '{…}'
  if (Array.isArray(value)) return `[${list(value.length, value, item => write(item, depth + 1))}]`
  if (value instanceof Set) return `{${list(value.size, value, item => write(item, depth + 1))}}`
  if (value instanceof Map)
    return `{${list(value.size, value, ([key, item]) => `${write(key, depth + 1)}: ${write(item, depth + 1)}`)}}`
  if (Symbol.asyncIterator in value || Symbol.iterator in value) return 'a stream'
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  return `{${list(entries.length, entries, ([key, item]) => `${key}: ${SECRETS.test(key) ? SECRET : write(item, depth + 1)}`)}}`
}

function list<T>(size: number, items: Iterable<T>, one: (item: T) => string): string {
  const out: string[] = []
  for (const item of items) {
    if (out.length === MOST_ITEMS) break
    out.push(one(item))
  }
  if (size > MOST_ITEMS) out.push(`${size - MOST_ITEMS} more`)
  return out.join(', ')
}
