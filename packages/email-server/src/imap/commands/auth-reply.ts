// What the outcome of a login becomes on the wire (RFC 3501 §6.2.2, RFC 5530 §3).
import type { AuthOutcome } from '../../sasl/index.ts'
import type { CommandContext } from '../context.ts'
import type { Reply } from '../extension.ts'
import { capabilityCode } from './any-state.ts'

/** Undefined: there is nobody to tell. */
export function outcomeReply(cx: CommandContext, outcome: AuthOutcome): Reply | undefined {
  switch (outcome.kind) {
    case 'accepted':
      // the capabilities are told again: they depend on the handlers that were registered just now
      return { status: 'OK', code: capabilityCode(cx), text: 'Logged in' }
    case 'unavailable':
      return { status: 'NO', code: 'UNAVAILABLE', text: 'Logging in is not possible at the moment' }
    case 'refused':
      return { status: 'NO', code: 'AUTHENTICATIONFAILED', text: outcome.message ?? 'Authentication failed' }
    case 'cancelled':
      return { status: 'BAD', text: 'Authentication cancelled' }
    case 'malformed':
      return { status: 'BAD', text: outcome.reason }
    case 'gone':
      return undefined
  }
}
