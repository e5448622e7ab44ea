// Header canonicalisation (RFC 6376 §3.4.1, §3.4.2) and the choice of the fields that a signature covers (§5.4.2).
// Text is one character a byte, as the header splitter gives it.
import type { HeaderBlock, HeaderField } from '../../mime/index.ts'

export type Canonicalization = 'simple' | 'relaxed'

/** One field as it is hashed, with its CRLF. */
export function canonicalField(block: HeaderBlock, field: HeaderField, how: Canonicalization): string {
  if (how === 'relaxed') return relaxed(field.key, block.text.slice(field.valueStart, field.end))
  return `${wholeLines(block.text.slice(field.start, field.end))}\r\n`
}

/** The signature's own field: as if nothing stood between the `=` of `b=` and its `;`, without the last CRLF (§3.7). */
export function canonicalOwn(
  block: HeaderBlock,
  field: HeaderField,
  b: { readonly start: number; readonly end: number },
  how: Canonicalization,
): string {
  const value = block.text.slice(field.valueStart, field.end)
  const rest = value.slice(0, b.start) + value.slice(b.end)
  if (how === 'relaxed') return relaxed(field.key, rest).slice(0, -2)
  return wholeLines(block.text.slice(field.start, field.valueStart) + rest)
}

/** A field that is not yet part of a header: its name, and all that follows the colon. */
export function canonicalText(name: string, value: string, how: Canonicalization): string {
  return how === 'relaxed' ? relaxed(name.toLowerCase(), value) : `${name}:${wholeLines(value)}\r\n`
}

function relaxed(key: string, value: string): string {
  let from = 0
  let end = value.length
  while (from < end && isSpace(value.charCodeAt(from))) from++
  while (end > from && isSpace(value.charCodeAt(end - 1))) end--
  let text = value.slice(from, end)
  // Most lines of most messages have nothing to change.
  if (/[\t\n]| {2}/.test(text)) text = text.replace(/\r?\n/g, '').replace(/[ \t]+/g, ' ')
  return `${key}:${text}\r\n`
}

/** Without the last line ending; a line that ends with LF alone ends with CRLF, as it does once it is sent. */
function wholeLines(text: string): string {
  let end = text.length
  if (text.charCodeAt(end - 1) === 10) end--
  if (text.charCodeAt(end - 1) === 13 && end < text.length) end--
  return text.slice(0, end).replace(/\r?\n/g, '\r\n')
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9 || code === 13 || code === 10
}

/** The fields of a header by name, taken from the bottom up: each is signed once, and those that are not there are nothing. */
export class FieldPicker {
  readonly #byName = new Map<string, HeaderField[]>()

  constructor(block: HeaderBlock) {
    for (const field of block.fields) {
      const same = this.#byName.get(field.key)
      if (same === undefined) this.#byName.set(field.key, [field])
      else same.push(field)
    }
  }

  /** How many fields of that name (in lower case) there are. */
  count(key: string): number {
    return this.#byName.get(key)?.length ?? 0
  }

  /** The fields that `h=` names (in lower case), in its order; a name of which nothing is left adds nothing. */
  pick(names: readonly string[]): HeaderField[] {
    const taken = new Map<string, number>()
    const picked: HeaderField[] = []
    for (const key of names) {
      const count = taken.get(key) ?? 0
      const same = this.#byName.get(key)
      const field = same?.[same.length - 1 - count]
      if (field === undefined) continue
      taken.set(key, count + 1)
      picked.push(field)
    }
    return picked
  }
}

/** What is hashed of these fields, in order; the signature's own field comes behind them, without its last CRLF (§3.7). */
export function headerText(
  block: HeaderBlock,
  fields: readonly HeaderField[],
  how: Canonicalization,
): string {
  let text = ''
  for (const field of fields) text += canonicalField(block, field, how)
  return text
}
