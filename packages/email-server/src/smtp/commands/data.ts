// DATA (RFC 5321 §4.1.1.4).
import { PeerSyntaxError } from '../../base/errors.ts'
import type { CommandSpec, ServerContext } from '../registry.ts'
import { type Reply, reply } from '../wire/reply.ts'

const GO_ON = reply(354, null, 'Go on; end with <CRLF>.<CRLF>')
const NO_RECIPIENTS = reply(554, '5.5.1', 'No valid recipients')
const NOBODY_HERE = reply(451, '4.3.0', 'No mail is taken here at the moment')

export const data: CommandSpec = {
  name: 'DATA',
  rfc: '5321 §4.1.1.4',
  states: ['envelope'],
  run(cx: ServerContext, argument: string): Reply {
    if (argument !== '') throw new PeerSyntaxError('DATA has no argument')
    if (cx.state.kind !== 'envelope') throw new TypeError('DATA out of place')
    if (cx.state.envelope.recipients.size === 0) return NO_RECIPIENTS
    if (!cx.takesMail) return NOBODY_HERE
    cx.receiveContent()
    return GO_ON
  },
}
