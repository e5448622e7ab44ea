// Reports of other servers about messages that they had taken: told as events on the message that was sent.
import type { DsnReport } from '../dsn/index.ts'
import type { ReportEvent } from './events.ts'

/** An id as it is made here; other envelope ids are the caller's own. */
const OUR_ID = /^[0-9a-f]{32}(?:-[0-9]+)?$/

/** One event for each recipient that the report names. */
export function reportEvents(report: DsnReport): readonly ReportEvent[] {
  const { originalEnvelopeId: envid, originalMessageId: messageId } = report
  const id = envid !== null && OUR_ID.test(envid) ? envid : null
  return report.recipients.map(({ finalRecipient, action, status, diagnostic, remoteMta }) => ({
    action,
    messageId,
    id,
    recipient: finalRecipient,
    status: status ?? '',
    diagnostic,
    remoteMta,
  }))
}
