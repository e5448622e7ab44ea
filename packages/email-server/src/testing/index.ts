export { nodeRuntime } from '../node/index.ts'
export { Authority, type CertificateOptions, type MadeCertificate } from './authority.ts'
export { Dialogue } from './dialogue.ts'
export { answerDnsQuery } from './dns-responder.ts'
export {
  SessionDriver,
  type SessionDriverOptions,
  SessionPair,
  type SessionPairOptions,
  VIRTUAL_TLS,
} from './driver.ts'
export type { Duration } from './duration.ts'
export { type FaultRates, Faults, NO_FAULTS, SOME_FAULTS } from './faults.ts'
export type { StoreFault } from './handler-faults.ts'
export { Inbox, type MessageMatch } from './inbox.ts'
export type { LedgerTotals } from './ledger.ts'
export {
  type BadCertificate,
  createMailWorld,
  MailWorld,
  type MailWorldOptions,
  type WorldDomain,
  WorldError,
} from './mail-world.ts'
export { MemoryMailbox, type MemoryMailboxOptions, type StoredMessage } from './memory-mailbox.ts'
export { ReceivedMessage } from './received.ts'
export type { TracedProtocol } from './redact.ts'
export {
  type Cutting,
  type ReplayOptions,
  replay,
  replayEveryWay,
  type Scenario,
  type Setup,
  TranscriptMismatch,
} from './replay.ts'
export { type FaultyReply, type PickReply, withReplyFaults } from './reply-faults.ts'
export {
  type ContractCheck,
  type ContractReport,
  type ContractStore,
  type StoreContract,
  storeContract,
} from './store-contract/index.ts'
export { createTestServer, TestServer, type TestServerOptions, type TestServerPlace } from './test-server.ts'
export {
  printTrace,
  Recorder,
  type RecorderOptions,
  readTrace,
  type TracedCall,
  type TraceEvent,
  type TranscriptOptions,
  traceToTranscript,
} from './trace.ts'
export {
  type Piece,
  parseTranscript,
  type Step,
  type Transcript,
  TranscriptSyntaxError,
} from './transcript.ts'
export type { LinkOptions } from './wire.ts'
export {
  type HttpsHandler,
  type TappedEnd,
  VirtualWorld,
  type VirtualWorldOptions,
  type WorldHoldings,
} from './world.ts'
export { Zones } from './zones.ts'
