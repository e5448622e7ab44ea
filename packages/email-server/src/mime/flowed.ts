// Reading text/plain; format=flowed (RFC 3676 §4): soft line breaks are removed, quoted paragraphs keep their marks.

/** The text with whole paragraphs on one line. Lines end with LF, here and in `text`. */
export function unflow(text: string, deleteSpace: boolean): string {
  const out: string[] = []
  let paragraph: string | null = null
  let depth = 0
  let flowing = false
  const flush = () => {
    if (paragraph === null) return
    out.push(depth > 0 ? `${'>'.repeat(depth)} ${paragraph}` : paragraph)
    paragraph = null
  }
  for (const line of text.split('\n')) {
    let at = 0
    while (line.charCodeAt(at) === 0x3e) at++
    const quote = at
    if (line.charCodeAt(at) === 0x20) at++
    let content = line.slice(at)
    // A soft break between different quote depths is a mistake of the sender: the paragraph ends (§4.5).
    if (flowing && quote !== depth) flush()
    // The signature separator is neither fixed nor flowed (§4.3): it stands alone.
    const separator = content === '-- '
    if (separator) flush()
    const flowed = !separator && content.endsWith(' ')
    if (flowed && deleteSpace) content = content.slice(0, -1)
    depth = quote
    paragraph = (paragraph ?? '') + content
    flowing = flowed
    if (!flowed) flush()
  }
  flush()
  return out.join('\n')
}
