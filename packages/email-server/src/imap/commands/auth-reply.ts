// What the `auth` verdict becomes on the wire (RFC 3501 §6.2.2, RFC 5530 §3).
import type { AuthVerdict } from '../../sasl/index.ts'
import type { Reply } from '../registry.ts'

/** The capabilities are told again: they depend on the handlers that were registered just now. */
export function verdictReply(verdict: AuthVerdict, capabilities: () => string, text: string): Reply {
  if (verdict.ok) return { status: 'OK', code: capabilities(), text }
  if (verdict.temporary) {
    return { status: 'NO', code: 'UNAVAILABLE', text: 'Logging in is not possible at the moment' }
  }
  return { status: 'NO', code: 'AUTHENTICATIONFAILED', text: verdict.message ?? 'Authentication failed' }
}
