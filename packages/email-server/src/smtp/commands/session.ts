// RSET, NOOP, QUIT, HELP, VRFY and EXPN (RFC 5321 §4.1.1.5 to §4.1.1.10).
import { PeerSyntaxError } from '../../base/errors.ts'
import type { CommandSpec, ServerContext } from '../registry.ts'
import type { StateKind } from '../state.ts'
import { type Reply, reply } from '../wire/reply.ts'

const ANYWHERE: readonly StateKind[] = ['fresh', 'ready', 'envelope', 'chunks']

function nothing(argument: string): void {
  if (argument !== '') throw new PeerSyntaxError('this command has no argument')
}

function something(argument: string): void {
  if (argument === '') throw new PeerSyntaxError('this command wants an argument')
}

export const rset: CommandSpec = {
  name: 'RSET',
  rfc: '5321 §4.1.1.5',
  states: ANYWHERE,
  run(cx: ServerContext, argument: string): Reply {
    nothing(argument)
    if (cx.state.kind === 'envelope' || cx.state.kind === 'chunks')
      cx.enter({ kind: 'ready', hello: cx.state.hello })
    return reply(250, '2.0.0', 'Forgotten')
  },
}

export const noop: CommandSpec = {
  name: 'NOOP',
  rfc: '5321 §4.1.1.9',
  states: ANYWHERE,
  run: (): Reply => reply(250, '2.0.0', 'OK'),
}

export const quit: CommandSpec = {
  name: 'QUIT',
  rfc: '5321 §4.1.1.10',
  states: ANYWHERE,
  run(cx: ServerContext, argument: string): null {
    nothing(argument)
    cx.leave(reply(221, '2.0.0', 'Goodbye'))
    return null
  },
}

export const help: CommandSpec = {
  name: 'HELP',
  rfc: '5321 §4.1.1.8',
  states: ANYWHERE,
  run: (cx: ServerContext): Reply => reply(214, '2.0.0', ['Commands:', cx.commandNames().join(' ')]),
}

// An address book is nobody's business: VRFY says what RFC 5321 §3.5.3 and §7.3 allow it to say, EXPN is not offered.
export const vrfy: CommandSpec = {
  name: 'VRFY',
  rfc: '5321 §4.1.1.6',
  states: ANYWHERE,
  run(_cx: ServerContext, argument: string): Reply {
    something(argument)
    return reply(252, '2.0.0', 'Cannot tell; send the message and it will be tried')
  },
}

export const expn: CommandSpec = {
  name: 'EXPN',
  rfc: '5321 §4.1.1.7',
  states: ANYWHERE,
  run: (): Reply => reply(502, '5.5.1', 'Lists are not expanded here'),
}
