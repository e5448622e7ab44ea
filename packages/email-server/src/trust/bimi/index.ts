// trust/bimi/: the logo that a domain would like to see beside its messages. draft-brand-indicators-for-message-identification-10.
export { type BimiOptions, type BimiQuery, type BimiResult, checkBimi, evaluateBimi } from './check.ts'
export {
  type BimiRecord,
  isBimiRecord,
  localPartSelector,
  readBimiRecord,
  readBimiSelector,
} from './record.ts'
