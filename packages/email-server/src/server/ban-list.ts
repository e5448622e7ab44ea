// Addresses and networks that are kept out for a while. Found in as many steps as there are lengths of prefixes, however many bans there are.
import { parsePeerIp } from '../base/ip.ts'
import { formatNetwork, masked, type Network, parseNetwork } from '../base/networks.ts'

/** One customer gets a /64, so that one address in it is all of them (RFC 6177 §2). */
const CUSTOMER_PREFIX = 64

export class BanList {
  readonly #most: number
  /** `4/32`, `6/64`, … → network → until when, ms since the epoch; the oldest ban first. */
  readonly #byPrefix = new Map<string, Map<string, number>>()
  #size = 0

  /** Beyond `most` bans, the oldest of the kind that has most goes: a flood of one kind must not push out the others. */
  constructor(most: number = Number.POSITIVE_INFINITY) {
    this.#most = most
  }

  get size(): number {
    return this.#size
  }

  add(network: Network, until: number): void {
    const kind = kindOf(network)
    let bans = this.#byPrefix.get(kind)
    if (!bans) this.#byPrefix.set(kind, (bans = new Map()))
    const name = formatNetwork(network)
    if (bans.delete(name)) this.#size--
    bans.set(name, until)
    this.#size++
    if (this.#size > this.#most) this.#forgetOne()
  }

  /** True when there was such a ban. */
  remove(network: Network): boolean {
    const removed = this.#byPrefix.get(kindOf(network))?.delete(formatNetwork(network)) ?? false
    if (removed) this.#size--
    return removed
  }

  /** Until when this address is kept out; null when it is not. */
  find(address: string, now: number): number | null {
    if (this.#size === 0) return null
    const bytes = parsePeerIp(address)
    if (!bytes) return null
    let latest: number | null = null
    for (const [kind, bans] of this.#byPrefix) {
      const [family, length] = kind.split('/')
      if (bytes.length !== Number(family)) continue
      const prefix = Number(length)
      const name = formatNetwork({ bytes: masked(bytes, prefix), prefix })
      const until = bans.get(name)
      if (until === undefined) continue
      if (until > now) latest = Math.max(latest ?? 0, until)
      else {
        bans.delete(name)
        this.#size--
      }
    }
    return latest
  }

  #forgetOne(): void {
    let most = new Map<string, number>()
    for (const bans of this.#byPrefix.values()) if (bans.size > most.size) most = bans
    for (const oldest of most.keys()) {
      most.delete(oldest)
      this.#size--
      break
    }
  }
}

function kindOf({ bytes, prefix }: Network): string {
  return `${bytes.length}/${prefix}`
}

/** What a ban of this text keeps out: a network as written, one IPv4 address, or the /64 of one IPv6 address. Null for what is neither. */
export function bannedNetwork(text: string): Network | null {
  const network = parseNetwork(text)
  if (!network || text.includes('/') || network.bytes.length === 4) return network
  return { bytes: masked(network.bytes, CUSTOMER_PREFIX), prefix: CUSTOMER_PREFIX }
}
