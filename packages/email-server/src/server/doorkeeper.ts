// Who may come in: counts and rates per address, so that one client cannot take all the room, bans, and what becomes of those who guess
// passwords. IPv6 addresses count by their /64, because that is what one customer gets. All that a stranger can make grow has an end.
import { describe, usageError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import { formatNetwork } from '../base/networks.ts'
import { BanList, bannedNetwork } from './ban-list.ts'
import type { RateLimit } from './rate-limit.ts'
import { Rates } from './rates.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** In which failed logins are counted together. */
const GUESSING_WINDOW = 10 * MINUTE
/** The longest wait of a refused login to an account that is being guessed at, ms. */
const LONGEST_PENALTY = 30_000

/** Why somebody is turned away; the text is for him. */
export type Refusal = 'banned' | 'too often' | 'too many'

export const REFUSALS: Readonly<Record<Refusal, string>> = {
  banned: 'Access denied for now',
  'too often': 'Too many connections from your address lately',
  'too many': 'Too many connections from your address',
}

export interface DoorkeeperOptions {
  readonly limits: Limits
  readonly rateLimit: RateLimit | null
  readonly now: () => number
}

export class Doorkeeper {
  readonly #options: DoorkeeperOptions
  readonly #present = new Map<string, number>()
  readonly #users = new Map<string, number>()
  readonly #lastMinute: Rates
  readonly #lastHour: Rates
  readonly #failuresOfAddress: Rates
  readonly #failuresOfAccount: Rates
  readonly #messagesOfUser: Rates
  readonly #recipientsOfUser: Rates
  /** By the user's word; they are his, and have no limit. */
  readonly #bans = new BanList()
  /** By what an address did. */
  readonly #earned: BanList

  constructor(options: DoorkeeperOptions) {
    const { addressesRemembered, bans } = options.limits
    this.#options = options
    this.#lastMinute = new Rates(MINUTE, addressesRemembered)
    this.#lastHour = new Rates(HOUR, addressesRemembered)
    this.#failuresOfAddress = new Rates(GUESSING_WINDOW, addressesRemembered)
    this.#failuresOfAccount = new Rates(GUESSING_WINDOW, addressesRemembered)
    this.#messagesOfUser = new Rates(HOUR, addressesRemembered)
    this.#recipientsOfUser = new Rates(HOUR, addressesRemembered)
    this.#earned = new BanList(bans)
  }

  /** Null: the connection is counted, until `leave`. */
  enter(address: string): Refusal | null {
    const now = this.#options.now()
    if (this.isBanned(address)) return 'banned'
    const key = addressKey(address)
    if (this.#isTooOften(key, now)) {
      this.#earn(address, this.#options.rateLimit!.banDuration)
      return 'too often'
    }
    const count = this.#present.get(key) ?? 0
    if (count >= this.#options.limits.connectionsPerAddress) return 'too many'
    this.#present.set(key, count + 1)
    return null
  }

  leave(address: string): void {
    drop(this.#present, addressKey(address))
  }

  isBanned(address: string): boolean {
    const now = this.#options.now()
    return this.#bans.find(address, now) !== null || this.#earned.find(address, now) !== null
  }

  /** Counts one more session of a user; false (and not counted) when he has as many as he may. */
  login(username: string): boolean {
    const count = this.#users.get(username) ?? 0
    if (count >= this.#options.limits.connectionsPerUser) return false
    this.#users.set(username, count + 1)
    return true
  }

  logout(username: string): void {
    drop(this.#users, username)
  }

  /** Counts one more message that a user sends; false (and not counted) when he has sent as many as he may. */
  maySend(username: string): boolean {
    return this.#spend(this.#messagesOfUser, username, this.#options.rateLimit?.messagesPerHour)
  }

  /** The same of a recipient. */
  mayWriteTo(username: string): boolean {
    return this.#spend(this.#recipientsOfUser, username, this.#options.rateLimit?.recipientsPerHour)
  }

  /** A login was refused. True: this address has guessed enough, and is banned now. */
  guessed(address: string, account: string): boolean {
    const { limits, now } = this.#options
    this.#failuresOfAccount.hit(accountKey(account), now())
    if (this.#failuresOfAddress.hit(addressKey(address), now()) < limits.authFailuresPerAddress) return false
    this.#earn(address, limits.banTime)
    return true
  }

  /** How much longer than usual a refused login to this account has to wait, ms: many who guess at one account are slowed together. */
  penalty(account: string): number {
    const { limits, now } = this.#options
    const beyond = this.#failuresOfAccount.count(accountKey(account), now()) - limits.authFailuresPerAccount
    return beyond < 0 ? 0 : Math.min(LONGEST_PENALTY, 1000 * 2 ** Math.min(beyond, 10))
  }

  /** Throws `EUSAGE` for what is no address and no network, and for a time that is none. */
  ban(text: string, durationMs?: number): void {
    const network = networkOf(text)
    const time = durationMs ?? this.#options.rateLimit?.banDuration ?? this.#options.limits.banTime
    if (typeof time !== 'number' || !(time > 0)) {
      throw usageError(`a ban lasts some ms (Infinity: until unban), not ${describe(time)}`)
    }
    this.#bans.add(network, this.#options.now() + time)
  }

  /** Lets an address or network in again, and forgets what it did. True when there was such a ban. */
  unban(text: string): boolean {
    const network = networkOf(text)
    const key = addressKey(text)
    for (const rates of [this.#lastMinute, this.#lastHour, this.#failuresOfAddress]) rates.forget(key)
    const [said, earned] = [this.#bans.remove(network), this.#earned.remove(network)]
    return said || earned
  }

  /** How much is remembered, for those who watch. */
  get stats(): { readonly addresses: number; readonly bans: number; readonly remembered: number } {
    const rates = [
      ...[this.#lastMinute, this.#lastHour, this.#failuresOfAddress, this.#failuresOfAccount],
      ...[this.#messagesOfUser, this.#recipientsOfUser],
    ]
    return {
      addresses: this.#present.size,
      bans: this.#bans.size + this.#earned.size,
      remembered: rates.reduce((sum, { size }) => sum + size, 0),
    }
  }

  #isTooOften(key: string, now: number): boolean {
    const limit = this.#options.rateLimit
    if (!limit) return false
    const [minute, hour] = [this.#lastMinute.hit(key, now), this.#lastHour.hit(key, now)]
    return minute > limit.perMinute || hour > limit.perHour
  }

  /** What is refused is not counted: who asks again and again is let in as soon as he would be otherwise. */
  #spend(rates: Rates, username: string, most: number | undefined): boolean {
    if (most === undefined) return true
    const [name, now] = [accountKey(username), this.#options.now()]
    if (rates.count(name, now) >= most) return false
    rates.hit(name, now)
    return true
  }

  #earn(address: string, durationMs: number): void {
    const network = bannedNetwork(address)
    if (network && durationMs > 0) this.#earned.add(network, this.#options.now() + durationMs)
  }
}

function networkOf(text: string): NonNullable<ReturnType<typeof bannedNetwork>> {
  const network = typeof text === 'string' ? bannedNetwork(text) : null
  if (!network) throw usageError(`${describe(text)} is no IP address and no network such as 192.0.2.0/24`)
  return network
}

/** The unit that limits apply to; what is no address stands for itself. */
export function addressKey(address: string): string {
  const network = bannedNetwork(address)
  return network ? formatNetwork(network) : address.slice(0, 64)
}

/** What a stranger types as his name may be long, and of any case. */
function accountKey(account: string): string {
  return account.slice(0, 256).toLowerCase()
}

function drop(counts: Map<string, number>, key: string): void {
  const count = counts.get(key) ?? 0
  if (count > 1) counts.set(key, count - 1)
  else counts.delete(key)
}
