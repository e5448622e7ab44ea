// The sender: takes messages, makes the first attempt at once, and has its queue do the rest.
import { Emitter } from '../base/emitter.ts'
import { MailError } from '../base/errors.ts'
import type { SendResult } from '../base/send-result.ts'
import { Cancel } from './cancel.ts'
import type { Courier, EnvelopeRecipient } from './courier.ts'
import { groupRecipients } from './envelope.ts'
import type { DeliveryEvents, ReportEvent } from './events.ts'
import { LazyMessage } from './message.ts'
import { aborted } from './open.ts'
import { failureKind } from './outcome.ts'
import type { ClaimedEntry } from './queue.ts'
import { QueueRunner } from './queue-runner.ts'
import { makeResult, totalFailure } from './result.ts'
import { factsOf, type Outgoing, prepare, type Round, type SenderConfig, shipRound } from './round.ts'

/** Keys that are remembered. */
const KEYS_KEPT = 10_000

type BadRecipients = readonly { readonly address: string; readonly error: MailError }[]

export class DeliverySender extends Emitter<DeliveryEvents> {
  readonly #config: SenderConfig
  readonly #runner: QueueRunner | null
  readonly #rounds = new Set<Round>()
  /** By id: what was sent, or is being sent, under a key. */
  readonly #keyed = new Map<string, Promise<SendResult>>()
  #sending = 0
  #closed = false
  #onIdle: (() => void)[] = []

  constructor(config: SenderConfig) {
    super()
    this.#config = config
    this.#runner =
      config.queue &&
      new QueueRunner(config, config.queue, {
        emit: (name, ...args) => this.emit(name, ...args),
        fail: (what, error) => this.#fail(what, error),
        rounds: this.#rounds,
        onIdle: () => this.#settleIdle(),
      })
  }

  /** Looks into the queue for what an earlier process has left. */
  start(): void {
    this.#runner?.start()
  }

  get courier(): Courier {
    return this.#config.courier
  }

  /**
   * Rejects when nobody has got the message and nobody will: with the error of one recipient, `rejected` has all. What has an id by the
   * caller's wish (`isKeyed`) is sent once.
   */
  send(outgoing: Outgoing): Promise<SendResult> {
    if (!outgoing.isKeyed) return this.#send(outgoing)
    const known = this.#keyed.get(outgoing.id)
    if (known) return known.then(result => ({ ...result, duplicate: true }))
    const sent = this.#send(outgoing)
    this.#keyed.set(outgoing.id, sent)
    for (const oldest of this.#keyed.keys()) {
      if (this.#keyed.size <= KEYS_KEPT) break
      this.#keyed.delete(oldest)
    }
    // what failed may be tried again
    sent.catch(() => this.#keyed.delete(outgoing.id))
    return sent
  }

  async #send(outgoing: Outgoing): Promise<SendResult> {
    if (this.#closed) throw new MailError('ECONNECTION', 'the sender is closed', { permanent: false })
    if (outgoing.signal?.aborted) throw aborted(outgoing.signal)
    const { good: recipients, bad } = groupRecipients(outgoing.recipients)
    if (recipients.length === 0) {
      throw bad[0]?.error ?? new MailError('EENVELOPE', 'the message has no recipient', { permanent: true })
    }
    this.#sending++
    try {
      const result = this.#runner
        ? await this.#sendQueued(this.#runner, outgoing, recipients, bad)
        : await this.#sendOnce(outgoing, recipients, bad)
      const failure = totalFailure(result)
      if (failure) throw failure
      return result
    } finally {
      this.#sending--
      this.#settleIdle()
    }
  }

  /**
   * Takes no more messages, and lets attempts finish that are under way; what waits in the queue stays there. What still runs after
   * `timeoutMs` is cut: it counts as not delivered, or ambiguous.
   */
  async stop(timeoutMs: number = 30_000): Promise<void> {
    this.#closed = true
    this.#runner?.stop()
    if (this.#isIdle()) return
    const idle = new Promise<void>(resolve => this.#onIdle.push(resolve))
    const timer = this.#config.runtime.setTimer(timeoutMs, () => {
      for (const round of this.#rounds) round.cancel.abort(new Error('the sender is closing'))
    })
    await idle
    timer.cancel()
  }

  /** Stops, and closes the connections. */
  close(timeoutMs?: number): Promise<void> {
    this.#config.courier.close()
    return this.stop(timeoutMs)
  }

  /** Tells the events of a report that came in. */
  told(events: readonly ReportEvent[]): void {
    for (const event of events) this.emit('report', event)
  }

  /** Tells of a failure that no caller can be told. */
  failed(what: string, error: unknown): void {
    this.#fail(what, error)
  }

  protected override onListenerError(error: unknown, name: keyof DeliveryEvents): void {
    if (name === 'error') this.#config.runtime.warn("a listener of 'error' failed", error)
    else this.#fail(`a listener of '${name}' failed`, error)
  }

  async #sendOnce(
    outgoing: Outgoing,
    recipients: readonly EnvelopeRecipient[],
    bad: BadRecipients,
  ): Promise<SendResult> {
    const { source, signing, complete } = outgoing
    const message = new LazyMessage(() => prepare(this.#config, source(), signing, complete))
    const entry = this.#entryOf(outgoing, recipients, outgoing.messageId)
    const cancel = new Cancel(outgoing.signal)
    const round: Round = { entry, message, outgoing, domains: [], cancel, isLate: false }
    try {
      await shipRound(this.#config, (name, ...args) => this.emit(name, ...args), this.#rounds, round, null)
      this.#tellFailures(round)
      const facts = { ...(await this.#messageFacts(round)), bad, domains: round.domains, queued: false }
      const envelope = { from: outgoing.envelope.from, to: recipients.map(({ address }) => address) }
      return makeResult({ ...facts, id: outgoing.id, envelope })
    } finally {
      cancel.release()
      message.discard()
    }
  }

  async #sendQueued(
    runner: QueueRunner,
    outgoing: Outgoing,
    recipients: readonly EnvelopeRecipient[],
    bad: BadRecipients,
  ): Promise<SendResult> {
    const stored = await prepare(this.#config, outgoing.source(), async () => null, outgoing.complete)
    let round: Round | null
    try {
      const entry = this.#entryOf(outgoing, recipients, stored.messageId)
      round = await runner.take(entry, stored, outgoing)
    } finally {
      stored.discard()
    }
    const to = recipients.map(({ address }) => address)
    const { id, envelope } = outgoing
    const { messageId, size: messageSize } = stored
    const domains = round?.domains ?? []
    const result = makeResult({
      id,
      messageId,
      envelope: { from: envelope.from, to },
      bad,
      domains,
      messageSize,
      queued: true,
    })
    const known = new Set(domains.flatMap(({ outcomes }) => outcomes.map(({ address }) => address)))
    const pending = [...result.pending, ...to.filter(address => !known.has(address))]
    return { ...result, pending, queued: pending.length > 0, duplicate: round === null }
  }

  #entryOf(
    outgoing: Outgoing,
    recipients: readonly EnvelopeRecipient[],
    messageId: string | null,
  ): ClaimedEntry {
    const { id, envelope } = outgoing
    const now = this.#config.runtime.now()
    return {
      id,
      messageId,
      envelope,
      recipients,
      since: now,
      attempts: 0,
      nextAttempt: now,
      warned: false,
      lease: '',
    }
  }

  /** Without a queue nothing is tried again; who may try again is told by the result. */
  #tellFailures({ entry, domains }: Round): void {
    for (const { domain, outcomes } of domains) {
      for (const outcome of outcomes) {
        if (outcome.ok) continue
        const kind = failureKind(outcome.error)
        if (kind === 'retry') continue
        const facts = { ...factsOf(entry, domain), recipient: outcome.address, error: outcome.error }
        this.emit(kind === 'bounce' ? 'bounce' : 'ambiguous', facts)
      }
    }
  }

  async #messageFacts(round: Round): Promise<{ messageSize: number | null; messageId: string | null }> {
    const wasRead = round.domains.some(({ outcomes }) => outcomes.some(({ ok }) => ok))
    if (!wasRead) return { messageSize: null, messageId: round.entry.messageId }
    const { size, messageId } = await round.message.get()
    return { messageSize: size, messageId: messageId ?? round.entry.messageId }
  }

  #isIdle(): boolean {
    return this.#sending === 0 && (this.#runner?.active ?? 0) === 0
  }

  #settleIdle(): void {
    if (!this.#isIdle()) return
    for (const settle of this.#onIdle.splice(0)) settle()
  }

  #fail(what: string, error: unknown): void {
    const failure = error instanceof MailError ? error : new MailError('EHANDLER', what, { cause: error })
    if (!this.emit('error', failure)) this.#config.runtime.warn(what, error)
  }
}
