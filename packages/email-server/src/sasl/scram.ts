// SCRAM-SHA-1 (RFC 5802) and SCRAM-SHA-256 (RFC 7677), plain and bound to the TLS channel (-PLUS; RFC 9266, RFC 5929): neither side
// gives the password away, and each proves to the other that it knows it.
import type { SaslMechanism } from './mechanism.ts'
import { channelBinding, ScramClient } from './scram-client.ts'
import type { ScramDigest } from './scram-keys.ts'
import { ScramServer } from './scram-server.ts'

function scram(name: string, digest: ScramDigest): SaslMechanism {
  const plus = name.endsWith('-PLUS')
  return {
    name,
    plaintext: false,
    possible: tls => !plus || channelBinding(tls) !== null,
    startServer: context => new ScramServer(name, digest, context),
    startClient(credentials, context) {
      if (credentials.pass === undefined) return null
      if (plus && !channelBinding(context.tls)) return null
      return new ScramClient(name, digest, credentials, context)
    },
  }
}

export const scramSha1: SaslMechanism = scram('SCRAM-SHA-1', 'sha1')
export const scramSha1Plus: SaslMechanism = scram('SCRAM-SHA-1-PLUS', 'sha1')
export const scramSha256: SaslMechanism = scram('SCRAM-SHA-256', 'sha256')
export const scramSha256Plus: SaslMechanism = scram('SCRAM-SHA-256-PLUS', 'sha256')
