// STLS (RFC 2595 §4).
import { readNothing } from '../grammar/command.ts'
import type { CommandSpec } from '../registry.ts'

export const stls: CommandSpec = {
  name: 'STLS',
  state: 'authorization',
  // "this command is present and permitted in the current state"
  capabilities: facts => (facts.state === 'authorization' && facts.canUpgrade ? ['STLS'] : []),
  run(cx, rest) {
    readNothing(rest)
    // RFC 6856 §2.1
    if (cx.facts.utf8) cx.bad('STLS comes before UTF8')
    else if (cx.facts.tls) cx.bad('TLS is active already')
    else if (!cx.facts.canUpgrade) cx.bad('TLS is not available here')
    else {
      cx.ok('Begin TLS negotiation')
      cx.startTls()
    }
  },
}
