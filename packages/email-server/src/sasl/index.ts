export { type AuthInfo, type AuthQuestion, type AuthVerdict, askAuth } from './auth.ts'
export { login } from './login.ts'
export type { Credentials, SaslExchange, SaslMechanism, SaslStep } from './mechanism.ts'
export { plain } from './plain.ts'
