export {
  type CheckCallback,
  type CheckOptions,
  type CheckRdnsOptions,
  type CheckSpfOptions,
  checkDMARC,
  checkRdns,
  checkSPF,
} from './checks.ts'
export { composeMessage } from './compose.ts'
export { type DnsClientOptions, dnsClient } from './dns-client.ts'
export { buildDsn, buildTlsReport, parseReport } from './reports.ts'
export { nodeRuntime } from './runtime.ts'
export { turn } from './turn.ts'
