// Names as they are asked and compared: A-labels, lower case, no final dot. RFC 1035 §2.3.4 (sizes), RFC 5890 (A-labels).
import { domainToAscii, isAscii } from '../text/index.ts'

/**
 * The form in which a name is asked, or null for one that cannot be asked: empty, an empty label, a label over 63 or a name over 253
 * octets, control characters, a backslash, U-labels that are none. A space is a character like another (RFC 2181 §11; SPF's `%_` makes them).
 */
export function queryName(name: string): string | null {
  const plain = name.endsWith('.') ? name.slice(0, -1) : name
  if (plain.length > 1000) return null
  const ascii = isAscii(plain) ? plain.toLowerCase() : domainToAscii(plain)
  if (ascii.length === 0 || ascii.length > 253) return null
  let label = 0
  for (let i = 0; i < ascii.length; i++) {
    const c = ascii.charCodeAt(i)
    if (c === 0x2e) {
      if (label === 0) return null
      label = 0
    } else if (c < 0x20 || c === 0x7f || c === 0x5c || ++label > 63) return null
  }
  return label === 0 ? null : ascii
}
