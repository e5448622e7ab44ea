export { type AuthFailure, type AuthInfo, type AuthQuestion, askAuth } from './auth.ts'
export { decodeSaslBase64, encodeSaslBase64 } from './base64.ts'
export { type ChoiceContext, type ChosenMechanism, chooseMechanism } from './choose.ts'
export { AuthDialogue } from './dialogue.ts'
export { login } from './login.ts'
export type {
  ClientCredentials,
  Credentials,
  SaslClientContext,
  SaslClientExchange,
  SaslExchange,
  SaslMechanism,
  SaslServerContext,
  SaslStep,
} from './mechanism.ts'
export { type AuthOutcome, judge, type NegotiationPort, negotiate } from './negotiate.ts'
export { plain } from './plain.ts'
export { type AuthMechanism, type AuthOptions, AuthPolicy } from './policy.ts'
export { preparedSecret } from './saslprep.ts'
export {
  DEFAULT_SCRAM_ITERATIONS,
  type ScramKeys,
  type ScramKeysOptions,
  scramKeys,
} from './scram-keys.ts'
export type { AuthVerdict } from './verdict.ts'
export { xoauth2 } from './xoauth2.ts'
