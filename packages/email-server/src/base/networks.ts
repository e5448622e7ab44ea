// Sets of addresses as people write them: `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32` (RFC 4632 §3.1, RFC 4291 §2.3).
import { optionError } from './errors.ts'
import { formatIp, inNetwork, parsePeerIp } from './ip.ts'

export interface Network {
  /** With the bits behind the prefix cleared. */
  readonly bytes: Uint8Array
  readonly prefix: number
}

/** The machine itself. */
export const LOOPBACK: readonly string[] = ['127.0.0.0/8', '::1']

/** Where only who shares our network can be: the machine itself, private and link-local addresses (RFC 1918, RFC 4193, RFC 4291 §2.5.6). */
export const NEARBY: readonly string[] = [
  ...LOOPBACK,
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  'fc00::/7',
  'fe80::/10',
]

/** An address is the network of itself alone. Null for what is neither. */
export function parseNetwork(text: string): Network | null {
  const slash = text.indexOf('/')
  const bytes = parsePeerIp(slash < 0 ? text : text.slice(0, slash))
  if (!bytes) return null
  const most = bytes.length * 8
  if (slash < 0) return { bytes, prefix: most }
  const length = text.slice(slash + 1)
  if (!/^[0-9]{1,3}$/.test(length)) return null
  // `::ffff:192.0.2.0/120` counts from the front of what was written
  const written = text.slice(0, slash).includes(':') ? 128 : 32
  const prefix = Number(length) - (written - most)
  if (prefix < 0 || prefix > most) return null
  return { bytes: masked(bytes, prefix), prefix }
}

/** One spelling for each network. */
export function formatNetwork({ bytes, prefix }: Network): string {
  return prefix === bytes.length * 8 ? formatIp(bytes) : `${formatIp(bytes)}/${prefix}`
}

export function masked(bytes: Uint8Array, prefix: number): Uint8Array {
  return bytes.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - 8 * i))))
}

/** Whether an address (in text) is in one of these networks; what is no address is in none. Throws ECONFIG for what is no network. */
export function networkMatcher(option: string, networks: readonly string[]): (address: string) => boolean {
  if (!Array.isArray(networks)) throw optionError(option, 'a list of addresses and networks', networks)
  const parsed = networks.map(text => {
    const network = typeof text === 'string' ? parseNetwork(text) : null
    if (!network) throw optionError(option, 'a list of addresses and networks such as 192.0.2.0/24', text)
    return network
  })
  return address => {
    const bytes = parsePeerIp(address)
    return bytes !== null && parsed.some(network => inNetwork(bytes, network.bytes, network.prefix))
  }
}
