export { type AuthInfo, type AuthQuestion, type AuthVerdict, askAuth } from './auth.ts'
export { decodeSaslBase64, encodeSaslBase64 } from './base64.ts'
export { login } from './login.ts'
export type {
  ClientCredentials,
  Credentials,
  SaslClientContext,
  SaslClientExchange,
  SaslExchange,
  SaslMechanism,
  SaslStep,
} from './mechanism.ts'
export { plain } from './plain.ts'
export { xoauth2 } from './xoauth2.ts'
