// SPF macros: read once, expanded as often as needed, within bounds. RFC 7208 §7; RFC 8616 §4 (local parts that are not ASCII).

// macro-expand = ( "%{" macro-letter transformers *delimiter "}" ) / "%%" / "%_" / "%-"
export interface Macro {
  /** Lower case. */
  readonly letter: string
  /** How many of the right-hand parts; null for all. */
  readonly keep: number | null
  readonly reverse: boolean
  readonly delimiters: string
  /** An upper-case letter: the value is URL-escaped. */
  readonly escape: boolean
}

/** Text and macros in their order. */
export type MacroString = readonly (string | Macro)[]

/** The value of a letter; null when it can never match (a local part that is not ASCII). */
export type MacroValues = (letter: string) => Promise<string | null>

const LETTERS = 'slodiphv'
/** RFC 7208 §7.2: client, receiver and time are for explanations only. */
const EXPLANATION_LETTERS = `${LETTERS}crt`
const DELIMITERS = '.-+,/_='
/** RFC 7208 §7.3: a longer name loses labels on its left. */
const NAME_LIMIT = 253
/** What stands farther left than this cannot be part of a name that is asked. */
const NAME_WINDOW = 1024

const PLAIN: Readonly<Record<string, string>> = { '%': '%', _: ' ', '-': '%20' }

/** Null when the text is not `*( macro-expand / macro-literal )`; explanations may have spaces and the letters c, r, t too. */
export function readMacroString(text: string, isExplanation = false): MacroString | null {
  const parts: (string | Macro)[] = []
  let literal = ''
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c < (isExplanation ? 0x20 : 0x21) || c > 0x7e) return null
    if (c !== 0x25) {
      literal += text[i]
      continue
    }
    const kind = text[++i]
    if (kind === '{') {
      const end = text.indexOf('}', i)
      const macro = end < 0 ? null : readMacro(text.slice(i + 1, end), isExplanation)
      if (!macro) return null
      if (literal !== '') parts.push(literal)
      literal = ''
      parts.push(macro)
      i = end
    } else {
      const plain = kind === undefined ? undefined : PLAIN[kind]
      if (plain === undefined) return null
      // kept apart from literals: a name may end in it, as in any macro
      if (literal !== '') parts.push(literal)
      literal = ''
      parts.push({ letter: plain, keep: null, reverse: false, delimiters: '', escape: false })
    }
  }
  if (literal !== '') parts.push(literal)
  return parts
}

// macro-letter transformers *delimiter; transformers = *DIGIT [ "r" ]
function readMacro(text: string, isExplanation: boolean): Macro | null {
  const letter = text.charAt(0).toLowerCase()
  if (letter === '' || !(isExplanation ? EXPLANATION_LETTERS : LETTERS).includes(letter)) return null
  let at = 1
  while (at < text.length && isDigit(text.charCodeAt(at))) at++
  const keep = at === 1 ? null : Number(text.slice(1, at))
  if (keep === 0) return null
  const reverse = text.charAt(at).toLowerCase() === 'r'
  if (reverse) at++
  const delimiters = text.slice(at)
  for (const delimiter of delimiters) if (!DELIMITERS.includes(delimiter)) return null
  return { letter, keep, reverse, delimiters: delimiters || '.', escape: text[0] !== letter }
}

// domain-spec = macro-string domain-end; domain-end = ( "." toplabel [ "." ] ) / macro-expand
/** Null when the text is no domain-spec. Checked before expansion, as the text asks. */
export function readDomainSpec(text: string): MacroString | null {
  const parts = readMacroString(text)
  const last = parts?.at(-1)
  if (!parts || last === undefined) return null
  if (typeof last !== 'string') return parts
  const name = last.endsWith('.') ? last.slice(0, -1) : last
  const dot = name.lastIndexOf('.')
  return dot >= 0 && isTopLabel(name.slice(dot + 1)) ? parts : null
}

// toplabel = ( *alphanum ALPHA *alphanum ) / ( 1*alphanum "-" *( alphanum / "-" ) alphanum )
function isTopLabel(label: string): boolean {
  if (label === '' || label.startsWith('-') || label.endsWith('-')) return false
  let isNumber = true
  for (let i = 0; i < label.length; i++) {
    const c = label.charCodeAt(i)
    const isLetter = (c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a
    if (!isLetter && !isDigit(c) && c !== 0x2d) return false
    if (!isDigit(c)) isNumber = false
  }
  return !isNumber
}

/** The target-name of a domain-spec, at most 253 characters; null when it can match nothing. */
export async function expandDomain(spec: MacroString, values: MacroValues): Promise<string | null> {
  let name = ''
  // from the right: whatever the macros stand for, only what is near the end can count
  for (let i = spec.length - 1; i >= 0 && name.length < NAME_WINDOW; i--) {
    const part = await expandPart(spec[i]!, values)
    if (part === null) return null
    name = part + name
  }
  if (name.endsWith('.')) name = name.slice(0, -1)
  if (name.length <= NAME_LIMIT) return name
  const dot = name.indexOf('.', name.length - NAME_LIMIT - 1)
  return dot < 0 ? '' : name.slice(dot + 1)
}

/** An explanation of at most `limit` characters; what is longer is cut. Null when it has a value that cannot be said. */
export async function expandText(
  spec: MacroString,
  values: MacroValues,
  limit: number,
): Promise<string | null> {
  let text = ''
  for (const part of spec) {
    const value = await expandPart(part, values)
    if (value === null) return null
    text += value
    if (text.length >= limit) break
  }
  return text.slice(0, limit)
}

async function expandPart(part: string | Macro, values: MacroValues): Promise<string | null> {
  if (typeof part === 'string') return part
  if (part.delimiters === '') return part.letter
  const value = await values(part.letter)
  if (value === null) return null
  const pieces = split(value, part.delimiters)
  if (part.reverse) pieces.reverse()
  const kept = part.keep === null ? pieces : pieces.slice(-Math.min(part.keep, pieces.length))
  const text = kept.join('.')
  return part.escape ? urlEscape(text) : text
}

function split(text: string, delimiters: string): string[] {
  const pieces: string[] = []
  let start = 0
  for (let i = 0; i <= text.length; i++) {
    if (i < text.length && !delimiters.includes(text[i]!)) continue
    pieces.push(text.slice(start, i))
    start = i + 1
  }
  return pieces
}

// unreserved = ALPHA / DIGIT / "-" / "." / "_" / "~"                                                        RFC 3986 §2.3
function urlEscape(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39
}
