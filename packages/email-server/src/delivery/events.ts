// What is told while messages are on their way. Every event has the id and the Message-ID of the message that was sent.
import type { MailError } from '../base/errors.ts'

export interface DeliveryFacts {
  /** As in SendResult. */
  readonly id: string
  /** With its angle brackets; null when the message has none. */
  readonly messageId: string | null
  /** A-labels. */
  readonly domain: string
  /** 1 for the first. */
  readonly attempt: number
}

export interface SendingEvent extends DeliveryFacts {
  readonly host: string
  readonly recipients: readonly string[]
}

export interface SentEvent extends DeliveryFacts {
  readonly recipient: string
  readonly host: string
  /** The server's reply. */
  readonly response: string
}

export interface RetryEvent extends DeliveryFacts {
  readonly recipient: string
  readonly error: MailError
  /** ms since the epoch. */
  readonly nextAttempt: number
}

export interface BounceEvent extends DeliveryFacts {
  readonly recipient: string
  readonly error: MailError
}

/** What another server has reported of a message of ours. Reports can be forged: nothing but their content speaks for them. */
export interface ReportEvent {
  readonly action: 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded'
  /** As the report says; null when it does not. */
  readonly messageId: string | null
  /** The id of SendResult, when the report gives our envelope id back. */
  readonly id: string | null
  readonly recipient: string
  /** RFC 3463. */
  readonly status: string
  readonly diagnostic: string | null
  readonly remoteMta: string | null
}

export type DeliveryEvents = {
  /** A server is about to get the message. */
  sending: [event: SendingEvent]
  /** A server has taken it for this recipient. */
  sent: [event: SentEvent]
  /** Not now; it will be tried again. */
  retry: [event: RetryEvent]
  /** Not at all: refused for good, or tried for too long. */
  bounce: [event: BounceEvent]
  /** It may have arrived: the connection was lost before the server said so. It is not sent again. */
  ambiguous: [event: BounceEvent]
  /** A report about a message that was taken before. */
  report: [event: ReportEvent]
  /** Something failed here that no caller can be told. */
  error: [error: MailError]
}
