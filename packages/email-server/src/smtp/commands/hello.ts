// EHLO and HELO (RFC 5321 §4.1.1.1); LHLO, which is EHLO in LMTP and there instead of both (RFC 2033 §4.1).
//
//   ehlo = "EHLO" SP ( Domain / address-literal ) CRLF
//
// What clients say of themselves is rarely either, and nothing here depends on it: any word of visible characters is
// taken (§4.1.4: a server must not refuse a message because the name is not right).
import { PeerSyntaxError } from '../../base/errors.ts'
import type { CommandSpec, ServerContext, SmtpRole } from '../registry.ts'
import type { StateKind } from '../state.ts'
import { type Reply, reply } from '../wire/reply.ts'

function nameOf(argument: string): string {
  if (argument === '' || argument.length > 255 || argument.includes(' ')) {
    throw new PeerSyntaxError('the name of the client is missing or malformed')
  }
  return argument
}

const MALFORMED = reply(501, '5.5.4', 'Say who you are: a domain or an address literal')

const ANYWHERE: readonly StateKind[] = ['fresh', 'ready', 'envelope', 'chunks']
const SMTP: readonly SmtpRole[] = ['inbound', 'submission']

function extendedHello(cx: ServerContext, argument: string): Reply {
  cx.enter({ kind: 'ready', hello: { name: nameOf(argument), extended: true } })
  return reply(250, null, [cx.hostname, ...cx.capabilities()])
}

export const ehlo: CommandSpec = {
  name: 'EHLO',
  rfc: '5321 §4.1.1.1',
  states: ANYWHERE,
  roles: SMTP,
  malformed: MALFORMED,
  run: extendedHello,
}

export const lhlo: CommandSpec = {
  name: 'LHLO',
  rfc: '2033 §4.1',
  states: ANYWHERE,
  roles: ['lmtp'],
  malformed: MALFORMED,
  run: extendedHello,
}

export const helo: CommandSpec = {
  name: 'HELO',
  rfc: '5321 §4.1.1.1',
  states: ANYWHERE,
  roles: SMTP,
  malformed: MALFORMED,
  run(cx: ServerContext, argument: string): Reply {
    cx.enter({ kind: 'ready', hello: { name: nameOf(argument), extended: false } })
    return reply(250, null, cx.hostname)
  },
}
