// What a caller is told of one message: nodemailer's names, and for those who were refused the domain and the error beside the address.
import { MailError } from '../base/errors.ts'
import type { RejectedRecipient, SendResult } from '../base/send-result.ts'
import type { RecipientOutcome } from './courier.ts'
import { failureKind } from './outcome.ts'

export interface DomainOutcomes {
  readonly domain: string
  readonly outcomes: readonly RecipientOutcome[]
}

export interface ResultFacts {
  readonly id: string
  readonly messageId: string | null
  readonly envelope: SendResult['envelope']
  readonly bad: readonly { readonly address: string; readonly error: MailError }[]
  readonly domains: readonly DomainOutcomes[]
  readonly messageSize: number | null
  readonly queued: boolean
}

export function makeResult(facts: ResultFacts): SendResult {
  const accepted: string[] = []
  const rejected: RejectedRecipient[] = facts.bad.map(({ address, error }) => ({
    address,
    domain: '',
    error,
  }))
  const pending: string[] = []
  const ambiguous: string[] = []
  const errors: MailError[] = facts.bad.map(({ error }) => error)
  const deliveries = new Map<
    string,
    { domain: string; host: string; recipients: string[]; response: string }
  >()
  let response = ''
  for (const { domain, outcome } of inOrder(facts)) {
    const { address } = outcome
    if (outcome.ok) {
      accepted.push(address)
      response = outcome.response
      const key = `${domain} ${outcome.host} ${response}`
      const known = deliveries.get(key)
      if (known) known.recipients.push(address)
      else deliveries.set(key, { domain, host: outcome.host, recipients: [address], response })
      continue
    }
    const error = forRecipient(outcome.error, address)
    errors.push(error)
    const kind = failureKind(error)
    if (kind === 'bounce') rejected.push({ address, domain, error })
    else (kind === 'retry' ? pending : ambiguous).push(address)
  }
  return {
    id: facts.id,
    messageId: facts.messageId,
    envelope: facts.envelope,
    accepted,
    rejected,
    pending,
    ambiguous,
    rejectedErrors: errors,
    deliveries: [...deliveries.values()],
    response,
    messageSize: facts.messageSize,
    queued: facts.queued && pending.length > 0,
    duplicate: false,
  }
}

/** Outcomes in the order of the envelope, whatever came first. */
function inOrder({ envelope, domains }: ResultFacts): { domain: string; outcome: RecipientOutcome }[] {
  const known = new Map<string, { domain: string; outcome: RecipientOutcome }>()
  for (const { domain, outcomes } of domains) {
    for (const outcome of outcomes) known.set(outcome.address, { domain, outcome })
  }
  return envelope.to.flatMap(address => known.get(address) ?? [])
}

/** The error that a send rejects with when nobody has got the message, nor will; null: somebody has. */
export function totalFailure(result: SendResult): MailError | null {
  if (result.accepted.length > 0 || result.queued) return null
  const errors = result.rejectedErrors
  const first = errors.find(error => failureKind(error) !== 'bounce') ?? errors[0]
  if (!first) return null
  return withFacts(first, {
    rejected: errors,
    permanent: errors.every(error => failureKind(error) === 'bounce'),
    ...(errors.some(({ ambiguous }) => ambiguous) && { ambiguous: true }),
  })
}

function forRecipient(error: MailError, recipient: string): MailError {
  return error.recipient === recipient ? error : withFacts(error, { recipient })
}

function withFacts(error: MailError, facts: Partial<MailError>): MailError {
  const { code, message, command, response, responseCode, enhancedCode, permanent, recipient, ambiguous } =
    error
  const known = { command, response, responseCode, enhancedCode, permanent, recipient, ambiguous, ...facts }
  const defined = Object.entries(known).filter(([, value]) => value !== undefined)
  const cause = error.cause === undefined ? {} : { cause: error.cause }
  return new MailError(code, message, { ...Object.fromEntries(defined), ...cause })
}
