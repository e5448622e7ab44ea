// The header of the PROXY protocol, versions 1 and 2: who really is behind a connection (HAProxy, proxy-protocol.txt §2.1, §2.2).
//
//   v1 = "PROXY" SP ( ( "TCP4" / "TCP6" ) SP source SP destination SP port SP port / "UNKNOWN" *( any ) ) CRLF    at most 107 octets
//   v2 = 12 octets of signature, version and command, family and transport, length, addresses, TLVs
import { formatIp, parseIp } from '../base/ip.ts'

export interface ProxiedEnds {
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
}

/** `ends`: null when the proxy speaks for itself (LOCAL, a health check) or does not know. */
export interface ProxyHeader {
  /** Octets of the header. */
  readonly size: number
  readonly ends: ProxiedEnds | null
}

const LONGEST_V1 = 107
const V1 = Buffer.from('PROXY ')
const V2 = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a)
const V2_FIXED = 16

/** Reads the header at the front of `bytes`. Never throws. */
export function readProxyHeader(bytes: Uint8Array): ProxyHeader | 'incomplete' | 'malformed' {
  if (bytes.length === 0) return 'incomplete'
  if (bytes[0] === V1[0]) return readV1(bytes)
  return bytes[0] === V2[0] ? readV2(bytes) : 'malformed'
}

function readV1(bytes: Uint8Array): ProxyHeader | 'incomplete' | 'malformed' {
  if (!beginsWith(bytes, V1)) return 'malformed'
  const window = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, LONGEST_V1))
  const end = window.indexOf('\r\n')
  if (end < 0) return bytes.length < LONGEST_V1 ? 'incomplete' : 'malformed'
  const [, family = '', ...rest] = window.toString('latin1', 0, end).split(' ')
  const size = end + 2
  if (family === 'UNKNOWN') return { size, ends: null }
  const [source = '', destination = '', from = '', to = ''] = rest
  const octets = family === 'TCP4' ? 4 : family === 'TCP6' ? 16 : 0
  const [remote, local] = [parseIp(source), parseIp(destination)]
  const [remotePort, localPort] = [port(from), port(to)]
  if (rest.length !== 4 || remote?.length !== octets || local?.length !== octets) return 'malformed'
  if (remotePort === null || localPort === null) return 'malformed'
  return { size, ends: ends(remote, remotePort, local, localPort) }
}

function readV2(bytes: Uint8Array): ProxyHeader | 'incomplete' | 'malformed' {
  if (!beginsWith(bytes, V2)) return 'malformed'
  if (bytes.length < V2_FIXED) return 'incomplete'
  const [command, family] = [bytes[12]!, bytes[13]!]
  const length = word(bytes, 14)
  if (command !== 0x20 && command !== 0x21) return 'malformed'
  // AF_UNSPEC, AF_INET, AF_INET6, AF_UNIX; unspecified, STREAM, DGRAM
  if (family >> 4 > 3 || (family & 15) > 2) return 'malformed'
  // over TCP or unspecified; who came by UDP or a socket in the file system has no address of use here
  const octets = family === 0x11 ? 4 : family === 0x21 ? 16 : 0
  if (command === 0x21 && length < 2 * octets + (octets > 0 ? 4 : 0)) return 'malformed'
  const size = V2_FIXED + length
  if (bytes.length < size) return 'incomplete'
  if (command === 0x20 || octets === 0) return { size, ends: null }
  const at = V2_FIXED
  const remote = bytes.slice(at, at + octets)
  const local = bytes.slice(at + octets, at + 2 * octets)
  const ports = at + 2 * octets
  return { size, ends: ends(remote, word(bytes, ports), local, word(bytes, ports + 2)) }
}

function ends(remote: Uint8Array, remotePort: number, local: Uint8Array, localPort: number): ProxiedEnds {
  return {
    remoteAddress: plain(remote),
    remotePort,
    localAddress: plain(local),
    localPort,
  }
}

/** IPv4-mapped IPv6 addresses as the IPv4 addresses that they stand for, so that limits and bans apply to one spelling. */
function plain(bytes: Uint8Array): string {
  const mapped =
    bytes.length === 16 && bytes.subarray(0, 10).every(b => b === 0) && word(bytes, 10) === 0xffff
  return formatIp(mapped ? bytes.subarray(12) : bytes)
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}

/** "0" to "65535", without leading zeros. */
function port(text: string): number | null {
  if (!/^(?:0|[1-9][0-9]{0,4})$/.test(text)) return null
  const value = Number(text)
  return value <= 65_535 ? value : null
}

/** As far as it goes. */
function beginsWith(bytes: Uint8Array, signature: Uint8Array): boolean {
  const length = Math.min(bytes.length, signature.length)
  for (let i = 0; i < length; i++) if (bytes[i] !== signature[i]) return false
  return true
}
