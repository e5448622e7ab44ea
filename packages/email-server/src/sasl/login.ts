// LOGIN (draft-murchison-sasl-login-00): asks for the user name, then for the password. Obsolete and everywhere.
import { fromLatin1, utf8 } from '../base/bytes.ts'
import type { SaslExchange, SaslMechanism, SaslStep } from './mechanism.ts'

export const login: SaslMechanism = {
  name: 'LOGIN',
  plaintext: true,
  startServer(): SaslExchange {
    let username: string | null = null
    return {
      step(response): SaslStep {
        if (response === null) return { kind: 'challenge', bytes: fromLatin1('Username:') }
        const text = utf8(response)
        if (username !== null) {
          return {
            kind: 'credentials',
            credentials: { authMethod: 'login', username, password: text, authorizationId: '' },
          }
        }
        if (text === '') return { kind: 'malformed', reason: 'LOGIN without an identity' }
        username = text
        return { kind: 'challenge', bytes: fromLatin1('Password:') }
      },
    }
  },
}
