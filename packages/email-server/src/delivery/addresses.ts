// The addresses of a host in the order in which they are tried, and which of them mail is never sent to. RFC 5321 §5.1 (two address
// families), RFC 6724 §2.1 and RFC 8305 §4 in short: families take turns, IPv6 first, unusual scopes last.
import { inNetwork, parseIp } from '../base/ip.ts'
import type { DnsAnswer } from '../base/runtime.ts'

type Network = readonly [network: Uint8Array, prefix: number]

function networks(...list: readonly string[]): readonly Network[] {
  return list.map(text => {
    const [address = '', prefix = ''] = text.split('/')
    return [parseIp(address)!, Number(prefix)]
  })
}

/** No host is there for others: this host, link-local, multicast, reserved (RFC 6890). */
const NEVER = networks(
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/3',
  '::/127',
  'fe80::/10',
  'ff00::/8',
)
/** Hosts of this network only (RFC 1918, RFC 6598, RFC 4193). */
const PRIVATE = networks('10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7')
const MAPPED = networks('::ffff:0:0/96')

/** `public`: for everybody. `private`: within one network. `never`: loopback, link-local, multicast, unspecified. */
export type AddressScope = 'public' | 'private' | 'never'

/** Null: the text is no address. */
export function addressScope(text: string): AddressScope | null {
  const address = parseIp(text)
  if (!address) return null
  if (within(address, MAPPED)) return addressScope(address.subarray(12).join('.'))
  if (within(address, NEVER)) return 'never'
  return within(address, PRIVATE) ? 'private' : 'public'
}

function within(address: Uint8Array, list: readonly Network[]): boolean {
  return list.some(([network, prefix]) => inNetwork(address, network, prefix))
}

/** The addresses of both answers, families in turn, IPv6 first; within a family as the DNS gave them. At most `most`. */
export function orderAddresses(v6: DnsAnswer, v4: DnsAnswer, most: number): string[] {
  const six = values(v6).filter(text => parseIp(text)?.length === 16)
  const four = values(v4).filter(text => parseIp(text)?.length === 4)
  // addresses of this network only come last: a host that has others is meant to be reached by them
  six.sort((a, b) => Number(addressScope(a) !== 'public') - Number(addressScope(b) !== 'public'))
  const ordered: string[] = []
  for (let i = 0; i < Math.max(six.length, four.length) && ordered.length < most; i++) {
    for (const text of [six[i], four[i]]) {
      if (text !== undefined && ordered.length < most && !ordered.includes(text)) ordered.push(text)
    }
  }
  return ordered
}

function values(answer: DnsAnswer): string[] {
  return answer.ok ? answer.records.map(record => record.value) : []
}
