// Mailboxes out of tokens: addr-spec, source routes, phrases. RFC 5322 §3.4.1, §4.4.

import { isMark, type Token } from './scan.ts'

export interface AddrSpec {
  readonly route: string | null
  readonly local: string
  readonly domain: string | null
  readonly regular: boolean
}

interface FoundSpec extends AddrSpec {
  /** The tokens before it, which make its name. */
  readonly before: readonly Token[]
}

/** The words as a display name: separated as in the source, comments left out. Null when there is no word. */
export function phrase(tokens: readonly Token[]): string | null {
  let out = ''
  let any = false
  let spaced = false
  for (const token of tokens) {
    if (token.kind === 'comment') {
      spaced = true
      continue
    }
    if (any && (token.spaced || spaced)) out += ' '
    out += token.text
    any = true
    spaced = false
  }
  return any ? out : null
}

/** True when the tokens are a display name of RFC 5322 (§4.1 obs-phrase, which allows dots behind the first word), or nothing. */
export function isRegularPhrase(tokens: readonly Token[]): boolean {
  let words = 0
  for (const token of tokens) {
    if (token.kind === 'comment') continue
    if (
      token.kind === 'mark'
        ? token.text !== '.' || words === 0
        : token.kind === 'atom' && !isAtext(token.text)
    )
      return false
    if (token.kind === 'literal') return false
    words++
  }
  return true
}

/** The last comment that says something: the name in `joe@host (Joe Doe)`. */
export function commentText(tokens: readonly Token[]): string | null {
  for (let i = tokens.length - 1; i >= 0; i--) {
    const token = tokens[i]!
    if (token.kind === 'comment' && token.text.trim() !== '') return token.text.trim()
  }
  return null
}

// obs-angle-addr = [CFWS] "<" obs-route addr-spec ">" [CFWS]; obs-route = obs-domain-list ":"                RFC 5322 §4.4
/** What stands between `<` and `>`, or null when it is no address. `<root>` has no domain. */
export function readAngleContent(tokens: readonly Token[]): AddrSpec | null {
  const words = tokens.filter(token => token.kind !== 'comment')
  let from = 0
  let route: string | null = null
  if (words.length > 0 && (isMark(words[0]!, '@') || isMark(words[0]!, ','))) {
    const colon = words.findIndex(token => isMark(token, ':'))
    if (colon < 0) return null
    route = words
      .slice(0, colon)
      .map(token => token.text)
      .join('')
    from = colon + 1
  } else if (words.length > 2 && isMark(words[1]!, ':') && words[0]!.text.toLowerCase() === 'mailto') from = 2
  const local = readLocal(words, from, true)
  if (local === null) return null
  if (local.end === words.length) return { route, local: local.text, domain: null, regular: false }
  if (!isMark(words[local.end]!, '@')) return null
  const domain = readDomain(words, local.end + 1)
  if (domain === null || domain.end !== words.length) return null
  return {
    route,
    local: local.text,
    domain: domain.text,
    regular: local.regular && domain.regular && from !== 2,
  }
}

/** The addresses in text without angles: normally one, with what stands before each; `rest` stands behind the last. */
export function readAddrSpecs(tokens: readonly Token[]): {
  specs: readonly FoundSpec[]
  rest: readonly Token[]
} {
  const words = tokens.filter(token => token.kind !== 'comment')
  const specs: FoundSpec[] = []
  let from = 0
  let i = 0
  while (i < words.length) {
    const local = readLocal(words, i, i === 0)
    const at = local?.end ?? i + 1
    if (local === null || at >= words.length || !isMark(words[at]!, '@')) {
      i = at
      continue
    }
    const domain = readDomain(words, at + 1)
    // a@b@c could be read in two ways; the whole is then text, so that nobody is misled
    if (domain === null || (domain.end < words.length && isMark(words[domain.end]!, '@')))
      return { specs: [], rest: [] }
    const regular = local.regular && domain.regular
    specs.push({ route: null, local: local.text, domain: domain.text, regular, before: words.slice(from, i) })
    i = domain.end
    from = i
  }
  // an at-sign that belongs to no address (a@b@c, a\\@b@c): the text can be read in two ways, so that none is taken
  const ambiguous = words.filter(token => isMark(token, '@')).length !== specs.length
  return ambiguous ? { specs: [], rest: [] } : { specs, rest: words.slice(from) }
}

interface Part {
  readonly text: string
  /** Index behind it. */
  readonly end: number
  readonly regular: boolean
}

// local-part = dot-atom / quoted-string / obs-local-part; obs-local-part = word *("." word)                RFC 5322 §4.4
// Dots without words around them (`a..b`, `a.`), which some providers gave out, are kept as they stand.
function readLocal(words: readonly Token[], from: number, spacesAllowed: boolean): Part | null {
  let text = ''
  let regular = true
  let wantsWord = true
  let i = from
  for (; i < words.length; i++) {
    const token = words[i]!
    if (i > from && token.spaced && !spacesAllowed) break
    if (isMark(token, '.')) {
      if (wantsWord) regular = false
      text += '.'
      wantsWord = true
    } else if (token.kind === 'atom' || token.kind === 'quoted') {
      if (!wantsWord) break
      // a stray bracket, a backslash, a NUL: nobody knows whom that means (only what looks like an encoded word has dots inside)
      if (token.kind === 'atom' ? !isDotAtom(token.text) : token.text.includes('\0')) return null
      text += token.text
      wantsWord = false
    } else break
  }
  return i === from ? null : { text, end: i, regular: regular && !wantsWord }
}

// domain = dot-atom / domain-literal / obs-domain; obs-domain = atom *("." atom)
function readDomain(words: readonly Token[], from: number): Part | null {
  const first = words[from]
  if (first === undefined) return null
  if (first.kind === 'literal') return { text: first.text, end: from + 1, regular: true }
  let text = ''
  let regular = true
  let wantsAtom = true
  let i = from
  for (; i < words.length; i++) {
    const token = words[i]!
    if (isMark(token, '.')) {
      if (wantsAtom) regular = false
      text += '.'
      wantsAtom = true
    } else if (token.kind === 'atom' && wantsAtom) {
      // no host has an encoded word for a name, and which one was meant nobody can say
      if (!isDotAtom(token.text) || token.text.includes('=?') || token.text.includes('?=')) return null
      text += token.text
      wantsAtom = false
    } else break
  }
  return i === from ? null : { text, end: i, regular: regular && !wantsAtom }
}

const ATEXT: Uint8Array = new Uint8Array(128)
for (const c of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~")
  ATEXT[c.charCodeAt(0)] = 1

/** RFC 5322 §3.2.3 atext, with RFC 6532 §3.2's addition of everything above U+007F. */
export function isAtextCode(c: number): boolean {
  return c > 0x7f || ATEXT[c] === 1
}

/** True for one or more atext characters. */
export function isAtext(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (!isAtextCode(text.charCodeAt(i))) return false
  return text.length > 0
}

/** RFC 5322 §3.2.3 dot-atom-text. */
export function isDotAtom(text: string): boolean {
  let wantsAtom = true
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x2e) {
      if (wantsAtom) return false
      wantsAtom = true
    } else {
      if (!isAtextCode(c)) return false
      wantsAtom = false
    }
  }
  return !wantsAtom
}
