// Errors made of replies: what a caller can decide by (RFC 5321 §4.2.1, RFC 3463 §2).
import { MailError, type MailErrorCode, type MailErrorFacts, PeerSyntaxError } from '../../base/errors.ts'
import type { SmtpReply } from '../wire/reply-reader.ts'

/** `what` is the sentence that the server's words follow; `command` is null for a reply to nothing. */
export function replyError(
  code: MailErrorCode,
  what: string,
  command: string | null,
  reply: SmtpReply,
  facts: MailErrorFacts = {},
): MailError {
  return new MailError(code, `${what}: ${reply.response.replaceAll('\n', ' ')}`, {
    ...(command !== null && { command }),
    response: reply.response,
    responseCode: reply.code,
    ...(reply.enhancedCode !== null && { enhancedCode: reply.enhancedCode }),
    // 503 speaks of the order of commands, not of the message
    permanent: reply.code >= 500 && reply.code !== 503,
    ...facts,
  })
}

/** A reply that has no meaning at this place: nobody knows what the server thinks it is doing. */
export function unexpectedReply(command: string, reply: SmtpReply): MailError {
  return replyError('EPROTOCOL', `the server's reply to ${command} makes no sense`, command, reply, {
    permanent: false,
  })
}

export function isPositive(reply: SmtpReply): boolean {
  return reply.code < 300
}

/** 4yz or 5yz: a clear no. */
export function isNegative(reply: SmtpReply): boolean {
  return reply.code >= 400
}

/** A reply that ends the session: 421, or one that comes before it is due. `command` is what was to be answered next. */
export function strayReply(command: string | null, reply: SmtpReply): MailError {
  const facts = { permanent: false }
  if (reply.code === 421) return replyError('ECONNECTION', 'the server goes away', command, reply, facts)
  if (command !== null && isNegative(reply)) {
    return replyError('EMESSAGE', 'the server refuses the message before its end', command, reply)
  }
  return replyError('EPROTOCOL', 'the server says what it was not asked', command, reply, facts)
}

/** What the server said is no reply; `command` is what it should have answered. */
export function unreadable(error: unknown, command: string | undefined): MailError {
  const why = error instanceof PeerSyntaxError ? error.message : 'what the server said cannot be read'
  return new MailError('EPROTOCOL', `the server does not speak SMTP: ${why}`, {
    ...(command !== undefined && { command }),
    cause: error,
  })
}

export function aborted(signal: AbortSignal, ambiguous?: boolean): MailError {
  return new MailError('EABORT', 'sending was aborted', {
    cause: signal.reason,
    ...(ambiguous && { ambiguous }),
  })
}
