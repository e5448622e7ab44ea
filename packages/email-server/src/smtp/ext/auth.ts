// AUTH (RFC 4954), for submission only: who writes to our own domains needs no name.
//
//   auth-command     = "AUTH" SP sasl-mech [SP initial-response] *(CRLF [base64]) [CRLF cancel-response] CRLF
//   initial-response = base64 / "="
import { EMPTY } from '../../base/bytes.ts'
import { PeerSyntaxError } from '../../base/errors.ts'
import { decodeSaslBase64 } from '../../sasl/index.ts'
import { xtext } from '../grammar/xtext.ts'
import type { SmtpExtension } from '../registry.ts'
import { reply } from '../wire/reply.ts'

const KNOWN = reply(503, '5.5.1', 'Already authenticated')
const UNKNOWN = reply(504, '5.5.4', 'No such mechanism')
const NEEDS_TLS = reply(538, '5.7.11', 'Encryption required: say STARTTLS first')
const NOT_BASE64 = reply(501, '5.5.2', 'Not base64')

export const auth: SmtpExtension = {
  name: 'AUTH',
  rfc: '4954',
  gate: facts => facts.role === 'submission',
  ehlo(facts) {
    const names = facts.auth.open(facts.tls, facts.allowInsecureAuth).map(({ name }) => name)
    return names.length > 0 && facts.username === null ? [`AUTH ${names.join(' ')}`] : []
  },
  mailParams: [
    {
      keyword: 'AUTH',
      read(value, draft) {
        if (value === null) throw new PeerSyntaxError('AUTH wants a mailbox or <>')
        draft.auth = value === '<>' ? '' : xtext.read(value)
        return null
      },
    },
  ],
  commands: [
    {
      name: 'AUTH',
      rfc: '4954 §4',
      states: ['ready'],
      lineLimit: 'authLine',
      run(cx, argument) {
        if (cx.username !== null) return KNOWN
        const [name = '', response, ...more] = argument.split(' ')
        if (name === '' || more.length > 0) throw new PeerSyntaxError('AUTH wants a mechanism')
        const mechanism = cx.auth.find(name, cx.tls, cx.allowInsecureAuth)
        if (mechanism === 'unknown') return UNKNOWN
        if (mechanism === 'needs-tls') return NEEDS_TLS
        let initial: Uint8Array | null = null
        if (response === '=') initial = EMPTY
        else if (response !== undefined) {
          initial = decodeSaslBase64(response)
          if (!initial) return NOT_BASE64
        }
        cx.authenticate(mechanism, initial)
        return null
      },
    },
  ],
}
