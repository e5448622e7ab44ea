export { answerDnsQuery } from './dns-responder.ts'
export {
  SessionDriver,
  type SessionDriverOptions,
  SessionPair,
  type SessionPairOptions,
  VIRTUAL_TLS,
} from './driver.ts'
export { MemoryMailbox, type MemoryMailboxOptions, type StoredMessage } from './memory-mailbox.ts'
export {
  type Cutting,
  type ReplayOptions,
  replay,
  replayEveryWay,
  type Scenario,
  type Setup,
  TranscriptMismatch,
} from './replay.ts'
export {
  type Piece,
  parseTranscript,
  type Step,
  type Transcript,
  TranscriptSyntaxError,
} from './transcript.ts'
export type { LinkOptions } from './wire.ts'
export { type HttpsHandler, VirtualWorld, type VirtualWorldOptions } from './world.ts'
export { Zones } from './zones.ts'
