// CRAM-MD5 (RFC 2195): HMAC-MD5 of a challenge, keyed with the password. Weak, and the server has to know the password itself: for
// old programs only, offered when the server's owner asks for it, and chosen by our client when it is named.
import { EMPTY, fromLatin1, fromUtf8 } from '../base/bytes.ts'
import { createHmac, timingSafeEqual } from '../base/crypto.ts'
import { unexpected, withoutNul } from './client.ts'
import type {
  SaslClientExchange,
  SaslExchange,
  SaslMechanism,
  SaslServerContext,
  SaslStep,
} from './mechanism.ts'
import { preparedSecret } from './saslprep.ts'
import { readText } from './scram-messages.ts'

const MALFORMED: SaslStep = { kind: 'malformed', reason: 'CRAM-MD5 wants a name and 32 hexadecimal digits' }

/** Lower-case hexadecimal. The secret is prepared as for APOP, which is what other programs do. */
export function cramDigest(secret: string, challenge: Uint8Array): string {
  return createHmac('md5', preparedSecret(secret)).update(challenge).digest('hex')
}

class CramServer implements SaslExchange {
  readonly #challenge: Uint8Array
  #sent = false

  constructor({ nonce, hostname }: SaslServerContext) {
    // an RFC 822 msg-id that never comes again
    this.#challenge = fromLatin1(`<${nonce()}@${hostname}>`)
  }

  step(response: Uint8Array | null): SaslStep {
    if (!this.#sent) {
      this.#sent = true
      // RFC 4954 §4: there is nothing yet that an initial response could answer
      if (response !== null) return MALFORMED
      return { kind: 'challenge', bytes: this.#challenge }
    }
    const text = readText(response ?? EMPTY)
    const space = text?.lastIndexOf(' ') ?? -1
    if (text === null || space < 1 || !/^[0-9a-f]{32}$/.test(text.slice(space + 1))) return MALFORMED
    const username = text.slice(0, space)
    const claimed = text.slice(space + 1)
    return {
      kind: 'lookup',
      credentials: {
        authMethod: 'cram-md5',
        username,
        password: '',
        authorizationId: '',
        needs: 'secret',
      },
      resume: verdict => {
        const expected = cramDigest(verdict.ok ? (verdict.secret ?? '') : '', this.#challenge)
        const right = timingSafeEqual(fromLatin1(expected), fromLatin1(claimed))
        if (right && verdict.ok) return { kind: 'proven', username: verdict.username, data: null }
        return { kind: 'refused', message: verdict.ok ? null : verdict.message }
      },
    }
  }
}

export const cramMd5: SaslMechanism = {
  name: 'CRAM-MD5',
  plaintext: false,
  startServer: context => new CramServer(context),
  startClient({ user, pass, method }): SaslClientExchange | null {
    if (pass === undefined || method?.toUpperCase() !== 'CRAM-MD5') return null
    const name = withoutNul(user)
    let answered = false
    return {
      initial: () => null,
      step(challenge) {
        if (answered) throw unexpected('CRAM-MD5')
        answered = true
        return fromUtf8(`${name} ${cramDigest(pass, challenge)}`)
      },
      finish() {
        if (!answered) throw unexpected('CRAM-MD5')
      },
    }
  },
}
