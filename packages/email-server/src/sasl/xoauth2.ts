// XOAUTH2 (Google's and Microsoft's, the forerunner of RFC 7628): "user=" user ^A "auth=Bearer " token ^A ^A, one message.
import { EMPTY, fromUtf8, utf8 } from '../base/bytes.ts'
import { oneMessage, withoutControls } from './client.ts'
import type { SaslClientExchange, SaslExchange, SaslMechanism, SaslStep } from './mechanism.ts'

const MALFORMED: SaslStep = {
  kind: 'malformed',
  reason: 'XOAUTH2 wants user=…^Aauth=Bearer …^A^A',
}

/** What clients expect of a refused token, as RFC 7628 §3.2.2 has it for the successor. */
const REFUSAL = '{"status":"401","schemes":"bearer","scope":""}'

export const xoauth2: SaslMechanism = {
  name: 'XOAUTH2',
  plaintext: true,
  startClient({ user, accessToken }): SaslClientExchange | null {
    if (accessToken === undefined) return null
    return oneMessage(
      fromUtf8(`user=${withoutControls(user)}\x01auth=Bearer ${withoutControls(accessToken)}\x01\x01`),
    )
  },
  startServer(): SaslExchange {
    return {
      step(response): SaslStep {
        if (response === null) return { kind: 'challenge', bytes: EMPTY }
        const text = utf8(response)
        if (!text.endsWith('\x01\x01')) return MALFORMED
        let username = ''
        let token = ''
        for (const field of text.slice(0, -2).split('\x01')) {
          const equals = field.indexOf('=')
          const key = field.slice(0, equals).toLowerCase()
          const value = field.slice(equals + 1)
          if (key === 'user') username = value
          else if (key === 'auth' && /^bearer /i.test(value)) token = value.slice(7).trim()
        }
        if (username === '' || token === '') return MALFORMED
        return {
          kind: 'credentials',
          credentials: { authMethod: 'xoauth2', username, password: token, authorizationId: '' },
        }
      },
      refusal: () => fromUtf8(REFUSAL),
    }
  },
}
