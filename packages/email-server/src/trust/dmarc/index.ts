// trust/dmarc/: does the domain that the reader sees vouch for the message? RFC 9989, which replaced RFC 7489.
export { type Authors, readAuthors } from './author.ts'
export { checkDmarc, type DmarcOptions, evaluateDmarc, NO_POLICY } from './check.ts'
export { type DmarcPolicy, type DmarcRecord, readDmarcRecord } from './record.ts'
export type { DmarcIdentifier, DmarcQuery, DmarcResult } from './result.ts'
export { PolicyRecords } from './tree-walk.ts'
