// Reports about mail with the clock and the gzip of this machine.
import {
  type BuiltTlsReport,
  buildTlsReport as buildTls,
  composeDsn,
  type DsnOptions,
  type ParseReportOptions,
  parseReport as parse,
  type Report,
  type TlsReportOptions,
} from '../dsn/index.ts'
import type { ParsedMessage } from '../mime/index.ts'
import { nodeCompression } from './compression.ts'
import { nodeRuntime } from './runtime.ts'

/**
 * A delivery status notification (RFC 3464): the message to send to the envelope sender of the original, from the null sender.
 *
 *     const raw = buildDsn({ reportingMta, to, recipients: [{ finalRecipient, action: 'failed', status: '5.1.1', diagnostic }], originalMessage })
 *
 * Throws EMESSAGE for CR, LF or NUL in any text, and for what must be ASCII and is not; ECONFIG for options of the wrong kind, and for no or several
 * addresses in `to`; all name the option.
 */
export function buildDsn(options: DsnOptions): Uint8Array {
  return composeDsn(options, nodeRuntime).bytesSync()
}

/**
 * What a report about mail says: `kind` is `dsn` (delivery status, RFC 3464), `mdn` (disposition, RFC 8098), `feedback` (ARF, RFC 5965), `dmarc`
 * (RFC 9990) or `tls` (RFC 8460). Null: the message is no such report, or one that cannot be read. Never throws for what the message is.
 *
 *     const report = parseReport(raw)
 *     if (report?.kind === 'dsn') for (const { finalRecipient, action, permanent } of report.recipients) …
 *
 * What a report says is the word of whoever sent it.
 */
export function parseReport(
  message: Uint8Array | string | ParsedMessage,
  options: ParseReportOptions = {},
): Report | null {
  return parse(message, { compression: nodeCompression, ...options })
}

/**
 * The report of TLS sessions (RFC 8460) of one domain and day: the file, and the message that carries it.
 *
 *     for (const data of collector.take(Date.now())) {
 *       const { message } = buildTlsReport({ ...data, organizationName, contactInfo, to: reportAddress })
 *     }
 *
 * Throws ECONFIG and EMESSAGE, naming the option.
 */
export function buildTlsReport(options: TlsReportOptions): BuiltTlsReport {
  return buildTls(options, nodeRuntime, nodeCompression)
}
