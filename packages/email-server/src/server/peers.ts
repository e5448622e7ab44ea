// Who is connected: counts per address, so that one client cannot take all the room. IPv6 addresses count by their /64,
// because that is what one customer gets.

/** The unit that limits and bans apply to: an IPv4 address, or the first four groups of an IPv6 address. */
export function addressKey(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail] = address.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups =
    tail === undefined
      ? left
      : [...left, ...new Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right]
  return groups
    .slice(0, 4)
    .map(group => group.toLowerCase().replace(/^0+(?=.)/, ''))
    .join(':')
}

export class PeerCounter {
  readonly #counts = new Map<string, number>()

  /** Counts one more connection; false (and not counted) when the address has `most` already. */
  enter(address: string, most: number): boolean {
    const key = addressKey(address)
    const count = this.#counts.get(key) ?? 0
    if (count >= most) return false
    this.#counts.set(key, count + 1)
    return true
  }

  leave(address: string): void {
    const key = addressKey(address)
    const count = this.#counts.get(key) ?? 0
    if (count > 1) this.#counts.set(key, count - 1)
    else this.#counts.delete(key)
  }
}
