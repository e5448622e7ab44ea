// DELIVERBY (RFC 2852): by when a message wants to be delivered, and what is to happen when it is not.
import { PeerSyntaxError } from '../../base/errors.ts'
import { deliverByValue } from '../grammar/deliver-by.ts'
import type { SmtpExtension } from '../registry.ts'
import { reply } from '../wire/reply.ts'

const TOO_SOON = reply(555, '5.5.4', 'Nothing can be promised within so short a time')

export const deliverBy: SmtpExtension = {
  name: 'DELIVERBY',
  rfc: '2852',
  gate: facts => facts.extensions.deliverBy !== null,
  ehlo(facts) {
    const min = facts.extensions.deliverBy?.min ?? null
    return [min === null ? 'DELIVERBY' : `DELIVERBY ${min}`]
  },
  mailParams: [
    {
      keyword: 'BY',
      read(value, draft, facts) {
        if (value === null) throw new PeerSyntaxError('BY wants a value')
        const by = deliverByValue.read(value)
        draft.by = by
        return by.mode === 'R' && by.seconds < (facts.extensions.deliverBy?.min ?? 0) ? TOO_SOON : null
      },
    },
  ],
}
