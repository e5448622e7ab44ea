// message/disposition-notification and message/global-disposition-notification, read. RFC 8098 §3, RFC 6533 §5.
import { addressOf, fieldValue, fieldValues, readGroups } from './fields.ts'
import type { MdnReport } from './report-types.ts'

export interface MdnFacts extends Omit<MdnReport, 'kind' | 'originalMessageId' | 'originalHeaders'> {
  readonly originalMessageId: string | null
}

// disposition-field = "Disposition:" action-mode "/" sending-mode ";" type [ "/" modifier *( "," modifier ) ]      RFC 8098 §3.2.6
/** Null without a Disposition field, which must be there. */
export function readMdn(content: Uint8Array): MdnFacts | null {
  const [fields = []] = readGroups(content, 1)
  const value = fieldValue(fields, 'disposition')?.toLowerCase()
  if (value === undefined) return null
  const semicolon = value.indexOf(';')
  const mode = value.slice(0, Math.max(semicolon, 0))
  const [disposition = '', ...modifiers] = value
    .slice(semicolon + 1)
    .split(/[/,]/)
    .map(word => word.trim())
  if (disposition === '') return null
  return {
    finalRecipient: addressOf(fieldValue(fields, 'final-recipient')),
    originalRecipient: addressOf(fieldValue(fields, 'original-recipient')),
    reportingUa: fieldValue(fields, 'reporting-ua'),
    disposition,
    modifiers: modifiers.filter(word => word !== ''),
    automaticAction: flag(mode, 'automatic-action', 'manual-action'),
    automaticallySent: flag(mode, 'mdn-sent-automatically', 'mdn-sent-manually'),
    errors: fieldValues(fields, 'error'),
    originalMessageId: fieldValue(fields, 'original-message-id'),
  }
}

function flag(mode: string, yes: string, no: string): boolean | null {
  return mode.includes(yes) ? true : mode.includes(no) ? false : null
}
