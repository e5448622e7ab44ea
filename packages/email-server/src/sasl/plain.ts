// PLAIN (RFC 4616): message = [authzid] NUL authcid NUL passwd, UTF-8, one message.
import { asBuffer, EMPTY, fromUtf8, utf8 } from '../base/bytes.ts'
import { oneMessage, withoutNul } from './client.ts'
import type { SaslClientExchange, SaslExchange, SaslMechanism, SaslStep } from './mechanism.ts'

export const plain: SaslMechanism = {
  name: 'PLAIN',
  plaintext: true,
  startClient({ user, pass, authorizationId = '' }): SaslClientExchange | null {
    if (pass === undefined) return null
    return oneMessage(fromUtf8(`${withoutNul(authorizationId)}\0${withoutNul(user)}\0${withoutNul(pass)}`))
  },
  startServer(): SaslExchange {
    return {
      step(response): SaslStep {
        if (response === null) return { kind: 'challenge', bytes: EMPTY }
        const first = asBuffer(response).indexOf(0)
        const second = first < 0 ? -1 : asBuffer(response).indexOf(0, first + 1)
        if (second < 0 || asBuffer(response).indexOf(0, second + 1) >= 0) {
          return { kind: 'malformed', reason: 'PLAIN wants authzid NUL authcid NUL passwd' }
        }
        const username = utf8(response, first + 1, second)
        if (username === '') return { kind: 'malformed', reason: 'PLAIN without an identity' }
        return {
          kind: 'credentials',
          credentials: {
            authMethod: 'plain',
            username,
            password: utf8(response, second + 1),
            authorizationId: utf8(response, 0, first),
          },
        }
      },
    }
  },
}
