// 8BITMIME (RFC 6152), and the value of BODY that BINARYMIME adds (RFC 3030 §3). The octets of a message are kept as they come in any case.
import { PeerSyntaxError } from '../../base/errors.ts'
import type { SmtpExtension } from '../registry.ts'

export const eightBitMime: SmtpExtension = {
  name: '8BITMIME',
  rfc: '6152',
  ehlo: () => ['8BITMIME'],
  mailParams: [
    {
      keyword: 'BODY',
      read(value, draft) {
        const body = value?.toUpperCase()
        if (body !== '7BIT' && body !== '8BITMIME' && body !== 'BINARYMIME') {
          throw new PeerSyntaxError('BODY is 7BIT, 8BITMIME or BINARYMIME')
        }
        draft.body = body
        return null
      },
    },
  ],
}
