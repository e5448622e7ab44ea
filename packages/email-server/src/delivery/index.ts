// delivery/: mail to the rest of the world. Routing, TLS policies, connections, attempts, the queue, reports: over the Runtime and the
// Resolver, without a socket of its own.

export type { HostDelivery, RejectedRecipient, SendResult } from '../base/send-result.ts'
export { type AddressScope, addressScope } from './addresses.ts'
export type { ContentSource } from './content.ts'
export type { DeliveryEnvelope, Destination, EnvelopeRecipient } from './courier.ts'
export {
  type DkimCallback,
  type DkimOption,
  type NodemailerDkim,
  type NodemailerDkimKey,
  resolveDkim,
  type SigningLookup,
} from './dkim.ts'
export { checkAddress, type DsnWish, readDsnWish } from './envelope.ts'
export type {
  BounceEvent,
  DeliveryEvents,
  DeliveryFacts,
  ReportEvent,
  RetryEvent,
  SendingEvent,
  SentEvent,
} from './events.ts'
export type { Relay, TlsOutcome } from './hosts.ts'
export type { Signing } from './message.ts'
export { readStsPolicy, readStsRecords, type StsPolicy } from './mta-sts.ts'
export { type FailureKind, failureKind } from './outcome.ts'
export type { PoolOptions } from './pool.ts'
export {
  type ClaimedEntry,
  type ClaimOptions,
  type DeliveryQueue,
  MemoryQueue,
  type MemoryQueueOptions,
  type QueueChange,
  type QueueEntry,
} from './queue.ts'
export {
  type CredentialsProvider,
  type RelayOptions,
  relayFromUrl,
  relayKey,
  resolveRelay,
  type ServiceLookup,
} from './relay.ts'
export { reportEvents } from './report-events.ts'
export type { ReportOptions } from './reports.ts'
export { type MxHost, mxHosts } from './resolve-mx.ts'
export type { Outgoing } from './round.ts'
export { type RetryOptions, resolveRetry } from './schedule.ts'
export { type DeliveryEnvelopeInput, type OutgoingOptions, readOutgoing } from './send-options.ts'
export { SendPool, type SendPoolOptions } from './send-pool.ts'
export { DeliverySender } from './sender.ts'
export type { KeptPolicy, StsPolicyStore } from './sts-policies.ts'
export type { TlsFailure } from './tls-choice.ts'
