// SASL-IR (RFC 4959): AUTHENTICATE takes an initial response; its grammar stands in commands/authenticate.ts.
import type { Extension } from '../extension.ts'

export const saslIr: Extension = {
  name: 'SASL-IR',
  rfc: '4959',
  gate: { kind: 'free' },
  capabilities: facts => (facts.state === 'notAuthenticated' ? ['SASL-IR'] : []),
}
