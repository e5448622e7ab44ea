// From a handler's no to a reply. What a handler says is checked here: a code that is none, or a text that would break
// its line, never reaches the wire, and the verdict stands all the same.
import { hasLineBreak } from '../../base/bytes.ts'
import { asRefusal, describe, MailError, type RefusalCode, usageError } from '../../base/errors.ts'
import type { HandlerAnswer } from '../../base/handler-watch.ts'
import { enhancedCodeFor, type Subject, splitEnhancedCode } from '../wire/enhanced-codes.ts'
import { type Reply, reply } from '../wire/reply.ts'

/** Something went wrong here. */
export const OUR_FAULT: Reply = reply(451, '4.3.0', 'Local error; try again later')

const DEFAULT_TEXT: Record<Subject, { readonly permanent: string; readonly temporary: string }> = {
  recipient: { permanent: 'Recipient refused', temporary: 'Recipient cannot be served now' },
  message: { permanent: 'Message refused', temporary: 'Message cannot be taken now' },
}

/** The refusals of RFC 5530 in SMTP's words. */
const REFUSALS: Record<Subject, Partial<Record<RefusalCode, readonly [code: number, enhanced: string]>>> = {
  recipient: {
    NONEXISTENT: [550, '5.1.1'],
    TRYCREATE: [550, '5.1.1'],
    NOPERM: [550, '5.7.1'],
    OVERQUOTA: [552, '5.2.2'],
    TOOBIG: [552, '5.2.3'],
    UNAVAILABLE: [450, '4.2.1'],
    INUSE: [450, '4.2.1'],
    LIMIT: [452, '4.5.3'],
  },
  message: {
    NONEXISTENT: [550, '5.1.1'],
    TRYCREATE: [550, '5.1.1'],
    NOPERM: [550, '5.7.1'],
    OVERQUOTA: [552, '5.2.2'],
    TOOBIG: [552, '5.3.4'],
    UNAVAILABLE: [451, '4.3.0'],
    INUSE: [451, '4.3.0'],
    LIMIT: [452, '4.3.1'],
  },
}

/**
 * The reply to `reject(code, text)`. Without a code 550; the enhanced code is the one that `text` begins with, else the
 * usual one. `complain` hears of arguments that cannot be used.
 */
export function rejection(
  subject: Subject,
  code: unknown,
  text: unknown,
  complain: (error: unknown) => void,
): Reply {
  const number = code === undefined || code === null ? 550 : code
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 400 || number > 599) {
    complain(usageError(`a rejection has a code from 400 to 599, not ${describe(code)}`))
    return OUR_FAULT
  }
  const usual = DEFAULT_TEXT[subject][number < 500 ? 'temporary' : 'permanent']
  const enhanced = enhancedCodeFor(number, subject)
  if (text === undefined || text === null || text === '') return reply(number, enhanced, usual)
  if (typeof text !== 'string' || hasLineBreak(text)) {
    complain(usageError('the text of a rejection is one line, without CR, LF and NUL'))
    return reply(number, enhanced, usual)
  }
  const split = splitEnhancedCode(number, text)
  return reply(number, split.enhanced ?? enhanced, split.text || usual)
}

/** The reply to an error that a handler threw, if it says no: a Refusal, or an error with a reply code; else null. */
export function refusalReply(
  subject: Subject,
  error: unknown,
  complain: (error: unknown) => void,
): Reply | null {
  if (typeof error !== 'object' || error === null) return null
  const { code, responseCode, message } = error as {
    code?: unknown
    responseCode?: unknown
    message?: unknown
  }
  for (const number of [code, responseCode]) {
    if (typeof number === 'number' && number >= 400 && number <= 599) {
      return rejection(subject, number, message, complain)
    }
  }
  const refusal = asRefusal(error)
  if (!refusal) return null
  const [number, enhanced] = REFUSALS[subject][refusal.code] ?? [550, '5.0.0']
  return { ...rejection(subject, number, refusal.message, complain), enhanced }
}

/** A verdict as those are told who watch handlers. */
export function asAnswer(verdict: Reply): HandlerAnswer {
  const { code, text } = verdict
  if (verdict === OUR_FAULT)
    return { kind: 'failure', error: new MailError('EHANDLER', 'the handler failed') }
  if (code < 400) return { kind: 'answer', value: undefined }
  return { kind: 'refusal', code: String(code), text: [text].flat().join(' ') }
}
