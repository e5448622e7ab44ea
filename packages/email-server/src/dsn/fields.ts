// Fields for programs as reports have them: groups of header fields with blank lines between (RFC 3464 §2.1), read by the splitter of headers.
import { asBuffer, LF } from '../base/bytes.ts'
import { formatIp, parseIp } from '../base/ip.ts'
import { fieldText, splitHeader } from '../mime/index.ts'
import { decodeUnitext, readMailDate } from '../text/index.ts'

/** What is read of one part; what follows is nobody's report. */
const SIZE_LIMIT = 1024 * 1024
/** Lines in one group that are no fields, behind which reading goes on. */
const JUNK_LIMIT = 8
/** Characters of one value. */
const VALUE_LIMIT = 10_000

export type Fields = readonly (readonly [key: string, value: string])[]

/** The groups, up to `limit`; names in lower case, values unfolded. Empty groups are left out. */
export function readGroups(content: Uint8Array, limit: number): Fields[] {
  const buf = asBuffer(content).subarray(0, SIZE_LIMIT)
  const groups: Fields[] = []
  let start = 0
  let line = 0
  while (line <= buf.length && groups.length < limit) {
    const lf = buf.indexOf(LF, line)
    const end = lf < 0 ? buf.length : lf
    const blank = end === line || (end === line + 1 && buf[line] === 0x0d)
    if (blank || lf < 0) {
      const fields = readFields(buf.subarray(start, blank ? line : end))
      if (fields.length > 0) groups.push(fields)
      start = end + 1
    }
    if (lf < 0) break
    line = end + 1
  }
  return groups
}

/** All fields of a group without blank lines; lines that are no fields (replies that were not folded) are passed over. */
function readFields(group: Buffer): Fields {
  const fields: (readonly [string, string])[] = []
  let rest = group
  for (let tries = 0; tries < JUNK_LIMIT && rest.length > 0; tries++) {
    const block = splitHeader(rest)
    for (const field of block.fields) {
      fields.push([field.key, fieldText(block, field).slice(0, VALUE_LIMIT)])
    }
    const lf = rest.indexOf(LF, block.text.length)
    if (lf < 0) break
    rest = rest.subarray(lf + 1)
  }
  return fields
}

/** The first value of that name (in lower case) that is not empty; null without one. */
export function fieldValue(fields: Fields, key: string): string | null {
  for (const [name, value] of fields) if (name === key && value !== '') return value
  return null
}

export function fieldValues(fields: Fields, key: string): string[] {
  return fields.filter(([name, value]) => name === key && value !== '').map(([, value]) => value)
}

/** What stands behind `type;`; all of it when no type is there. */
export function untyped(value: string): { type: string; text: string } {
  const semicolon = value.indexOf(';')
  const type = value.slice(0, Math.max(semicolon, 0)).trim().toLowerCase()
  if (semicolon < 0 || !/^[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,60}$/.test(type))
    return { type: '', text: value.trim() }
  return { type, text: value.slice(semicolon + 1).trim() }
}

/** A generic-address; angle brackets, which do not belong there, and a comment behind it are dropped. Null when nothing remains. */
export function addressOf(value: string | null): string | null {
  if (value === null) return null
  const { type, text } = untyped(value)
  const bare = bracketed(withoutComment(text))
  if (bare === '') return null
  return type === 'utf-8' ? (decodeUnitext(bare) ?? bare) : bare
}

/** The inside of `<…>`, else the text itself. */
export function bracketed(text: string): string {
  return text.startsWith('<') && text.endsWith('>') ? text.slice(1, -1).trim() : text
}

/** An MTA's name, and the address in the comment behind it (RFC 3464 §2.2.4). */
export function mtaOf(value: string | null): { name: string; address: string | null } | null {
  if (value === null) return null
  const { text } = untyped(value)
  const name = withoutComment(text)
  if (name === '') return null
  const comment = text.slice(name.length).trim()
  const ip = parseIp(comment.slice(1, -1).replace(/^\[?(?:IPv6:)?|\]$/gi, ''))
  return { name, address: ip && formatIp(ip) }
}

export function mtaNameOf(value: string | null): string | null {
  return mtaOf(value)?.name ?? null
}

/** A comment at the end, with the blanks before it, taken off. */
export function withoutComment(text: string): string {
  const open = text.endsWith(')') ? text.indexOf(' (') : -1
  return open > 0 ? text.slice(0, open).trim() : text
}

export function dateOf(value: string | null): Date | null {
  const date = value === null ? null : readMailDate(value)
  return date && new Date(date.time)
}
