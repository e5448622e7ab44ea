// The server's way out: what `server.send`, `mail.deliver` and `server.sendDsn` use, with the keys of the server's domains, its queue, its
// reports, and the shortest way to its own mailboxes.
import { describe, optionError, usageError } from '../base/errors.ts'
import type { Limits } from '../base/limits.ts'
import type { Runtime, TlsOptions } from '../base/runtime.ts'
import type { SendResult } from '../base/send-result.ts'
import { wellKnownService } from '../client/index.ts'
import {
  checkAddress,
  type DeliveryQueue,
  DeliverySender,
  type Destination,
  type DkimCallback,
  MemoryQueue,
  type Outgoing,
  type OutgoingOptions,
  type PoolOptions,
  type RelayOptions,
  type RetryOptions,
  readOutgoing,
  relayKey,
  reportEvents,
  resolveDkim,
  resolveRelay,
  resolveRetry,
  SendPool,
  type SigningLookup,
  type StsPolicyStore,
  type TlsOutcome,
} from '../delivery/index.ts'
import type { Resolver } from '../dns/index.ts'
import { type DomainMaterial, signingKeys } from '../domain/index.ts'
import { composeDsn, type DsnOptions, parseReport, TlsReportCollector } from '../dsn/index.ts'
import type { ComposedMessage } from '../mime/index.ts'
import type { DeliverOptions, IncomingMail } from '../smtp/index.ts'
import type { SigningKey } from '../trust/index.ts'
import { flag, known } from './option-values.ts'

/** `createServer({ delivery })`: how mail leaves, beside `relay`, `pool` and `dkimCallback`. */
export interface DeliveryOptions {
  /** Where messages wait for another attempt. Default: in memory, where they do not outlive the process. */
  readonly queue?: DeliveryQueue
  readonly retry?: RetryOptions
  /** Servers for single domains, by their names: a relay instead of what the DNS says. */
  readonly transports?: { readonly [domain: string]: RelayOptions | string }
  /** Mail for the server's own domains goes to its own inbound listener, whatever the DNS says. Default true. */
  readonly localDomains?: boolean
  /** Send reports (DSNs) about what could not be delivered. Default true. */
  readonly reports?: boolean
  /** A message that may have arrived already (the connection was lost before the server said so): give it back, or send it again? Default `bounce`. */
  readonly whenAmbiguous?: 'bounce' | 'retry'
  /** How long `mail.deliver` waits for the first attempt before it says `pending`, ms. Default 60,000. */
  readonly answerWithin?: number
  readonly mtaSts?: boolean | StsPolicyStore
  readonly dane?: boolean
  readonly requireTLS?: boolean
  readonly ignoreTLS?: boolean
  readonly privateHosts?: boolean
  readonly localAddress?: string
  readonly ownAddresses?: readonly string[]
  readonly tls?: TlsOptions
  readonly connectTimeout?: number
  readonly port?: number
  /** Hears every line but passwords, tokens and messages. */
  readonly onLine?: (host: string, from: 'client' | 'server', line: string) => void
}

export interface OutboundOptions {
  readonly relay: RelayOptions | string | null
  readonly pool: PoolOptions
  readonly dkimCallback: DkimCallback | null
  readonly delivery: DeliveryOptions
}

export interface OutboundWorld {
  readonly hostname: string
  readonly runtime: Runtime
  readonly resolver: Resolver
  readonly limits: Limits
  /** Is it one of ours (A-labels)? */
  readonly isLocal: (domain: string) => boolean
  /** Where our inbound listener is; null: there is none. */
  readonly inbound: () => { readonly host: string; readonly port: number } | null
}

const NAMES: { readonly [K in keyof DeliveryOptions]-?: true } = {
  queue: true,
  retry: true,
  transports: true,
  localDomains: true,
  reports: true,
  whenAmbiguous: true,
  answerWithin: true,
  mtaSts: true,
  dane: true,
  requireTLS: true,
  ignoreTLS: true,
  privateHosts: true,
  localAddress: true,
  ownAddresses: true,
  tls: true,
  connectTimeout: true,
  port: true,
  onLine: true,
}
const ANSWER_WITHIN_MS = 60_000
/** A report that is longer is not looked into, octets. */
const REPORT_LIMIT = 1024 * 1024

export class Outbound {
  readonly sender: DeliverySender
  readonly queue: DeliveryQueue
  /** Sessions by domain and day, for the reports of RFC 8460. */
  readonly tlsReports: TlsReportCollector = new TlsReportCollector()
  readonly #world: OutboundWorld
  readonly #answerWithinMs: number
  readonly #keys = new Map<string, readonly SigningKey[]>()

  /** Throws ECONFIG that names the option. */
  constructor(options: OutboundOptions, world: OutboundWorld) {
    this.#world = world
    const { runtime, resolver, limits, hostname } = world
    const delivery = known<DeliveryOptions>('delivery', options.delivery, NAMES)
    const { queue, retry, transports, localDomains, reports, whenAmbiguous, answerWithin, ...way } = delivery
    this.#answerWithinMs = answerWithin ?? ANSWER_WITHIN_MS
    if (!(Number.isFinite(this.#answerWithinMs) && this.#answerWithinMs > 0))
      throw optionError('delivery.answerWithin', 'a number of milliseconds above 0', answerWithin)
    if (whenAmbiguous !== undefined && whenAmbiguous !== 'bounce' && whenAmbiguous !== 'retry')
      throw optionError('delivery.whenAmbiguous', "'bounce' or 'retry'", whenAmbiguous)
    const pool = new SendPool({
      ...options.pool,
      ...way,
      runtime,
      resolver,
      limits,
      // a name without a dot is nobody's name in the DNS: then our address says who we are
      ...(hostname.includes('.') && { hostname, ownNames: [hostname] }),
      onTls: outcome => this.#countTls(outcome),
    })
    const relay = options.relay ? relayTo(options.relay, 'relay') : null
    const own = flag('delivery.localDomains', localDomains ?? true)
    const others = new Map(
      Object.entries(transports ?? {}).map(([domain, way]) => [
        checkAddress('delivery.transports', `postmaster@${domain}`).domain,
        relayTo(way, `delivery.transports[${JSON.stringify(domain)}]`),
      ]),
    )
    this.queue = queue ?? new MemoryQueue()
    this.sender = new DeliverySender({
      runtime,
      courier: pool.courier,
      destination: domain =>
        others.get(domain) ?? (own ? this.#ownWay(domain) : null) ?? relay ?? { kind: 'domain', domain },
      queue: this.queue,
      retry: resolveRetry(retry, 'delivery.retry'),
      signing: this.#signing(options.dkimCallback),
      reports: flag('delivery.reports', reports ?? true) ? { reportingMta: hostname } : null,
      whenAmbiguous: whenAmbiguous ?? 'bounce',
      inMemory: limits.messageInMemory,
      mostBytes: limits.messageSize,
    })
  }

  /** Throws ECONFIG that names what is wrong with a key. */
  addDomain(domain: string, material: DomainMaterial): void {
    const keys = signingKeys(material)
    if (keys.length > 0) this.#keys.set(domain, keys)
    else this.#keys.delete(domain)
  }

  removeDomain(domain: string): void {
    this.#keys.delete(domain)
  }

  send(options: OutgoingOptions): Promise<SendResult> {
    return this.sender.send(readOutgoing(options, this.#world.runtime, null))
  }

  /** A message that a client has handed in, as it is, with what the client asked for. Rejects with EUSAGE when an option is wrong. */
  async deliver(mail: IncomingMail, options: DeliverOptions): Promise<SendResult> {
    checkDeliver(mail, options)
    const { from, params } = mail
    const { to, id, answerWithin } = options
    const recipients = to ? mail.recipients.filter(({ address }) => to.includes(address)) : mail.recipients
    const { ret, envid, requiretls } = params
    const domain = from === '' ? this.#world.hostname : checkAddress('from', from).domain
    const outgoing: Outgoing = {
      id: id ?? hex(this.#world.runtime.random(16)),
      isKeyed: false,
      messageId: mail.messageId ?? null,
      envelope: {
        from,
        ...(ret && { ret }),
        ...(envid && { envid }),
        ...(requiretls && { requireTls: true }),
      },
      recipients: recipients.map(recipient => ({
        address: recipient.address,
        ...(recipient.params.notify && { notify: recipient.params.notify }),
        ...(recipient.params.orcpt && { orcpt: recipient.params.orcpt }),
      })),
      source: () => mail.stream(),
      signing: null,
      complete: domain.startsWith('[') ? this.#world.hostname : domain,
      signal: undefined,
      destination: null,
      answerWithinMs: answerWithin ?? this.#answerWithinMs,
    }
    return this.sender.send(outgoing)
  }

  buildDsn(options: Omit<DsnOptions, 'reportingMta'> & { readonly reportingMta?: string }): ComposedMessage {
    return composeDsn({ reportingMta: this.#world.hostname, ...options }, this.#world.runtime)
  }

  /** Sends a report with the null sender; nobody is told what becomes of it (RFC 5321 §6.1). */
  sendDsn(
    options: Omit<DsnOptions, 'reportingMta'> & { readonly reportingMta?: string },
  ): Promise<SendResult> {
    const report = this.buildDsn(options)
    return this.sender.send({
      id: hex(this.#world.runtime.random(16)),
      isKeyed: false,
      messageId: report.messageId,
      envelope: { from: '' },
      recipients: report.envelope.to.map(address => ({ address, notify: ['NEVER'] })),
      source: () => report.bytesSync(),
      signing: null,
      complete: null,
      signal: undefined,
      destination: null,
      answerWithinMs: this.#answerWithinMs,
    })
  }

  /** A message has come in: reports about our own messages become events on them. */
  look(mail: IncomingMail): void {
    if (mail.from !== '' || mail.size > REPORT_LIMIT) return
    try {
      const report = parseReport(mail.rawBytes)
      if (report?.kind === 'dsn') this.sender.told(reportEvents(report))
    } catch (error) {
      this.sender.failed('reading a report', error)
    }
  }

  /** The keys of the author's domain, or of the nearest domain above it; then whoever the callback knows. */
  #signing(callback: DkimCallback | null): SigningLookup {
    const ask = callback ? resolveDkim(callback, 'dkimCallback') : null
    return async domain => {
      for (let name = domain.toLowerCase(); name.includes('.'); name = name.slice(name.indexOf('.') + 1)) {
        const keys = this.#keys.get(name)
        if (keys) return { keys }
      }
      return ask ? ask(domain) : null
    }
  }

  #ownWay(domain: string): Destination | null {
    const inbound = this.#world.isLocal(domain) ? this.#world.inbound() : null
    if (!inbound) return null
    const relay = {
      ...inbound,
      secure: false,
      demand: 'none' as const,
      tls: {},
      credentials: null,
      allowInsecureAuth: false,
      lmtp: false,
      isOwn: true,
    }
    return { kind: 'relay', relay, key: relayKey(relay, null) }
  }

  #countTls(outcome: TlsOutcome): void {
    const { domain, policyType, policy, mxHosts, failure, host, hostAddress, ownAddress } = outcome
    this.tlsReports.add(
      this.#world.runtime.now(),
      { type: policyType, domain, policy, mxHosts },
      failure
        ? {
            resultType: failure.type,
            receivingMxHostname: host ?? undefined,
            receivingIp: hostAddress ?? undefined,
            sendingMtaIp: ownAddress ?? undefined,
            failureReasonCode: failure.reason,
          }
        : undefined,
    )
  }
}

function checkDeliver({ to: all }: IncomingMail, { to, id, answerWithin }: DeliverOptions): void {
  const unknown = to?.find(address => !all.includes(address))
  if (unknown !== undefined) throw usageError(`deliver: ${describe(unknown)} is no recipient of the message`)
  if (id !== undefined && (typeof id !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(id))) {
    throw usageError('deliver: id must be 1 to 200 characters of ASCII, without spaces')
  }
  if (answerWithin !== undefined && !(Number.isFinite(answerWithin) && answerWithin >= 0)) {
    throw usageError('deliver: answerWithin must be a number of milliseconds, 0 or more')
  }
}

function relayTo(options: RelayOptions | string, path: string): Destination {
  const relay = resolveRelay(options, wellKnownService, path)
  return { kind: 'relay', relay, key: relayKey(relay, typeof options === 'string' ? null : options.auth) }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
