// How often a field stands in a header section, without parsing the rest of it.
import { LF, SP } from '../../base/bytes.ts'

const TAB = 9
const COLON = 58

/** `name` in lower case, letters and hyphens; a field begins a line, a folded line begins with a blank (RFC 5322 §2.2.3). */
export function countFields(header: Uint8Array, name: string): number {
  let count = 0
  for (let at = 0; at < header.length; at++) {
    if ((at === 0 || header[at - 1] === LF) && isField(header, at, name)) count++
  }
  return count
}

/** field-name *WSP ":" in any case; blanks before the colon are obsolete and seen (RFC 5322 §4.5). */
function isField(header: Uint8Array, start: number, name: string): boolean {
  let at = start
  for (let i = 0; i < name.length; i++) if ((header[at++]! | 0x20) !== name.charCodeAt(i)) return false
  while (header[at] === SP || header[at] === TAB) at++
  return header[at] === COLON
}
