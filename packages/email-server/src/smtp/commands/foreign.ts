// What only a client of another protocol says: a browser that was talked into posting a form to this port could bring SMTP
// commands in its body (cross-protocol scripting). And what a proxy says that nobody has told us to trust (useProxy). The first such line ends the
// session.
import type { CommandSpec } from '../registry.ts'
import { reply } from '../wire/reply.ts'

const VERBS = ['GET', 'HEAD', 'POST', 'PUT', 'OPTIONS', 'CONNECT', 'PROXY']

export const foreign: readonly CommandSpec[] = VERBS.map(name => ({
  name,
  rfc: '9110 §9',
  states: ['fresh', 'ready', 'envelope', 'chunks'],
  unlisted: true,
  run(cx) {
    cx.leave(reply(421, '4.7.0', 'This is SMTP'))
    return null
  },
}))
