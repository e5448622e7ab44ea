// STARTTLS (RFC 3501 §6.2.1): what the client has sent ahead in clear is thrown away.

import type { CommandSpec, Extension } from '../extension.ts'
import { nothing } from '../grammar/grammar.ts'

const command: CommandSpec<null> = {
  name: 'STARTTLS',
  rfc: '3501 §6.2.1',
  states: ['notAuthenticated'],
  mayExpunge: true,
  literals: 'none',
  args: nothing,
  run(cx) {
    if (cx.tls) return { status: 'BAD', text: 'TLS is active already' }
    cx.upgrade('tls')
    return { status: 'OK', text: 'Begin TLS negotiation now' }
  },
}

export const starttls: Extension = {
  name: 'STARTTLS',
  rfc: '3501 §6.2.1',
  gate: { kind: 'transport', can: 'tls' },
  capabilities: facts => (facts.state === 'notAuthenticated' && !facts.tlsActive ? ['STARTTLS'] : []),
  commands: [command],
}
