// dsn/: reports about mail. Delivery status notifications built and read, reports of TLS sessions too; other reports read.

export { composeDsn } from './build-dsn.ts'
export { type BuiltTlsReport, buildTlsReport, type TlsReportOptions } from './build-tls-report.ts'
export type { DsnAction, DsnOptions, DsnRecipient } from './dsn-options.ts'
export { mayBounce } from './may-bounce.ts'
export { type ParseReportOptions, parseReport } from './parse-report.ts'
export type {
  AuthFailure,
  DmarcAuthResult,
  DmarcPolicyPublished,
  DmarcRecord,
  DmarcReport,
  DsnReport,
  FeedbackReport,
  MdnReport,
  RecipientReport,
  Report,
  TlsFailureReport,
  TlsPolicyReport,
  TlsReport,
} from './report-types.ts'
export {
  type TlsFailure,
  type TlsPolicy,
  TlsReportCollector,
  type TlsReportCollectorOptions,
  type TlsReportData,
  type TlsResultType,
} from './tls-report-collector.ts'
export type { Compression } from './unpack.ts'
