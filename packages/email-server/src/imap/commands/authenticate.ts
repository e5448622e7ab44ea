// AUTHENTICATE (RFC 3501 §6.2.2) with an initial response (SASL-IR, RFC 4959), for every mechanism of sasl/.
import { decodeSaslBase64, type SaslMechanism } from '../../sasl/index.ts'
import type { CommandSpec, SessionFacts } from '../extension.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { BASE64_CHAR } from '../wire/chars.ts'
import { outcomeReply } from './auth-reply.ts'

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

/** Mechanisms that may be used on this connection now. */
export function openMechanisms({ auth, tls, allowInsecureAuth }: SessionFacts): readonly SaslMechanism[] {
  return auth.open(tls, allowInsecureAuth)
}

export const authenticate: CommandSpec<AuthenticateArgs> = {
  name: 'AUTHENTICATE',
  rfc: '3501 §6.2.2',
  states: ['notAuthenticated'],
  mayExpunge: true,
  literals: 'none',
  args,
  async run(cx, { mechanism: name, initial }) {
    const { auth, tls, allowInsecureAuth } = cx.facts
    const mechanism = auth.find(name, tls, allowInsecureAuth)
    if (mechanism === 'unknown') {
      return { status: 'NO', code: 'CANNOT', text: 'There is no such mechanism' }
    }
    if (mechanism === 'needs-tls') {
      return { status: 'NO', code: 'PRIVACYREQUIRED', text: 'That mechanism needs TLS' }
    }
    const response = initial === null ? null : decodeSaslBase64(initial === '=' ? '' : initial)
    if (initial !== null && response === null) return { status: 'BAD', text: 'Not base64' }
    const outcome = await cx.authenticate(mechanism, response, text => {
      cx.continueWith(text)
      return cx.readLine('sasl')
    })
    return outcomeReply(cx, outcome)
  },
}
