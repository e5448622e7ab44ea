// The public surface of email-server.
export {
  MailError,
  type MailErrorCode,
  type MailErrorFacts,
  Refusal,
  type RefusalCode,
} from './base/errors.ts'
export { DEFAULT_LIMITS, type LimitName, type Limits } from './base/limits.ts'
export { FLAGS, SPECIAL_USE } from './mailbox/index.ts'
export type { AuthInfo } from './sasl/index.ts'
