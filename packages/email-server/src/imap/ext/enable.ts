// ENABLE (RFC 5161): the client switches on what changes the protocol; the extensions say what that is.

import type { CommandSpec, Extension } from '../extension.ts'
import type { Grammar } from '../grammar/grammar.ts'
import { LOGGED_IN } from '../state.ts'

const MOST_NAMES = 64

// enable = "ENABLE" 1*(SP capability)
const args: Grammar<readonly string[]> = {
  read(r) {
    const names: string[] = []
    do {
      names.push(r.sp().keyword())
      if (names.length > MOST_NAMES) r.fail('fewer capabilities')
    } while (r.peek() === 0x20)
    return names
  },
  write(w, names) {
    for (const name of names) w.raw(' ').atom(name)
  },
  samples: [['CONDSTORE'], ['CONDSTORE', 'X-GOOD-IDEA']],
}

const command: CommandSpec<readonly string[]> = {
  name: 'ENABLE',
  rfc: '5161 §3.1',
  states: LOGGED_IN,
  mayExpunge: true,
  literals: 'none',
  args,
  run(cx, names) {
    const enabled = cx.extensions.filter(each => each.enables && names.includes(each.name.toUpperCase()))
    for (const each of enabled) cx.enable(each.enables!)
    cx.out.raw(['* ENABLED', ...enabled.map(each => each.name)].join(' ')).end()
    return undefined
  },
}

export const enable: Extension = {
  name: 'ENABLE',
  rfc: '5161',
  gate: { kind: 'free' },
  capabilities: () => ['ENABLE'],
  commands: [command],
}
