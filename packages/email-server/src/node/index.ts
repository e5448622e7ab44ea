export type { CheckCallback, CheckOptions } from './check-world.ts'
export {
  type CheckRdnsOptions,
  type CheckSpfOptions,
  checkDMARC,
  checkRdns,
  checkSPF,
} from './checks.ts'
export { composeMessage } from './compose.ts'
export { type DnsClientOptions, dnsClient } from './dns-client.ts'
export { buildDomainMailMaterial } from './domain.ts'
export {
  type AuthenticateOptions,
  arcSeal,
  arcVerify,
  authenticate,
  type DkimCheckOptions,
  dkimSign,
  dkimVerify,
  type RawMessage,
  type SealOptions,
  type SignatureCheckOptions,
  type SignOptions,
} from './message-checks.ts'
export { buildDsn, buildTlsReport, parseReport } from './reports.ts'
export { createResolver, type ResolverOptions } from './resolver.ts'
export { nodeRuntime } from './runtime.ts'
export { TlsOverConnection, type TlsWorld } from './tls-over.ts'
export { turn } from './turn.ts'
