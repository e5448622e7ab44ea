// One attempt for everybody who waits for a message: where it goes, and what is told while it goes.
import type { Runtime } from '../base/runtime.ts'
import type { ContentSource } from './content.ts'
import type { Courier, DeliveryEnvelope, Destination, EnvelopeRecipient } from './courier.ts'
import { groupRecipients } from './envelope.ts'
import type { DeliveryEvents, DeliveryFacts } from './events.ts'
import { type LazyMessage, OutgoingMessage, type Signing } from './message.ts'
import type { ClaimedEntry, DeliveryQueue } from './queue.ts'
import type { ReportOptions } from './reports.ts'
import type { DomainOutcomes } from './result.ts'
import type { RetryPlan } from './schedule.ts'

export interface SenderConfig {
  readonly runtime: Runtime
  readonly courier: Courier
  /** Where mail for this domain goes. */
  readonly destination: (domain: string) => Destination
  /** Null: one attempt, and the caller does the rest. */
  readonly queue: DeliveryQueue | null
  readonly retry: RetryPlan
  readonly signing: (domain: string) => Promise<Signing | null>
  /** Null: nobody is sent reports. */
  readonly reports: ReportOptions | null
  /** `bounce`: a message that may have arrived is given back, saying so. `retry`: it is sent again, maybe for the second time. */
  readonly whenAmbiguous: 'bounce' | 'retry'
  readonly inMemory: number
  readonly mostBytes: number
}

/** A message as it is handed in. */
export interface Outgoing {
  readonly id: string
  /** With its angle brackets; null: not known before it is read. */
  readonly messageId: string | null
  readonly envelope: DeliveryEnvelope
  readonly recipients: readonly EnvelopeRecipient[]
  /** Called once. */
  readonly source: () => ContentSource
  /** Null: the sender's own. */
  readonly signing: ((domain: string) => Promise<Signing | null>) | null
  /** Adds Date and Message-ID where they are missing, at this domain. */
  readonly complete: string | null
  readonly signal: AbortSignal | undefined
  /** Where all of it goes; null: where the sender says. */
  readonly destination: Destination | null
  /** Resolve after this time with what is known, the rest pending; queue only. Null: when the first attempt is over. */
  readonly answerWithinMs: number | null
}

/** One attempt. */
export interface Round {
  readonly entry: ClaimedEntry
  readonly message: LazyMessage
  /** Null: nobody waits for the end of it. */
  readonly outgoing: Outgoing | null
  /** What has become of it so far. */
  readonly domains: DomainOutcomes[]
  readonly controller: AbortController
  /** Whoever waited has been answered before the end. */
  isLate: boolean
}

export type Emit = <K extends keyof DeliveryEvents>(name: K, ...args: DeliveryEvents[K]) => unknown

export function prepare(
  config: SenderConfig,
  source: ContentSource,
  signing: Outgoing['signing'],
  complete: string | null,
): Promise<OutgoingMessage> {
  const { runtime, inMemory, mostBytes } = config
  return OutgoingMessage.prepare(source, {
    runtime,
    inMemory,
    mostBytes,
    signing: signing ?? config.signing,
    complete,
  })
}

/** Every domain at once; `written` hears of each when it is done. `rounds` has those that are under way. */
export async function shipRound(
  config: Pick<SenderConfig, 'courier' | 'destination'>,
  emit: Emit,
  rounds: Set<Round>,
  round: Round,
  written: ((done: DomainOutcomes) => Promise<void>) | null,
): Promise<void> {
  const { entry, outgoing } = round
  const { groups } = groupRecipients(entry.recipients)
  rounds.add(round)
  try {
    await Promise.all(
      [...groups].map(async ([domain, recipients]) => {
        const destination = outgoing?.destination ?? config.destination(domain)
        const outcomes = await config.courier.ship(destination, {
          message: round.message,
          envelope: entry.envelope,
          recipients,
          signal: round.controller.signal,
          onSending: host =>
            emit('sending', {
              ...factsOf(entry, domain),
              host,
              recipients: recipients.map(r => r.address),
            }),
        })
        round.domains.push({ domain, outcomes })
        for (const outcome of outcomes) {
          if (!outcome.ok) continue
          const { address: recipient, host, response } = outcome
          emit('sent', { ...factsOf(entry, domain), recipient, host, response })
        }
        await written?.({ domain, outcomes })
      }),
    )
  } finally {
    rounds.delete(round)
  }
}

export function factsOf(entry: ClaimedEntry, domain: string): DeliveryFacts {
  return { id: entry.id, messageId: entry.messageId, domain, attempt: entry.attempts + 1 }
}

/** A controller that aborts when the signal does. */
export function follow(signal: AbortSignal | undefined): AbortController {
  const controller = new AbortController()
  if (!signal) return controller
  if (signal.aborted) controller.abort(signal.reason)
  else signal.addEventListener('abort', () => controller.abort(signal.reason), { once: true })
  return controller
}
