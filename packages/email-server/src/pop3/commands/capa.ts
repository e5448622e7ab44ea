// CAPA (RFC 2449 §5), and the capabilities that are no command's: how this server answers.
import { readNothing } from '../grammar/command.ts'
import type { CommandSpec } from '../registry.ts'

export const capa: CommandSpec = {
  name: 'CAPA',
  state: 'any',
  capabilities: facts => [
    'RESP-CODES',
    'AUTH-RESP-CODE',
    'PIPELINING',
    ...(facts.expire === null ? [] : [`EXPIRE ${facts.expire}`]),
    ...(facts.loginDelay === 0 ? [] : [`LOGIN-DELAY ${facts.loginDelay}`]),
    // RFC 2449 §6.9 lets us keep it from strangers
    ...(facts.state === 'transaction' ? ['IMPLEMENTATION email-server'] : []),
  ],
  run(cx, rest) {
    readNothing(rest)
    cx.ok('Capability list follows')
    cx.output.write(`${cx.capabilities().join('\r\n')}\r\n.\r\n`)
  },
}
