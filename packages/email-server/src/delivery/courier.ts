// One message to one destination: a connection out of the pool, as many transactions as it has recipients for, the next host when one fails.
// RFC 5321 §4.5.3.1.8, §4.5.3.1.10 (recipients), §5.1 (hosts in turn); RFC 9422 (what the server says of its limits).

import { MailError } from '../base/errors.ts'
import type { Runtime } from '../base/runtime.ts'
import type { Notify, SmtpClientSession, SmtpSendParams, SmtpSendResult } from '../smtp/index.ts'
import { Cancel } from './cancel.ts'
import type { Hosts, ReadyHost, Relay, Wanted } from './hosts.ts'
import type { LazyMessage } from './message.ts'
import { aborted } from './open.ts'
import { failureKind } from './outcome.ts'
import { ConnectionPool, type PoolConnection, type PoolJob, type PoolPlan } from './pool.ts'
import { gradeFits, type TlsNeed } from './tls-choice.ts'

export interface EnvelopeRecipient {
  readonly address: string
  /** RFC 3461 §4.1; absent: failures, and delays where we like. */
  readonly notify?: readonly Notify[]
  /** RFC 3461 §4.2, decoded: `rfc822;bob@example.org`. */
  readonly orcpt?: string
}

export interface DeliveryEnvelope {
  /** '' is the null sender. */
  readonly from: string
  readonly ret?: 'FULL' | 'HDRS'
  readonly envid?: string
  /** RFC 8689. */
  readonly requireTls?: boolean
}

/** Where a message goes: the hosts of a domain, or one relay. */
export type Destination =
  | { readonly kind: 'domain'; readonly domain: string }
  | { readonly kind: 'relay'; readonly relay: Relay; readonly key: string }

/** What became of one recipient at one attempt. */
export type RecipientOutcome =
  | {
      readonly address: string
      readonly ok: true
      readonly host: string
      readonly response: string
      /** The server takes over the duty to report (RFC 3461 §5.2.2). */
      readonly reports: boolean
      /** LMTP: it lies in the mailbox. */
      readonly isFinal: boolean
    }
  | { readonly address: string; readonly ok: false; readonly host: string | null; readonly error: MailError }

export interface Shipment {
  /** Read when a connection is there, not before. */
  readonly message: LazyMessage
  readonly envelope: DeliveryEnvelope
  readonly recipients: readonly EnvelopeRecipient[]
  readonly cancel: Cancel
  /** A transaction begins. */
  readonly onSending?: ((host: string, recipients: readonly string[]) => void) | undefined
}

/** RFC 5321 §4.5.3.1.8: servers take 100 at least. */
const RECIPIENTS_AT_ONCE = 100
/** Hosts to which one message is offered at one attempt, after connections that failed in the middle. */
const HOSTS_AT_ONCE = 3

class PooledHost implements PoolConnection {
  readonly ready: ReadyHost

  constructor(ready: ReadyHost) {
    this.ready = ready
  }

  get usable(): boolean {
    const { session } = this.ready
    return session.state !== 'closed' && session.transactionsLeft !== 0
  }

  close(): void {
    void this.ready.session.quit()
  }

  onGone(listener: () => void): void {
    this.ready.session.on('close', listener)
  }
}

export class Courier {
  readonly #hosts: Hosts
  readonly #pool: ConnectionPool<PooledHost>

  constructor(hosts: Hosts, pool: PoolPlan, runtime: Pick<Runtime, 'now' | 'setTimer'>) {
    this.#hosts = hosts
    this.#pool = new ConnectionPool(pool, runtime)
  }

  get stats(): ConnectionPool<PooledHost>['stats'] {
    return this.#pool.stats
  }

  /** Idle connections are closed, others when their work is done. */
  close(): void {
    this.#pool.close()
  }

  /** One attempt; never rejects. One outcome for each recipient, in their order. */
  async ship(destination: Destination, shipment: Shipment): Promise<readonly RecipientOutcome[]> {
    const isOwn = destination.kind === 'relay' && destination.relay.isOwn === true
    const trip = new Trip(shipment, isOwn)
    while (trip.left.length > 0 && trip.hosts < HOSTS_AT_ONCE) {
      await this.#offer(destination, trip)
    }
    return trip.outcomes()
  }

  /** Connects, and goes through greeting, TLS and login. Rejects with why that is not possible. */
  async verify(destination: Destination): Promise<void> {
    const ready = await this.#open(destination, {
      need: () => Promise.resolve('default'),
      excluded: new Set(),
      cancel: new Cancel(),
    })
    await ready.session.quit()
  }

  #open(destination: Destination, wanted: Wanted): Promise<ReadyHost> {
    return destination.kind === 'domain'
      ? this.#hosts.openDomain(destination.domain, wanted)
      : this.#hosts.openRelay(destination.relay, wanted)
  }

  /** By one connection, as far as it goes. */
  #offer(destination: Destination, trip: Trip): Promise<void> {
    const { cancel } = trip.shipment
    const key = destination.kind === 'domain' ? destination.domain : destination.key
    return new Promise(resolve => {
      const abort = (): void => {
        if (!this.#pool.withdraw(key, job)) return
        trip.failAll(aborted(cancel.signal), null)
        resolve()
      }
      let waits = false
      let hasBegun = false
      const begun = (): void => {
        hasBegun = true
        if (waits) cancel.signal.removeEventListener('abort', abort)
      }
      const job: PoolJob<PooledHost> = {
        fits: ({ ready }) => gradeFits(ready.grade, trip.need) && !trip.excluded.has(ready.host),
        resting: () => this.#hosts.restingFor(destination),
        open: async () => {
          begun()
          const { excluded } = trip
          return new PooledHost(await this.#open(destination, { need: () => trip.read(), excluded, cancel }))
        },
        run: async ({ ready }, reused) => {
          begun()
          await trip.sendBy(ready, reused, destination.kind === 'domain')
          resolve()
        },
        fail: error => {
          begun()
          trip.failAll(trip.lastError ?? error, trip.lastHost)
          resolve()
        },
      }
      if (cancel.aborted) {
        trip.failAll(aborted(cancel.signal), null)
        resolve()
        return
      }
      this.#pool.submit(key, destination.kind, job)
      if (hasBegun) return
      waits = true
      cancel.signal.addEventListener('abort', abort, { once: true })
    })
  }
}

/** What of a message is still to be delivered while it goes from host to host. */
class Trip {
  readonly shipment: Shipment
  /** What it asks for; `TLS-Required: No` is known when the message has been read. */
  need: TlsNeed
  readonly excluded = new Set<string>()
  left: readonly EnvelopeRecipient[]
  /** Hosts that had their turn. */
  hosts = 0
  lastError: MailError | null = null
  lastHost: string | null = null
  readonly #done = new Map<EnvelopeRecipient, RecipientOutcome>()

  constructor(shipment: Shipment, isOwn: boolean) {
    this.shipment = shipment
    this.left = shipment.recipients
    const { envelope } = shipment
    // a report goes its way even where nobody promises REQUIRETLS (RFC 8689 §5)
    this.need = envelope.requireTls && envelope.from !== '' && !isOwn ? 'required' : 'default'
  }

  /** A TLS-Required field counts where REQUIRETLS is not asked for (RFC 8689 §4.1). */
  async read(): Promise<TlsNeed> {
    const message = await this.shipment.message.get()
    if (message.tlsOptional && !this.shipment.envelope.requireTls) this.need = 'optional'
    return this.need
  }

  outcomes(): readonly RecipientOutcome[] {
    return this.shipment.recipients.map(recipient => this.#done.get(recipient)!)
  }

  failAll(error: MailError, host: string | null): void {
    for (const recipient of this.left)
      this.#settle(recipient, { address: recipient.address, ok: false, host, error })
    this.left = []
  }

  /** Rejects never; afterwards `left` has those who are to be offered to the next host. */
  async sendBy(ready: ReadyHost, reused: boolean, hasOthers: boolean): Promise<void> {
    const { session, host } = ready
    while (this.left.length > 0) {
      const batch = this.left.slice(
        0,
        Math.min(session.maxRecipients ?? RECIPIENTS_AT_ONCE, RECIPIENTS_AT_ONCE),
      )
      this.shipment.onSending?.(
        host,
        batch.map(({ address }) => address),
      )
      try {
        const result = await this.#transact(session, batch)
        this.#take(ready, batch, result)
      } catch (error) {
        const failure = toMailError(error)
        if (isLost(failure) && reused) {
          // the server had closed a connection that had waited too long: that is nobody's failure
          return
        }
        this.hosts++
        if (this.#mayTryNext(failure) && hasOthers && this.hosts < HOSTS_AT_ONCE) {
          this.excluded.add(host)
          this.lastError = failure
          this.lastHost = host
          return
        }
        this.#refuse(batch, failure, host)
        if (session.state === 'closed') return this.failAll(failure, host)
      }
    }
  }

  async #transact(session: SmtpClientSession, batch: readonly EnvelopeRecipient[]): Promise<SmtpSendResult> {
    const { envelope, cancel } = this.shipment
    const message = await this.shipment.message.get()
    const { extensions } = session
    const sendable = await message.sendable(extensions.has('8BITMIME'))
    const params: SmtpSendParams = {
      size: sendable.size,
      body: sendable.body,
      ...(message.utf8Header && { smtputf8: true }),
      ...(envelope.ret && { ret: envelope.ret }),
      ...(envelope.envid && { envid: envelope.envid }),
      ...(envelope.requireTls &&
        (this.need === 'required' || extensions.has('REQUIRETLS')) &&
        session.tls && {
          requiretls: true,
        }),
    }
    return session.send({
      from: envelope.from,
      to: batch,
      params,
      content: sendable.content,
      signal: cancel.signal,
    })
  }

  #take(
    { session, host, lmtp }: ReadyHost,
    batch: readonly EnvelopeRecipient[],
    result: SmtpSendResult,
  ): void {
    const accepted = new Map(result.accepted.map(taken => [taken.address, taken]))
    const rejected = new Map(result.rejected.map(refused => [refused.address, refused.error]))
    const again: EnvelopeRecipient[] = []
    for (const recipient of batch) {
      const { address } = recipient
      const error = rejected.get(address)
      if (!error) {
        const response = lmtp ? (accepted.get(address)?.response ?? '') : result.response
        const reports = session.extensions.has('DSN')
        this.#settle(recipient, { address, ok: true, host, response, reports, isFinal: lmtp })
      } else if (isTooMany(error) && accepted.size > 0) again.push(recipient)
      else this.#settle(recipient, { address, ok: false, host, error })
    }
    this.left = [...again, ...this.left.slice(batch.length)]
  }

  /** The whole transaction failed. */
  #refuse(batch: readonly EnvelopeRecipient[], error: MailError, host: string): void {
    const each = new Map(error.rejected?.map(own => [own.recipient, own]))
    for (const recipient of batch) {
      const own = each.get(recipient.address) ?? error
      this.#settle(recipient, { address: recipient.address, ok: false, host, error: own })
    }
    this.left = this.left.slice(batch.length)
  }

  #settle(recipient: EnvelopeRecipient, outcome: RecipientOutcome): void {
    this.#done.set(recipient, outcome)
  }

  /** Could another host do what this one has not done? Not when it was about the recipients, and not when it may have done it. */
  #mayTryNext(error: MailError): boolean {
    if (failureKind(error) !== 'retry' || error.code === 'EABORT') return false
    return error.command !== 'RCPT TO' && error.rejected === undefined
  }
}

/** RFC 5321 §4.5.3.1.10: 452 for too many recipients; the others go in the next transaction. */
function isTooMany(error: MailError): boolean {
  return (
    error.command === 'RCPT TO' &&
    error.permanent === false &&
    (error.enhancedCode === '4.5.3' || error.responseCode === 452)
  )
}

function isLost(error: MailError): boolean {
  return (error.code === 'ECONNECTION' || error.code === 'ESOCKET') && !error.ambiguous
}

function toMailError(error: unknown): MailError {
  if (error instanceof MailError) return error
  return new MailError('ECONNECTION', 'sending failed', { permanent: false, cause: error })
}
