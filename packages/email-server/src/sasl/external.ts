// EXTERNAL (RFC 4422 appendix A): the proof is the client certificate of the TLS handshake; the message is only whom to act as.
import { EMPTY, fromUtf8 } from '../base/bytes.ts'
import { oneMessage, withoutNul } from './client.ts'
import type { SaslClientExchange, SaslExchange, SaslMechanism, SaslStep } from './mechanism.ts'
import { readText } from './scram-messages.ts'

export const external: SaslMechanism = {
  name: 'EXTERNAL',
  plaintext: false,
  // a certificate that nobody vouches for proves nothing
  possible: tls => tls?.authorized === true && (tls.peerCertificate ?? null) !== null,
  startClient({ user, authorizationId = user, method }): SaslClientExchange | null {
    if (method?.toUpperCase() !== 'EXTERNAL') return null
    return oneMessage(fromUtf8(withoutNul(authorizationId)))
  },
  startServer(): SaslExchange {
    return {
      step(response): SaslStep {
        if (response === null) return { kind: 'challenge', bytes: EMPTY }
        // extern-resp = *( UTF8-char-no-nul )
        const name = readText(response)
        if (name === null || name.includes('\0'))
          return { kind: 'malformed', reason: 'EXTERNAL wants a name' }
        return {
          kind: 'credentials',
          credentials: { authMethod: 'external', username: name, password: '', authorizationId: name },
        }
      },
    }
  },
}
