// REQUIRETLS (RFC 8689): a message that must not go on without TLS. The session keeps its own half, TLS under MAIL; who takes
// the message keeps the other.
import { PeerSyntaxError } from '../../base/errors.ts'
import type { SmtpExtension } from '../registry.ts'

export const requireTls: SmtpExtension = {
  name: 'REQUIRETLS',
  rfc: '8689',
  gate: facts => facts.extensions.requireTls && facts.tls !== null,
  ehlo: () => ['REQUIRETLS'],
  mailParams: [
    {
      keyword: 'REQUIRETLS',
      read(value, draft) {
        if (value !== null) throw new PeerSyntaxError('REQUIRETLS has no value')
        draft.requiretls = true
        return null
      },
    },
  ],
  settleMail(draft) {
    // a report must not show more of the message than its header (§5)
    if (draft.requiretls) draft.ret = 'HDRS'
    return null
  },
}
