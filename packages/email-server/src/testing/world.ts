// A world in one process: hosts with addresses, a network between them, DNS zones and one clock that stands still until
// the test moves it. Each host has a `Runtime`; a seed makes every run the same.
import { concat } from '../base/bytes.ts'
import { MailError } from '../base/errors.ts'
import type {
  Connection,
  ConnectOptions,
  DnsAnswer,
  DnsFailure,
  DnsRecordType,
  FetchAnswer,
  FetchOptions,
  Listener,
  ListenOptions,
  Runtime,
  SpoolFile,
  Timer,
} from '../base/runtime.ts'
import { TlsOverConnection, type TlsWorld } from '../node/index.ts'
import { Agenda } from './agenda.ts'
import { seededBytes } from './seeded.ts'
import { Tally } from './tally.ts'
import { type Address, type LinkOptions, type WireWatch, wire } from './wire.ts'
import { Zones } from './zones.ts'

export interface VirtualWorldOptions {
  /** Time at the start, ms since the epoch. Default 2026-01-01T00:00:00Z. */
  readonly now?: number
  /** What randomness begins with. Default 1. */
  readonly seed?: number
  /** DNS zones in the format of `Zones`. */
  readonly zones?: string
  /** How a connection behaves, by its ends; called once for each. Default: ideal. */
  readonly link?: (ends: {
    readonly from: string
    readonly to: string
    readonly port: number
  }) => LinkOptions | 'refused' | 'unreachable'
  /** How long a look-up that times out takes, ms. Default 5,000. */
  readonly dnsTimeoutMs?: number
  /** How a look-up fails, whatever the zones say; null: it does not. Called once for each. */
  readonly dnsFault?: (name: string, type: DnsRecordType) => DnsFailure | null
  /**
   * `made up`: both ends are told that there was a handshake; nothing is encrypted, and `trusted` and `certificate` of the link say how it
   * went. `real`: TLS of node:tls, certificates judged by the clock of this world. Default `made up`.
   */
  readonly tls?: 'made up' | 'real'
  /** Real TLS: certificates of the authorities that everybody trusts who names none, PEM. Default: none. */
  readonly roots?: readonly string[]
  /** Looks at, or meddles with, what one end of a connection sees, inside of TLS: gives the connection that takes its place. */
  readonly tap?: (connection: Connection, end: TappedEnd) => Connection
  /** Where faults of the network are counted as they come to pass. Default: a tally of its own. */
  readonly tally?: Tally
}

/** One end of a new connection. */
export interface TappedEnd {
  readonly side: 'client' | 'server'
  /** The port of the server. */
  readonly port: number
  /** Counts connections, from 1. */
  readonly connection: number
}

/** What a world holds at this moment; all of it is 0 when everybody has gone home. */
export interface WorldHoldings {
  /** Timers that hosts have set and that have neither fired nor been called off. */
  readonly timers: number
  /** Ends of connections that are not closed. */
  readonly connectionEnds: number
  readonly listeners: number
  /** Temporary files that were not thrown away. */
  readonly spools: number
}

/** 2026-01-01T00:00:00Z */
const NEW_YEAR = 1_767_225_600_000
const CONNECT_TIMEOUT_MS = 60_000
const FIRST_FREE_PORT = 49_152
const LAST_PORT = 65_535
/** node:tls hands data from one object to the next in up to so many turns. */
const TLS_TURNS = 8

/** Answers a GET for this path; a MailError is how it fails, null: it never answers. */
export type HttpsHandler = (path: string) => FetchAnswer | MailError | null

interface Bound {
  readonly accept: (connection: Connection) => void
}

export class VirtualWorld {
  readonly zones: Zones = new Zones()
  /** What was given to `Runtime.warn`, in order. */
  readonly warnings: { readonly message: string; readonly error: unknown }[] = []
  /** What has gone wrong in the network, as it was asked to. */
  readonly tally: Tally
  readonly #options: VirtualWorldOptions
  readonly #agenda: Agenda
  readonly #random: (length: number) => Uint8Array
  /** `address port` → who listens; the address is `*` for all of one host. */
  readonly #listeners = new Map<string, Bound>()
  readonly #runtimes = new Map<string, Runtime>()
  readonly #https = new Map<string, HttpsHandler>()
  #hasHttps = false
  #nextPort = FIRST_FREE_PORT
  #timers = 0
  #connectionEnds = 0
  #connections = 0
  #spools = 0
  #mostUnread = 0
  readonly #watch: WireWatch = {
    closed: () => {
      this.#connectionEnds--
    },
    unread: bytes => {
      this.#mostUnread = Math.max(this.#mostUnread, bytes)
    },
    happened: what => this.tally.count(what),
  }
  readonly #tlsWorld: TlsWorld

  constructor(options: VirtualWorldOptions = {}) {
    this.#options = options
    this.tally = options.tally ?? new Tally()
    this.#agenda = new Agenda(options.now ?? NEW_YEAR)
    this.#random = seededBytes(options.seed ?? 1)
    if (options.zones) this.zones.add(options.zones)
    this.#tlsWorld = {
      now: () => this.#agenda.now,
      roots: options.roots ?? [],
      touch: () => this.#agenda.touch(),
    }
    // node:tls does its work between the turns that can be seen
    if (options.tls === 'real') this.#agenda.bePatient(TLS_TURNS)
  }

  get now(): number {
    return this.#agenda.now
  }

  /** When the next thing is due, ms since the epoch; null: nothing is. */
  get next(): number | null {
    return this.#agenda.next
  }

  get holdings(): WorldHoldings {
    return {
      timers: this.#timers,
      connectionEnds: this.#connectionEnds,
      listeners: this.#listeners.size,
      spools: this.#spools,
    }
  }

  /** The most bytes that ever lay between the two ends of a connection, in one direction. */
  get mostUnread(): number {
    return this.#mostUnread
  }

  /** Random bytes out of the world's seed. */
  random(length: number): Uint8Array {
    return this.#random(length)
  }

  /** Sets all clocks, forward or back; timers keep the time that is left to them, as those of real machines do. */
  jumpClock(ms: number): void {
    this.tally.count(ms < 0 ? 'clock set back' : 'clock set forward')
    this.#agenda.jump(ms)
  }

  /** The Runtime of the host with this address (IPv4 or IPv6 in text); the same one each time. */
  host(address: string = '192.0.2.1'): Runtime {
    const known = this.#runtimes.get(address)
    if (known) return known
    const runtime: Runtime = {
      now: () => this.#agenda.now,
      setTimer: (delayMs, fire) => this.#setTimer(delayMs, fire),
      random: this.#random,
      resolve: (name, type) => this.#resolve(name, type),
      listen: (options, accept) => this.#listen(address, options, accept),
      connect: options => this.#connect(address, options),
      openSpool: () => Promise.resolve(this.#openSpool()),
      checkTls: () => {},
      warn: (message, error) => this.warnings.push({ message, error }),
    }
    // there is no HTTPS in a world without a web server
    Object.defineProperty(runtime, 'fetch', {
      get: () => (this.#hasHttps ? (options: FetchOptions) => this.#fetch(options) : undefined),
      enumerable: true,
    })
    this.#runtimes.set(address, runtime)
    return runtime
  }

  /** Puts a web server at this name, with a certificate that everybody trusts; null takes it away. The name needs no address. */
  serveHttps(name: string, handler: HttpsHandler | null): void {
    this.#hasHttps = true
    if (handler) this.#https.set(name, handler)
    else this.#https.delete(name)
  }

  /** Lets everything happen that needs no time to pass. */
  settle(): Promise<void> {
    return this.#agenda.settle()
  }

  /** Lets `ms` pass: timers fire at their own times, in order. */
  advance(ms: number): Promise<void> {
    return this.#agenda.advance(ms)
  }

  /**
   * Waits for a promise, moving the clock from one due time to the next whenever nothing else happens. Rejects when
   * nothing is due and the promise is still pending, or when more than `atMostMs` (default a year) would have to pass.
   */
  async run<T>(promise: Promise<T>, atMostMs: number = 366 * 86_400_000): Promise<T> {
    const until = this.now + atMostMs
    let done = false
    const mark = (): void => {
      done = true
    }
    promise.then(mark, mark)
    await this.settle()
    while (!done) {
      const next = this.#agenda.next
      if (next === null) throw new Error('the promise is still pending and nothing is due')
      if (next > until) throw new Error(`the promise is still pending after ${atMostMs} ms`)
      await this.advance(next - this.now)
    }
    return promise
  }

  #setTimer(delayMs: number, fire: () => void): Timer {
    this.#timers++
    let live = true
    const done = (): void => {
      if (live) this.#timers--
      live = false
    }
    const timer = this.#agenda.schedule(delayMs, () => {
      done()
      fire()
    })
    return {
      cancel: () => {
        done()
        timer.cancel()
      },
    }
  }

  #openSpool(): SpoolFile {
    this.#spools++
    const spool = memorySpool()
    let open = true
    return {
      ...spool,
      discard: () => {
        if (open) this.#spools--
        open = false
        spool.discard()
      },
    }
  }

  #freePort(): number {
    const port = this.#nextPort
    this.#nextPort = port === LAST_PORT ? FIRST_FREE_PORT : port + 1
    return port
  }

  /** What a host gets in its hands for its end of a wire. */
  #end(plain: Connection, end: TappedEnd): Connection {
    const made = this.#options.tls === 'real' ? new TlsOverConnection(plain, this.#tlsWorld) : plain
    return this.#options.tap?.(made, end) ?? made
  }

  #resolve(name: string, type: DnsRecordType): Promise<DnsAnswer> {
    const failure = this.#options.dnsFault?.(name, type) ?? null
    if (failure) this.tally.count(`DNS ${failure}`)
    const answer: DnsAnswer = failure ? { ok: false, failure } : this.zones.answer(name, type)
    const late = !answer.ok && answer.failure === 'timeout'
    return new Promise(resolve =>
      this.#agenda.schedule(late ? (this.#options.dnsTimeoutMs ?? 5000) : 0, () => resolve(answer)),
    )
  }

  async #listen(
    own: string,
    options: ListenOptions,
    accept: (connection: Connection) => void,
  ): Promise<Listener> {
    const address = options.host === undefined || options.host === 'localhost' ? own : options.host
    const port = options.port === 0 ? this.#freePort() : options.port
    const key = `${address} ${port}`
    if (this.#listeners.has(key)) throw new MailError('ECONNECTION', `port ${port} is in use`)
    this.#listeners.set(key, { accept })
    return {
      address,
      port,
      close: async () => {
        this.#listeners.delete(key)
      },
    }
  }

  async #connect(own: string, options: ConnectOptions): Promise<Connection> {
    const { host, port } = options
    const from: Address = { address: own, port: this.#freePort() }
    const address =
      isLoopback(host) && !this.#listeners.has(`${host} ${port}`) ? own : await this.#addressOf(host)
    const link = this.#options.link?.({ from: own, to: address, port }) ?? {}
    if (link === 'unreachable' || link === 'refused') this.tally.count(link)
    if (link === 'unreachable') {
      await this.#sleep(options.timeoutMs ?? CONNECT_TIMEOUT_MS)
      throw new MailError('ETIMEDOUT', `no connection to ${host}:${port} in time`)
    }
    const latencyMs = link === 'refused' ? 0 : (link.latencyMs ?? 0)
    await this.#sleep(latencyMs)
    const bound = this.#listeners.get(`${address} ${port}`)
    if (link === 'refused' || !bound)
      throw new MailError('ECONNECTION', `${host}:${port} refuses connections`)
    const ends = wire(this.#agenda, from, { address, port }, link, this.#watch)
    this.#connectionEnds += 2
    const connection = ++this.#connections
    const server = this.#end(ends.server, { side: 'server', port, connection })
    const client = this.#end(ends.client, { side: 'client', port, connection })
    this.#agenda.schedule(0, () => bound.accept(server))
    await this.#sleep(latencyMs)
    return client
  }

  async #addressOf(host: string): Promise<string> {
    if (/^[0-9.]+$/.test(host) || host.includes(':')) return host
    for (const type of ['A', 'AAAA'] as const) {
      const answer = await this.#resolve(host, type)
      if (answer.ok) return answer.records[0]!.value
    }
    throw new MailError('ECONNECTION', `${host} has no address`)
  }

  async #fetch({ url, timeoutMs, maxBytes }: FetchOptions): Promise<FetchAnswer> {
    const { protocol, hostname, pathname } = new URL(url)
    await this.#sleep(0)
    const answer = protocol === 'https:' ? this.#https.get(hostname)?.(pathname) : undefined
    if (answer === undefined) throw new MailError('ECONNECTION', `nobody answers for ${url}`)
    if (answer === null) {
      await this.#sleep(timeoutMs)
      throw new MailError('ETIMEDOUT', `no answer from ${url} within ${timeoutMs} ms`)
    }
    if (answer instanceof MailError) throw answer
    if (answer.body.length > maxBytes) throw new MailError('ELIMIT', 'the answer is too long')
    return answer
  }

  #sleep(ms: number): Promise<void> {
    return new Promise(resolve => this.#agenda.schedule(ms, resolve))
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

function memorySpool(): SpoolFile {
  let chunks: Uint8Array[] = []
  return {
    append: async chunk => {
      chunks.push(Uint8Array.from(chunk))
    },
    readAll: () => concat(chunks.length > 0 ? chunks : [new Uint8Array(0)]),
    async *stream() {
      yield* chunks
    },
    discard: () => {
      chunks = []
    },
  }
}
