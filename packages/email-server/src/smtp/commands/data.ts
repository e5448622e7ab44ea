// DATA (RFC 5321 §4.1.1.4).
import { PeerSyntaxError } from '../../base/errors.ts'
import type { CommandSpec, ServerContext } from '../registry.ts'
import { type Reply, reply } from '../wire/reply.ts'
import { whyNoContent } from './content.ts'

const GO_ON = reply(354, null, 'Go on; end with <CRLF>.<CRLF>')
const BINARY = reply(503, '5.5.1', 'A binary message comes by BDAT')

export const data: CommandSpec = {
  name: 'DATA',
  rfc: '5321 §4.1.1.4',
  states: ['envelope'],
  run(cx: ServerContext, argument: string): Reply {
    if (argument !== '') throw new PeerSyntaxError('DATA has no argument')
    if (cx.state.kind !== 'envelope') throw new TypeError('DATA out of place')
    // binary content has no lines to look for a dot in (RFC 3030 §3)
    if (cx.state.envelope.params.body === 'BINARYMIME') return BINARY
    const objection = whyNoContent(cx, cx.state.envelope)
    if (objection) return objection
    cx.receiveContent()
    return GO_ON
  },
}
