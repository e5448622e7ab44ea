// IP addresses between text and bytes. RFC 4291 §2.2 (text of IPv6), RFC 5952 (the one spelling we write), RFC 6890 not at all:
// what an address is good for is not decided here.

/** 4 bytes for `192.0.2.1`, 16 for `2001:db8::1`, null for anything else (no zone, no port, no leading zeros in IPv4). */
export function parseIp(text: string): Uint8Array | null {
  if (text.length > 45) return null
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

/** As `parseIp`; IPv4-mapped IPv6 addresses (`::ffff:192.0.2.1`) are the IPv4 addresses they stand for. */
export function parsePeerIp(text: string): Uint8Array | null {
  const bytes = parseIp(text)
  return bytes && isMapped(bytes) ? bytes.subarray(12) : bytes
}

/** The canonical text of 4 or 16 bytes (RFC 5952 §4). */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!)
  const { start, length } = longestZeros(groups)
  const hex = (part: readonly number[]): string => part.map(group => group.toString(16)).join(':')
  if (length < 2) return hex(groups)
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`
}

/** The address literal of RFC 5321 §4.1.3: `[192.0.2.1]`, `[IPv6:2001:db8::1]`. */
export function formatAddressLiteral(bytes: Uint8Array): string {
  return bytes.length === 4 ? `[${formatIp(bytes)}]` : `[IPv6:${formatIp(bytes)}]`
}

/** True when the first `prefix` bits are the same; addresses of two families never match. */
export function inNetwork(address: Uint8Array, network: Uint8Array, prefix: number): boolean {
  if (address.length !== network.length) return false
  const whole = prefix >> 3
  for (let i = 0; i < whole; i++) if (address[i] !== network[i]) return false
  const rest = prefix & 7
  return rest === 0 || (address[whole]! ^ network[whole]!) >> (8 - rest) === 0
}

/** `1.2.0.192.in-addr.arpa`, `1.0.….ip6.arpa` (RFC 1035 §3.5, RFC 3596 §2.5). */
export function reverseName(bytes: Uint8Array): string {
  if (bytes.length === 4) return `${bytes[3]}.${bytes[2]}.${bytes[1]}.${bytes[0]}.in-addr.arpa`
  return `${nibbles(bytes).reverse().join('.')}.ip6.arpa`
}

/** The hexadecimal digits of an address, first to last. */
export function nibbles(bytes: Uint8Array): string[] {
  return [...bytes].flatMap(byte => [(byte >> 4).toString(16), (byte & 15).toString(16)])
}

function isMapped(bytes: Uint8Array): boolean {
  return (
    bytes.length === 16 &&
    bytes[10] === 0xff &&
    bytes[11] === 0xff &&
    bytes.subarray(0, 10).every(b => b === 0)
  )
}

function parseIpv4(text: string): Uint8Array | null {
  const bytes = new Uint8Array(4)
  let at = 0
  for (let i = 0; i < 4; i++) {
    const start = at
    let value = 0
    for (; at < text.length && isDigit(text.charCodeAt(at)); at++) {
      value = value * 10 + text.charCodeAt(at) - 0x30
      if (at - start > 2) return null
    }
    if (at === start || value > 255 || (at - start > 1 && text[start] === '0')) return null
    bytes[i] = value
    if (i < 3 && text[at++] !== '.') return null
  }
  return at === text.length ? bytes : null
}

function parseIpv6(text: string): Uint8Array | null {
  const bytes = new Uint8Array(16)
  const double = text.indexOf('::')
  if (double < 0) return writeGroups(text, bytes, 0) === 16 ? bytes : null
  if (text.indexOf('::', double + 1) >= 0) return null
  const head = text.slice(0, double)
  const tail = text.slice(double + 2)
  const used = head === '' ? 0 : writeGroups(head, bytes, 0, false)
  const behind = new Uint8Array(16)
  const left = tail === '' ? 0 : writeGroups(tail, behind, 0)
  if (used < 0 || left < 0 || used + left > 14) return null
  bytes.set(behind.subarray(0, left), 16 - left)
  return bytes
}

/** Writes groups of up to four digits, the last of them perhaps an IPv4 address; gives the bytes written or -1. */
function writeGroups(text: string, bytes: Uint8Array, from: number, mayEndInIpv4 = true): number {
  let at = from
  const groups = text.split(':', 9)
  for (const [i, group] of groups.entries()) {
    if (mayEndInIpv4 && i === groups.length - 1 && group.includes('.')) {
      const ipv4 = parseIpv4(group)
      if (!ipv4 || at > 12) return -1
      bytes.set(ipv4, at)
      return at + 4
    }
    if (at > 14 || group.length < 1 || group.length > 4 || !isHex(group)) return -1
    const value = Number.parseInt(group, 16)
    bytes[at++] = value >> 8
    bytes[at++] = value & 0xff
  }
  return at
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let i = 0; i < 8; i++) {
    let end = i
    while (end < 8 && groups[end] === 0) end++
    if (end - i > best.length) best = { start: i, length: end - i }
    if (end > i) i = end
  }
  return best
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39
}

function isHex(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (!isDigit(c) && !((c | 0x20) >= 0x61 && (c | 0x20) <= 0x66)) return false
  }
  return true
}
