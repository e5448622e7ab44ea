// How many hosts a message has passed: its Received fields (RFC 5321 §6.3).
import { latin1 } from '../../base/bytes.ts'

/** `header` is a header section; a Received field begins a line, a folded line begins with a blank. */
export function countReceived(header: Uint8Array): number {
  const text = latin1(header)
  let count = 0
  const field = /^received[ \t]*:/gim
  while (field.test(text)) count++
  return count
}
