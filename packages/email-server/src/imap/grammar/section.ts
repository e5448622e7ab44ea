// Sections and partials of FETCH (RFC 3501 §6.4.5, §9).
import type { Section, SectionPartial as Slice } from '../../mime/index.ts'
import { ASTRING_CHAR, isAll } from '../wire/chars.ts'
import type { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'
import type { Grammar } from './grammar.ts'

export interface BodySection {
  readonly section: Section
  /** Absent: all of it. */
  readonly partial: Slice | null
}

const TEXTS = ['HEADER', 'HEADER.FIELDS', 'HEADER.FIELDS.NOT', 'TEXT', 'MIME'] as const

// section = "[" [section-spec] "]"        section-spec = section-msgtext / (section-part ["." section-text])
// section-msgtext = "HEADER" / "HEADER.FIELDS" [".NOT"] SP header-list / "TEXT"
// section-part = nz-number *("." nz-number)        section-text = section-msgtext / "MIME"
// fetch-att = … "BODY" [".PEEK"] section ["<" number "." nz-number ">"]
/** What follows `BODY[` or `BODY.PEEK[`. */
export const bodySection: Grammar<BodySection> = {
  read(r) {
    const section = readSection(r)
    r.expect(']')
    return { section, partial: readPartial(r) }
  },
  write(w, { section, partial }) {
    writeSection(w, section)
    w.raw(partial ? `]<${partial.start}.${partial.length}>` : ']')
  },
  samples: [
    { section: { path: [], text: null, fields: [] }, partial: null },
    { section: { path: [], text: 'HEADER', fields: [] }, partial: { start: 0, length: 4294967295 } },
    { section: { path: [1, 2, 3], text: null, fields: [] }, partial: { start: 10, length: 1 } },
    { section: { path: [4, 1], text: 'MIME', fields: [] }, partial: null },
    { section: { path: [2], text: 'HEADER.FIELDS.NOT', fields: ['Subject'] }, partial: null },
    { section: { path: [], text: 'HEADER.FIELDS', fields: ['DATE', 'From', 'x y'] }, partial: null },
  ],
}

function readSection(r: Reader): Section {
  const path = readPath(r)
  if (r.peek() === 0x5d || (path.length > 0 && r.atEnd())) return { path, text: null, fields: [] }
  if (path.length > 0) r.expect('.')
  const name = r.name()
  const text = TEXTS.find(each => each === name)
  if (!text || (text === 'MIME' && path.length === 0)) return r.fail('a section')
  return { path, text, fields: text.startsWith('HEADER.') ? readFields(r.sp()) : [] }
}

/** A section that stands alone, as in a URL. */
export function readWholeSection(r: Reader): Section {
  if (r.atEnd()) return { path: [], text: null, fields: [] }
  const section = readSection(r)
  r.end()
  return section
}

/** section-part = nz-number *("." nz-number), or nothing; a "." that no number follows is left. */
export function readPath(r: Reader): readonly number[] {
  const path: number[] = []
  while (isDigit(path.length === 0 ? r.peek() : r.follows('.') ? r.peekAt(1) : -1)) {
    if (path.length > 0) r.expect('.')
    if (path.length === r.limits.imapDepth) r.fail('fewer part numbers')
    path.push(r.nzNumber())
  }
  return path
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39
}

// header-list = "(" header-fld-name *(SP header-fld-name) ")"        header-fld-name = astring
function readFields(r: Reader): readonly string[] {
  const fields: string[] = []
  r.open()
  do fields.push(r.astring())
  while (r.try(' '))
  r.close()
  return fields
}

export function readPartial(r: Reader): Slice | null {
  if (!r.try('<')) return null
  const start = r.number()
  const length = r.expect('.').nzNumber()
  r.expect('>')
  return { start, length }
}

/** The section as the client gave it, without brackets: how a response names it. */
export function writeSection(w: Writer, section: Section): void {
  w.raw(section.path.join('.'))
  if (section.text === null) return
  w.raw(section.path.length > 0 ? `.${section.text}` : section.text)
  if (!section.text.startsWith('HEADER.')) return
  w.raw(' ').list(section.fields, field => (isAll(field, ASTRING_CHAR) ? w.raw(field) : w.string(field)))
}
