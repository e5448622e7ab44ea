// One login attempt of a server session, from its first response to its outcome; the protocols say how a challenge is written and how an
// outcome is told.
import { latin1 } from '../base/bytes.ts'
import { decodeSaslBase64, encodeSaslBase64 } from './base64.ts'
import type { Credentials, SaslExchange, SaslStep } from './mechanism.ts'
import type { AuthVerdict } from './verdict.ts'

export interface NegotiationPort {
  /** Says a challenge (base64) and gives the client's next line; null when there will be none. */
  challenge(text: string): Promise<Uint8Array | null>
  ask(credentials: Credentials): Promise<AuthVerdict>
  /** A refusal takes its time, and counts; awaited before anything is told. */
  penalty(credentials: Credentials): Promise<void>
}

export type AuthOutcome =
  | { readonly kind: 'accepted'; readonly username: string }
  /** `message`: the handler's text for the client; null for the protocol's own. */
  | { readonly kind: 'refused'; readonly message: string | null }
  /** Nobody could be asked; it is not the client's fault. */
  | { readonly kind: 'unavailable' }
  /** RFC 4422 §3.5: the client has taken it back. */
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'malformed'; readonly reason: string }
  /** The session is over. */
  | { readonly kind: 'gone' }

const NOT_BASE64: AuthOutcome = { kind: 'malformed', reason: 'Not base64' }
const GONE: AuthOutcome = { kind: 'gone' }

/** Runs an exchange to its end. `initial`: the initial response, decoded; null: the client has sent none. */
export async function negotiate(
  exchange: SaslExchange,
  initial: Uint8Array | null,
  port: NegotiationPort,
): Promise<AuthOutcome> {
  let credentials: Credentials | null = null
  let step: SaslStep = exchange.step(initial)
  for (;;) {
    switch (step.kind) {
      case 'malformed':
        return { kind: 'malformed', reason: step.reason }
      case 'credentials':
        return judge(step.credentials, port, exchange)
      case 'lookup': {
        credentials = step.credentials
        const verdict = await port.ask(credentials)
        if (!verdict.ok && verdict.temporary) return { kind: 'unavailable' }
        step = step.resume(verdict)
        break
      }
      case 'refused':
        return refuse(credentials, step.message, port)
      case 'proven': {
        if (step.data === null) return { kind: 'accepted', username: step.username }
        // none of the protocols has a place for data in its success: it is a challenge, answered with nothing
        const answer = await response(port, step.data)
        if (!(answer instanceof Uint8Array)) return answer
        if (answer.length > 0) return { kind: 'malformed', reason: 'Nothing was asked' }
        return { kind: 'accepted', username: step.username }
      }
      case 'challenge': {
        const answer = await response(port, step.bytes)
        if (!(answer instanceof Uint8Array)) return answer
        step = exchange.step(answer)
      }
    }
  }
}

/** Asks whether credentials that are complete may come in. */
export async function judge(
  credentials: Credentials,
  port: NegotiationPort,
  exchange?: SaslExchange,
): Promise<AuthOutcome> {
  const verdict = await port.ask(credentials)
  if (verdict.ok) return { kind: 'accepted', username: verdict.username }
  if (verdict.temporary) return { kind: 'unavailable' }
  const last = exchange?.refusal
  return refuse(credentials, verdict.message, port, last && (() => last.call(exchange)))
}

async function refuse(
  credentials: Credentials | null,
  message: string | null,
  port: NegotiationPort,
  last?: () => Uint8Array,
): Promise<AuthOutcome> {
  await port.penalty(credentials ?? NOBODY)
  // what the client answers to the mechanism's own words about the refusal does not matter
  if (last && (await port.challenge(encodeSaslBase64(last()))) === null) return GONE
  return { kind: 'refused', message }
}

/** Who was refused before a name was read. */
const NOBODY: Credentials = { authMethod: '', username: '', password: '', authorizationId: '' }

async function response(port: NegotiationPort, challenge: Uint8Array): Promise<Uint8Array | AuthOutcome> {
  const line = await port.challenge(encodeSaslBase64(challenge))
  if (line === null) return GONE
  const text = latin1(line)
  if (text === '*') return { kind: 'cancelled' }
  return decodeSaslBase64(text) ?? NOT_BASE64
}
