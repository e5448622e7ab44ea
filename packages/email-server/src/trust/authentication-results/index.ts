// trust/authentication-results/: what was checked, told to those behind us (RFC 8601).

export { readAuthenticationResults, readAuthservId } from './read.ts'
export { forgedResults, withoutFields } from './remove.ts'
export type { AuthenticationResults, AuthMethod, AuthProperty } from './types.ts'
export { writeAuthenticationPayload, writeAuthenticationResults } from './write.ts'
