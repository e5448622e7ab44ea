// What DATA and BDAT ask before the message comes.
import type { Envelope } from '../envelope.ts'
import type { ServerContext } from '../registry.ts'
import { type Reply, reply } from '../wire/reply.ts'

const NO_RECIPIENTS = reply(554, '5.5.1', 'No valid recipients')
/** RFC 2033 §4.2 wants this code. */
const NO_LMTP_RECIPIENTS = reply(503, '5.5.1', 'No valid recipients')
const NOBODY_HERE = reply(451, '4.3.0', 'No mail is taken here at the moment')

/** Why no message can come now; null when it can. */
export function whyNoContent(cx: ServerContext, envelope: Envelope): Reply | null {
  if (envelope.accepted.length === 0) return cx.role === 'lmtp' ? NO_LMTP_RECIPIENTS : NO_RECIPIENTS
  return cx.takesMail ? null : NOBODY_HERE
}
