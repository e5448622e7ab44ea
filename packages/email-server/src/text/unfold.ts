// Unfolding of header field bodies. RFC 5322 §2.2.3: the CRLF before white space goes, the white space stays.

/** The field body on one line. Bare CR or LF count as line ends too; one that no white space follows becomes a space. */
export function unfold(text: string): string {
  if (!text.includes('\n') && !text.includes('\r')) return text
  let out = ''
  let from = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c !== 13 && c !== 10) continue
    out += text.slice(from, i)
    if (c === 13 && text.charCodeAt(i + 1) === 10) i++
    from = i + 1
    const next = text.charCodeAt(from)
    if (from < text.length && next !== 0x20 && next !== 0x09 && next !== 13 && next !== 10) out += ' '
  }
  return out + text.slice(from)
}
