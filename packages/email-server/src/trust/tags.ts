// Lists of tag=value, as DKIM, ARC and DMARC write them (RFC 6376 §3.2). Linear; a name twice makes the whole list void.

/** One tag; offsets count in the text that was read. */
export interface Tag {
  readonly name: string
  /** Without the white space around it; folding inside is as it was written. */
  readonly value: string
  /** Behind the `=`: with `end`, all that belongs to the value, the white space around it included. */
  readonly start: number
  /** Where the `;` stands, or the end of the text. */
  readonly end: number
}

export type TagList = ReadonlyMap<string, Tag>

/**
 * Reads a tag-list; a string says what is wrong with it. Bytes above 0x7F are taken in values (RFC 8616 §5).
 *
 *     tag-list  =  tag-spec *( ";" tag-spec ) [ ";" ]
 *     tag-spec  =  [FWS] tag-name [FWS] "=" [FWS] tag-value [FWS]
 *     tag-name  =  ALPHA *ALNUMPUNC
 *     tag-value =  [ tval *( 1*(WSP / FWS) tval ) ]
 *     ALNUMPUNC =  ALPHA / DIGIT / "_"
 */
export function readTags(text: string): TagList | string {
  if (hasBareControl(text)) return 'there is a control character'
  const tags = new Map<string, Tag>()
  let at = 0
  while (at < text.length) {
    const semicolon = text.indexOf(';', at)
    const end = semicolon === -1 ? text.length : semicolon
    const from = skipSpace(text, at, end)
    if (from === end) {
      // Only behind the last ";" may there be nothing.
      if (semicolon === -1 && at > 0) break
      return 'a tag is empty'
    }
    const equals = text.indexOf('=', from)
    if (equals === -1 || equals >= end) return 'a tag has no "="'
    const name = text.slice(from, trimEnd(text, from, equals))
    if (!isTagName(name)) return 'the name of a tag has a character that is none of a name'
    const valueStart = skipSpace(text, equals + 1, end)
    const value = text.slice(valueStart, trimEnd(text, valueStart, end))
    if (tags.has(name)) return `the tag ${name}= is there twice`
    tags.set(name, { name, value, start: equals + 1, end })
    at = end + 1
  }
  return tags.size === 0 ? 'there is no tag' : tags
}

/** A value without any white space: what base64 and lists of names are read from. */
export function withoutSpace(value: string): string {
  return value.replace(/[ \t\r\n]+/g, '')
}

/** The members of a colon-separated list, in order. */
export function colonList(value: string): string[] {
  return withoutSpace(value).split(':')
}

function isTagName(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i)
    const letter = (c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a
    if (!letter && (i === 0 || !((c >= 0x30 && c <= 0x39) || c === 0x5f))) return false
  }
  return name.length > 0
}

/** True when the text has a control character, line ends included: what no tag may hold that we write. */
export function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c < 0x20 || c === 0x7f) return true
  }
  return false
}

/** Folding is the one use of white space that is a control. */
function hasBareControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c < 0x20 ? !isSpace(c) : c === 0x7f) return true
  }
  return false
}

function skipSpace(text: string, at: number, end: number): number {
  while (at < end && isSpace(text.charCodeAt(at))) at++
  return at
}

function trimEnd(text: string, from: number, end: number): number {
  while (end > from && isSpace(text.charCodeAt(end - 1))) end--
  return end
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9 || code === 13 || code === 10
}
