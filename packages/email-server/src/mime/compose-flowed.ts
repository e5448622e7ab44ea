// format=flowed, the writing side (RFC 3676 §4): soft line breaks after spaces, space-stuffing, quotes, signatures.
// The technique is the older one of §4.2 (a CRLF after a space that is there anyway, DelSp not used), so that nothing is
// inserted and what a reader joins is what was written.

/** RFC 3676 §4.2: lines of 78 characters at most, 72 suggested. */
const WIDTH = 72
const SIGNATURE = '-- '

/**
 * Plain text as format=flowed. Lines that begin with `>` are quotes: their marks are kept and repeated when the line is
 * wrapped. Trailing spaces go (they would say that the line goes on), except those of the signature line `-- `. Words
 * longer than a line are not broken. Lines end in CRLF.
 */
export function flowText(text: string): string {
  const out: string[] = []
  for (const line of text.split(/\r\n|\r|\n/)) flowLine(line, out)
  return out.join('\r\n')
}

function flowLine(line: string, out: string[]): void {
  let depth = 0
  while (line.charCodeAt(depth) === 0x3e) depth++
  const prefix = line.slice(0, depth)
  // behind quote marks the first space is stuffing, not content
  const content = depth > 0 && line.charCodeAt(depth) === 0x20 ? line.slice(depth + 1) : line.slice(depth)
  if (content === SIGNATURE) {
    out.push(prefix + (depth > 0 ? ' ' : '') + SIGNATURE)
    return
  }
  const width = Math.max(WIDTH - depth - 1, 20)
  let rest = trimEnd(content)
  while (rest.length > width) {
    const at = breakBefore(rest, width)
    if (at < 0) break
    out.push(stuff(prefix, rest.slice(0, at)))
    rest = rest.slice(at)
  }
  out.push(stuff(prefix, rest))
}

/** Where the next line begins: behind the last space within `width`, else behind the first one after it; -1 for nowhere. */
function breakBefore(text: string, width: number): number {
  let space = text.lastIndexOf(' ', width - 1)
  // a line of nothing but spaces, or the signature separator, would be read as something else
  if (space < 0 || text.slice(0, space + 1).trim() === '' || text.slice(0, space + 1) === SIGNATURE) {
    space = text.indexOf(' ', Math.max(space + 1, SIGNATURE.length))
    if (text.slice(0, space + 1).trim() === '') return -1
  }
  return space < 0 || space === text.length - 1 ? -1 : space + 1
}

/** §4.4: unquoted lines that begin with a space, `>` or `From ` are stuffed; quoted ones always, for their looks. */
function stuff(prefix: string, content: string): string {
  if (prefix !== '') return content === '' ? prefix : `${prefix} ${content}`
  return /^(?: |>|From )/.test(content) ? ` ${content}` : content
}

function trimEnd(text: string): string {
  let end = text.length
  while (end > 0 && text.charCodeAt(end - 1) === 0x20) end--
  return text.slice(0, end)
}
