// ENVELOPE of a header (RFC 3501 §7.4.2, RFC 9051 §7.5.2): fields as they stand, addresses taken apart, Sender and
// Reply-To defaulting to From. When a field is repeated, the first counts.
import { readAddressList, toEnvelopeAddresses } from '../address/index.ts'
import { asBuffer } from '../base/bytes.ts'
import { type HeaderBlock, headerText, splitHeader } from './header.ts'
import type { Envelope, EnvelopeAddress } from './types.ts'

/** The envelope of nothing: a message without a readable header. */
export const EMPTY_ENVELOPE: Envelope = {
  date: null,
  subject: null,
  from: [],
  sender: [],
  replyTo: [],
  to: [],
  cc: [],
  bcc: [],
  inReplyTo: null,
  messageId: null,
}

/** The envelope of a message, or of a header block alone. Never throws. */
export function extractEnvelope(raw: Uint8Array): Envelope {
  return envelopeOf(splitHeader(asBuffer(raw)))
}

export function envelopeOf(header: HeaderBlock): Envelope {
  const from = addresses(header, 'from')
  const sender = addresses(header, 'sender')
  const replyTo = addresses(header, 'reply-to')
  return {
    date: headerText(header, 'date'),
    subject: headerText(header, 'subject'),
    from,
    sender: sender.length > 0 ? sender : from,
    replyTo: replyTo.length > 0 ? replyTo : from,
    to: addresses(header, 'to'),
    cc: addresses(header, 'cc'),
    bcc: addresses(header, 'bcc'),
    inReplyTo: headerText(header, 'in-reply-to'),
    messageId: headerText(header, 'message-id'),
  }
}

function addresses(header: HeaderBlock, key: string): readonly EnvelopeAddress[] {
  const text = headerText(header, key)
  return text === null || text === '' ? [] : toEnvelopeAddresses(readAddressList(text))
}
