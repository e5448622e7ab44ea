// SMTPUTF8 (RFC 6531): addresses beyond ASCII, for messages that say so at MAIL.
import { PeerSyntaxError } from '../../base/errors.ts'
import type { SmtpExtension } from '../registry.ts'

export const smtputf8: SmtpExtension = {
  name: 'SMTPUTF8',
  rfc: '6531',
  ehlo: () => ['SMTPUTF8'],
  mailParams: [
    {
      keyword: 'SMTPUTF8',
      read(value, draft) {
        if (value !== null) throw new PeerSyntaxError('SMTPUTF8 has no value')
        draft.smtputf8 = true
        return null
      },
    },
  ],
}
