// Authentication-Results, read (RFC 8601 §2.2): comments and folding anywhere, in linear time. What is no such field is null, never half a result.
import type { AuthenticationResults, AuthMethod, AuthProperty } from './types.ts'

/** More results than that are not read: nobody checks so much. */
const MOST_RESULTS = 100

interface Scanner {
  readonly text: string
  at: number
}

/** Reads what follows the colon. Null for what does not keep the grammar. */
export function readAuthenticationResults(text: string): AuthenticationResults | null {
  const from: Scanner = { text, at: 0 }
  skip(from)
  const authservId = value(from)
  if (authservId === null) return null
  skip(from)
  const version = /[0-9]+/y
  version.lastIndex = from.at
  if (version.test(text)) {
    if (Number(text.slice(from.at, version.lastIndex)) !== 1) return null
    from.at = version.lastIndex
    skip(from)
  }
  const results: AuthMethod[] = []
  while (from.at < text.length) {
    if (text[from.at] !== ';' || results.length >= MOST_RESULTS) return null
    from.at++
    skip(from)
    // A ";" at the end is not in the grammar, but in many messages.
    if (from.at === text.length && results.length > 0) break
    const method = readMethod(from)
    if (method === null) return null
    if (method !== 'none') results.push(method)
    else return results.length === 0 && from.at === text.length ? { authservId, results } : null
  }
  return results.length === 0 ? null : { authservId, results }
}

/** The id alone, also of a field that is malformed behind it; null when there is none. */
export function readAuthservId(text: string): string | null {
  const from: Scanner = { text, at: 0 }
  skip(from)
  return value(from)
}

function readMethod(from: Scanner): AuthMethod | 'none' | null {
  const method = keyword(from)
  if (method === null) return null
  skip(from)
  if (from.text[from.at] === '/') {
    from.at++
    skip(from)
    if (keyword(from) !== '1') return null
    skip(from)
  }
  if (from.text[from.at] !== '=') return method === 'none' ? 'none' : null
  from.at++
  skip(from)
  const result = keyword(from)
  if (result === null) return null
  skip(from)
  let reason: string | undefined
  const properties: AuthProperty[] = []
  while (from.at < from.text.length && from.text[from.at] !== ';') {
    const type = keyword(from)
    if (type === null) return null
    skip(from)
    const mark = from.text[from.at++]
    skip(from)
    if (mark === '=' && type === 'reason' && reason === undefined && properties.length === 0) {
      const said = value(from)
      if (said === null) return null
      reason = said
    } else if (mark === '.') {
      const name = keyword(from)
      skip(from)
      if (name === null || from.text[from.at++] !== '=') return null
      skip(from)
      const found = value(from)
      if (found === null) return null
      properties.push({ type, name, value: found })
    } else return null
    skip(from)
  }
  return { method, result, ...(reason === undefined ? {} : { reason }), properties }
}

// Keyword = Ldh-str (RFC 5321 §4.1.2); result codes with "_" are met in the wild.
function keyword(from: Scanner): string | null {
  const word = /[A-Za-z0-9_-]+/y
  word.lastIndex = from.at
  if (!word.test(from.text)) return null
  const found = from.text.slice(from.at, word.lastIndex).toLowerCase()
  from.at = word.lastIndex
  return found
}

// value = token / quoted-string; an address or a domain is taken as it stands.
function value(from: Scanner): string | null {
  const { text } = from
  let found = ''
  const start = from.at
  if (text[from.at] === '"') {
    const end = quoted(text, from.at)
    if (end === -1) return null
    found = text.slice(from.at + 1, end - 1).replace(/\\(.)/g, '$1')
    from.at = end
    // A quoted local part: "joe doe"@example.com
    if (text[from.at] !== '@') return found
    found = text.slice(start, end)
  }
  const word = /[^\s;()"\\]+/y
  word.lastIndex = from.at
  if (!word.test(text)) return found === '' ? null : found
  found += text.slice(from.at, word.lastIndex)
  from.at = word.lastIndex
  return found
}

/** Behind the closing quote, or -1. */
function quoted(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === '"') return i + 1
  }
  return -1
}

/** CFWS; a comment without end goes to the end of the text. */
function skip(from: Scanner): void {
  const { text } = from
  let depth = 0
  for (; from.at < text.length; from.at++) {
    const char = text[from.at]!
    if (char === '(') depth++
    else if (depth > 0) {
      if (char === ')') depth--
      else if (char === '\\') from.at++
    } else if (char !== ' ' && char !== '\t' && char !== '\r' && char !== '\n') return
  }
  from.at = text.length
}
