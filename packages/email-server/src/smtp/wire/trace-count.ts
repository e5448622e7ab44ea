// How many hosts a message has passed: its Received fields (RFC 5321 §6.3).
import { LF, SP } from '../../base/bytes.ts'

const RECEIVED = Buffer.from('received')
const TAB = 9
const COLON = 58

/** `header` is a header section; a Received field begins a line, a folded line begins with a blank. */
export function countReceived(header: Uint8Array): number {
  let count = 0
  for (let at = 0; at < header.length; at++) {
    if ((at === 0 || header[at - 1] === LF) && isReceived(header, at)) count++
  }
  return count
}

/** "Received" *WSP ":", in any case (RFC 5322 §4.5). */
function isReceived(header: Uint8Array, start: number): boolean {
  let at = start
  for (const letter of RECEIVED) if ((header[at++]! | 0x20) !== letter) return false
  while (header[at] === SP || header[at] === TAB) at++
  return header[at] === COLON
}
