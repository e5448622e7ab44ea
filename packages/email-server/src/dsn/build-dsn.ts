// Delivery status notifications: multipart/report of a text, the fields for programs and (a part of) the message. RFC 3464, RFC 3461 §6,
// RFC 6522, RFC 6533; marked as an automatic answer (RFC 3834 §5).
import { addressesFrom, addressNeedsSmtputf8, splitAddress } from '../address/index.ts'
import { fromUtf8 } from '../base/bytes.ts'
import { optionError } from '../base/errors.ts'
import type { ComposeContext, ComposedMessage, MessageOptions } from '../mime/index.ts'
import { isAscii } from '../text/index.ts'
import { countOption, lineOption, oneLine } from './checks.ts'
import { type CheckedRecipient, checkRecipient, mtaName, statusPart } from './dsn-fields.ts'
import type { DsnOptions } from './dsn-options.ts'
import { dsnSubject, dsnText } from './dsn-text.ts'
import { type ReportPart, reportMessage } from './report-message.ts'
import { encodedPart, Original } from './returned-content.ts'

const DEFAULT_RETURNED = 64 * 1024
/** SMTP servers take a thousand recipients at most. */
const RECIPIENTS_LIMIT = 10_000

/**
 * A delivery report that is ready to go: its envelope is the null sender and the one address in `to`, and `smtputf8` and `bodyType` say what the way
 * back must carry. `context` has the clock for reports without `date`, and for tests the dice. Errors as those of buildDsn.
 */
export function composeDsn(options: DsnOptions, context: ComposeContext): ComposedMessage {
  if (typeof options !== 'object' || options === null) throw optionError('options', 'an object', options)
  const to = returnAddress(options)
  const recipients = checkRecipients(options)
  const profile = options.smtpProfile ?? {}
  const utf8Way = profile.smtputf8 ?? addressNeedsSmtputf8(to)
  const mta = mtaName(options.reportingMta, 'reportingMta', true)
  const name = mta.slice(mta.indexOf(';') + 2)
  const original = originalMessage(options)
  const returned = returnedPart(options, original, recipients, utf8Way)
  const status = statusPart(options, recipients, utf8Way)
  const facts = original?.facts() ?? { subject: null, date: null, messageId: null }
  const kind = returned === null ? 'nothing' : returned.whole ? 'message' : 'header'
  const id = original?.messageId() ?? undefined
  const { from, subject, text, date, messageId } = options
  const message: MessageOptions = {
    from: from ?? { name: 'Mail Delivery System', address: `postmaster@${hostOf(name)}` },
    to,
    subject:
      subject === undefined
        ? dsnSubject(recipients, facts)
        : oneLine(lineOption(subject, 'subject'), 'subject'),
    text: text ?? dsnText(name, recipients, facts, kind),
    headers: { 'Auto-Submitted': 'auto-replied' },
    smtpProfile: { ...profile, smtputf8: utf8Way ? true : undefined },
    inReplyTo: id,
    references: id,
    date,
    messageId,
  }
  const parts = [encodedPart(status.type, status.body, utf8Way)]
  if (returned) parts.push(returned.part)
  // RFC 3464 §2 (a), also for the part in UTF-8, which counts as the same (RFC 6533 §4.4)
  const reportType = 'delivery-status'
  return reportMessage({ message, envelope: { from: false, to }, reportType, parts }, context)
}

/** One address, without a name: DSNs go to the sender of the envelope (RFC 3464 §2), never to nobody (RFC 5321 §6.1). */
function returnAddress({ to }: DsnOptions): string {
  const [address, second] = addressesFrom(to, 'to')
  if (!address || second || address.group) {
    throw optionError('to', 'the one address of the sender: nobody reports to the null sender', to)
  }
  return address.address
}

function checkRecipients({ recipients }: DsnOptions): CheckedRecipient[] {
  if (!Array.isArray(recipients) || recipients.length === 0 || recipients.length > RECIPIENTS_LIMIT) {
    throw optionError('recipients', `an array of 1 to ${RECIPIENTS_LIMIT} recipients`, recipients)
  }
  return recipients.map((recipient, i) => checkRecipient(recipient, `recipients[${i}]`))
}

function originalMessage({ originalMessage: given }: DsnOptions): Original | null {
  if (given === undefined || given === null) return null
  if (typeof given === 'string') return new Original(fromUtf8(given))
  if (given instanceof Uint8Array) return new Original(given)
  throw optionError('originalMessage', 'the bytes or the text of a message', given)
}

function returnedPart(
  options: DsnOptions,
  original: Original | null,
  recipients: readonly CheckedRecipient[],
  utf8Way: boolean,
): { part: ReportPart; whole: boolean } | null {
  const { returnContent = 'headers', maxReturnedSize = DEFAULT_RETURNED, smtpProfile = {} } = options
  if (returnContent !== 'headers' && returnContent !== 'full') {
    throw optionError('returnContent', "'headers' or 'full'", returnContent)
  }
  const limit = countOption(maxReturnedSize, 'maxReturnedSize')
  if (original === null) return null
  if (returnContent === 'full' && recipients.some(({ action }) => action === 'failed')) {
    const part = original.whole(limit, smtpProfile, utf8Way)
    if (part) return { part, whole: true }
  }
  const part = original.header(limit, utf8Way)
  return part && { part, whole: false }
}

/** A domain for the address of the postmaster: what `reportingMta` says, when that is one. */
function hostOf(mta: string): string {
  return isAscii(mta) && splitAddress(`x@${mta}`).domain === mta && /^[A-Za-z0-9.[\]:-]+$/.test(mta)
    ? mta
    : 'localhost'
}
