// trust/iprev/: forward-confirmed reverse DNS. RFC 8601 §3.
export { checkRdns, evaluateRdns, type RdnsOptions, type RdnsQuery, type RdnsResult } from './check.ts'
