export {
  MailError,
  type MailErrorCode,
  type MailErrorFacts,
  Refusal,
  type RefusalCode,
} from './base/errors.ts'
