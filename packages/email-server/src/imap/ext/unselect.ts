// UNSELECT (RFC 3691): closes the folder and removes nothing.

import type { CommandSpec, Extension } from '../extension.ts'
import { nothing } from '../grammar/grammar.ts'

const command: CommandSpec<null> = {
  name: 'UNSELECT',
  rfc: '3691 §2',
  states: ['selected'],
  mayExpunge: false,
  literals: 'none',
  args: nothing,
  run(cx) {
    cx.deselect()
    return undefined
  },
}

export const unselect: Extension = {
  name: 'UNSELECT',
  rfc: '3691',
  gate: { kind: 'free' },
  capabilities: facts => (facts.state === 'notAuthenticated' ? [] : ['UNSELECT']),
  commands: [command],
}
