// The base subject (RFC 5256 §2.1): a subject without what replies, forwards and lists have put around it. By indexes, in linear time
// whatever the subject.

export interface BaseSubject {
  readonly text: string
  /** Something was taken away that only replies and forwards have (RFC 5256 §3 REFERENCES). */
  readonly isReply: boolean
}

const SPACE = 0x20
const FORWARDED = '[fwd:'
const TRAILER = '(fwd)'

/** @param subject decoded, as it stands in the header */
export function baseSubject(subject: string): BaseSubject {
  // (1) continuations and tabs are spaces, many spaces are one
  const text = subject.replace(/[\t\r\n ]+/g, ' ')
  // what is looked for is ASCII, and the lower case of other characters may be longer than they are
  return stripped(
    text,
    text.replace(/[A-Z]+/g, letters => letters.toLowerCase()),
  )
}

function stripped(text: string, lower: string): BaseSubject {
  let start = 0
  let end = text.length
  let isReply = false
  for (;;) {
    // (2)
    for (;;) {
      if (end > start && text.charCodeAt(end - 1) === SPACE) end--
      else if (end - start >= TRAILER.length && lower.endsWith(TRAILER, end)) {
        end -= TRAILER.length
        isReply = true
      } else break
    }
    // (3) to (5)
    for (;;) {
      start = skipSpace(text, start, end)
      const blobs = blobsAt(text, start, end)
      const behind = blobs.at(-1) ?? start
      const afterReply = replyAt(text, lower, behind, end)
      if (afterReply >= 0) {
        start = afterReply
        isReply = true
        continue
      }
      // the last blob stays when nothing would be left without it
      const left = behind < end ? behind : (blobs.at(-2) ?? start)
      if (left === start) break
      start = left
    }
    // (6)
    if (!(lower.startsWith(FORWARDED, start) && end - start > FORWARDED.length && text[end - 1] === ']'))
      break
    start += FORWARDED.length
    end--
    isReply = true
  }
  return { text: text.slice(start, end), isReply }
}

function skipSpace(text: string, from: number, end: number): number {
  let at = from
  while (at < end && text.charCodeAt(at) === SPACE) at++
  return at
}

/** The ends of the blobs that follow each other here: subj-blob = "[" *BLOBCHAR "]" *WSP, BLOBCHAR anything but brackets. */
function blobsAt(text: string, from: number, end: number): number[] {
  const ends: number[] = []
  let at = from
  while (at < end && text[at] === '[') {
    let close = at + 1
    while (close < end && text[close] !== ']' && text[close] !== '[') close++
    if (close >= end || text[close] !== ']') break
    at = skipSpace(text, close + 1, end)
    ends.push(at)
  }
  return ends
}

/** Behind subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":"; -1 when there is none. */
function replyAt(text: string, lower: string, from: number, end: number): number {
  let at = from
  if (lower.startsWith('re', at)) at += 2
  else if (lower.startsWith('fw', at)) at += lower[at + 2] === 'd' ? 3 : 2
  else return -1
  at = skipSpace(text, at, end)
  if (at < end && text[at] === '[') {
    let close = at + 1
    while (close < end && text[close] !== ']' && text[close] !== '[') close++
    if (close >= end || text[close] !== ']') return -1
    at = skipSpace(text, close + 1, end)
  }
  return at < end && text[at] === ':' ? at + 1 : -1
}

/** What strings are compared by: without case, and without the difference between composed and decomposed (RFC 5051 §2). */
export function collationKey(text: string): string {
  return text.toUpperCase().normalize('NFKD')
}
