// Unfolding of header field bodies. RFC 5322 §2.2.3: the CRLF before white space goes, the white space stays.

/** The field body on one line. Bare CR or LF count as line ends too; one that no white space follows becomes a space. */
export function unfold(text: string): string {
  if (!text.includes('\n') && !text.includes('\r')) return text
  return text.replace(FOLD, '').replace(BREAK, ' ')
}

const FOLD = /(?:\r\n?|\n)(?=[ \t\r\n]|$)/g
const BREAK = /\r\n?|\n/g
