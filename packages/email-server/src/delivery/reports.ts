// What the sender of a message is told: one report for each attempt that has something to tell, to those who may be told.
// RFC 3461 §4.1, §5.2 (who wants to hear what), §6.2; RFC 3464; RFC 5321 §4.5.5, §6.1; RFC 8689 §5.
import type { MailError } from '../base/errors.ts'
import type { Runtime } from '../base/runtime.ts'
import { composeDsn, type DsnRecipient, mayBounce } from '../dsn/index.ts'
import type { ComposedMessage } from '../mime/index.ts'
import type { DeliveryEnvelope, EnvelopeRecipient, RecipientOutcome } from './courier.ts'
import type { OutgoingMessage } from './message.ts'
import { failureKind, statusOf } from './outcome.ts'

export interface ReportOptions {
  /** Our own name. */
  readonly reportingMta: string
  /** Default: the Mail Delivery System at that name. */
  readonly from?: string
}

/** One recipient that something is to be told of. */
export interface Told {
  readonly recipient: EnvelopeRecipient
  readonly outcome: RecipientOutcome
  readonly action: 'failed' | 'delayed' | 'relayed' | 'delivered'
}

export interface ReportFacts {
  readonly envelope: DeliveryEnvelope
  readonly told: readonly Told[]
  readonly message: OutgoingMessage
  readonly since: number
  /** For delays: when we shall give up, ms since the epoch. */
  readonly until: number
}

/** Does the sender want to hear of this (RFC 3461 §4.1)? Without NOTIFY: of failures and delays. */
export function isWanted(recipient: EnvelopeRecipient, action: Told['action']): boolean {
  const { notify } = recipient
  if (action === 'failed') return !notify || notify.includes('FAILURE')
  if (action === 'delayed') return !notify || notify.includes('DELAY')
  return notify?.includes('SUCCESS') ?? false
}

/** What is to be told of somebody who has got the message: nothing when the next server has taken over the duty to (RFC 3461 §5.2.2). */
export function successAction(outcome: RecipientOutcome): Told['action'] | null {
  if (!outcome.ok) return null
  if (outcome.isFinal) return 'delivered'
  return outcome.reports ? null : 'relayed'
}

/** The report, or null: nobody is to be told. */
export function makeReport(
  options: ReportOptions,
  facts: ReportFacts,
  runtime: Pick<Runtime, 'now' | 'random'>,
): ComposedMessage | null {
  const { envelope, message } = facts
  const told = facts.told.filter(
    ({ recipient, action }) =>
      isWanted(recipient, action) &&
      mayBounce(envelope.from, message.header, action === 'delayed' ? 'delayed' : 'failed'),
  )
  if (told.length === 0) return null
  // messages with REQUIRETLS are never given back whole (RFC 8689 §5)
  const full =
    envelope.ret === 'FULL' && !envelope.requireTls && told.some(({ action }) => action === 'failed')
  return composeDsn(
    {
      reportingMta: options.reportingMta,
      from: options.from,
      to: envelope.from,
      originalEnvelopeId: envelope.envid,
      arrivalDate: new Date(facts.since),
      returnContent: full ? 'full' : 'headers',
      originalMessage: full ? message.bytes() : headerBytes(message),
      recipients: told.map(entry => toRecipient(entry, facts, runtime.now())),
    },
    runtime,
  )
}

function headerBytes(message: OutgoingMessage): Uint8Array {
  return Buffer.from(message.header.text, 'latin1')
}

function toRecipient({ recipient, outcome, action }: Told, facts: ReportFacts, now: number): DsnRecipient {
  return {
    finalRecipient: recipient.address,
    originalRecipient: recipient.orcpt,
    action,
    status: outcome.ok
      ? '2.0.0'
      : action === 'delayed'
        ? temporaryStatus(outcome.error)
        : finalStatus(outcome.error),
    diagnostic: outcome.ok ? replyLines(outcome.response) : diagnosticOf(outcome.error),
    remoteMta: outcome.host ?? undefined,
    lastAttempt: new Date(now),
    ...(action === 'delayed' && { willRetryUntil: new Date(facts.until) }),
  }
}

/** A failure that would pass is one for good when the time is over: RFC 3464 §2.3.4 wants class 5 for `failed`. */
function finalStatus(error: MailError): string {
  const status = statusOf(error)
  if (failureKind(error) === 'bounce') return status
  return failureKind(error) === 'ambiguous' ? '5.4.2' : status.replace(/^4/, '5')
}

function temporaryStatus(error: MailError): string {
  return statusOf(error).replace(/^5/, '4')
}

function diagnosticOf(error: MailError): string | readonly string[] {
  if (error.ambiguous) {
    return 'The connection was lost before the server confirmed that it has the message; it may have been delivered.'
  }
  if (error.response) return replyLines(error.response)
  const { responseCode, enhancedCode } = error
  const text = oneLine(error.message)
  return responseCode === undefined
    ? text
    : `${responseCode} ${enhancedCode ? `${enhancedCode} ` : ''}${text}`
}

function replyLines(response: string): string | readonly string[] {
  const lines = response.split('\n').map(oneLine)
  return lines.length === 1 ? lines[0]! : lines
}

function oneLine(text: string): string {
  return text.replace(/[\x00-\x1f\x7f]+/g, ' ').trim() || 'no reason was given'
}
