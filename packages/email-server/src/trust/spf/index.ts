// trust/spf/: may this address send mail in the name of this domain? RFC 7208.
export { checkSpf, evaluateSpf, type SpfOptions, type SpfQuery } from './check.ts'
export { writeReceivedSpf } from './received-spf.ts'
export { isSpfRecord, readSpfRecord, type SpfRecord, type SpfRecordResult } from './record.ts'
export type { SpfResult, SpfVerdict } from './result.ts'
