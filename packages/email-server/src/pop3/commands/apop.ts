// APOP (RFC 1939 §7): the MD5 of the greeting's timestamp and of a secret that both sides know. Open when the server's owner says that
// its `auth` listener can supply secrets.
import { fromLatin1 } from '../../base/bytes.ts'
import { createHash, timingSafeEqual } from '../../base/crypto.ts'
import { PeerSyntaxError } from '../../base/errors.ts'
import { preparedSecret, type SaslExchange } from '../../sasl/index.ts'
import type { CommandSpec } from '../registry.ts'

/** Lower-case hexadecimal. RFC 6856 §2.2: the secret is prepared with SASLprep. */
export function apopDigest(timestamp: string, secret: string): string {
  return createHash('md5')
    .update(timestamp + preparedSecret(secret))
    .digest('hex')
}

function exchange(timestamp: string, username: string, digest: string): SaslExchange {
  return {
    step: () => ({
      kind: 'lookup',
      credentials: { authMethod: 'apop', username, password: '', authorizationId: '', needs: 'secret' },
      resume(verdict) {
        const expected = apopDigest(timestamp, verdict.ok ? (verdict.secret ?? '') : '')
        const right = timingSafeEqual(fromLatin1(expected), fromLatin1(digest))
        if (right && verdict.ok) return { kind: 'proven', username: verdict.username, data: null }
        return { kind: 'refused', message: verdict.ok ? null : verdict.message }
      },
    }),
  }
}

export const apop: CommandSpec = {
  name: 'APOP',
  state: 'authorization',
  async run(cx, rest) {
    const { timestamp } = cx.facts
    if (timestamp === null) return cx.err('APOP is not taken here')
    const space = rest.lastIndexOf(' ')
    const digest = rest.slice(space + 1)
    if (space < 1 || !/^[0-9a-f]{32}$/.test(digest))
      throw new PeerSyntaxError('APOP wants a name and a digest')
    await cx.prove(exchange(timestamp, rest.slice(0, space), digest))
  },
}
