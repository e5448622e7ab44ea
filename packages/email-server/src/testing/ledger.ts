// The books of a world of mail: what was handed in, what was stored, what was given back. They must balance: RFC 5321 §6.1 (a server that says
// 250 delivers the message or reports that it cannot), and nobody gets a message twice but where the acknowledgement was lost.
import type { DeliveryFacts, QueueEntry } from '../delivery/index.ts'

/** Of a message and a recipient, or of all together. */
export interface LedgerTotals {
  /** Handed to a server of ours for this recipient, and taken. */
  readonly taken: number
  /** Handed in, and the caller was told that it failed. */
  readonly refused: number
  readonly sent: number
  readonly bounced: number
  readonly ambiguous: number
  /** Sent again though it may have arrived (`whenAmbiguous: 'retry'`). */
  readonly repeated: number
  readonly stored: number
}

type Account = { -readonly [K in keyof LedgerTotals]: number }

interface Submission {
  /** The client heard 250. */
  acknowledged: number
  /** The client heard 4xx or 5xx. */
  refused: number
  /** The client heard nothing any more. */
  unsure: number
  /** The server took it. */
  taken: number
}

export class Ledger {
  readonly #accounts = new Map<string, Account>()
  readonly #submissions = new Map<string, Submission>()

  get totals(): LedgerTotals {
    const totals = newAccount()
    for (const account of this.#accounts.values()) {
      for (const name of Object.keys(totals) as (keyof Account)[]) totals[name] += account[name]
    }
    return totals
  }

  /** A server of ours has taken the message for these recipients, or has said that it fails. */
  handedIn(messageId: string | null, recipients: readonly string[], taken: boolean): void {
    for (const recipient of recipients) {
      const account = this.#account(messageId, recipient)
      if (taken) account.taken++
      else account.refused++
    }
  }

  /** What a client that hands a message in has heard. */
  submitted(messageId: string, heard: 'yes' | 'no' | 'nothing'): void {
    const submission = this.#submission(messageId)
    if (heard === 'yes') submission.acknowledged++
    if (heard === 'no') submission.refused++
    if (heard === 'nothing') submission.unsure++
  }

  /** A server has accepted a message from a client. */
  accepted(messageId: string): void {
    this.#submission(messageId).taken++
  }

  ended(how: 'sent' | 'bounced' | 'ambiguous', { messageId }: DeliveryFacts, recipient: string): void {
    this.#account(messageId, recipient)[how]++
  }

  /** A server sends again what may have arrived. */
  repeated({ messageId }: DeliveryFacts, recipient: string): void {
    this.#account(messageId, recipient).repeated++
  }

  stored(messageId: string | null, recipient: string): void {
    this.#account(messageId, recipient).stored++
  }

  /** In words, what does not balance; empty when all is well. `waiting`: what still lies in queues. */
  imbalances(waiting: readonly QueueEntry[]): string[] {
    const queued = new Map<string, number>()
    for (const { messageId, recipients } of waiting) {
      for (const { address } of recipients) {
        const key = keyOf(messageId, address)
        queued.set(key, (queued.get(key) ?? 0) + 1)
      }
    }
    const found: string[] = []
    for (const [key, account] of this.#accounts) {
      const { taken, refused, sent, bounced, ambiguous, repeated, stored } = account
      const ended = sent + bounced + ambiguous + (queued.get(key) ?? 0)
      const books = JSON.stringify({ ...account, queued: queued.get(key) ?? 0 })
      // reports are made by the servers themselves: nobody hands them in
      const isReport = taken + refused === 0
      if (!isReport && (ended < taken || ended > taken + refused))
        found.push(`${key}: each hand-in must end once: ${books}`)
      // what strangers have brought is not in these books
      if (taken + refused + ended === 0) continue
      if (stored < sent) found.push(`${key}: a message was acknowledged and is in no mailbox: ${books}`)
      if (stored > sent + ambiguous + repeated)
        found.push(`${key}: a message was stored twice or after a refusal: ${books}`)
    }
    for (const [messageId, submission] of this.#submissions) {
      const { acknowledged, refused, unsure, taken } = submission
      // a client that keeps no books has said nothing
      if (acknowledged + refused + unsure === 0) continue
      if (taken < acknowledged || taken > acknowledged + unsure)
        found.push(
          `${messageId}: what clients heard is not what the server did: ${JSON.stringify(submission)}`,
        )
    }
    return found
  }

  #account(messageId: string | null, recipient: string): Account {
    const key = keyOf(messageId, recipient)
    let account = this.#accounts.get(key)
    if (!account) {
      account = newAccount()
      this.#accounts.set(key, account)
    }
    return account
  }

  #submission(messageId: string): Submission {
    let submission = this.#submissions.get(messageId)
    if (!submission) {
      submission = { acknowledged: 0, refused: 0, unsure: 0, taken: 0 }
      this.#submissions.set(messageId, submission)
    }
    return submission
  }
}

function keyOf(messageId: string | null, recipient: string): string {
  return `${messageId ?? '(no Message-ID)'} for ${recipient.toLowerCase()}`
}

function newAccount(): Account {
  return { taken: 0, refused: 0, sent: 0, bounced: 0, ambiguous: 0, repeated: 0, stored: 0 }
}
