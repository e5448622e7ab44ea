// DSN (RFC 3461): what the sender wants to hear of the fate of the message. Offered only by who keeps the promise to
// report (`dsn: true`); the envelope then carries what was asked.
import { PeerSyntaxError } from '../../base/errors.ts'
import { notifyValue } from '../grammar/notify.ts'
import { originalRecipient } from '../grammar/original-recipient.ts'
import { xtext } from '../grammar/xtext.ts'
import type { SmtpExtension } from '../registry.ts'

/** RFC 3461 §4.2 and §4.4: characters of an ORCPT, octets of a decoded ENVID. */
const ORCPT_LIMIT = 500
const ENVID_LIMIT = 100

/** Printable ASCII and blanks (RFC 3461 §4.4). */
const PRINTABLE = /^[\t\x20-\x7e]*$/

export const dsn: SmtpExtension = {
  name: 'DSN',
  rfc: '3461',
  gate: facts => facts.dsn,
  ehlo: () => ['DSN'],
  mailParams: [
    {
      keyword: 'RET',
      read(value, draft) {
        const ret = value?.toUpperCase()
        if (ret !== 'FULL' && ret !== 'HDRS') throw new PeerSyntaxError('RET is FULL or HDRS')
        draft.ret = ret
        return null
      },
    },
    {
      keyword: 'ENVID',
      read(value, draft) {
        const envid = xtext.read(value ?? '')
        if (envid === '' || envid.length > ENVID_LIMIT || !PRINTABLE.test(envid)) {
          throw new PeerSyntaxError('ENVID is 1 to 100 printable characters')
        }
        draft.envid = envid
        return null
      },
    },
  ],
  rcptParams: [
    {
      keyword: 'NOTIFY',
      read(value, draft) {
        draft.notify = notifyValue.read(value ?? '')
        return null
      },
    },
    {
      keyword: 'ORCPT',
      read(value, draft) {
        if (value === null || value.length > ORCPT_LIMIT) throw new PeerSyntaxError('ORCPT is too long')
        draft.orcpt = originalRecipient.read(value)
        return null
      },
    },
  ],
}
