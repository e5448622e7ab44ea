// Errors made of what a server says (RFC 3501 §7.1, RFC 5530).
import { MailError, type MailErrorCode, type MailErrorFacts } from '../../base/errors.ts'
import type { StatusResponse } from './responses.ts'

/** Codes that say: later it may work (RFC 5530 §3, RFC 9051 §7.1). */
const TEMPORARY: ReadonlySet<string> = new Set([
  'UNAVAILABLE',
  'INUSE',
  'LIMIT',
  'SERVERBUG',
  'EXPUNGEISSUED',
  'OVERQUOTA',
])

export function refusal(
  command: string,
  status: StatusResponse,
  code: MailErrorCode = 'ECOMMAND',
): MailError {
  const shown = status.code ? `[${status.code.name}] ${status.text}` : status.text
  return new MailError(code, `the server refuses ${command}: ${status.status} ${shown}`, {
    command,
    response: `${status.status} ${shown}`,
    ...(status.code && { serverCode: status.code.name }),
    permanent: !(status.code && TEMPORARY.has(status.code.name)),
  })
}

export function protocolError(message: string, facts: MailErrorFacts = {}): MailError {
  return new MailError('EPROTOCOL', message, facts)
}

export function aborted(signal: AbortSignal): MailError {
  return new MailError('EABORT', 'the command was aborted', { cause: signal.reason })
}

/** Throws EUSAGE naming what the server would have to offer. */
export function missing(capability: string): MailError {
  return new MailError('ECONFIG', `the server does not offer ${capability}`)
}
