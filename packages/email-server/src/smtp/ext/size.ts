// SIZE (RFC 1870): what is too big is refused before it is sent.
import { PeerSyntaxError } from '../../base/errors.ts'
import { sizeValue } from '../grammar/size-value.ts'
import type { SmtpExtension } from '../registry.ts'
import { reply } from '../wire/reply.ts'

export const size: SmtpExtension = {
  name: 'SIZE',
  rfc: '1870',
  ehlo: facts => [`SIZE ${facts.limits.messageSize}`],
  mailParams: [
    {
      keyword: 'SIZE',
      read(value, draft, facts) {
        if (value === null) throw new PeerSyntaxError('SIZE wants a number')
        draft.size = sizeValue.read(value)
        return draft.size > facts.limits.messageSize ? reply(552, '5.3.4', 'Message too big') : null
      },
    },
  ],
}
