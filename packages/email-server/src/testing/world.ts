// A world in one process: hosts with addresses, a network between them, DNS zones and one clock that stands still until
// the test moves it. Each host has a `Runtime`; a seed makes every run the same.
import { concat } from '../base/bytes.ts'
import { MailError } from '../base/errors.ts'
import type {
  Connection,
  ConnectOptions,
  DnsAnswer,
  DnsRecordType,
  FetchAnswer,
  FetchOptions,
  Listener,
  ListenOptions,
  Runtime,
  SpoolFile,
} from '../base/runtime.ts'
import { Agenda } from './agenda.ts'
import { seededBytes } from './seeded.ts'
import { type Address, type LinkOptions, wire } from './wire.ts'
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
}

/** 2026-01-01T00:00:00Z */
const NEW_YEAR = 1_767_225_600_000
const CONNECT_TIMEOUT_MS = 60_000
const FIRST_FREE_PORT = 49_152

/** Answers a GET for this path; a MailError is how it fails, null: it never answers. */
export type HttpsHandler = (path: string) => FetchAnswer | MailError | null

interface Bound {
  readonly accept: (connection: Connection) => void
}

export class VirtualWorld {
  readonly zones: Zones = new Zones()
  /** What was given to `Runtime.warn`, in order. */
  readonly warnings: { readonly message: string; readonly error: unknown }[] = []
  readonly #options: VirtualWorldOptions
  readonly #agenda: Agenda
  readonly #random: (length: number) => Uint8Array
  /** `address port` → who listens; the address is `*` for all of one host. */
  readonly #listeners = new Map<string, Bound>()
  readonly #runtimes = new Map<string, Runtime>()
  readonly #https = new Map<string, HttpsHandler>()
  #hasHttps = false
  #nextPort = FIRST_FREE_PORT

  constructor(options: VirtualWorldOptions = {}) {
    this.#options = options
    this.#agenda = new Agenda(options.now ?? NEW_YEAR)
    this.#random = seededBytes(options.seed ?? 1)
    if (options.zones) this.zones.add(options.zones)
  }

  get now(): number {
    return this.#agenda.now
  }

  /** The Runtime of the host with this address (IPv4 or IPv6 in text); the same one each time. */
  host(address: string = '192.0.2.1'): Runtime {
    const known = this.#runtimes.get(address)
    if (known) return known
    const runtime: Runtime = {
      now: () => this.#agenda.now,
      setTimer: (delayMs, fire) => this.#agenda.schedule(delayMs, fire),
      random: this.#random,
      resolve: (name, type) => this.#resolve(name, type),
      listen: (options, accept) => this.#listen(address, options, accept),
      connect: options => this.#connect(address, options),
      openSpool: () => Promise.resolve(memorySpool()),
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

  #resolve(name: string, type: DnsRecordType): Promise<DnsAnswer> {
    const answer = this.zones.answer(name, type)
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
    const port = options.port === 0 ? this.#nextPort++ : options.port
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
    const from: Address = { address: own, port: this.#nextPort++ }
    const address =
      isLoopback(host) && !this.#listeners.has(`${host} ${port}`) ? own : await this.#addressOf(host)
    const link = this.#options.link?.({ from: own, to: address, port }) ?? {}
    if (link === 'unreachable') {
      await this.#sleep(options.timeoutMs ?? CONNECT_TIMEOUT_MS)
      throw new MailError('ETIMEDOUT', `no connection to ${host}:${port} in time`)
    }
    const latencyMs = link === 'refused' ? 0 : (link.latencyMs ?? 0)
    await this.#sleep(latencyMs)
    const bound = this.#listeners.get(`${address} ${port}`)
    if (link === 'refused' || !bound)
      throw new MailError('ECONNECTION', `${host}:${port} refuses connections`)
    const ends = wire(this.#agenda, from, { address, port }, link)
    this.#agenda.schedule(0, () => bound.accept(ends.server))
    await this.#sleep(latencyMs)
    return ends.client
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
