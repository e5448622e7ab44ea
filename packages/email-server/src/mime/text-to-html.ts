// Plain text as HTML: escaped, paragraphs and line breaks kept, addresses of the web and of mail made into links.

/** Longer runs without white space are text, not links. */
const MAX_LINK = 2048

const REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** HTML text: `&`, `<`, `>`, `"` and `'` become references. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => REFERENCES[character]!)
}

/** `<p>` for each paragraph, `<br/>` for each line break, `<a>` for links. */
export function textToHtml(text: string): string {
  const lines = (text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text).trim().split('\n')
  const paragraphs: string[] = []
  let current: string[] = []
  for (const line of lines) {
    const trimmed = line.trimEnd()
    if (trimmed !== '') current.push(linked(trimmed))
    else if (current.length > 0) {
      paragraphs.push(current.join('<br/>'))
      current = []
    }
  }
  if (current.length > 0) paragraphs.push(current.join('<br/>'))
  return `<p>${paragraphs.join('</p><p>')}</p>`
}

function linked(line: string): string {
  if (!line.includes('://') && !line.includes('@') && !line.includes('www.')) return escapeHtml(line)
  let html = ''
  let at = 0
  while (at < line.length) {
    let end = at
    const white = isWhite(line.charCodeAt(at))
    while (end < line.length && isWhite(line.charCodeAt(end)) === white) end++
    const word = line.slice(at, end)
    html += white || word.length > MAX_LINK ? escapeHtml(word) : linkedWord(word)
    at = end
  }
  return html
}

function linkedWord(word: string): string {
  let start = 0
  while (start < word.length && '<([{"\''.includes(word[start]!)) start++
  let end = word.length
  while (end > start && '>)]}"\'.,;:!?'.includes(word[end - 1]!)) end--
  const core = word.slice(start, end)
  const target = linkTarget(core)
  if (target === null) return escapeHtml(word)
  const link = `<a href="${escapeHtml(target)}">${escapeHtml(core)}</a>`
  return escapeHtml(word.slice(0, start)) + link + escapeHtml(word.slice(end))
}

function linkTarget(core: string): string | null {
  if (/^(?:https?|ftp):\/\/[^\s<>"]/i.test(core)) return core
  if (/^www\.[^\s<>"@]+\.[^\s<>"@.]/i.test(core)) return `http://${core}`
  if (/^mailto:[^\s<>"@]+@[^\s<>"@]+$/i.test(core)) return core
  const sign = core.indexOf('@')
  const dot = core.lastIndexOf('.')
  const address = sign > 0 && sign === core.lastIndexOf('@') && dot > sign + 1 && dot < core.length - 1
  return address && !/[\s<>"(),:;\\[\]]/.test(core) ? `mailto:${core}` : null
}

function isWhite(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0xa0
}
