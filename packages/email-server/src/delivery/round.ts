// One attempt for everybody who waits for a message: where it goes, and what is told while it goes.
import type { Runtime } from '../base/runtime.ts'
import type { Cancel } from './cancel.ts'
import type { ContentSource } from './content.ts'
import type {
  Courier,
  DeliveryEnvelope,
  Destination,
  EnvelopeRecipient,
  RecipientOutcome,
} from './courier.ts'
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
  /** Null: nothing is signed. */
  readonly signing: ((domain: string) => Promise<Signing | null>) | null
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
  /** The id is the caller's: the same one is sent once. */
  readonly isKeyed: boolean
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
  readonly cancel: Cancel
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

/** Every destination at once; `written` hears of each when it is done. `rounds` has those that are under way. */
export async function shipRound(
  config: Pick<SenderConfig, 'courier' | 'destination'>,
  emit: Emit,
  rounds: Set<Round>,
  round: Round,
  written: ((outcomes: readonly RecipientOutcome[]) => Promise<void>) | null,
): Promise<void> {
  const { entry, outgoing } = round
  const ways = waysOf(entry.recipients, domain => outgoing?.destination ?? config.destination(domain))
  rounds.add(round)
  try {
    await Promise.all(
      ways.map(async ({ destination, domains }) => {
        const outcomes = await config.courier.ship(destination, {
          message: round.message,
          envelope: entry.envelope,
          recipients: [...domains.values()].flat(),
          cancel: round.cancel,
          onSending: (host, recipients) =>
            emit('sending', { ...factsOf(entry, [...domains.keys()].join(' ')), host, recipients }),
        })
        for (const [domain, recipients] of domains)
          round.domains.push({
            domain,
            outcomes: domains.size === 1 ? outcomes : ofThese(outcomes, recipients),
          })
        for (const { domain, outcomes: own } of round.domains.slice(-domains.size)) {
          for (const outcome of own) {
            if (!outcome.ok) continue
            const { address: recipient, host, response } = outcome
            emit('sent', { ...factsOf(entry, domain), recipient, host, response })
          }
        }
        await written?.(outcomes)
      }),
    )
  } finally {
    rounds.delete(round)
  }
}

function ofThese(
  outcomes: readonly RecipientOutcome[],
  recipients: readonly EnvelopeRecipient[],
): RecipientOutcome[] {
  const own = new Set(recipients.map(({ address }) => address))
  return outcomes.filter(({ address }) => own.has(address))
}

interface Way {
  readonly destination: Destination
  readonly domains: Map<string, readonly EnvelopeRecipient[]>
}

/** Recipients by where they go: those of all domains that one relay takes go together. */
function waysOf(
  recipients: readonly EnvelopeRecipient[],
  find: (domain: string) => Destination,
): readonly Way[] {
  const ways: Way[] = []
  for (const [domain, own] of groupRecipients(recipients).groups) {
    const destination = find(domain)
    const known = ways.find(
      way =>
        way.destination.kind === 'relay' &&
        destination.kind === 'relay' &&
        way.destination.key === destination.key,
    )
    if (known) known.domains.set(domain, own)
    else ways.push({ destination, domains: new Map([[domain, own]]) })
  }
  return ways
}

export function factsOf(entry: ClaimedEntry, domain: string): DeliveryFacts {
  return { id: entry.id, messageId: entry.messageId, domain, attempt: entry.attempts + 1 }
}
