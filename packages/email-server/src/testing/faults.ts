// What goes wrong in a world of mail: by a script, or by lot. What a script says comes first.
import type { DnsFailure } from '../base/runtime.ts'
import type { StoreFault } from './handler-faults.ts'
import { fraction, happens, oneOf, type RandomBytes, whole } from './lots.ts'
import type { FaultyReply } from './reply-faults.ts'
import { Tally } from './tally.ts'
import type { LinkOptions } from './wire.ts'

/** How often something goes wrong when it could, 0 to 1 each. */
export interface FaultRates {
  /** Nobody listens, or nobody answers. For each connection, like the next ones. */
  readonly connect: number
  /** The connection breaks at some octet. */
  readonly reset: number
  /** From some octet on nothing arrives any more. */
  readonly stall: number
  /** A slow line: small pieces, one after the other. */
  readonly slow: number
  /** Packets are cut, down to single octets. */
  readonly cut: number
  /** The handshake comes to nothing, or the certificate cannot be trusted (in worlds whose TLS is made up). */
  readonly tls: number
  /** A box in between hides STARTTLS. */
  readonly strip: number
  /** A look-up fails. For each of them. */
  readonly dns: number
  /** A command is answered with a 4xx or 5xx, or by a reset. For each command. */
  readonly reply: number
  /** The message is refused at its end, for now or for good. */
  readonly refuse: number
  /** The handler that stores a message throws, never answers, or answers twice. */
  readonly store: number
  /** A handler that answers IMAP or POP3 throws, never answers, or answers twice. For each call. */
  readonly mailbox: number
}

export const NO_FAULTS: FaultRates = {
  ...{
    connect: 0,
    reset: 0,
    stall: 0,
    slow: 0,
    cut: 0,
    tls: 0,
    strip: 0,
    dns: 0,
    reply: 0,
    refuse: 0,
    store: 0,
    mailbox: 0,
  },
}

/** Everything happens, most goes well. */
export const SOME_FAULTS: FaultRates = {
  ...{ connect: 0.04, reset: 0.06, stall: 0.02, slow: 0.04, cut: 0.15, tls: 0.03, strip: 0.03, dns: 0.03 },
  ...{ reply: 0.02, refuse: 0.03, store: 0.03, mailbox: 0.01 },
}

const STORE_FAULTS: Readonly<Record<StoreFault, string>> = {
  throws: 'throws',
  hangs: 'hangs',
  twice: 'answers twice',
}

type Link = LinkOptions | 'refused' | 'unreachable'

interface Script<T> {
  readonly value: T
  left: number
}

/** Commands that a script or the lot may answer. `CONNECT` is the greeting, `.` the end of the message. */
const TEMPORARY = ['421 4.3.2 Going down', '450 4.2.1 Later', '451 4.3.0 Not now', '452 4.3.1 Full']
const PERMANENT = ['550 5.1.1 No', '554 5.7.1 No', '500 5.5.2 What?', '502 5.5.1 Not here']
/** At which octet something may happen: most dialogues are over by then. */
const OCTETS = 4000

export class Faults {
  /** By lot. */
  rates: FaultRates = NO_FAULTS
  /** What has come to pass. */
  readonly tally: Tally = new Tally()
  readonly #random: RandomBytes
  readonly #links = new Map<string, Script<Link>[]>()
  readonly #replies = new Map<string, Script<FaultyReply>[]>()
  readonly #dns = new Map<string, Script<DnsFailure>[]>()
  readonly #stores = new Map<string, Script<StoreFault>[]>()

  readonly #handlers = new Map<string, Script<StoreFault>[]>()

  constructor(random: RandomBytes) {
    this.#random = random
  }

  /** The next connections to this host (name or address) behave so. `times`: default always. */
  link(host: string, link: Link, times: number = Number.POSITIVE_INFINITY): this {
    return this.#script(this.#links, host, link, times)
  }

  /**
   * The host answers so to this SMTP command, without hearing of it: `faults.reply('mx.b.test', 'RCPT', '451 4.2.0 Later', 2)`. `CONNECT` is the
   * greeting, `.` the end of a message; a 421 also closes, `reset` breaks the connection instead.
   */
  reply(host: string, verb: string, reply: string, times: number = Number.POSITIVE_INFINITY): this {
    const value = reply === 'reset' ? { reply: '', reset: true } : { reply }
    return this.#script(this.#replies, `${host} ${verb.toUpperCase()}`, value, times)
  }

  /** Look-ups of this name fail so. */
  dns(name: string, failure: DnsFailure, times: number = Number.POSITIVE_INFINITY): this {
    return this.#script(this.#dns, name, failure, times)
  }

  /** The store fails so for messages to this address. */
  store(address: string, fault: StoreFault, times: number = Number.POSITIVE_INFINITY): this {
    return this.#script(this.#stores, address, fault, times)
  }

  /** Handlers of the mailboxes fail so, by their name: `faults.handler('messageMeta', 'hangs', 1)`. */
  handler(name: string, fault: StoreFault, times: number = Number.POSITIVE_INFINITY): this {
    return this.#script(this.#handlers, name, fault, times)
  }

  /** STARTTLS is hidden from the clients of this host, as some boxes between networks do. */
  stripStartTls(host: string, times: number = Number.POSITIVE_INFINITY): this {
    return this.link(host, STRIPPING, times)
  }

  /** From now on everything goes well. */
  clear(): this {
    this.rates = NO_FAULTS
    for (const scripts of [this.#links, this.#replies, this.#dns, this.#stores, this.#handlers])
      scripts.clear()
    return this
  }

  /** By the names under which a host is known. */
  linkFor(names: readonly string[]): Link {
    const scripted = next(this.#links, names)
    if (scripted !== null) return scripted
    const { rates } = this
    const by = (rate: number): boolean => happens(this.#random, rate)
    if (by(rates.connect)) return oneOf(this.#random, ['refused', 'refused', 'unreachable'] as const)
    return {
      latencyMs: this.rates === NO_FAULTS ? 0 : whole(this.#random, 3) * whole(this.#random, 200),
      ...(by(rates.cut) && { cut: this.#cut(), window: oneOf(this.#random, [1, 100, 4096, 65_536]) }),
      ...(by(rates.slow) && { cut: 50 + whole(this.#random, 500), paceMs: 1 + whole(this.#random, 2000) }),
      ...(by(rates.reset) && { resetAfter: this.#somewhere() }),
      ...(by(rates.stall) && { stallAfter: this.#somewhere() }),
      ...(by(rates.strip) && STRIPPING),
      ...(by(rates.tls) && (by(0.5) ? { handshakeFails: true } : { trusted: false })),
    }
  }

  dnsFor(name: string): DnsFailure | null {
    const scripted = next(this.#dns, [name.toLowerCase()])
    if (scripted !== null) return scripted
    return happens(this.#random, this.rates.dns)
      ? oneOf(this.#random, ['servfail', 'timeout', 'servfail', 'nxdomain', 'nodata'] as const)
      : null
  }

  replyFor(names: readonly string[], verb: string): FaultyReply | null {
    const fault = this.#replyFor(names, verb)
    if (fault) this.tally.count(`${fault.reset ? 'reset' : `${fault.reply[0]}yz`} at ${verb}`)
    return fault
  }

  #replyFor(names: readonly string[], verb: string): FaultyReply | null {
    const scripted = next(
      this.#replies,
      names.map(name => `${name} ${verb}`),
    )
    if (scripted) return scripted
    // what is said after the message has been taken changes nothing any more
    if (verb === 'QUIT' || !happens(this.#random, this.rates.reply)) return null
    const lot = fraction(this.#random)
    if (lot < 0.15) return { reply: '', reset: true }
    return { reply: oneOf(this.#random, lot < 0.7 ? TEMPORARY : PERMANENT) }
  }

  /** The end of a message: the reply that refuses it. */
  refusalFor(names: readonly string[]): string | null {
    const refusal = this.#refusalFor(names)
    if (refusal !== null) this.tally.count(`${refusal[0]}yz at the end of a message`)
    return refusal
  }

  #refusalFor(names: readonly string[]): string | null {
    const scripted = next(
      this.#replies,
      names.map(name => `${name} .`),
    )
    if (scripted) return scripted.reply
    if (!happens(this.#random, this.rates.refuse)) return null
    return oneOf(this.#random, happens(this.#random, 0.7) ? TEMPORARY.slice(1) : PERMANENT.slice(0, 2))
  }

  storeFor(address: string): StoreFault | null {
    const fault = next(this.#stores, [address.toLowerCase()]) ?? this.#storeFault(this.rates.store)
    if (fault !== null) this.tally.count(`the store ${STORE_FAULTS[fault]}`)
    return fault
  }

  /** By the name of a handler of the mailbox. */
  handlerFor(name: string): StoreFault | null {
    const fault = next(this.#handlers, [name.toLowerCase()]) ?? this.#storeFault(this.rates.mailbox)
    if (fault !== null) this.tally.count(`a handler ${STORE_FAULTS[fault]}`)
    return fault
  }

  #storeFault(rate: number): StoreFault | null {
    if (!happens(this.#random, rate)) return null
    return oneOf(this.#random, ['throws', 'hangs', 'twice'] as const)
  }

  #script<T>(scripts: Map<string, Script<T>[]>, key: string, value: T, times: number): this {
    const [place = '', ...rest] = key.split(' ')
    const name = [place.toLowerCase(), ...rest].join(' ')
    const list = scripts.get(name) ?? []
    list.push({ value, left: times })
    scripts.set(name, list)
    return this
  }

  #cut(): number | ((bytes: Uint8Array) => readonly Uint8Array[]) {
    if (happens(this.#random, 0.3)) return 1
    return bytes => {
      const at = whole(this.#random, bytes.length + 1)
      return [bytes.subarray(0, at), bytes.subarray(at)].filter(piece => piece.length > 0)
    }
  }

  #somewhere(): { readonly toServer?: number; readonly toClient?: number } {
    // the first octets more often than the last
    const at = Math.floor(OCTETS * fraction(this.#random) ** 2)
    return happens(this.#random, 0.5) ? { toServer: at } : { toClient: at }
  }
}

/** Takes one from the script that is due; one that is used up makes room for the next. */
function next<T>(scripts: Map<string, Script<T>[]>, keys: readonly string[]): T | null {
  for (const key of keys) {
    const script = scripts.get(key)?.find(({ left }) => left > 0)
    if (!script) continue
    script.left--
    return script.value
  }
  return null
}

const WORD = Buffer.from('STARTTLS')
const STRIPPING: LinkOptions = {
  rewrite: {
    toClient(bytes) {
      const at = Buffer.from(bytes).indexOf(WORD)
      if (at < 0) return bytes
      const changed = Uint8Array.from(bytes)
      changed.fill(0x58, at, at + WORD.length)
      return changed
    },
  },
}
