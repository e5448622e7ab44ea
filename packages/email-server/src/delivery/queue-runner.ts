// What becomes of the messages of a queue: each attempt written down before it is forgotten, the sender told, the next attempt made when it is
// due. RFC 5321 §4.5.4.1, §6.1 (a message that was accepted is delivered or given back); RFC 3461 §5.2.
import type { MailError } from '../base/errors.ts'
import type { Timer } from '../base/runtime.ts'
import { Cancel } from './cancel.ts'
import type { EnvelopeRecipient, RecipientOutcome } from './courier.ts'
import { temporary } from './failure.ts'
import { LazyMessage, type OutgoingMessage } from './message.ts'
import { failureKind } from './outcome.ts'
import type { ClaimedEntry, DeliveryQueue, QueueChange, QueueEntry } from './queue.ts'
import { makeReport, successAction, type Told } from './reports.ts'
import {
  type Emit,
  factsOf,
  type Outgoing,
  prepare,
  type Round,
  type SenderConfig,
  shipRound,
} from './round.ts'
import { isLate, nextAttempt } from './schedule.ts'

/** A claim lasts so long, and is renewed while the attempt goes on, ms. */
const LEASE_MS = 10 * 60_000
/** Messages out of the queue that are worked on at a time. */
const ACTIVE_AT_ONCE = 1000
const CLAIM_AT_ONCE = 100
/** Waits never get longer than this without looking again, ms. */
const LONGEST_SLEEP_MS = 60 * 60_000

export class QueueRunner {
  readonly #config: SenderConfig
  readonly #queue: DeliveryQueue
  readonly #emit: Emit
  readonly #fail: (what: string, error: unknown) => void
  readonly #rounds: Set<Round>
  readonly #onIdle: () => void
  /** By id: what is being worked on here, and the lease that proves it. */
  readonly #leases = new Map<string, string>()
  #active = 0
  /** The last look into the queue found no room for what may be due. */
  #isFull = false
  #timer: Timer | null = null
  #timerAt = Number.POSITIVE_INFINITY
  #stopped = false

  constructor(
    config: SenderConfig,
    queue: DeliveryQueue,
    owner: {
      readonly emit: Emit
      readonly fail: (what: string, error: unknown) => void
      readonly rounds: Set<Round>
      readonly onIdle: () => void
    },
  ) {
    this.#config = config
    this.#queue = queue
    this.#emit = owner.emit
    this.#fail = owner.fail
    this.#rounds = owner.rounds
    this.#onIdle = owner.onIdle
  }

  /** Messages that are worked on for nobody who waits. */
  get active(): number {
    return this.#active
  }

  /** Looks into the queue for what an earlier process has left. */
  start(): void {
    this.#armAt(this.#config.runtime.now())
  }

  /** Begins nothing more. */
  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
    this.#timer = null
  }

  /** Puts a message in and makes the first attempt; null: it is there already. Resolves when the attempt is over, or the caller's time;
   * with none (0 ms) as soon as it is safe. */
  async take(entry: QueueEntry, stored: OutgoingMessage, outgoing: Outgoing): Promise<Round | null> {
    const { runtime } = this.#config
    const claimed = await this.#queue.add(entry, stored.original(), runtime.now() + LEASE_MS)
    if (!claimed) return null
    const round = this.#round(claimed, outgoing)
    if (outgoing.answerWithinMs === 0) {
      round.isLate = true
      this.#workApart(round)
      return { ...round, domains: [] }
    }
    const done = this.#work(round)
    await (outgoing.answerWithinMs === null ? done : this.#atMost(done, round, outgoing.answerWithinMs))
    return round
  }

  #round(entry: ClaimedEntry, outgoing: Outgoing | null): Round {
    const signing = outgoing?.signing ?? null
    const message = new LazyMessage(async () =>
      prepare(this.#config, await this.#queue.content(entry.id), signing, null),
    )
    return { entry, message, outgoing, domains: [], cancel: new Cancel(), isLate: false }
  }

  /** One attempt for an entry of the queue, and all that follows from it. Never rejects. */
  async #work(round: Round): Promise<void> {
    const { runtime } = this.#config
    const queue = this.#queue
    const { entry, message } = round
    this.#leases.set(entry.id, entry.lease)
    let renewal: Timer | null = null
    const renew = (): void => {
      renewal = runtime.setTimer(LEASE_MS / 2, () => {
        const lease = this.#leases.get(entry.id)!
        queue.renew(entry.id, lease, runtime.now() + LEASE_MS).then(
          kept =>
            kept || this.#leases.get(entry.id) !== lease
              ? renew()
              : round.cancel.abort(new Error('another process has the message')),
          error => {
            this.#fail('the queue failed', error)
            renew()
          },
        )
      })
    }
    renew()
    try {
      let left = entry.recipients
      let writing: Promise<unknown> = Promise.resolve()
      await shipRound(this.#config, this.#emit, this.#rounds, round, outcomes => {
        // those who have it are never asked again, whatever happens next
        const done = new Set(outcomes.filter(({ ok }) => ok).map(({ address }) => address))
        if (done.size === 0 || done.size === left.length) return Promise.resolve()
        left = left.filter(({ address }) => !done.has(address))
        const change = { ...entry, recipients: left }
        writing = writing.then(() => this.#update(entry.id, changeOf(change), false))
        return writing.then(() => {})
      })
      await this.#conclude(round)
    } catch (error) {
      // the lease ends, and somebody tries again
      this.#fail('the queue failed', error)
      this.#armAt(runtime.now() + LEASE_MS)
    } finally {
      ;(renewal as Timer | null)?.cancel()
      this.#leases.delete(entry.id)
      message.discard()
    }
  }

  /** Tells what is to be told, then writes down what is left: a report that was sent twice is better than none. */
  async #conclude(round: Round): Promise<void> {
    const { runtime, retry } = this.#config
    const { entry } = round
    const now = runtime.now()
    const waiting = { since: entry.since, attempts: entry.attempts + 1, isReport: entry.envelope.from === '' }
    const next = nextAttempt(retry, waiting, now, runtime.random)
    const warn = !entry.warned && next !== null && isLate(retry, waiting, now)
    const left: EnvelopeRecipient[] = []
    const told: Told[] = []
    const byAddress = new Map(entry.recipients.map(recipient => [recipient.address, recipient]))
    let anyLeftOrSent = false
    for (const { domain, outcomes } of round.domains) {
      for (const outcome of outcomes) {
        const recipient = byAddress.get(outcome.address)!
        const action = this.#judge(round, domain, outcome, next, warn)
        if (action) told.push({ recipient, outcome, action })
        if (outcome.ok) anyLeftOrSent = true
        else if (this.#isLeft(outcome.error, next)) left.push(recipient)
      }
    }
    anyLeftOrSent ||= left.length > 0
    // whoever hears of a failure at once, from the promise, is not sent a report besides
    const isAnswered = round.outgoing !== null && !anyLeftOrSent && !round.isLate
    if (!isAnswered) await this.#report(round, told)
    const change =
      left.length > 0 && next !== null
        ? { recipients: left, attempts: entry.attempts + 1, nextAttempt: next, warned: entry.warned || warn }
        : null
    await this.#update(entry.id, change, true, isAnswered)
    if (change) this.#armAt(change.nextAttempt)
  }

  /** Writes it down under the lease that holds now; it may have been taken anew here in the meantime. */
  async #update(id: string, change: QueueChange | null, release: boolean, forget = false): Promise<void> {
    for (;;) {
      const lease = this.#leases.get(id)!
      if (await this.#queue.update(id, lease, change, release, forget)) return
      if (this.#leases.get(id) === lease) return
    }
  }

  #isLeft(error: MailError, next: number | null): boolean {
    const kind = failureKind(error)
    return (
      next !== null && (kind === 'retry' || (kind === 'ambiguous' && this.#config.whenAmbiguous === 'retry'))
    )
  }

  /** Emits what happened to one recipient; gives what its sender may have to be told. */
  #judge(
    round: Round,
    domain: string,
    outcome: RecipientOutcome,
    next: number | null,
    warn: boolean,
  ): Told['action'] | null {
    if (outcome.ok) return successAction(outcome)
    const { address: recipient, error } = outcome
    const { id, messageId, attempt } = factsOf(round.entry, domain)
    if (this.#isLeft(error, next)) {
      this.#emit('retry', { id, messageId, domain, attempt, recipient, error, nextAttempt: next! })
      return warn ? 'delayed' : null
    }
    const isAmbiguous = failureKind(error) === 'ambiguous'
    const told = isAmbiguous || next !== null ? error : givenUp(error)
    this.#emit(isAmbiguous ? 'ambiguous' : 'bounce', {
      ...{ id, messageId, domain, attempt, recipient },
      error: told,
    })
    return 'failed'
  }

  async #report(round: Round, told: readonly Told[]): Promise<void> {
    const { reports, runtime, retry } = this.#config
    const { entry } = round
    if (!reports || told.length === 0 || entry.envelope.from === '') return
    let message: OutgoingMessage
    try {
      message = await round.message.get()
    } catch (error) {
      this.#fail('a message could not be read to be reported on', error)
      return
    }
    const { envelope, since } = entry
    const report = makeReport(
      reports,
      { envelope, told, message, since, until: since + retry.giveUpAfterMs },
      runtime,
    )
    if (!report) return
    const now = runtime.now()
    const reportEntry: ClaimedEntry = {
      // the same again when this attempt has to be concluded once more
      id: `${entry.id}-${entry.attempts + 1}`,
      messageId: report.messageId,
      envelope: { from: '', ...(envelope.requireTls && { requireTls: true }) },
      recipients: [{ address: envelope.from, notify: ['NEVER'] }],
      since: now,
      attempts: 0,
      nextAttempt: now,
      warned: false,
      lease: '',
    }
    const claimed = await this.#queue.add(reportEntry, report.stream(), now + LEASE_MS)
    if (claimed) this.#workApart(this.#round(claimed, null))
  }

  #workApart(round: Round): void {
    this.#active++
    void this.#work(round).then(() => {
      this.#active--
      this.#onIdle()
      if (this.#isFull) this.#armAt(this.#config.runtime.now())
    })
  }

  #armAt(at: number): void {
    if (this.#stopped || at >= this.#timerAt) return
    const { runtime } = this.#config
    this.#timer?.cancel()
    this.#timerAt = at
    this.#timer = runtime.setTimer(Math.min(Math.max(0, at - runtime.now()), LONGEST_SLEEP_MS), () => {
      this.#timer = null
      this.#timerAt = Number.POSITIVE_INFINITY
      this.#wake().catch(error => {
        this.#fail('the queue failed', error)
        this.#armAt(runtime.now() + 60_000)
      })
    })
  }

  async #wake(): Promise<void> {
    const { runtime, retry } = this.#config
    const queue = this.#queue
    if (this.#stopped) return
    const now = runtime.now()
    const room = Math.min(ACTIVE_AT_ONCE - this.#active, CLAIM_AT_ONCE)
    // then whoever finishes looks again
    this.#isFull = room <= 0
    if (this.#isFull) return
    const due = await queue.nextDue()
    if (due === null) return
    // no wait is that long: the clock was set back meanwhile
    const isAhead = due - now > 2 * Math.max(retry.maxDelayMs, retry.firstDelayMs, LEASE_MS)
    if (due > now && !isAhead) return this.#armAt(due)
    const claimed = await queue.claim({
      dueBy: isAhead ? due : now,
      now,
      leaseUntil: now + LEASE_MS,
      limit: room,
    })
    for (const entry of claimed) {
      // the clock was set forward, and our own lease looked as if it had ended: the message is still in our hands, and is not sent twice
      if (this.#leases.has(entry.id)) this.#leases.set(entry.id, entry.lease)
      else this.#workApart(this.#round(entry, null))
    }
    if (claimed.length === room) return this.#armAt(now + 1)
    const next = await queue.nextDue()
    // what is due and cannot be had is looked for again, after a pause
    if (next !== null) this.#armAt(Math.max(next, now + (claimed.length > 0 ? 1 : 1000)))
  }

  async #atMost(done: Promise<void>, round: Round, ms: number): Promise<void> {
    let timer: Timer | null = null
    const late = new Promise<void>(resolve => {
      timer = this.#config.runtime.setTimer(ms, () => {
        round.isLate = true
        resolve()
      })
    })
    await Promise.race([done, late])
    ;(timer as Timer | null)?.cancel()
  }
}

function changeOf({ recipients, attempts, nextAttempt: next, warned }: QueueChange): QueueChange {
  return { recipients, attempts, nextAttempt: next, warned }
}

/** RFC 3463 X.4.7: delivery time expired. */
function givenUp(error: MailError): MailError {
  if (failureKind(error) === 'bounce') return error
  return temporary(error.code, '550 5.4.7', `given up: ${error.message}`, { permanent: true, cause: error })
}
