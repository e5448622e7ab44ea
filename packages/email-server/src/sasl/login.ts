// LOGIN (draft-murchison-sasl-login-00): asks for the user name, then for the password. Obsolete and everywhere.
import { fromLatin1, fromUtf8, utf8 } from '../base/bytes.ts'
import { unexpected, withoutNul } from './client.ts'
import type { SaslClientExchange, SaslExchange, SaslMechanism, SaslStep } from './mechanism.ts'

export const login: SaslMechanism = {
  name: 'LOGIN',
  plaintext: true,
  startClient({ user, pass }): SaslClientExchange | null {
    if (pass === undefined) return null
    // the words of the two challenges differ from server to server; their order does not
    const answers = [withoutNul(user), withoutNul(pass)]
    return {
      initial: () => null,
      step() {
        const answer = answers.shift()
        if (answer === undefined) throw unexpected('LOGIN')
        return fromUtf8(answer)
      },
      finish() {},
    }
  },
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
