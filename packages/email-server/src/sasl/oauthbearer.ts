// OAUTHBEARER (RFC 7628): a GS2 header, then pairs ended by ^A, one message.
//
//   client-resp = gs2-header ^A *(key "=" value ^A) ^A
//   gs2-header  = ("n" / "y" / "p=" cb-name) "," ["a=" saslname] ","
import { EMPTY, fromUtf8, utf8 } from '../base/bytes.ts'
import { unexpected, withoutControls } from './client.ts'
import type { SaslClientExchange, SaslExchange, SaslMechanism, SaslStep } from './mechanism.ts'
import { readGs2Header, writeName } from './scram-messages.ts'

const MALFORMED: SaslStep = { kind: 'malformed', reason: 'OAUTHBEARER wants n,a=user,^Aauth=Bearer …^A^A' }

/** RFC 7628 §3.2.2, §3.2.3. */
const REFUSAL = '{"status":"invalid_token"}'

export const oauthbearer: SaslMechanism = {
  name: 'OAUTHBEARER',
  plaintext: true,
  startClient({ user, accessToken, authorizationId = user }, { host, port }): SaslClientExchange | null {
    if (accessToken === undefined) return null
    const pairs = [
      authorizationId === '' ? 'n,,' : `n,a=${writeName(withoutControls(authorizationId))},`,
      ...(host === undefined ? [] : [`host=${withoutControls(host)}`]),
      ...(port === undefined ? [] : [`port=${port}`]),
      `auth=Bearer ${withoutControls(accessToken)}`,
    ]
    let refused = false
    return {
      initial: () => fromUtf8(`${pairs.join('\x01')}\x01\x01`),
      step() {
        // the server's reason; what we say to it has no meaning (§3.2.3)
        if (refused) throw unexpected('OAUTHBEARER')
        refused = true
        return Uint8Array.of(1)
      },
      finish() {},
    }
  },
  startServer(): SaslExchange {
    return {
      step(response): SaslStep {
        if (response === null) return { kind: 'challenge', bytes: EMPTY }
        const text = utf8(response)
        const [head = '', ...pairs] = text.split('\x01')
        // a binding is not taken: the mechanism has no -PLUS (§3.1)
        const [flag = '', authorization = '', end, ...more] = head.split(',')
        const header = end === '' && more.length === 0 ? readGs2Header(flag, authorization) : null
        if (!header || header.flag === 'p' || !text.endsWith('\x01\x01')) return MALFORMED
        let token = ''
        for (const pair of pairs) {
          if (/^auth=bearer /i.test(pair)) token = pair.slice('auth=bearer '.length).trim()
        }
        // RFC 6750 §2.1: b64token
        if (!/^[A-Za-z0-9._~+/-]+=*$/.test(token)) return MALFORMED
        return {
          kind: 'credentials',
          credentials: {
            authMethod: 'oauthbearer',
            username: header.authorizationId,
            password: token,
            authorizationId: '',
          },
        }
      },
      refusal: () => fromUtf8(REFUSAL),
    }
  },
}
