// AUTHENTICATE (RFC 3501 §6.2.2) with an initial response (SASL-IR, RFC 4959), for every mechanism of sasl/.
import { latin1 } from '../../base/bytes.ts'
import {
  type Credentials,
  decodeSaslBase64,
  encodeSaslBase64,
  login,
  plain,
  type SaslExchange,
  type SaslMechanism,
  xoauth2,
} from '../../sasl/index.ts'
import type { CommandContext } from '../context.ts'
import type { Grammar } from '../grammar/grammar.ts'
import type { CommandSpec, Reply, SessionFacts } from '../registry.ts'
import { BASE64_CHAR } from '../wire/chars.ts'
import { capabilityCode } from './any-state.ts'
import { verdictReply } from './auth-reply.ts'

interface AuthenticateArgs {
  readonly mechanism: string
  /** base64, "=" for an empty one; null when the client has sent none. */
  readonly initial: string | null
}

// authenticate = "AUTHENTICATE" SP auth-type [SP (base64 / "=")] *(CRLF base64)       (RFC 4959 §7)
const args: Grammar<AuthenticateArgs> = {
  read(r) {
    const mechanism = r.sp().keyword()
    return { mechanism, initial: r.try(' ') ? r.run(BASE64_CHAR, 'base64') : null }
  },
  write: (w, { mechanism, initial }) =>
    w
      .raw(' ')
      .atom(mechanism)
      .raw(initial === null ? '' : ` ${initial}`),
  samples: [
    { mechanism: 'PLAIN', initial: null },
    { mechanism: 'PLAIN', initial: 'AGZyZWQAYmx1cmR5Ymxvb3A=' },
    { mechanism: 'EXTERNAL', initial: '=' },
  ],
}

/** In the order in which they are advertised. */
const MECHANISMS: readonly SaslMechanism[] = [plain, login, xoauth2]

/** Mechanisms that may be used on this connection now. */
export function openMechanisms(facts: SessionFacts): readonly SaslMechanism[] {
  return MECHANISMS.filter(each => facts.passwordsAllowed || !each.plaintext)
}

const CANCELLED: Reply = { status: 'BAD', text: 'Authentication cancelled' }

export const authenticate: CommandSpec<AuthenticateArgs> = {
  name: 'AUTHENTICATE',
  rfc: '3501 §6.2.2',
  states: ['notAuthenticated'],
  mayExpunge: true,
  literals: 'none',
  args,
  async run(cx, { mechanism: name, initial }) {
    const mechanism = MECHANISMS.find(each => each.name === name)
    if (!mechanism) return { status: 'NO', code: 'CANNOT', text: 'There is no such mechanism' }
    if (!openMechanisms(cx.facts).includes(mechanism)) {
      return { status: 'NO', code: 'PRIVACYREQUIRED', text: 'That mechanism needs TLS' }
    }
    const exchange = mechanism.startServer()
    const outcome = await negotiate(cx, exchange, initial)
    if ('status' in outcome) {
      if (outcome !== CANCELLED) await cx.authenticationFailed()
      return outcome
    }
    const verdict = await cx.authenticate(outcome)
    if (!verdict.ok && exchange.refusal && !cx.over) {
      cx.continueWith(encodeSaslBase64(exchange.refusal()))
      if ((await cx.readLine('sasl')) === null) return undefined
    }
    return verdictReply(verdict, () => capabilityCode(cx), 'Logged in')
  },
}

async function negotiate(
  cx: CommandContext,
  exchange: SaslExchange,
  initial: string | null,
): Promise<Credentials | Reply> {
  let response = initial === null ? null : read(initial === '=' ? '' : initial)
  for (;;) {
    if (response === NOT_BASE64) return { status: 'BAD', text: 'That is not base64' }
    const step = exchange.step(response)
    if (step.kind === 'credentials') return step.credentials
    if (step.kind !== 'challenge') return { status: 'BAD', text: 'reason' in step ? step.reason : '' }
    cx.continueWith(encodeSaslBase64(step.bytes))
    const line = await cx.readLine('sasl')
    if (line === null) return CANCELLED
    const text = latin1(line)
    if (text === '*') return CANCELLED
    response = read(text)
  }
}

const NOT_BASE64: unique symbol = Symbol('not base64')

// base64 = *(4base64-char) [base64-terminal]
function read(text: string): Uint8Array | typeof NOT_BASE64 {
  return decodeSaslBase64(text) ?? NOT_BASE64
}
