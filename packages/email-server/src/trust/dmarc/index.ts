// trust/dmarc/: does the domain that the reader sees vouch for the message? RFC 9989, which replaced RFC 7489.
export { checkDmarc, type DmarcOptions } from './check.ts'
export { type DmarcPolicy, type DmarcRecord, readDmarcRecord } from './record.ts'
export type { DmarcIdentifier, DmarcQuery, DmarcResult } from './result.ts'
