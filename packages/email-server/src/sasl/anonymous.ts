// ANONYMOUS (RFC 4505): nobody in particular comes in; the message is a trace that the client may leave, such as an address.
import { EMPTY, fromUtf8 } from '../base/bytes.ts'
import { oneMessage, withoutControls } from './client.ts'
import type { SaslClientExchange, SaslExchange, SaslMechanism, SaslStep } from './mechanism.ts'
import { readText } from './scram-messages.ts'

/** token = 1*255TCHAR (§2) */
const LONGEST_TRACE = 255

export const anonymous: SaslMechanism = {
  name: 'ANONYMOUS',
  plaintext: false,
  startClient({ user, method }): SaslClientExchange | null {
    if (method?.toUpperCase() !== 'ANONYMOUS') return null
    return oneMessage(fromUtf8(withoutControls(user)))
  },
  startServer(): SaslExchange {
    return {
      step(response): SaslStep {
        if (response === null) return { kind: 'challenge', bytes: EMPTY }
        const trace = readText(response)
        if (trace === null || [...trace].length > LONGEST_TRACE || /[\x00-\x1f\x7f]/.test(trace)) {
          return { kind: 'malformed', reason: 'ANONYMOUS wants a trace of at most 255 characters' }
        }
        return {
          kind: 'credentials',
          // what the client calls itself must never become a user's name
          credentials: {
            authMethod: 'anonymous',
            username: 'anonymous',
            password: trace,
            authorizationId: '',
          },
        }
      },
    }
  },
}
