// dsn/: reports about mail. Delivery status notifications built and read, reports of TLS sessions too; other reports read.

export { composeDsn } from './build-dsn.ts'
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
export type { Compression } from './unpack.ts'
