// IDLE (RFC 2177): news is told as it comes, until the client says DONE.
import { latin1 } from '../../base/bytes.ts'
import type { CommandSpec, Extension } from '../extension.ts'
import { nothing } from '../grammar/grammar.ts'
import { LOGGED_IN } from '../state.ts'

// idle = "IDLE" CRLF "DONE"
const command: CommandSpec<null> = {
  name: 'IDLE',
  rfc: '2177 §3',
  states: LOGGED_IN,
  mayExpunge: true,
  literals: 'none',
  args: nothing,
  async run(cx) {
    cx.continueWith('idling')
    const line = await cx.readLine('idle')
    if (line !== null && latin1(line).toUpperCase() !== 'DONE')
      return { status: 'BAD', text: 'Expected DONE' }
    return undefined
  },
}

export const idle: Extension = {
  name: 'IDLE',
  rfc: '2177',
  gate: { kind: 'free' },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['IDLE']),
  commands: [command],
}
