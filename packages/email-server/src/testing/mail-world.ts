// A whole world of mail in one process: domains with their servers, DNS records, certificates and mailboxes, a network that can fail, and a clock
// that stands still until the test moves it. All of it out of one seed.
import { MailError, usageError } from '../base/errors.ts'
import type { Connection, Runtime } from '../base/runtime.ts'
import type { SendResult } from '../base/send-result.ts'
import type { OutgoingOptions, QueueEntry } from '../delivery/index.ts'
import { buildDomainMailMaterial } from '../domain/index.ts'
import { createServer, type Server, type ServerOptions } from '../server/index.ts'
import { Authority, type CertificateOptions, ed25519Key, type MadeCertificate } from './authority.ts'
import { Dialogue } from './dialogue.ts'
import { type Duration, milliseconds } from './duration.ts'
import { Faults } from './faults.ts'
import { type Inbox, nothingCame, type WaitFor } from './inbox.ts'
import { Ledger, type LedgerTotals } from './ledger.ts'
import { MailHost } from './mail-host.ts'
import type { MemoryMailbox } from './memory-mailbox.ts'
import { withReplyFaults } from './reply-faults.ts'
import { seededBytes } from './seeded.ts'
import { tapConnection } from './tap.ts'
import { Recorder } from './trace.ts'
import { WatchedQueue } from './watched-queue.ts'
import { type TappedEnd, VirtualWorld } from './world.ts'

export interface MailWorldOptions {
  /** All randomness begins with it. Default 1. */
  readonly seed?: number
  /** Each gets a server of ours. */
  readonly domains?: readonly (string | WorldDomain)[]
  /** DNS records beyond those of the domains, in the format of `Zones`. */
  readonly zones?: string
  /** Time at the start, ms since the epoch. Default 2026-01-01T00:00:00Z. */
  readonly now?: number
  /** `real`: TLS of node:tls, with certificates that this world's own authority has signed; `made up`: nothing is encrypted, and faster. Default `real`. */
  readonly tls?: 'real' | 'made up'
  /** Record every session. Default false. */
  readonly trace?: boolean
}

export interface WorldDomain {
  readonly name: string
  /** What createServer gets besides. */
  readonly server?: Partial<ServerOptions>
  /** Who may log in, by address, with which password. Default: everybody, with any password. */
  readonly users?: Readonly<Record<string, string>>
  /** Publish SPF, DKIM and DMARC records, and sign what leaves. Default true. */
  readonly authenticated?: boolean
  /** DNSSEC vouches for its records. Default false. */
  readonly dnssec?: boolean
}

/** How a certificate is made bad. */
export type BadCertificate = 'expired' | 'not yet valid' | 'wrong name' | 'self-signed'

interface Site {
  readonly name: string
  readonly address: string
  readonly server: Server
  readonly queue: WatchedQueue
  readonly host: MailHost
}

const DAY = 86_400_000
const SELECTOR = 'world'
/** Where clients are that belong to no domain. */
const ELSEWHERE = '203.0.113.1'
const PORTS: NonNullable<ServerOptions['ports']> = {
  ...{ inbound: 25, submission: 587, secure: 465, imap: 143, imaps: 993, pop3: 110, pop3s: 995 },
}
/** How long `waitFor` lets the clock run when it is not told. */
const WITHIN: Duration = '1h'
/** More than that between the ends of one connection is memory without a bound, octets. */
const MOST_UNREAD = 8 * 1024 * 1024

export class MailWorld {
  readonly seed: number
  /** What goes wrong. */
  readonly faults: Faults
  /** The network, the DNS and the clock underneath. */
  readonly net: VirtualWorld
  /** Signs certificates; everybody in this world trusts it who names no other. */
  readonly authority: Authority
  /** What was recorded, with `trace`. */
  readonly recorder: Recorder
  /** What the servers' `error` events have told, in order. */
  readonly errors: MailError[] = []
  readonly #sites = new Map<string, Site>()
  readonly #ledger = new Ledger()
  readonly #random: (length: number) => Uint8Array
  readonly #pending = new Map<Promise<unknown>, string>()
  readonly #isReal: boolean
  #closed = false

  /** Use `createMailWorld`. */
  constructor(options: MailWorldOptions) {
    const { seed = 1, zones, now, tls = 'real', trace = false } = options
    this.seed = seed
    this.#isReal = tls === 'real'
    this.#random = seededBytes(seed * 2 + 1)
    this.faults = new Faults(seededBytes(seed * 2 + 1_000_003))
    this.recorder = new Recorder(() => this.now)
    const start = now ?? Date.UTC(2026, 0, 1)
    this.authority = new Authority(this.#random, start)
    this.net = new VirtualWorld({
      seed,
      tls,
      now: start,
      tally: this.faults.tally,
      roots: [this.authority.cert],
      ...(zones !== undefined && { zones }),
      link: ({ to }) => this.faults.linkFor(this.#namesOf(to)),
      dnsFault: name => this.faults.dnsFor(name),
      tap: (connection, end) => this.#tap(connection, end, trace),
    })
  }

  /** ms since the epoch. */
  get now(): number {
    return this.net.now
  }

  get domains(): readonly string[] {
    return [...this.#sites.keys()]
  }

  /** Puts another domain with its server into the world. */
  async addDomain(domain: string | WorldDomain): Promise<Server> {
    const options: WorldDomain = typeof domain === 'string' ? { name: domain } : domain
    const { name, users, authenticated = true, dnssec = false } = options
    if (this.#sites.has(name)) throw usageError(`there is a domain ${name} already`)
    const n = this.#sites.size + 1
    if (n > 250) throw usageError('a world has room for 250 domains')
    const address = `192.0.2.${n}`
    const queue = new WatchedQueue(options.server?.delivery?.queue)
    const runtime = this.net.host(address)
    const server = createServer({
      hostname: `mx.${name}`,
      ports: PORTS,
      runtime,
      tlsOptions: this.#certificate(namesOfDomain(name)),
      ...options.server,
      delivery: { ...options.server?.delivery, queue },
    })
    this.net.zones.add(`
      ${name}       MX 10 mx.${name}
      mx.${name}    A  ${address}
      mail.${name}  A  ${address}
      ${address}    PTR mx.${name}
      ${dnssec ? `${name} SECURE` : ''}`)
    if (authenticated) this.#authenticate(server, name)
    else server.addDomain(name)
    const host = this.#makeHost(name, users)
    host.serve(server)
    this.#keepBooks(server)
    this.#sites.set(name, { name, address, server, queue, host })
    await this.run(server.listen())
    return server
  }

  /** The server of a domain. */
  server(domain: string): Server {
    return this.#site(domain).server
  }

  /** What arrives for an address of one of the domains. */
  inbox(address: string): Inbox {
    return this.#site(domainOf(address)).host.inbox(address)
  }

  /** The same as IMAP and POP3 show it. */
  mailbox(address: string): MemoryMailbox {
    return this.#site(domainOf(address)).host.mailbox(address)
  }

  /** What waits for another attempt at the server of a domain. */
  queue(domain: string): readonly QueueEntry[] {
    return this.#site(domain).queue.entries
  }

  /** The Runtime of a host: that of a domain's server, or of an address. Default: of a client somewhere. */
  runtime(host: string = ELSEWHERE): Runtime {
    return this.net.host(this.#sites.get(host)?.address ?? host)
  }

  /** Sends a message from the server of its sender's domain, as `server.send`; the clock runs until the first attempt is over. */
  send(options: OutgoingOptions): Promise<SendResult> {
    return this.run(this.hand(options))
  }

  /** The same, but the clock stays where it is: the promise settles when it is moved. */
  hand(options: OutgoingOptions): Promise<SendResult> {
    const sender = String(options.envelope?.from ?? senderOf(options))
    const { server } = this.#site(domainOf(sender))
    const messageId = options.messageId ?? `<${hex(this.#random(8))}@${domainOf(sender)}>`
    const sent = server.send({ ...options, messageId })
    sent.then(
      ({ envelope }) => this.#ledger.handedIn(messageId, envelope.to, true),
      (error: MailError) => {
        const to = (error.rejected ?? [error]).flatMap(each => each.recipient ?? [])
        this.#ledger.handedIn(messageId, to, false)
      },
    )
    return this.track(`send ${messageId}`, sent)
  }

  /** A connection to a host (by name or address), to talk over by hand. */
  async connect(host: string, port: number, options: { readonly from?: string } = {}): Promise<Dialogue> {
    return new Dialogue(this.net, await this.run(this.runtime(options.from).connect({ host, port })))
  }

  /** Lets time pass: `'5d'`, `'90s'`, or ms. Everything happens at its own time. */
  advance(time: Duration): Promise<void> {
    return this.net.advance(milliseconds(time))
  }

  /** Lets everything happen that needs no time. */
  settle(): Promise<void> {
    return this.net.settle()
  }

  /** Waits for a promise; the clock runs from one due time to the next meanwhile. Rejects when nothing is due and it is still pending. */
  async run<T>(promise: Promise<T>): Promise<T> {
    try {
      return await this.net.run(promise)
    } catch (error) {
      if (error instanceof Error && !(error instanceof MailError)) error.message += ` (seed ${this.seed})`
      throw error
    }
  }

  /** Watches a promise that must have settled when the world closes. */
  track<T>(name: string, promise: Promise<T>): Promise<T> {
    this.#pending.set(promise, name)
    const done = (): void => {
      this.#pending.delete(promise)
    }
    promise.then(done, done)
    return promise
  }

  /** Tells the books what a client heard that has handed in a message by itself. */
  submitted(messageId: string, heard: 'yes' | 'no' | 'nothing'): void {
    this.#ledger.submitted(messageId, heard)
  }

  /** Gives a domain's server a bad certificate; null: a good one again. Handshakes from now on. */
  certify(domain: string, bad: BadCertificate | null): void {
    const { server, name } = this.#site(domain)
    const names = bad === 'wrong name' ? ['somebody.else.test'] : namesOfDomain(name)
    server.setTlsOptions(
      this.#certificate(names, {
        ...(bad === 'expired' && { validFrom: this.now - 90 * DAY, validTo: this.now - DAY }),
        ...(bad === 'not yet valid' && { validFrom: this.now + DAY }),
        ...(bad === 'self-signed' && { selfSigned: true }),
      }),
    )
  }

  /** Sets all clocks, forward or back: `jumpClock(-3_600_000)`. */
  jumpClock(ms: number): void {
    this.net.jumpClock(ms)
  }

  /** How many messages came to which end, recipient by recipient. */
  get totals(): LedgerTotals {
    return this.#ledger.totals
  }

  /** What does not balance at this moment: messages lost, doubled or delivered after a refusal. Empty when all is well. */
  imbalances(): string[] {
    return this.#ledger.imbalances([...this.#sites.values()].flatMap(({ queue }) => queue.entries))
  }

  /**
   * Closes all servers, and looks whether anything is wrong or left: messages that do not balance, promises that are pending, timers, connections,
   * listeners, temporary files. Throws an error that names all of it, and the seed.
   */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.run(Promise.all([...this.#sites.values()].map(({ server }) => server.close())))
    await this.settle()
    const wrong = [...this.imbalances(), ...this.#leftovers()]
    if (wrong.length > 0) throw new WorldError(this.seed, wrong)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #certificate(names: readonly string[], options?: CertificateOptions): MadeCertificate {
    // where TLS is made up nobody reads them, and making them takes a while
    return this.#isReal ? this.authority.issue(names, options) : { cert: 'made up', key: 'made up' }
  }

  #leftovers(): string[] {
    const found = [...this.#pending.values()].map(name => `still pending: ${name}`)
    for (const [what, count] of Object.entries(this.net.holdings))
      if (count !== 0) found.push(`${count} ${what} left`)
    if (this.net.mostUnread > MOST_UNREAD)
      found.push(`${this.net.mostUnread} octets lay unread in one connection`)
    return found
  }

  #site(domain: string): Site {
    const site = this.#sites.get(domain.toLowerCase())
    if (!site)
      throw usageError(`the world has no domain ${domain}; it has ${this.domains.join(', ') || 'none'}`)
    return site
  }

  /** Signs what leaves, and publishes what others need to check it. */
  #authenticate(server: Server, name: string): void {
    const key = ed25519Key(this.#random)
    const privateKey = key.export({ type: 'pkcs8', format: 'pem' }) as string
    const material = buildDomainMailMaterial(
      name,
      {
        dkim: { algo: 'ed25519-sha256', selector: SELECTOR, privateKey },
        policy: { spfTxt: 'v=spf1 mx -all', dmarcTxt: 'v=DMARC1; p=reject' },
      },
      this.net.host(ELSEWHERE),
    )
    server.addDomain(material)
    for (const { type, name: owner, value } of material.requiredDNS) {
      if (type === 'TXT') this.net.zones.add(`${owner} TXT ${value}`)
    }
  }

  #makeHost(domain: string, users: WorldDomain['users']): MailHost {
    const names = [`mx.${domain}`, domain]
    const wait: WaitFor = (find, { inbox, what, within }) =>
      this.#waitFor(find, inbox, what, within ?? WITHIN)
    return new MailHost({
      now: () => this.now,
      wait,
      mayLogIn: (username, password) =>
        users === undefined || (Object.hasOwn(users, username) && users[username] === password),
      refuse: () => this.faults.refusalFor(names),
      storeFault: address => this.faults.storeFor(address),
      handlerFault: name => this.faults.handlerFor(name),
      stored: message => this.#ledger.stored(message.messageId ?? null, message.envelope.to),
      submitted: (mail, result) => {
        const messageId = mail.messageId ?? null
        this.#ledger.handedIn(messageId, mail.to, result !== null)
        if (result && messageId !== null) this.#ledger.accepted(messageId)
      },
      relays: true,
      takesEverything: false,
    })
  }

  #keepBooks(server: Server): void {
    server.on('error', error => void this.errors.push(error))
    server.on('sent', event => this.#ledger.ended('sent', event, event.recipient))
    server.on('bounce', event => this.#ledger.ended('bounced', event, event.recipient))
    server.on('ambiguous', event => this.#ledger.ended('ambiguous', event, event.recipient))
    server.on('retry', event => {
      if (event.error.ambiguous) this.#ledger.repeated(event, event.recipient)
    })
  }

  async #waitFor<T>(find: () => T | undefined, inbox: Inbox, what: string, within: Duration): Promise<T> {
    const until = this.now + milliseconds(within)
    await this.settle()
    for (let found = find(); ; found = find()) {
      if (found !== undefined) return found
      const { next } = this.net
      if (next === null || next > until) {
        const time = next === null ? 'and nothing more will happen' : `within ${within}`
        throw nothingCame(inbox, what, `${time} (seed ${this.seed})`)
      }
      await this.net.advance(next - this.now)
    }
  }

  /** The names of the host with this address: of its domain, too. */
  #namesOf(address: string): readonly string[] {
    for (const site of this.#sites.values()) {
      if (site.address === address) return [address, `mx.${site.name}`, `mail.${site.name}`, site.name]
    }
    return [address]
  }

  /** Where certificates are read, whoever reads them says how it went. */
  #countHandshakes(connection: Connection): Connection {
    const { tally } = this.faults
    return tapConnection(connection, {
      secured: ({ authorizationError }) => {
        if (authorizationError) tally.count(`unverified: ${authorizationError}`)
      },
      closed: error => {
        if (error instanceof MailError && error.code === 'ETLS') tally.count('handshake given up')
      },
    })
  }

  #tap(connection: Connection, end: TappedEnd, trace: boolean): Connection {
    if (end.side === 'client') return this.#isReal ? this.#countHandshakes(connection) : connection
    const traced = trace ? this.recorder.record(connection, { connection: end.connection }) : connection
    if (end.port !== PORTS.inbound && end.port !== PORTS.submission) return traced
    const names = this.#namesOf(connection.localAddress)
    return withReplyFaults(traced, verb => this.faults.replyFor(names, verb))
  }
}

/** What a world has to complain of. */
export class WorldError extends Error {
  override readonly name = 'WorldError'
  readonly seed: number
  readonly wrong: readonly string[]

  constructor(seed: number, wrong: readonly string[]) {
    super(`seed ${seed}:\n  ${wrong.join('\n  ')}`)
    this.seed = seed
    this.wrong = wrong
  }
}

/**
 * A world of mail:
 *
 *     await using world = await createMailWorld({ domains: ['a.test', 'b.test'] })
 *     await world.send({ from: 'alice@a.test', to: 'bob@b.test', subject: 'Confirm your address', text: '…' })
 *     const mail = await world.inbox('bob@b.test').waitFor({ subject: /confirm/i })
 */
export async function createMailWorld(options: MailWorldOptions = {}): Promise<MailWorld> {
  // the room of the checks is loaded in real time, for which the virtual clock would not wait
  await import('../trust/index.ts')
  const world = new MailWorld(options)
  for (const domain of options.domains ?? []) await world.addDomain(domain)
  return world
}

function namesOfDomain(name: string): string[] {
  return [`mx.${name}`, `mail.${name}`, name]
}

function domainOf(address: string): string {
  return address
    .slice(address.lastIndexOf('@') + 1)
    .replace(/>.*$/, '')
    .toLowerCase()
}

function senderOf({ from }: OutgoingOptions): unknown {
  const first = Array.isArray(from) ? from[0] : from
  return typeof first === 'object' && first !== null ? (first as { address?: string }).address : first
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
