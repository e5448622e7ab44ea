// CAPABILITY, NOOP, LOGOUT (RFC 3501 §6.1).

import type { CommandContext } from '../context.ts'
import type { CommandSpec } from '../extension.ts'
import { nothing } from '../grammar/grammar.ts'
import { ANY_STATE } from '../state.ts'

/** What this session can do now, as CAPABILITY and its response code have it. */
export function capabilityCode(cx: CommandContext): string {
  return `CAPABILITY ${cx.extensions.flatMap(each => each.capabilities?.(cx.facts) ?? []).join(' ')}`
}

export const capability: CommandSpec<null> = {
  name: 'CAPABILITY',
  rfc: '3501 §6.1.1',
  states: ANY_STATE,
  mayExpunge: true,
  literals: 'none',
  args: nothing,
  run(cx) {
    cx.out.raw(`* ${capabilityCode(cx)}`).end()
    return undefined
  },
}

export const noop: CommandSpec<null> = {
  name: 'NOOP',
  rfc: '3501 §6.1.2',
  states: ANY_STATE,
  mayExpunge: true,
  literals: 'none',
  args: nothing,
  run(cx) {
    // a client that polls is told of new mail also by a backend that does not announce it
    if (cx.state.kind === 'selected') cx.folder.news.lookForNew()
    return undefined
  },
}

export const logout: CommandSpec<null> = {
  name: 'LOGOUT',
  rfc: '3501 §6.1.3',
  states: ANY_STATE,
  mayExpunge: false,
  literals: 'none',
  args: nothing,
  run(cx) {
    cx.untagged('BYE', 'Goodbye')
    cx.deselect()
    cx.logout()
    return undefined
  },
}
