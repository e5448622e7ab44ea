// What a caller is told of one message that was sent: nodemailer's names, and for those who were refused the domain and the error beside the
// address.
import type { MailError } from './errors.ts'

/** Somebody who does not get the message. */
export interface RejectedRecipient {
  readonly address: string
  /** Where it was to go: A-labels; '' when the address has none. */
  readonly domain: string
  readonly error: MailError
}

/** What one host has taken. */
export interface HostDelivery {
  readonly domain: string
  readonly host: string
  readonly recipients: readonly string[]
  /** The server's final reply. */
  readonly response: string
}

export interface SendResult {
  /** Ours; events and the queue use it. */
  readonly id: string
  /** With its angle brackets; null when the message has none. */
  readonly messageId: string | null
  readonly envelope: { readonly from: string; readonly to: readonly string[] }
  /** Addresses that a server has taken the message for. */
  readonly accepted: readonly string[]
  /** Refused for good. */
  readonly rejected: readonly RejectedRecipient[]
  /** Not delivered yet: with a queue it goes on trying, without one (see `queued`) it is for the caller to do. */
  readonly pending: readonly string[]
  /** The connection was lost before the server said whether it has the message: it may have arrived. Never sent again by itself. */
  readonly ambiguous: readonly string[]
  /** The errors of `rejected`, `pending` and `ambiguous`, each with its `recipient`. */
  readonly rejectedErrors: readonly MailError[]
  readonly deliveries: readonly HostDelivery[]
  /** The last positive reply; '' when there was none. */
  readonly response: string
  /** Octets of the message, signatures not counted; null when it was not read. */
  readonly messageSize: number | null
  /** A queue tries again for `pending`. */
  readonly queued: boolean
  /** The `idempotencyKey` was used before: nothing was sent now. */
  readonly duplicate: boolean
}
