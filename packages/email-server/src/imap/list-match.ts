// Patterns of LIST and LSUB (RFC 3501 §6.3.8): `*` stands for anything, `%` for anything without a delimiter. The time is
// bounded by the length of the name times itself, whatever the pattern.

export type Matcher = (name: string) => boolean

export function listMatcher(pattern: string, delimiter: string | null): Matcher {
  const plain = simplified(pattern)
  let literals = 0
  for (const c of plain) if (c !== '*' && c !== '%') literals++
  const anyCase = plain.toUpperCase()
  return name => {
    // INBOX, and INBOX above others, is matched in any case (RFC 3501 §5.1)
    const inbox = name === 'INBOX' || name.startsWith(`INBOX${delimiter ?? '/'}`)
    if (literals > name.length) return false
    if (matches(plain, name, delimiter)) return true
    return inbox && matches(anyCase.slice(0, 5) + plain.slice(5), name, delimiter)
  }
}

/** Wildcards that follow one another mean what the widest of them means. */
function simplified(pattern: string): string {
  let out = ''
  for (let i = 0; i < pattern.length; ) {
    const c = pattern[i]!
    if (c !== '*' && c !== '%') {
      out += c
      i++
      continue
    }
    let wide = false
    for (; pattern[i] === '*' || pattern[i] === '%'; i++) if (pattern[i] === '*') wide = true
    out += wide ? '*' : '%'
  }
  return out
}

/** `reached[j]`: the pattern so far matches the first j characters of the name. */
function matches(pattern: string, name: string, delimiter: string | null): boolean {
  const width = name.length + 1
  let reached = new Uint8Array(width)
  reached[0] = 1
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]!
    const next = new Uint8Array(width)
    let alive = false
    if (c === '*' || c === '%') {
      let open = false
      for (let j = 0; j < width; j++) {
        if (j > 0 && c === '%' && name[j - 1] === delimiter) open = false
        if (reached[j]) open = true
        if (open) {
          next[j] = 1
          alive = true
        }
      }
    } else {
      for (let j = 1; j < width; j++) {
        if (reached[j - 1] && name[j - 1] === c) {
          next[j] = 1
          alive = true
        }
      }
    }
    if (!alive) return false
    reached = next
  }
  return reached[name.length] === 1
}
